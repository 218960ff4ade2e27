//! One rule of `rewrite`: what it matches, what it makes of it, and how answers are changed back.
//! Models: CoreDNS plugin/rewrite/{name,type,class,ttl,rcode}.go.

use crate::base::Text;
use crate::dns::message::{Class, Question, Rcode, RecordType};
use crate::dns::name::qualified;
use crate::dns::plugins::integer;
use regex_lite::{Captures, Regex};

/// A rule.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Whether no rule after it is tried once it matched.
    pub stop: bool,
    field: Field,
}

#[derive(Debug, Clone)]
enum Field {
    Name(Pattern, Text, Vec<Answer>, bool),
    Type(RecordType, RecordType),
    Class(Class, Class),
    Ttl(Pattern, u32, u32),
    Rcode(Pattern, Rcode, Rcode),
}

/// How a name is matched.
#[derive(Debug, Clone)]
enum Pattern {
    Exact(Text),
    Prefix(Text),
    Suffix(Text),
    Substring(Text),
    Regex(Regex),
}

/// A change of an answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// What it changes.
    pub target: Target,
    from: Pattern,
    to: Text,
}

/// What of a record is changed.
#[derive(Debug, Clone)]
pub enum Target {
    /// The owner's name.
    Name,
    /// The name in its data.
    Value,
    /// Its TTL, which is brought between two values.
    Ttl(u32, u32),
    /// The answer's code, if it is the first; it becomes the second.
    Rcode(Rcode, Rcode),
}

impl Rule {
    /// Reads a rule's words.
    pub fn new(words: &[Text]) -> Result<Rule, String> {
        let words: Vec<&str> = words.iter().map(|word| &**word).collect();
        let (stop, rest) = match words.split_first() {
            None => return Err("no rule type specified for rewrite".to_string()),
            Some((&"continue", rest)) => (false, rest),
            Some((&"stop", rest)) => (true, rest),
            Some(_) => (true, words.as_slice()),
        };
        let Some((field, args)) = rest.split_first() else {
            let action = if stop { "stop" } else { "continue" };
            return Err(format!("{action} rule must begin with a rule type"));
        };
        let field = match field.to_ascii_lowercase().as_str() {
            "name" => name_field(args)?,
            "type" => type_field(args)?,
            "class" => class_field(args)?,
            "ttl" => ttl_field(args)?,
            "rcode" => rcode_field(args)?,
            "answer" => return Err("response rewrites must begin with a name rule".to_string()),
            "edns0" | "cname" => {
                return Err(format!("the rule type \"{field}\" is not simulated here"));
            }
            _ => return Err(format!("invalid rule type {field:?}")),
        };
        Ok(Rule { stop, field })
    }

    /// Applies the rule; `None` when it does not match. What comes back is how answers are changed.
    pub fn apply(&self, question: &mut Question) -> Option<Vec<Answer>> {
        match &self.field {
            Field::Name(pattern, to, answers, auto) => {
                let lower = question.name.to_ascii_lowercase();
                let name = pattern.replace(&lower, to)?;
                let mut answers = answers.clone();
                let exact = matches!(pattern, Pattern::Exact(_));
                if exact || *auto {
                    let from = match pattern {
                        Pattern::Suffix(from) => Answer {
                            target: Target::Name,
                            from: Pattern::Suffix(to.clone()),
                            to: from.clone(),
                        },
                        _ => Answer {
                            target: Target::Name,
                            from: Pattern::Exact(name.clone()),
                            to: lower.as_str().into(),
                        },
                    };
                    answers.push(Answer { target: Target::Value, ..from.clone() });
                    answers.push(from);
                }
                question.name = name;
                Some(answers)
            }
            Field::Type(from, to) => (question.rtype == *from).then(|| {
                question.rtype = *to;
                Vec::new()
            }),
            Field::Class(from, to) => (question.class == *from).then(|| {
                question.class = *to;
                Vec::new()
            }),
            Field::Ttl(pattern, least, most) => answer_change(pattern, question, Target::Ttl(*least, *most)),
            Field::Rcode(pattern, from, to) => answer_change(pattern, question, Target::Rcode(*from, *to)),
        }
    }
}

/// A change of answers to a name, whose question stays as it is.
fn answer_change(pattern: &Pattern, question: &Question, target: Target) -> Option<Vec<Answer>> {
    pattern.replace(&question.name.to_ascii_lowercase(), "")?;
    Some(vec![Answer { target, from: pattern.clone(), to: "".into() }])
}

impl Answer {
    /// The changed name; `None` when it stays.
    pub fn apply(&self, name: &str) -> Option<Text> {
        self.from.replace(&name.to_ascii_lowercase(), &self.to)
    }
}

impl Pattern {
    fn new(kind: &str, from: &str) -> Option<Result<Pattern, String>> {
        let normal: Text = qualified(&from.to_ascii_lowercase()).into();
        Some(Ok(match kind {
            "exact" => Pattern::Exact(normal),
            "prefix" => Pattern::Prefix(normal),
            "suffix" => Pattern::Suffix(normal),
            "substring" => Pattern::Substring(normal),
            "regex" => match Regex::new(from) {
                Ok(regex) => Pattern::Regex(regex),
                Err(_) => return Some(Err(format!("invalid regex matching pattern: {from}"))),
            },
            _ => return None,
        }))
    }

    fn replace(&self, name: &str, to: &str) -> Option<Text> {
        match self {
            Pattern::Exact(from) => (*name == **from).then(|| to.into()),
            Pattern::Prefix(from) => name.strip_prefix(&**from).map(|rest| format!("{to}{rest}").into()),
            Pattern::Suffix(from) => name.strip_suffix(&**from).map(|rest| format!("{rest}{to}").into()),
            Pattern::Substring(from) => name.contains(&**from).then(|| name.replace(&**from, to).into()),
            Pattern::Regex(regex) => {
                let captures = regex.captures(name)?;
                Some(qualified(&numbered(to, &captures)).into())
            }
        }
    }
}

