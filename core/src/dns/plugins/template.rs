//! `template`: answers from patterns.
//! Models: CoreDNS plugin/template.
//! Omits: Go templates beyond `{{ .Name }}`, `{{ .Zone }}`, `{{ .Class }}`, `{{ .Type }}`, `{{ .Group.x }}` and
//! `{{ index .Match n }}`; `ederror` is accepted.

use super::{Env, Fallthrough, Handler, Plugin, Setup, Step};
use crate::base::Text;
use crate::dns::message::{Class, Message, Question, Rcode, Rdata, RecordType};
use crate::dns::name::{best_zone, zones_or};
use crate::dns::zonefile;
use regex_lite::{Captures, Regex};

/// The plugin.
#[derive(Debug, Clone, Default)]
pub struct Template {
    templates: Vec<One>,
}

#[derive(Debug, Clone)]
struct One {
    class: Class,
    rtype: RecordType,
    zones: Vec<Text>,
    patterns: Vec<Regex>,
    answers: Vec<Text>,
    additionals: Vec<Text>,
    authorities: Vec<Text>,
    rcode: Rcode,
    fall: Fallthrough,
}

/// `template CLASS TYPE [ZONES...] { ... }`.
pub fn setup(setup: &mut Setup<'_>) -> Result<Plugin, String> {
    let mut template = Template::default();
    while setup.tokens.advance() {
        let one = one(setup)?;
        template.templates.push(one);
    }
    Ok(template.into())
}

fn one(setup: &mut Setup<'_>) -> Result<One, String> {
    let tokens = &mut setup.tokens;
    if !tokens.next_arg() {
        return Err(tokens.arg_err());
    }
    let class = Class::of_word(tokens.val())
        .ok_or_else(|| tokens.err(&format!("invalid query class {}", tokens.val())))?;
    if !tokens.next_arg() {
        return Err(tokens.arg_err());
    }
    let rtype = RecordType::of_word(tokens.val())
        .ok_or_else(|| tokens.err(&format!("invalid RR class {}", tokens.val())))?;
    let mut one = One {
        class,
        rtype,
        zones: zones_or(tokens.remaining_args().iter(), setup.zones),
        patterns: Vec::new(),
        answers: Vec::new(),
        additionals: Vec::new(),
        authorities: Vec::new(),
        rcode: Rcode::NOERROR,
        fall: Fallthrough::default(),
    };
    while setup.tokens.next_block() {
        option(&mut one, setup)?;
    }
    if one.patterns.is_empty() {
        one.patterns.extend(Regex::new(".*"));
    }
    Ok(one)
}

fn option(one: &mut One, setup: &mut Setup<'_>) -> Result<(), String> {
    let tokens = &mut setup.tokens;
    let name = tokens.val().to_string();
    let args = tokens.remaining_args();
    if args.is_empty() && name != "fallthrough" {
        return Err(tokens.arg_err());
    }
    match name.as_str() {
        "match" => {
            for text in &args {
                let regex = Regex::new(text);
                one.patterns.push(
                    regex.map_err(|error| tokens.err(&format!("could not parse regex: {text}, {error}")))?,
                );
            }
        }
        "answer" => one.answers.extend(args),
        "additional" => one.additionals.extend(args),
        "authority" => one.authorities.extend(args),
        "rcode" => {
            one.rcode =
                Rcode::of_word(&args[0]).ok_or_else(|| tokens.err(&format!("unknown rcode {}", args[0])))?;
        }
        "ederror" | "upstream" => {}
        "fallthrough" => one.fall = Fallthrough::new(&args),
        _ => return Err(tokens.arg_err()),
    }
    Ok(())
}

impl Handler for Template {
    fn ask(&mut self, query: &Message, _: &mut Env<'_, '_>) -> Step {
        let Some(question) = query.question() else { return Step::Next };
        let lower = question.name.to_ascii_lowercase();
        for one in &self.templates {
            let class = one.class == Class::ANY || one.class == question.class;
            let rtype = one.rtype == RecordType::ANY || one.rtype == question.rtype;
            let Some(zone) = best_zone(&lower, &one.zones).filter(|_| class && rtype) else { continue };
            let Some(captures) = one.patterns.iter().find_map(|pattern| pattern.captures(&question.name))
            else {
                if one.fall.through(&lower) {
                    continue;
                }
                return Step::Fail(Rcode::SERVFAIL, String::new());
            };
            if one.rcode == Rcode::SERVFAIL {
                return Step::Fail(Rcode::SERVFAIL, String::new());
            }
            return one.answer(query, question, zone, &captures);
        }
        Step::Next
    }
}

impl One {
    fn answer(&self, query: &Message, question: &Question, zone: &str, captures: &Captures<'_>) -> Step {
        let mut answer = query.reply(self.rcode);
        answer.aa = true;
        for (lines, section) in [
            (&self.answers, &mut answer.answers),
            (&self.additionals, &mut answer.additionals),
            (&self.authorities, &mut answer.authorities),
        ] {
            for line in lines {
                let text = fill(line, question, zone, captures);
                match zonefile::record(&text) {
                    Ok(record) => section.push(record),
                    Err(error) => return Step::Fail(Rcode::SERVFAIL, error),
                }
            }
        }
        let alias = answer.answers.iter().find_map(|record| match &record.data {
            Rdata::Cname(target) => Some(target.clone()),
            _ => None,
        });
        match alias {
            Some(target) if matches!(question.rtype, RecordType::A | RecordType::AAAA) => {
                Step::Chase(Box::new(Question { name: target, ..question.clone() }), Box::new(answer))
            }
            _ => Step::Answer(Box::new(answer)),
        }
    }
}

/// Fills in what stands between double braces.
fn fill(line: &str, question: &Question, zone: &str, captures: &Captures<'_>) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some((before, after)) = rest.split_once("{{") {
        out.push_str(before);
        let Some((inside, after)) = after.split_once("}}") else { break };
        let words: Vec<&str> = inside.split_whitespace().collect();
        let group = |name: &str| captures.name(name).map_or("", |m| m.as_str()).to_string();
        out.push_str(&match words.as_slice() {
            [".Name"] => question.name.to_string(),
            [".Zone"] => zone.to_string(),
            [".Class"] => question.class.to_string(),
            [".Type"] => question.rtype.to_string(),
            ["index", ".Match", n] => {
                n.parse().ok().and_then(|n| captures.get(n)).map_or("", |m| m.as_str()).to_string()
            }
            ["index", ".Group", name] => group(name.trim_matches('"')),
            [path] => group(path.strip_prefix(".Group.").unwrap_or_default()),
            _ => String::new(),
        });
        rest = after;
    }
    out.push_str(rest);
    out
}
