//! Builtins: commands that must run in the shell itself, in one list.

use super::machine::{Core, Frame, Unwind};
use super::parser::is_identifier;
use super::script::{Script, Source};
use super::test::{self, Surroundings};
use super::waits::{self, ReadLine, WaitFrame};
use super::{arith, quote};
use crate::base::Text;
use crate::process::{Cx, Signal};
use crate::shell::print::Printed;
use crate::shell::{commands, echo, paths, printf, sleep};

/// A builtin.
pub(super) struct Builtin {
    /// Its name.
    pub name: &'static str,
    /// Runs it with its words; the first is its name.
    pub run: fn(&mut Core, &mut Cx<'_, '_>, &[Text]) -> Outcome,
}

/// What came of a builtin.
pub(super) enum Outcome {
    /// It is done.
    Done(Printed),
    /// It failed, with a message that the shell puts its name before.
    Complain(i32, String),
    /// It goes on as a frame.
    Push(Frame),
    /// It leaves frames.
    Unwind(Unwind),
}

const BUILTINS: &[Builtin] = &[
    Builtin { name: ":", run: |_, _, _| done(0) },
    Builtin { name: "true", run: |_, _, _| done(0) },
    Builtin { name: "false", run: |_, _, _| done(1) },
    Builtin { name: "echo", run: |_, cx, argv| Outcome::Done(echo::run(cx, argv)) },
    Builtin { name: "printf", run: print_formatted },
    Builtin { name: "test", run: |core, cx, argv| brackets(core, cx, argv, false) },
    Builtin { name: "[", run: |core, cx, argv| brackets(core, cx, argv, true) },
    Builtin { name: "cd", run: change_directory },
    Builtin { name: "pwd", run: |core, _, _| print(format!("{}\n", core.state.cwd())) },
    Builtin { name: "export", run: export },
    Builtin { name: "readonly", run: readonly },
    Builtin { name: "local", run: local },
    Builtin { name: "declare", run: |core, _, argv| assign_all(core, argv, |_, _| {}) },
    Builtin { name: "unset", run: unset },
    Builtin { name: "set", run: set },
    Builtin { name: "shift", run: shift },
    Builtin { name: "read", run: read },
    Builtin { name: "eval", run: eval },
    Builtin { name: ".", run: source },
    Builtin { name: "source", run: source },
    Builtin { name: "break", run: |core, _, argv| leave(core, argv, Unwind::Break) },
    Builtin { name: "continue", run: |core, _, argv| leave(core, argv, Unwind::Continue) },
    Builtin { name: "return", run: return_ },
    Builtin {
        name: "exit",
        run: |core, _, argv| number(core, argv).map_or_else(|e| e, |n| Outcome::Unwind(Unwind::Exit(n))),
    },
    Builtin { name: "let", run: let_ },
    Builtin { name: "wait", run: wait },
    Builtin { name: "jobs", run: |_, _, _| Outcome::Push(Frame::Wait(WaitFrame::Jobs { asked: false })) },
    Builtin { name: "fg", run: fg },
    Builtin { name: "kill", run: kill },
    Builtin { name: "trap", run: trap },
    Builtin { name: "type", run: type_ },
    Builtin { name: "command", run: command },
    Builtin { name: "umask", run: |_, _, _| print("0022\n".into()) },
];

/// A builtin by name.
pub(super) fn find(name: &str) -> Option<&'static Builtin> {
    BUILTINS.iter().find(|builtin| builtin.name == name)
}

/// The names of all builtins.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    BUILTINS.iter().map(|builtin| builtin.name)
}

fn done(status: i32) -> Outcome {
    Outcome::Done(Printed { status, ..Printed::default() })
}

fn print(text: String) -> Outcome {
    Outcome::Done(Printed::out(text))
}

fn complain(message: impl Into<String>) -> Outcome {
    Outcome::Complain(1, message.into())
}

