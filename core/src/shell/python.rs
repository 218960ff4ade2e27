//! python3: runs a program of a subset of Python 3.12, with CPython's words for what goes wrong. A running program is a
//! value: frames and values are on stacks of its own; only expressions in expressions are parsed recursively, to a fixed
//! depth. Each call that touches the network begins a journey that names its line: `trace::Origin::line`.
//! Models: CPython 3.12 on Linux with glibc.
//! Omits: the interactive prompt, classes, generators (comprehensions in round brackets are lists), decorators, `match`,
//! `async`, `**` in calls and parameters, whole numbers beyond 64 bits, modules but socket, time, sys, collections
//! and random, writing files, buffered standard output (as with `python3 -u`), closing sockets when nothing refers to
//! them any more (beyond 64), names of constants such as AF_INET when they print, the order of sets (here that of
//! insertion).

mod assign;
mod atom;
mod block;
mod builtin;
mod call;
mod class;
mod code;
mod compute;
mod containers;
mod expr;
mod flow;
mod format;
mod hint;
mod hold;
mod item;
mod job;
mod lexer;
mod library;
mod literal;
mod machine;
mod module;
mod number;
mod parser;
mod percent;
pub mod repair;
mod resolve;
mod show;
mod socket;
mod strings;
mod strings_more;
mod traceback;
#[cfg(test)]
mod transcripts;
mod value;

use super::{Command, Programs, filter};
use crate::base::{Duration, Fd, Text};
use crate::process::{Cx, Reply, Signal, Syscall, Turn};
use machine::{Machine, Stop};
use std::collections::VecDeque;

/// Instructions before others go on, and the time that they take.
const STEPS_PER_YIELD: usize = 5_000;
const YIELD_TIME: Duration = Duration::millis(1);

const KNOWN: &str = "assignments, if, while, for, def, lambda, try, with, import, return, break, continue, \
                     comprehensions and f-strings (see python3 --help)";

/// A python3.
#[derive(Debug, Clone)]
pub struct Python {
    argv: Vec<Text>,
    state: State,
    queue: VecDeque<Syscall>,
    status: i32,
}

#[derive(Debug, Clone)]
enum State {
    /// The program comes from standard input.
    Reading(Vec<Text>),
    Running(Box<Machine>),
    Ended,
}

/// Where a program comes from.
#[derive(Debug)]
enum Source {
    Text(String, String, Vec<Text>),
    Input(Vec<Text>),
    Print(String),
    Fail(String),
}

impl Python {
    /// `python3 FILE`, `python3 -c CODE`, `python3 -`.
    pub fn new(argv: &[Text]) -> Python {
        Python { argv: argv.to_vec(), state: State::Ended, queue: VecDeque::new(), status: 0 }
    }

    fn name(&self) -> &str {
        self.argv.first().map_or("python3", |name| name)
    }

    fn source(&self, cx: &Cx<'_, '_>) -> Source {
        let mut rest = self.argv.get(1..).unwrap_or_default();
        while let Some((word, after)) = rest.split_first() {
            match &**word {
                "-V" | "--version" => return Source::Print(format!("Python {}\n", module::VERSION)),
                "-h" | "-?" | "--help" => return Source::Print(help(self.name())),
                "-c" => {
                    let Some((code, args)) = after.split_first() else {
                        return Source::Fail(format!(
                            "Argument expected for the -c option\n{}",
                            usage(self.name())
                        ));
                    };
                    let argv = [&[Text::from("-c")], args].concat();
                    return Source::Text("<string>".into(), code.to_string(), argv);
                }
                "-" => return Source::Input(rest.to_vec()),
                "-m" => {
                    let module = after.first().map_or("", |module| module);
                    return Source::Fail(format!(
                        "/usr/local/bin/{}: No module named {module}\n",
                        self.name()
                    ));
                }
                "-u" | "-B" | "-E" | "-I" | "-s" | "-S" | "-O" | "-q" | "-b" | "-P" => rest = after,
                "-W" | "-X" => rest = after.get(1..).unwrap_or_default(),
                word if word.starts_with('-') => {
                    return Source::Fail(format!("Unknown option: {word}\n{}", usage(self.name())));
                }
                path => return self.file(cx, path, rest),
            }
        }
        Source::Input(vec!["".into()])
    }