/// `{1}` and the like, filled in.
fn numbered(to: &str, captures: &Captures<'_>) -> String {
    let mut out = to.to_string();
    for n in 0..captures.len() {
        out = out.replace(&format!("{{{n}}}"), captures.get(n).map_or("", |m| m.as_str()));
    }
    out
}

fn name_field(args: &[&str]) -> Result<Field, String> {
    let (kind, from, to, rest) = match args {
        [kind, from, to, rest @ ..] if Pattern::new(kind, from).is_some() => (*kind, *from, *to, rest),
        [from, to] => ("exact", *from, *to, &[][..]),
        [from, to, rest @ ..] if rest.first() == Some(&"answer") => ("exact", *from, *to, rest),
        [] | [_] => return Err("too few arguments for a name rule".to_string()),
        [kind, ..] => {
            return Err(format!(
                "name rule supports only exact, prefix, suffix, substring, and regex name matching, received: {kind}"
            ));
        }
    };
    let Some(pattern) = Pattern::new(kind, from) else {
        return Err("too few arguments for a name rule".to_string());
    };
    let pattern = pattern?;
    let to: Text = if kind == "regex" {
        let used = (0..100).filter(|n| to.contains(&format!("{{{n}}}"))).max().map_or(0, |n| n);
        if let Pattern::Regex(regex) = &pattern
            && used >= regex.captures_len()
        {
            return Err(format!(
                "the rewrite regex pattern ({to}) uses more subexpressions than its corresponding matching regex pattern ({from})"
            ));
        }
        to.to_ascii_lowercase().into()
    } else {
        qualified(&to.to_ascii_lowercase()).into()
    };
    let (mut answers, mut auto) = (Vec::new(), false);
    let mut rest = rest;
    while let Some((word, after)) = rest.split_first() {
        if *word != "answer" {
            return Err(format!("exceeded the number of arguments for a name rule: {word}"));
        }
        rest = match after {
            ["auto", rest @ ..] => {
                auto = true;
                rest
            }
            ["name", from, to, rest @ ..] => {
                answers.push(answer(Target::Name, from, to)?);
                rest
            }
            ["value", from, to, rest @ ..] => {
                answers.push(answer(Target::Value, from, to)?);
                rest
            }
            [from, to, rest @ ..] => {
                answers.push(answer(Target::Name, from, to)?);
                rest
            }
            _ => return Err("too few arguments for a name rule".to_string()),
        };
    }
    if auto && !answers.is_empty() {
        return Err("auto name answer rule cannot be combined with explicit name anwer rules".to_string());
    }
    Ok(Field::Name(pattern, to, answers, auto))
}

fn answer(target: Target, from: &str, to: &str) -> Result<Answer, String> {
    let regex = Regex::new(from).map_err(|_| format!("invalid regex pattern in a response rule: {from}"))?;
    Ok(Answer { target, from: Pattern::Regex(regex), to: to.into() })
}

fn type_field(args: &[&str]) -> Result<Field, String> {
    let [from, to] = args else { return Err("type rules must have exactly two arguments".to_string()) };
    let read = |word: &str| RecordType::of_word(word).ok_or_else(|| format!("invalid type {word:?}"));
    Ok(Field::Type(read(from)?, read(to)?))
}

fn class_field(args: &[&str]) -> Result<Field, String> {
    let [from, to] = args else { return Err("class rules must have exactly two arguments".to_string()) };
    let read = |word: &str| Class::of_word(word).ok_or_else(|| format!("invalid class {word:?}"));
    Ok(Field::Class(read(from)?, read(to)?))
}

fn ttl_field(args: &[&str]) -> Result<Field, String> {
    let (kind, from, ttl) = match args {
        [from, ttl] => ("exact", *from, *ttl),
        [kind, from, ttl] => (*kind, *from, *ttl),
        _ => return Err("too few arguments for a ttl rule".to_string()),
    };
    let Some(pattern) = Pattern::new(kind, from) else {
        return Err(format!(
            "ttl rule supports only exact, prefix, suffix, substring, and regex name matching, received: {kind}"
        ));
    };
    let bad = || format!("invalid TTL '{ttl}' for a ttl rule");
    let read = |text: &str| u32::try_from(integer(text).map_err(|_| bad())?).map_err(|_| bad());
    // `30`, `30-60`, `30-`, `-60`.
    let (least, most) = match ttl.split_once('-') {
        None => (read(ttl)?, read(ttl)?),
        Some(("", most)) => (0, read(most)?),
        Some((least, "")) => (read(least)?, u32::MAX),
        Some((least, most)) => (read(least)?, read(most)?),
    };
    if least > most {
        return Err(bad());
    }
    Ok(Field::Ttl(pattern?, least, most))
}

fn rcode_field(args: &[&str]) -> Result<Field, String> {
    let (kind, name, from, to) = match args {
        [name, from, to] => ("exact", *name, *from, *to),
        [kind, name, from, to] => (*kind, *name, *from, *to),
        _ => return Err("too few arguments for a rcode rule".to_string()),
    };
    let Some(pattern) = Pattern::new(kind, name) else {
        return Err(format!(
            "rcode rule supports only exact, prefix, suffix, substring, and regex name matching, received: {kind}"
        ));
    };
    let read = |word: &str| {
        let number = word.parse().ok().map(Rcode);
        number
            .or_else(|| Rcode::of_word(&word.to_uppercase()))
            .ok_or_else(|| format!("invalid RCODE {word:?}"))
    };
    Ok(Field::Rcode(pattern?, read(from)?, read(to)?))
}