fn print_formatted(core: &mut Core, _: &mut Cx<'_, '_>, argv: &[Text]) -> Outcome {
    let (into, words) = match argv {
        [_, flag, name, words @ ..] if &**flag == "-v" => (Some(name), words),
        [_, words @ ..] => (None, words),
        [] => (None, argv),
    };
    let words = match words {
        [dashes, words @ ..] if &**dashes == "--" => words,
        words => words,
    };
    let Some((format, words)) = words.split_first() else {
        return Outcome::Done(Printed::fail(2, "printf: usage: printf [-v var] format [arguments]"));
    };
    let (text, problems) = printf::format(format, words);
    for problem in &problems {
        core.complain(&format!("printf: {problem}"));
    }
    let status = i32::from(!problems.is_empty());
    match into {
        Some(name) => {
            core.state.set(name, text);
            done(status)
        }
        None => Outcome::Done(Printed { out: text.into_bytes(), err: Vec::new(), status }),
    }
}

fn brackets(core: &mut Core, cx: &mut Cx<'_, '_>, argv: &[Text], closing: bool) -> Outcome {
    let mut words: Vec<&str> = argv.iter().skip(1).map(|word| &**word).collect();
    let name = if closing { "[" } else { "test" };
    if closing && words.pop() != Some("]") {
        return Outcome::Complain(2, "[: missing `]'".into());
    }
    let around = Surroundings { files: cx.files, cwd: core.state.cwd(), state: Some(&core.state) };
    match test::words(&words, &around) {
        Ok(held) => done(i32::from(!held)),
        Err(message) => Outcome::Complain(2, format!("{name}: {message}")),
    }
}

fn change_directory(core: &mut Core, cx: &mut Cx<'_, '_>, argv: &[Text]) -> Outcome {
    let to: Text = match argv.get(1) {
        None => core.state.get("HOME").cloned().unwrap_or_else(|| "/".into()),
        Some(dash) if &**dash == "-" => match core.state.get("OLDPWD").cloned() {
            Some(before) => before,
            None => return complain("cd: OLDPWD not set"),
        },
        Some(path) => path.clone(),
    };
    if argv.len() > 2 {
        return complain("cd: too many arguments");
    }
    let path = paths::absolute(core.state.cwd(), &to);
    if !paths::is_directory(cx.files, &path) && core.state.get("HOME").is_none_or(|home| **home != *path) {
        let what =
            if cx.files.get(&path).is_some() { "Not a directory" } else { "No such file or directory" };
        return complain(format!("cd: {to}: {what}"));
    }
    let before: Text = core.state.cwd().into();
    core.state.set("OLDPWD", before);
    core.state.set("PWD", path.as_str());
    core.state.export("PWD");
    match argv.get(1).map(|word| &**word) {
        Some("-") => print(format!("{path}\n")),
        _ => done(0),
    }
}

/// `name` and `name=value` words: sets the values, and does something to each name.
fn assign_all(core: &mut Core, argv: &[Text], each: fn(&mut Core, &str)) -> Outcome {
    let mut status = 0;
    for word in argv.iter().skip(1).filter(|word| !word.starts_with('-')) {
        let (name, value) = match word.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (&**word, None),
        };
        let (name, append) = name.strip_suffix('+').map_or((name, false), |name| (name, true));
        if !is_identifier(name) {
            core.complain(&format!(
                "{}: `{word}': not a valid identifier",
                argv.first().map_or("", |name| name)
            ));
            status = 1;
            continue;
        }
        let mut refused = false;
        if let Some(value) = value {
            let before = core.state.get(name).filter(|_| append).cloned().unwrap_or_else(|| "".into());
            refused = !core.state.set(name, format!("{before}{value}"));
        }
        if refused {
            core.complain(&format!("{name}: readonly variable"));
            status = 1;
            continue;
        }
        each(core, name);
    }
    done(status)
}

fn export(core: &mut Core, _: &mut Cx<'_, '_>, argv: &[Text]) -> Outcome {
    if argv.len() == 1 || argv.get(1).is_some_and(|word| &**word == "-p") {
        let exported = core.state.vars().filter(|(_, var)| var.exported);
        return print(
            exported
                .map(|(name, var)| format!("declare -x {name}={}\n", quote::double(&var.value)))
                .collect(),
        );
    }
    if argv.get(1).is_some_and(|word| &**word == "-n") {
        for name in argv.iter().skip(2) {
            if let Some(value) = core.state.get(name).cloned() {
                core.state.unset(name);
                core.state.set(name, value);
            }
        }
        return done(0);
    }
    assign_all(core, argv, |core, name| core.state.export(name))
}

