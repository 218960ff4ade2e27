//! `basename`, `dirname`, `pwd`, `which`, `printenv`, `test`: what names and variables say.

use super::commands;
use super::print::Printed;
use super::sh::test::{self, Surroundings};
use crate::base::Text;
use crate::process::Cx;

/// `basename path suffix`
pub fn basename(_: &mut Cx<'_, '_>, argv: &[Text]) -> Printed {
    let Some(path) = argv.get(1) else {
        return Printed::fail(1, "basename: missing operand\nTry 'basename --help' for more information.");
    };
    let trimmed = path.trim_end_matches('/');
    let name = if trimmed.is_empty() && !path.is_empty() {
        "/"
    } else {
        trimmed.rsplit('/').next().unwrap_or_default()
    };
    let cut = argv.get(2).and_then(|suffix| name.strip_suffix(&**suffix)).filter(|name| !name.is_empty());
    Printed::out(format!("{}\n", cut.unwrap_or(name)))
}

/// `dirname path`
pub fn dirname(_: &mut Cx<'_, '_>, argv: &[Text]) -> Printed {
    let Some(path) = argv.get(1) else {
        return Printed::fail(1, "dirname: missing operand\nTry 'dirname --help' for more information.");
    };
    let trimmed = path.trim_end_matches('/');
    let directory = match trimmed.rsplit_once('/') {
        Some((directory, _)) => directory.trim_end_matches('/'),
        None if trimmed.is_empty() && path.starts_with('/') => "",
        None => ".",
    };
    Printed::out(format!("{}\n", if directory.is_empty() { "/" } else { directory }))
}

/// `pwd`
pub fn pwd(cx: &mut Cx<'_, '_>, _: &[Text]) -> Printed {
    Printed::out(format!("{}\n", cx.environment.get("PWD").map_or("/", |cwd| cwd)))
}

/// `which name`
pub fn which(_: &mut Cx<'_, '_>, argv: &[Text]) -> Printed {
    let found = argv.iter().skip(1).map(|name| commands::find(name));
    let mut printed = Printed::default();
    for entry in found {
        match entry {
            Some(entry) => printed.out.extend(format!("/usr/bin/{}\n", entry.name).bytes()),
            None => printed.status = 1,
        }
    }
    printed
}

/// `printenv name`
pub fn printenv(cx: &mut Cx<'_, '_>, argv: &[Text]) -> Printed {
    if argv.len() == 1 {
        let lines = cx.environment.vars.iter().map(|(name, value)| format!("{name}={value}\n"));
        return Printed::out(lines.collect::<String>());
    }
    let mut printed = Printed::default();
    for name in argv.iter().skip(1) {
        match cx.environment.get(name) {
            Some(value) => printed.out.extend(format!("{value}\n").bytes()),
            None => printed.status = 1,
        }
    }
    printed
}

/// `test` and `[` outside a shell.
pub fn brackets(cx: &mut Cx<'_, '_>, argv: &[Text]) -> Printed {
    let mut words: Vec<&str> = argv.iter().skip(1).map(|word| &**word).collect();
    let closing = argv.first().is_some_and(|name| name.ends_with('['));
    let name = if closing { "[" } else { "test" };
    if closing && words.pop() != Some("]") {
        return Printed::fail(2, "[: missing ']'");
    }
    let cwd = cx.environment.get("PWD").map_or("/", |cwd| cwd);
    match test::words(&words, &Surroundings { files: cx.files, cwd, state: None }) {
        Ok(held) => Printed { status: i32::from(!held), ..Printed::default() },
        Err(message) => Printed::fail(2, &format!("{name}: {message}")),
    }
}
