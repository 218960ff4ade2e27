//! Words to arguments: a pure function of the shell's state, of the files, and of what its command substitutions printed
//! so far. When it needs one more, it stops and says which; the shell runs it and expands again from the start.

use super::ast::{List, Param, ParamOp, Part, Which, Word};
use super::fields::{Field, Fields};
use super::pattern::Pattern;
use super::state::State;
use super::{arith, brace, glob};
use crate::base::{Purpose, Text};
use crate::process::Cx;
use std::sync::Arc;

/// Why expansion stopped.
#[derive(Debug, Clone)]
pub enum Stop {
    /// It needs the output of this, with the variables as they are now.
    Substitution(Arc<List>, Box<State>),
    /// An error, in bash's words: the command is not run.
    Error(String),
    /// An error that ends a script.
    Fatal(String),
}

/// Expands words.
pub struct Expander<'a, 'c, 'x, 'w> {
    /// The shell's state; `${x:=y}` and arithmetic change it.
    pub state: &'a mut State,
    /// Files and draws.
    pub cx: &'c mut Cx<'x, 'w>,
    /// What substitutions printed so far, without the newlines at the end.
    pub outputs: &'a [String],
    used: usize,
}

impl<'a, 'c, 'x, 'w> Expander<'a, 'c, 'x, 'w> {
    /// Expands with what is known so far.
    pub fn new(state: &'a mut State, cx: &'c mut Cx<'x, 'w>, outputs: &'a [String]) -> Self {
        Expander { state, cx, outputs, used: 0 }
    }

    /// The arguments that words become.
    pub fn words(&mut self, words: &[Word]) -> Result<Vec<Text>, Stop> {
        let mut arguments = Vec::new();
        for word in words {
            for word in brace::expand(word) {
                let mut fields = Fields::new(Some(self.state.ifs().to_string()));
                self.parts(&word.parts, false, &mut fields)?;
                for field in fields.finish() {
                    self.names(&field, &mut arguments);
                }
            }
        }
        Ok(arguments)
    }

    /// The file names that a field matches, or the field itself.
    fn names(&self, field: &Field, arguments: &mut Vec<Text>) {
        let pattern = field.pattern();
        if pattern.is_wild() && !self.state.options.noglob {
            let matches = glob::expand(&pattern, self.cx.files, self.state.cwd());
            if !matches.is_empty() {
                return arguments.extend(matches.into_iter().map(Text::from));
            }
        }
        arguments.push(field.text().into());
    }

    /// A word as one text: nothing splits, wildcards stay.
    pub fn text(&mut self, word: &Word) -> Result<String, Stop> {
        Ok(self.field(word)?.text())
    }

    /// A word as a pattern.
    pub fn pattern(&mut self, word: &Word) -> Result<Pattern, Stop> {
        Ok(self.field(word)?.pattern())
    }

    /// A word as a regular expression: what is quoted stands for itself.
    pub fn regex(&mut self, word: &Word) -> Result<String, Stop> {
        let field = self.field(word)?;
        let escape = |text: &str| {
            text.chars().flat_map(|c| if c.is_alphanumeric() { vec![c] } else { vec!['\\', c] }).collect()
        };
        Ok(field
            .pieces
            .iter()
            .map(|(text, quoted)| if *quoted { escape(text) } else { text.clone() })
            .collect())
    }

    fn field(&mut self, word: &Word) -> Result<Field, Stop> {
        let mut fields = Fields::new(None);
        self.parts(&word.parts, false, &mut fields)?;
        let pieces = fields.finish().into_iter().enumerate().flat_map(|(n, field)| {
            let space = (n > 0).then(|| (" ".to_string(), true));
            space.into_iter().chain(field.pieces)
        });
        Ok(Field { pieces: pieces.collect() })
    }