    fn file(&self, cx: &Cx<'_, '_>, path: &str, argv: &[Text]) -> Source {
        if path == "/dev/stdin" {
            return Source::Input(argv.to_vec());
        }
        let absolute = filter::absolute(cx, path);
        match cx.files.get(&absolute) {
            Some(content) => {
                let text = String::from_utf8_lossy(content).into_owned();
                Source::Text(absolute, text, argv.to_vec())
            }
            None => {
                // CPython joins the two without looking whether the first ends in a slash.
                let cwd = cx.environment.get("PWD").map_or("/", |cwd| cwd);
                let shown = if path.starts_with('/') { path.to_string() } else { format!("{cwd}/{path}") };
                let words = "[Errno 2] No such file or directory";
                Source::Fail(format!("{}: can't open file '{shown}': {words}\n", self.name()))
            }
        }
    }

    fn start(&mut self, cx: &Cx<'_, '_>) {
        match self.source(cx) {
            Source::Text(file, text, argv) => self.compile(&file, &text, argv),
            Source::Input(argv) => {
                self.state = State::Reading(argv);
                self.queue.push_back(Syscall::ReadAll(Fd(0)));
            }
            Source::Print(text) => self.queue.push_back(Syscall::Write(Fd(1), text.into())),
            Source::Fail(text) => {
                self.status = 2;
                self.queue.push_back(Syscall::Write(Fd(2), text.into()));
            }
        }
    }

    fn compile(&mut self, file: &str, text: &str, argv: Vec<Text>) {
        match parser::compile(file, text) {
            Ok(mut script) => {
                // CPython 3.12 shows lines of files only.
                script.hides_lines = file.starts_with('<');
                self.state = State::Running(Box::new(Machine::new(script, argv)));
            }
            Err(problem) => {
                self.status = 1;
                let text = traceback::problem(file, text, &problem, KNOWN);
                self.queue.push_back(Syscall::Write(Fd(2), text.into()));
                self.state = State::Ended;
            }
        }
    }
}

fn usage(name: &str) -> String {
    format!(
        "usage: {name} [option] ... [-c cmd | -m mod | file | -] [arg] ...\nTry `python -h' for more information.\n"
    )
}

fn help(name: &str) -> String {
    format!(
        "usage: {name} [option] ... [-c cmd | file | -] [arg] ...
Runs programs in a subset of Python {}:
  {KNOWN};
  modules: socket, time, sys, collections (Counter, defaultdict), random.
Options:
-c cmd : program passed in as string
-V     : print the Python version number and exit
-h     : print this help message and exit
file   : program read from script file
-      : program read from stdin
Not here: the interactive prompt, class, yield, async, match, decorators, other modules.
",
        module::VERSION
    )
}

impl Command for Python {
    fn resume(&mut self, cx: &mut Cx<'_, '_>, reply: Reply) -> Turn<Programs> {
        if let Reply::Start = reply {
            self.start(cx);
        } else if let (State::Reading(argv), Reply::Data(bytes)) = (&self.state, &reply) {
            let (argv, text) = (argv.clone(), String::from_utf8_lossy(bytes).into_owned());
            self.compile("<stdin>", &text, argv);
        } else if let (State::Reading(_) | State::Ended, Reply::Interrupted(_)) = (&self.state, &reply) {
            return Syscall::Exit(130).into();
        }
        if let Some(call) = self.queue.pop_front() {
            return call.into();
        }
        let State::Running(machine) = &mut self.state else { return Syscall::Exit(self.status).into() };
        match machine.resume(cx, reply, STEPS_PER_YIELD) {
            Stop::Call(call) => call.into(),
            Stop::Yield => Syscall::Sleep(YIELD_TIME).into(),
            Stop::Ended(status) => Syscall::Exit(status).into(),
        }
    }

    fn command(&self) -> Text {
        self.argv.join(" ").into()
    }

    fn makes_requests(&self) -> bool {
        true
    }

    fn catches(&self, signal: Signal) -> bool {
        // CPython ignores SIGPIPE and sees the error.
        matches!(signal, Signal::Int | Signal::Pipe)
    }
}