fn readonly(core: &mut Core, _: &mut Cx<'_, '_>, argv: &[Text]) -> Outcome {
    assign_all(core, argv, |core, name| core.state.freeze(name))
}

fn local(core: &mut Core, _: &mut Cx<'_, '_>, argv: &[Text]) -> Outcome {
    if core.locals.is_empty() {
        return complain("local: can only be used in a function");
    }
    for word in argv.iter().skip(1).filter(|word| !word.starts_with('-')) {
        let name: Text = word.split('=').next().unwrap_or_default().into();
        let before = core.state.var(&name).cloned();
        if let Some(locals) = core.locals.last_mut()
            && !locals.iter().any(|(hidden, _)| *hidden == name)
        {
            locals.push((name.clone(), before));
            core.state.unset(&name);
        }
    }
    assign_all(core, argv, |_, _| {})
}

fn unset(core: &mut Core, _: &mut Cx<'_, '_>, argv: &[Text]) -> Outcome {
    let functions = argv.get(1).is_some_and(|word| &**word == "-f");
    let mut status = 0;
    for name in argv.iter().skip(1).filter(|word| !word.starts_with('-')) {
        if functions || core.state.get(name).is_none() {
            std::sync::Arc::make_mut(&mut core.state.functions).remove(name);
        } else if !core.state.unset(name) {
            core.complain(&format!("unset: {name}: cannot unset: readonly variable"));
            status = 1;
        }
    }
    done(status)
}

fn set(core: &mut Core, _: &mut Cx<'_, '_>, argv: &[Text]) -> Outcome {
    let mut words = argv.iter().skip(1);
    if argv.len() == 1 {
        return print(
            core.state.vars().map(|(name, var)| format!("{name}={}\n", quote::word(&var.value))).collect(),
        );
    }
    while let Some(word) = words.next() {
        let on = word.starts_with('-');
        match &**word {
            "--" => break,
            "-o" | "+o" => match words.next().map(|word| &**word) {
                Some("errexit") => core.state.options.errexit = on,
                Some("xtrace") => core.state.options.xtrace = on,
                Some("nounset") => core.state.options.nounset = on,
                Some("noglob") => core.state.options.noglob = on,
                Some("pipefail") => core.state.options.pipefail = on,
                Some(name) => return Outcome::Complain(2, format!("set: {name}: invalid option name")),
                None => return done(0),
            },
            flags if flags.len() > 1 && flags.starts_with(['-', '+']) => {
                for flag in flags.chars().skip(1) {
                    match flag {
                        'e' => core.state.options.errexit = on,
                        'x' => core.state.options.xtrace = on,
                        'u' => core.state.options.nounset = on,
                        'f' => core.state.options.noglob = on,
                        'o' => match words.next().map(|word| &**word) {
                            Some("pipefail") => core.state.options.pipefail = on,
                            Some("errexit") => core.state.options.errexit = on,
                            Some("nounset") => core.state.options.nounset = on,
                            Some("xtrace") => core.state.options.xtrace = on,
                            _ => {}
                        },
                        'a' | 'b' | 'h' | 'm' | 'v' | 'B' | 'C' | 'E' | 'H' | 'P' | 'T' => {}
                        _ => {
                            return Outcome::Complain(
                                2,
                                format!("set: {}{flag}: invalid option", if on { '-' } else { '+' }),
                            );
                        }
                    }
                }
            }
            _ => {
                core.state.params = std::iter::once(word.clone()).chain(words.cloned()).collect();
                return done(0);
            }
        }
    }
    if argv.iter().any(|word| &**word == "--") {
        core.state.params = words.cloned().collect();
    }
    done(0)
}

fn shift(core: &mut Core, _: &mut Cx<'_, '_>, argv: &[Text]) -> Outcome {
    let count = match argv.get(1).map(|word| word.parse::<usize>()) {
        None => 1,
        Some(Ok(count)) => count,
        Some(Err(_)) => return complain(format!("shift: {}: numeric argument required", argv[1])),
    };
    match core.state.params.get(count..) {
        Some(rest) => {
            core.state.params = rest.into();
            done(0)
        }
        None => done(1),
    }
}