    fn parts(&mut self, parts: &[Part], quoted: bool, fields: &mut Fields) -> Result<(), Stop> {
        for (n, part) in parts.iter().enumerate() {
            match part {
                Part::Plain(text) if n == 0 && !quoted && text.starts_with('~') => self.tilde(text, fields),
                Part::Plain(text) => fields.add(text, quoted),
                Part::Quoted(text) => fields.add(text, true),
                Part::Double(inner) => {
                    // `"$@"` without parameters is no field at all; `""` is one.
                    let only_all = matches!(inner.as_slice(), [Part::Param(param)] if &*param.name == "@");
                    if !only_all {
                        fields.add("", true);
                    }
                    self.parts(inner, true, fields)?;
                }
                Part::Param(param) => self.param(param, quoted, fields)?,
                Part::Command(list) => {
                    let Some(output) = self.outputs.get(self.used) else {
                        return Err(Stop::Substitution(list.clone(), Box::new(self.state.clone())));
                    };
                    self.used += 1;
                    value(output, quoted, fields);
                }
                Part::Arithmetic(inner) => {
                    let text = self.text(&Word { parts: inner.clone() })?;
                    let number = arith::evaluate(&text, self.state).map_err(Stop::Error)?;
                    value(&number.to_string(), quoted, fields);
                }
            }
        }
        Ok(())
    }

    fn tilde(&self, text: &str, fields: &mut Fields) {
        let rest = text.get(1..).unwrap_or_default();
        match self.state.get("HOME") {
            home if rest.is_empty() || rest.starts_with(['/', ':']) => {
                fields.add(home.map_or("/root", |home| home), true);
                fields.add(rest, false);
            }
            _ => fields.add(text, false),
        }
    }

    fn param(&mut self, param: &Param, quoted: bool, fields: &mut Fields) -> Result<(), Stop> {
        let name = &*param.name;
        let all = matches!(name, "@" | "*");
        if all && let ParamOp::Value = param.op {
            self.all_params(name == "@", quoted, fields);
            return Ok(());
        }
        let current = self.lookup(name);
        let missing = |colon: bool| current.as_deref().is_none_or(|value| colon && value.is_empty());
        match &param.op {
            ParamOp::Default(colon, word) if missing(*colon) => {
                return self.parts(&word.parts, quoted, fields);
            }
            ParamOp::Alternate(colon, word) => {
                return if missing(*colon) { Ok(()) } else { self.parts(&word.parts, quoted, fields) };
            }
            ParamOp::Assign(colon, word) if missing(*colon) => {
                let text = self.text(word)?;
                self.state.set(name, text.as_str());
                value(&text, quoted, fields);
                return Ok(());
            }
            ParamOp::Require(colon, word) if missing(*colon) => {
                let said = self.text(word)?;
                let default = if *colon { "parameter null or not set" } else { "parameter not set" };
                return Err(Stop::Fatal(format!(
                    "{name}: {}",
                    if said.is_empty() { default } else { &said }
                )));
            }
            ParamOp::Bad(raw) => return Err(Stop::Error(format!("{raw}: bad substitution"))),
            _ => {}
        }
        let Some(text) = current else {
            let may_miss =
                matches!(param.op, ParamOp::Default(..) | ParamOp::Assign(..) | ParamOp::Require(..)) || all;
            if self.state.options.nounset && !may_miss {
                return Err(Stop::Fatal(format!("{name}: unbound variable")));
            }
            if let ParamOp::Length = param.op {
                value("0", quoted, fields);
            }
            return Ok(());
        };
        let text = self.changed(text, param)?;
        value(&text, quoted, fields);
        Ok(())
    }

    fn changed(&mut self, text: String, param: &Param) -> Result<String, Stop> {
        Ok(match &param.op {
            ParamOp::Length if matches!(&*param.name, "@" | "*") => self.state.params.len().to_string(),
            ParamOp::Length => text.chars().count().to_string(),
            ParamOp::TrimStart(longest, word) => {
                let cut = self.pattern(word)?.start(&text, *longest).unwrap_or(0);
                text.get(cut..).unwrap_or_default().to_string()
            }
            ParamOp::TrimEnd(longest, word) => {
                let cut = self.pattern(word)?.end(&text, *longest).unwrap_or(text.len());
                text.get(..cut).unwrap_or_default().to_string()
            }
            ParamOp::Replace(which, pattern, with) => {
                let (pattern, with) = (self.pattern(pattern)?, self.text(with)?);
                replace(&text, &pattern, &with, *which)
            }
            ParamOp::Slice(offset, length) => self.slice(&text, offset, length.as_ref())?,
            ParamOp::Case(true) => text.to_uppercase(),
            ParamOp::Case(false) => text.to_lowercase(),
            _ => text,
        })
    }

