//! `xargs`: words of standard input become arguments. Omits: `-P` (commands run one after the other), `-p`.

use super::args::Spec;
use super::{Command, Programs, commands};
use crate::base::{Fd, Text};
use crate::process::{Cx, Reply, Spawn, Stdio, Syscall, Turn};
use std::collections::VecDeque;

/// A `xargs`.
#[derive(Debug, Clone)]
pub struct Xargs {
    argv: Vec<Text>,
    base: Vec<Text>,
    replace: Option<Text>,
    most: usize,
    by_line: bool,
    nulls: bool,
    skip_empty: bool,
    trace: bool,
    input: Vec<u8>,
    todo: VecDeque<Vec<Text>>,
    status: i32,
    phase: Phase,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Read,
    Run,
    Wait,
    Ended,
}

const SPEC: Spec = Spec {
    long: &[("max-args", 'n'), ("replace", 'I'), ("null", '0'), ("no-run-if-empty", 'r'), ("verbose", 't')],
    stops: true,
    ..Spec::new("n:I:L:P:0rt")
};

impl Xargs {
    /// Runs a command with what is read.
    pub fn new(argv: &[Text]) -> Xargs {
        Xargs {
            argv: argv.to_vec(),
            base: Vec::new(),
            replace: None,
            most: usize::MAX,
            by_line: false,
            nulls: false,
            skip_empty: false,
            trace: false,
            input: Vec::new(),
            todo: VecDeque::new(),
            status: 0,
            phase: Phase::Read,
        }
    }

    fn begin(&mut self) -> Turn<Programs> {
        let args = match SPEC.read(&self.argv) {
            Ok(args) => args,
            Err(printed) => return self.fail(1, printed.err),
        };
        self.replace = args.value('I').map(Text::from);
        let count = args.value('n').or(args.value('L'));
        if let Some(count) = count {
            match count.parse() {
                Ok(most) if most > 0 => self.most = most,
                _ => {
                    return self
                        .fail(1, format!("xargs: invalid number \"{count}\" for -n option\n").into_bytes());
                }
            }
        }
        self.by_line = self.replace.is_some() || args.has('L');
        (self.nulls, self.skip_empty, self.trace) = (args.has('0'), args.has('r'), args.has('t'));
        self.base = if args.operands.is_empty() { vec!["echo".into()] } else { args.operands };
        Syscall::Read(Fd(0), 1 << 16).into()
    }

    fn fail(&mut self, status: i32, text: Vec<u8>) -> Turn<Programs> {
        self.status = status;
        self.phase = Phase::Ended;
        Syscall::Write(Fd(2), text.into()).into()
    }

    /// Everything is read: which commands there are.
    fn plan(&mut self) -> Turn<Programs> {
        let text = String::from_utf8_lossy(&self.input).into_owned();
        let words: Vec<Text> = if self.nulls {
            text.split('\0').filter(|word| !word.is_empty()).map(Text::from).collect()
        } else if self.by_line {
            text.lines().map(str::trim_start).filter(|line| !line.is_empty()).map(Text::from).collect()
        } else {
            match split(&text) {
                Some(words) => words,
                None => {
                    let what = "xargs: unmatched single quote; by default quotes are special to xargs unless you use the -0 option\n";
                    return self.fail(1, what.as_bytes().to_vec());
                }
            }
        };
        self.todo = match &self.replace {
            Some(mark) => words
                .iter()
                .map(|word| self.base.iter().map(|own| own.replace(&**mark, word).into()).collect())
                .collect(),
            None if words.is_empty() && !self.skip_empty => VecDeque::from([self.base.clone()]),
            None => {
                words.chunks(self.most.min(5_000)).map(|chunk| [&self.base[..], chunk].concat()).collect()
            }
        };
        self.phase = Phase::Run;
        self.next()
    }

    fn next(&mut self) -> Turn<Programs> {
        let Some(argv) = self.todo.pop_front() else { return Syscall::Exit(self.status).into() };
        let Some(program) = commands::program(&argv) else {
            let name = argv.first().map_or("", |name| name);
            return self.fail(127, format!("xargs: {name}: No such file or directory\n").into_bytes());
        };
        if self.trace {
            self.trace = false;
            let line = format!("{}\n", argv.join(" "));
            self.todo.push_front(argv);
            return Syscall::Write(Fd(2), line.into()).into();
        }
        self.trace = self.argv.iter().any(|word| &**word == "-t");
        self.phase = Phase::Wait;
        let stdio = [Stdio::Null, Stdio::From(Fd(1)), Stdio::From(Fd(2))];
        Turn::Spawn(Box::new(Spawn { program, stdio, environment: None, inside: None, background: false }))
    }
}

/// Words at blanks, with quotes and backslashes; `None` when a quote is open.
fn split(text: &str) -> Option<Vec<Text>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => word.get_or_insert_default().extend(chars.next()),
            '\'' | '"' => {
                let inside = word.get_or_insert_default();
                loop {
                    match chars.next()? {
                        '\n' => return None,
                        end if end == c => break,
                        other => inside.push(other),
                    }
                }
            }
            c if c.is_whitespace() => words.extend(word.take().map(Text::from)),
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word.map(Text::from));
    Some(words)
}

impl Command for Xargs {
    fn resume(&mut self, _: &mut Cx<'_, '_>, reply: Reply) -> Turn<Programs> {
        match (self.phase, reply) {
            (_, Reply::Start) => self.begin(),
            (Phase::Read, Reply::Data(bytes)) if !bytes.is_empty() => {
                self.input.extend_from_slice(&bytes);
                Syscall::Read(Fd(0), 1 << 16).into()
            }
            (Phase::Read, _) => self.plan(),
            (Phase::Wait, Reply::Spawned(pid)) => Syscall::Wait(Some(pid)).into(),
            (Phase::Wait, Reply::Exited(_, status)) => {
                match status {
                    0 => {}
                    126 | 127 => self.status = status,
                    _ => self.status = 123,
                }
                self.phase = Phase::Run;
                self.next()
            }
            (Phase::Run, _) => self.next(),
            (Phase::Ended | Phase::Wait, _) => Syscall::Exit(self.status).into(),
        }
    }

    fn command(&self) -> Text {
        self.argv.join(" ").into()
    }
}