fn read(core: &mut Core, _: &mut Cx<'_, '_>, argv: &[Text]) -> Outcome {
    let mut read = ReadLine::default();
    let mut words = argv.iter().skip(1).peekable();
    while let Some(flags) = words.next_if(|word| word.len() > 1 && word.starts_with('-')) {
        for flag in flags.chars().skip(1) {
            match flag {
                'r' => read.raw = true,
                'e' | 's' => {}
                'p' => {
                    let prompt = words.next().cloned().unwrap_or_else(|| "".into());
                    core.write(2, prompt.to_string());
                }
                't' => read.timeout = words.next().and_then(|word| sleep::duration(word)),
                'n' => read.count = words.next().and_then(|word| word.parse().ok()),
                _ => {
                    return Outcome::Complain(
                        2,
                        format!(
                            "read: -{flag}: invalid option\nread: usage: read [-r] [-n nchars] [-p prompt] [-t timeout] [name ...]"
                        ),
                    );
                }
            }
        }
    }
    read.names = words.cloned().collect();
    match read.names.iter().find(|name| !is_identifier(name)) {
        Some(name) => complain(format!("read: `{name}': not a valid identifier")),
        None => Outcome::Push(Frame::Wait(WaitFrame::Line(Box::new(read)))),
    }
}

fn eval(_: &mut Core, _: &mut Cx<'_, '_>, argv: &[Text]) -> Outcome {
    let text = argv.get(1..).unwrap_or_default().join(" ");
    Outcome::Push(Frame::Script(Script::new(Source::Eval, text.into())))
}

fn source(core: &mut Core, cx: &mut Cx<'_, '_>, argv: &[Text]) -> Outcome {
    let name = argv.first().map_or(".", |name| name);
    let Some(path) = argv.get(1) else {
        return Outcome::Complain(
            2,
            format!("{name}: filename argument required\n{name}: usage: {name} filename [arguments]"),
        );
    };
    let Some(text) = cx.files.text(&paths::absolute(core.state.cwd(), path)) else {
        return complain(format!("{path}: No such file or directory"));
    };
    Outcome::Push(Frame::Script(Script::new(Source::Sourced, text.into())))
}

/// A status argument: the number modulo 256, or the last status.
fn number(core: &Core, argv: &[Text]) -> Result<i32, Outcome> {
    match argv.get(1) {
        None => Ok(core.state.status),
        Some(word) => match word.parse::<i64>() {
            Ok(number) => Ok((number & 255) as i32),
            Err(_) => {
                let name = argv.first().map_or("", |name| name);
                Err(Outcome::Complain(2, format!("{name}: {word}: numeric argument required")))
            }
        },
    }
}

fn leave(core: &mut Core, argv: &[Text], unwind: fn(u32) -> Unwind) -> Outcome {
    let name = argv.first().map_or("", |name| name);
    if core.loops == 0 {
        core.complain(&format!("{name}: only meaningful in a `for', `while', or `until' loop"));
        return done(0);
    }
    let count = match argv.get(1).map(|word| word.parse::<u32>()) {
        None => 1,
        Some(Ok(count)) if count > 0 => count,
        Some(_) => return complain(format!("{name}: {}: loop count out of range", argv[1])),
    };
    Outcome::Unwind(unwind(count.min(core.loops)))
}

fn return_(core: &mut Core, _: &mut Cx<'_, '_>, argv: &[Text]) -> Outcome {
    number(core, argv).map_or_else(|outcome| outcome, |status| Outcome::Unwind(Unwind::Return(status)))
}

fn let_(core: &mut Core, _: &mut Cx<'_, '_>, argv: &[Text]) -> Outcome {
    let mut value = 0;
    for word in argv.iter().skip(1) {
        match arith::evaluate(word, &mut core.state) {
            Ok(number) => value = number,
            Err(message) => return complain(format!("let: {message}")),
        }
    }
    done(i32::from(value == 0))
}

fn wait(core: &mut Core, _: &mut Cx<'_, '_>, argv: &[Text]) -> Outcome {
    let named = argv.len() > 1;
    let mut todo = std::collections::VecDeque::new();
    for word in argv.iter().skip(1) {
        match core.jobs.named(word).map(|job| job.pid).or(word.parse().ok().map(crate::base::Pid)) {
            Some(pid) => todo.push_back(pid),
            None => return Outcome::Complain(127, format!("wait: {word}: no such job")),
        }
    }
    if !named {
        todo.extend(core.jobs.iter().filter(|job| job.ended.is_none()).map(|job| job.pid));
    }
    Outcome::Push(Frame::Wait(WaitFrame::Children { todo, named, status: 0, asked: false }))
}

