//! Command lines: which sub-command, which flags, which words. Knows no sub-command's meaning.
//! Models: spf13/pflag and spf13/cobra, in their error texts.

use crate::base::FlatMap;

/// A flag.
#[derive(Debug, Clone, Copy)]
pub struct Flag {
    /// The long name, without dashes.
    pub name: &'static str,
    /// The one-letter name.
    pub short: Option<char>,
    /// What it takes.
    pub takes: Takes,
}

/// What a flag takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takes {
    /// Nothing, or `=true` or `=false`.
    Switch,
    /// A value.
    Value,
    /// A whole number.
    Number,
    /// A value after `=`; without one, this one.
    Optional(&'static str),
}

/// A flag without value.
pub const fn switch(name: &'static str, short: Option<char>) -> Flag {
    Flag { name, short, takes: Takes::Switch }
}

/// A flag with a value.
pub const fn value(name: &'static str, short: Option<char>) -> Flag {
    Flag { name, short, takes: Takes::Value }
}

/// A flag with a number.
pub const fn number(name: &'static str) -> Flag {
    Flag { name, short: None, takes: Takes::Number }
}

/// A flag that may stand alone.
pub const fn optional(name: &'static str, alone: &'static str) -> Flag {
    Flag { name, short: None, takes: Takes::Optional(alone) }
}

/// The flags that every sub-command has.
pub const GLOBAL: &[Flag] = &[
    value("namespace", Some('n')),
    value("context", None),
    value("cluster", None),
    value("user", None),
    value("kubeconfig", None),
    value("request-timeout", None),
    value("server", Some('s')),
    value("as", None),
    value("v", Some('v')),
    switch("warnings-as-errors", None),
    switch("help", Some('h')),
];

/// A sub-command's line, read.
#[derive(Debug, Clone, Default)]
pub struct Args {
    flags: FlatMap<&'static str, Vec<String>>,
    /// The words that are no flags.
    pub words: Vec<String>,
    /// How many words stand before `--`; `None` without one.
    pub dash: Option<usize>,
}

impl Args {
    /// Reads a line. `command` (as in `kubectl get`) is for the error texts.
    pub fn parse(command: &str, known: &[&[Flag]], line: &[String]) -> Result<Args, String> {
        let mut args = Args::default();
        let mut rest = line.iter();
        while let Some(word) = rest.next() {
            let outcome = match word.as_str() {
                "--" => {
                    args.dash = Some(args.words.len());
                    args.words.extend(rest.by_ref().cloned());
                    Ok(())
                }
                "-" => {
                    args.words.push(word.clone());
                    Ok(())
                }
                long if long.starts_with("--") => args.long(known, &long[2..], &mut rest),
                short if short.starts_with('-') => args.shorts(known, &short[1..], &mut rest),
                _ => {
                    args.words.push(word.clone());
                    Ok(())
                }
            };
            outcome.map_err(|text| format!("error: {text}\nSee '{command} --help' for usage."))?;
        }
        Ok(args)
    }

    fn long<'l>(
        &mut self,
        known: &[&[Flag]],
        text: &str,
        rest: &mut impl Iterator<Item = &'l String>,
    ) -> Result<(), String> {
        let (name, given) = text.split_once('=').map_or((text, None), |(name, value)| (name, Some(value)));
        let found = known.iter().flat_map(|flags| flags.iter()).find(|flag| flag.name == name);
        let flag = found.ok_or_else(|| format!("unknown flag: --{name}"))?;
        let value = match (given, flag.takes) {
            (Some(value), _) => value.to_string(),
            (None, Takes::Switch) => "true".to_string(),
            (None, Takes::Optional(alone)) => alone.to_string(),
            (None, Takes::Value | Takes::Number) => {
                rest.next().cloned().ok_or_else(|| format!("flag needs an argument: --{name}"))?
            }
        };
        self.set(flag, value)
    }

    fn shorts<'l>(
        &mut self,
        known: &[&[Flag]],
        text: &str,
        rest: &mut impl Iterator<Item = &'l String>,
    ) -> Result<(), String> {
        for (at, letter) in text.char_indices() {
            let found = known.iter().flat_map(|flags| flags.iter()).find(|flag| flag.short == Some(letter));
            let flag = found.ok_or_else(|| format!("unknown shorthand flag: {letter:?} in -{text}"))?;
            let after = &text[at + letter.len_utf8()..];
            let value = match flag.takes {
                Takes::Switch | Takes::Optional(_) if !after.starts_with('=') => {
                    self.set(flag, "true".to_string())?;
                    continue;
                }
                _ if !after.is_empty() => after.strip_prefix('=').unwrap_or(after).to_string(),
                _ => rest
                    .next()
                    .cloned()
                    .ok_or_else(|| format!("flag needs an argument: {letter:?} in -{text}"))?,
            };
            return self.set(flag, value);
        }
        Ok(())
    }

    fn set(&mut self, flag: &Flag, value: String) -> Result<(), String> {
        let shown =
            flag.short.map_or(format!("--{}", flag.name), |short| format!("-{short}, --{}", flag.name));
        match flag.takes {
            Takes::Switch if !matches!(value.as_str(), "true" | "false" | "1" | "0" | "t" | "f") => {
                return Err(format!(
                    "invalid argument {value:?} for {shown:?} flag: strconv.ParseBool: parsing {value:?}: invalid syntax"
                ));
            }
            Takes::Number if value.parse::<i64>().is_err() => {
                return Err(format!(
                    "invalid argument {value:?} for {shown:?} flag: strconv.ParseInt: parsing {value:?}: invalid syntax"
                ));
            }
            _ => {}
        }
        self.flags.entry(flag.name).or_default().push(value);
        Ok(())
    }

    /// A flag's last value.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.flags.get(name)?.last().map(String::as_str)
    }

    /// Whether a switch is on.
    pub fn on(&self, name: &str) -> bool {
        matches!(self.text(name), Some("true" | "1" | "t"))
    }

    /// Whether a switch is on that is on unless turned off.
    pub fn on_by_default(&self, name: &str) -> bool {
        self.text(name).is_none() || self.on(name)
    }

    /// A flag's number.
    pub fn number(&self, name: &str) -> Option<i64> {
        self.text(name)?.parse().ok()
    }

    /// All values of a flag that may stand several times, as given.
    pub fn all(&self, name: &str) -> &[String] {
        self.flags.get(name).map(Vec::as_slice).unwrap_or_default()
    }

    /// All values of such a flag, split at commas.
    pub fn listed(&self, name: &str) -> Vec<String> {
        let parts = self.all(name).iter().flat_map(|value| value.split(','));
        parts.filter(|part| !part.is_empty()).map(String::from).collect()
    }

    /// The words before `--` and those after it.
    pub fn split(&self) -> (&[String], &[String]) {
        self.words.split_at(self.dash.unwrap_or(self.words.len()).min(self.words.len()))
    }
}