    fn slice(&mut self, text: &str, offset: &Word, length: Option<&Word>) -> Result<String, Stop> {
        let mut number = |word: &Word| -> Result<i64, Stop> {
            let text = self.text(word)?;
            arith::evaluate(&text, self.state).map_err(Stop::Error)
        };
        let chars: Vec<char> = text.chars().collect();
        let count = chars.len() as i64;
        let offset = number(offset)?;
        let from = if offset < 0 { count.saturating_add(offset) } else { offset };
        if from < 0 || from > count {
            return Ok(String::new());
        }
        let to = match length.map(number).transpose()? {
            None => count,
            Some(length) if length < 0 => count.saturating_add(length),
            Some(length) => from.saturating_add(length).min(count),
        };
        if to < from {
            let shown = to.saturating_sub(count);
            return Err(Stop::Error(format!("{shown}: substring expression < 0")));
        }
        Ok(chars.get(from as usize..to as usize).unwrap_or_default().iter().collect())
    }

    fn all_params(&self, separate: bool, quoted: bool, fields: &mut Fields) {
        if quoted && !separate {
            let separator: String = self.state.ifs().chars().take(1).collect();
            return fields.add(&self.state.params.join(&separator), true);
        }
        for (n, param) in self.state.params.iter().enumerate() {
            if n > 0 {
                fields.end_field();
            }
            value(param, quoted, fields);
        }
    }

    fn lookup(&mut self, name: &str) -> Option<String> {
        let state = &mut *self.state;
        match name {
            "?" => Some(state.status.to_string()),
            "#" => Some(state.params.len().to_string()),
            "$" => Some(state.pid.0.to_string()),
            "!" => state.last_background.map(|pid| pid.0.to_string()),
            "-" => Some(state.flags()),
            "@" | "*" => (!state.params.is_empty()).then(|| state.params.join(" ")),
            "0" => Some(state.name.to_string()),
            "RANDOM" => {
                let actor = format!("$RANDOM {}", self.cx.place());
                Some(self.cx.out.below(Purpose::Program, &actor, 32_768).to_string())
            }
            "SECONDS" => Some((self.cx.out.now.0 / 1_000_000_000).to_string()),
            "EPOCHSECONDS" => Some(self.cx.out.now.unix_seconds().to_string()),
            "LINENO" => Some(state.line.to_string()),
            "HOSTNAME" => Some(state.get(name).cloned().unwrap_or_else(|| self.cx.hostname()).to_string()),
            _ => match name.parse::<usize>() {
                Ok(n) => state.params.get(n.wrapping_sub(1)).map(|param| param.to_string()),
                Err(_) => state.get(name).map(|value| value.to_string()),
            },
        }
    }
}

fn value(text: &str, quoted: bool, fields: &mut Fields) {
    match quoted {
        true => fields.add(text, true),
        false => fields.split(text),
    }
}

fn replace(text: &str, pattern: &Pattern, with: &str, which: Which) -> String {
    match which {
        Which::Start => {
            let cut = pattern
                .start(text, true)
                .map(|length| format!("{with}{}", text.get(length..).unwrap_or_default()));
            return cut.unwrap_or_else(|| text.to_string());
        }
        Which::End => {
            let cut =
                pattern.end(text, true).map(|from| format!("{}{with}", text.get(..from).unwrap_or_default()));
            return cut.unwrap_or_else(|| text.to_string());
        }
        Which::First | Which::Every => {}
    }
    let mut out = String::new();
    let mut rest = text;
    while !rest.is_empty() {
        match pattern.start(rest, true) {
            Some(length) if length > 0 => {
                out.push_str(with);
                rest = rest.get(length..).unwrap_or_default();
                if which == Which::First {
                    break;
                }
            }
            _ => {
                let length = rest.chars().next().map_or(1, char::len_utf8);
                out.push_str(rest.get(..length).unwrap_or_default());
                rest = rest.get(length..).unwrap_or_default();
            }
        }
    }
    out + rest
}