fn fg(core: &mut Core, _: &mut Cx<'_, '_>, argv: &[Text]) -> Outcome {
    let spec = argv.get(1).map_or("%+", |word| word);
    let spec = if spec.starts_with('%') { spec.to_string() } else { format!("%{spec}") };
    let Some((pid, text)) = core.jobs.named(&spec).map(|job| (job.pid, job.text.clone())) else {
        return complain(format!("fg: {}: no such job", argv.get(1).map_or("current", |word| word)));
    };
    core.write(1, format!("{text}\n"));
    let todo = std::collections::VecDeque::from([pid]);
    Outcome::Push(Frame::Wait(WaitFrame::Children { todo, named: true, status: 0, asked: false }))
}

fn kill(core: &mut Core, _: &mut Cx<'_, '_>, argv: &[Text]) -> Outcome {
    let mut words = argv.iter().skip(1).peekable();
    let mut signal = Signal::Term;
    if let Some(flag) = words.next_if(|word| word.starts_with('-') && &***word != "--") {
        if &**flag == "-l" {
            return print("INT KILL PIPE TERM\n".into());
        }
        let name = match &**flag {
            "-s" | "-n" => words.next().map_or("", |word| word),
            flag => flag.get(1..).unwrap_or_default(),
        };
        // `kill -0` only asks whether the process is there: that is not simulated.
        match waits::signal(name) {
            Some(found) => signal = found,
            None => return complain(format!("kill: {name}: invalid signal specification")),
        }
    }
    let mut todo = std::collections::VecDeque::new();
    for word in words {
        match core.jobs.named(word).map(|job| job.pid).or(word.parse().ok().map(crate::base::Pid)) {
            Some(pid) => todo.push_back((pid, signal, pid.0.to_string().into())),
            None if word.starts_with('%') => return complain(format!("kill: {word}: no such job")),
            None => return complain(format!("kill: {word}: arguments must be process or job IDs")),
        }
    }
    if todo.is_empty() {
        let usage =
            "kill: usage: kill [-s sigspec | -n signum | -sigspec] pid | jobspec ... or kill -l [sigspec]";
        return Outcome::Done(Printed::fail(2, usage));
    }
    Outcome::Push(Frame::Wait(WaitFrame::Signals { todo, status: 0, asked: None }))
}

/// `trap command EXIT`; others are taken and never happen.
fn trap(core: &mut Core, _: &mut Cx<'_, '_>, argv: &[Text]) -> Outcome {
    if let [_, command, signals @ ..] = argv
        && signals.iter().any(|signal| matches!(&**signal, "EXIT" | "0"))
    {
        core.exit_trap = (&**command != "-").then(|| command.clone());
    }
    done(0)
}

fn type_(core: &mut Core, _: &mut Cx<'_, '_>, argv: &[Text]) -> Outcome {
    let mut out = String::new();
    let mut status = 0;
    for word in argv.iter().skip(1) {
        if core.state.functions.contains_key(word) {
            out.push_str(&format!("{word} is a function\n"));
        } else if find(word).is_some() {
            out.push_str(&format!("{word} is a shell builtin\n"));
        } else if commands::find(word).is_some() {
            out.push_str(&format!("{word} is /usr/bin/{word}\n"));
        } else {
            core.complain(&format!("type: {word}: not found"));
            status = 1;
        }
    }
    Outcome::Done(Printed { out: out.into_bytes(), err: Vec::new(), status })
}

/// `command -v name`
fn command(core: &mut Core, _: &mut Cx<'_, '_>, argv: &[Text]) -> Outcome {
    let Some(name) = argv.get(2) else { return done(0) };
    if core.state.functions.contains_key(name) || find(name).is_some() {
        return print(format!("{name}\n"));
    }
    match commands::find(name) {
        Some(entry) => print(format!("/usr/bin/{}\n", entry.name)),
        None => done(1),
    }
}
