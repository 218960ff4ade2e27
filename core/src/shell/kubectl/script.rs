//! How a sub-command is written: a plain function that asks. What was answered is kept in a journal; a question without
//! an answer ends the run, and with the answer the function runs again from its top. Long work is cut into stages: each
//! is a value, and the journal starts anew with it. So a half-done command clones, replays and can be interrupted.
//! Knows no sub-command.

use super::client::Answer;
use super::words;
use crate::base::{Duration, Fd, FlatSet, Instant, Pid, Purpose, Text};
use crate::effect::ContainerId;
use crate::net::Protocol;
use crate::process::{Cx, Environment, Errno, Inside, OpenMode, Ready, Reply, Spawn, Stdio, Syscall};
use crate::shell::Programs;
use crate::shell::strangers::relay::Relay;
use bytes::Bytes;
use std::net::SocketAddr;
use std::sync::Arc;

/// How a stage ends when all its questions are answered.
#[derive(Debug, Clone)]
pub enum Next<W> {
    /// Another stage follows.
    Then(W),
    /// The command ends with this exit status.
    Exit(i32),
}

/// What a stage comes to.
pub type Flow<W> = Result<Next<W>, Stop>;

/// An answer, or why the stage cannot go on now.
pub type Asked<T> = Result<T, Stop>;

/// Why a stage cannot go on.
#[derive(Debug, Clone)]
pub enum Stop {
    /// It asks the kernel.
    Ask(Box<Ask>),
    /// It has failed; the words are printed.
    Exit(i32),
}

/// A question to the kernel.
#[derive(Debug, Clone)]
pub enum Ask {
    /// A system call.
    Call(Syscall),
    /// A child with this command's terminal: in a container, or beside this command.
    Spawn(Vec<Text>, Option<ContainerId>),
    /// A child in a container that carries a connection of this command's on to an address there.
    Relay(Fd, SocketAddr, ContainerId),
}

impl Ask {
    /// The child that a question asks for; `None` when there is no such program.
    pub fn spawn(argv: &[Text], container: Option<&ContainerId>) -> Option<Spawn<Programs>> {
        let stdio = [0, 1, 2].map(|fd| Stdio::From(Fd(fd)));
        let program = crate::shell::commands::program(argv)?;
        let inside = container.cloned().map(Inside::Container);
        Some(Spawn { program, stdio, environment: None, inside, background: false })
    }

    /// The child that carries a connection on.
    pub fn relay(fd: Fd, to: SocketAddr, container: &ContainerId) -> Spawn<Programs> {
        let stdio = [Stdio::From(fd), Stdio::From(fd), Stdio::Null];
        let inside = Some(Inside::Container(container.clone()));
        let program = Relay::new(Protocol::Tcp, to).into();
        Spawn { program, stdio, environment: None, inside, background: false }
    }
}

/// What happened so far in a stage, and what outlives it.
#[derive(Debug, Clone, Default)]
pub struct Journal {
    answers: Vec<Entry>,
    /// How many lines of output this stage has already printed.
    printed: usize,
    /// Warnings of the server are printed once per command.
    warned: FlatSet<String>,
}

#[derive(Debug, Clone)]
enum Entry {
    Reply(Reply),
    Http(Arc<Answer>),
    Number(u64),
}

impl Journal {
    /// Keeps the answer to the question that ended the last run.
    pub fn answer(&mut self, reply: Reply) {
        let entry = match reply {
            Reply::Http(response, fd) => {
                let mut answer = Answer::new(&response, fd);
                answer.warnings.retain(|warning| self.warned.insert(warning.clone()));
                Entry::Http(Arc::new(answer))
            }
            other => Entry::Reply(other),
        };
        self.answers.push(entry);
    }

    /// Begins a new stage.
    pub fn next_stage(&mut self) {
        self.answers.clear();
        self.printed = 0;
    }
}

/// A sub-command's view of its surroundings during one run of a stage.
pub struct Io<'a, 'c, 'w> {
    cx: &'a mut Cx<'c, 'w>,
    journal: &'a mut Journal,
    at: usize,
    prints: usize,
    /// What this run printed beyond what earlier runs did.
    output: Vec<(Fd, String)>,
}

impl<'a, 'c, 'w> Io<'a, 'c, 'w> {
    /// A run from the top of a stage.
    pub fn new(cx: &'a mut Cx<'c, 'w>, journal: &'a mut Journal) -> Io<'a, 'c, 'w> {
        Io { cx, journal, at: 0, prints: 0, output: Vec::new() }
    }

    /// Ends the run: what it printed, to be written before anything else happens.
    pub fn finish(self) -> Vec<(Fd, String)> {
        self.journal.printed = self.prints.max(self.journal.printed);
        self.output
    }

    /// The world's time.
    pub fn now(&self) -> Instant {
        self.cx.out.now
    }

    /// The environment.
    pub fn environment(&self) -> &Environment {
        self.cx.environment
    }

    /// A file of this namespace as text, without opening it: for kubectl's own configuration.
    pub fn peek(&self, path: &str) -> Option<&str> {
        self.cx.files.text(path)
    }

    /// The paths of the files below a directory, in order.
    pub fn below(&self, directory: &str) -> Vec<String> {
        let prefix = format!("{}/", directory.trim_end_matches('/'));
        self.cx.files.paths().filter(|path| path.starts_with(&prefix)).map(ToString::to_string).collect()
    }

    /// A path as typed, made absolute by `$PWD`.
    pub fn absolute(&self, path: &str) -> String {
        if path.starts_with('/') {
            return path.to_string();
        }
        let here =
            self.cx.environment.get("PWD").map_or("/root", |pwd| pwd).trim_end_matches('/').to_string();
        path.split('/').fold(here, |at, step| match step {
            "" | "." => at,
            ".." => at.rsplit_once('/').map_or(String::new(), |(parent, _)| parent.to_string()),
            step => format!("{at}/{step}"),
        })
    }

    /// Prints to standard output.
    pub fn print(&mut self, text: impl Into<String>) {
        self.emit(Fd(1), text.into());
    }

    /// Prints a line to standard output.
    pub fn line(&mut self, text: &str) {
        self.emit(Fd(1), format!("{text}\n"));
    }

    /// Prints a line to standard error.
    pub fn complain(&mut self, text: &str) {
        self.emit(Fd(2), format!("{text}\n"));
    }

    /// Fails with a line on standard error, as kubectl writes errors that it made itself.
    pub fn fail<T>(&mut self, text: &str) -> Asked<T> {
        let has_prefix = text.starts_with("error: ");
        self.complain(&if has_prefix { text.to_string() } else { format!("error: {text}") });
        Err(Stop::Exit(1))
    }

    /// Takes a value or fails with its error.
    pub fn check<T>(&mut self, result: Result<T, String>) -> Asked<T> {
        match result {
            Ok(value) => Ok(value),
            Err(text) => self.fail(&text),
        }
    }

    fn emit(&mut self, fd: Fd, text: String) {
        self.prints += 1;
        if self.prints > self.journal.printed && !text.is_empty() {
            self.output.push((fd, text));
        }
    }

    fn ask(&mut self, call: impl FnOnce() -> Ask) -> Asked<Entry> {
        let Some(entry) = self.journal.answers.get(self.at) else {
            return Err(Stop::Ask(Box::new(call())));
        };
        self.at += 1;
        Ok(entry.clone())
    }

    fn call(&mut self, call: impl FnOnce() -> Syscall) -> Asked<Reply> {
        match self.ask(|| Ask::Call(call()))? {
            Entry::Reply(reply) => Ok(reply),
            Entry::Http(_) | Entry::Number(_) => Ok(Reply::Done),
        }
    }

    /// An HTTP request to the API server; a refusal is an answer too. Fails when there is no server.
    pub fn http(&mut self, request: http::Request<Bytes>) -> Asked<Arc<Answer>> {
        match self.ask(|| Ask::Call(Syscall::Api(Arc::new(request))))? {
            Entry::Http(answer) => {
                for warning in &answer.warnings {
                    self.complain(&format!("Warning: {warning}"));
                }
                Ok(answer)
            }
            Entry::Reply(Reply::Err(errno)) => {
                self.complain(&words::unreachable(errno));
                Err(Stop::Exit(1))
            }
            Entry::Reply(_) | Entry::Number(_) => self.fail("unexpected end of the connection"),
        }
    }

    /// More of a stream: bytes, empty at its end; `None` when the time is over first.
    pub fn read(&mut self, fd: Fd, wait: Option<Duration>) -> Asked<Option<Bytes>> {
        const CHUNK: u32 = 1 << 20;
        let reply = self.call(|| match wait {
            Some(wait) => Syscall::ReadTimeout(fd, CHUNK, wait),
            None => Syscall::Read(fd, CHUNK),
        })?;
        Ok(match reply {
            Reply::Data(bytes) => Some(bytes),
            Reply::Err(Errno::Etimedout) => None,
            _ => Some(Bytes::new()),
        })
    }

    /// Standard input to its end.
    pub fn stdin(&mut self) -> Asked<Bytes> {
        Ok(match self.call(|| Syscall::ReadAll(Fd(0)))? {
            Reply::Data(bytes) => bytes,
            _ => Bytes::new(),
        })
    }

    /// A file's content, or why it cannot be read.
    pub fn file(&mut self, path: &str) -> Asked<Result<Bytes, Errno>> {
        let fd = match self.call(|| Syscall::Open(path.into(), OpenMode::Read))? {
            Reply::Fd(fd) => fd,
            Reply::Err(errno) => return Ok(Err(errno)),
            _ => return Ok(Err(Errno::Einval)),
        };
        let content = self.call(|| Syscall::ReadAll(fd))?;
        self.call(|| Syscall::Close(fd))?;
        Ok(match content {
            Reply::Data(bytes) => Ok(bytes),
            Reply::Err(errno) => Err(errno),
            _ => Ok(Bytes::new()),
        })
    }

    /// Writes a file.
    pub fn write_file(&mut self, path: &str, content: String) -> Asked<()> {
        let Reply::Fd(fd) = self.call(|| Syscall::Open(path.into(), OpenMode::Truncate))? else {
            return self.fail(&format!("open {path}: no such file or directory"));
        };
        self.call(|| Syscall::Write(fd, content.into()))?;
        self.call(|| Syscall::Close(fd))?;
        Ok(())
    }

    /// Listens on a port.
    pub fn listen(&mut self, port: u16) -> Asked<Result<Fd, Errno>> {
        let Reply::Fd(fd) = self.call(|| Syscall::Socket(Protocol::Tcp))? else {
            return Ok(Err(Errno::Emfile));
        };
        Ok(match self.call(|| Syscall::Listen(fd, port))? {
            Reply::Err(errno) => Err(errno),
            _ => Ok(fd),
        })
    }

    /// The next thing that happens on any descriptor.
    pub fn happens(&mut self) -> Asked<(Fd, Ready)> {
        match self.call(|| Syscall::Next(None))? {
            Reply::Ready(fd, what) => Ok((fd, what)),
            _ => Err(Stop::Exit(1)),
        }
    }

    /// Carries a connection on to an address in a container; `ESRCH` when that does not run.
    pub fn relay(&mut self, fd: Fd, to: SocketAddr, container: &ContainerId) -> Asked<Result<(), Errno>> {
        Ok(match self.ask(|| Ask::Relay(fd, to, container.clone()))? {
            Entry::Reply(Reply::Err(errno)) => Err(errno),
            _ => Ok(()),
        })
    }

    /// Removes a file.
    pub fn unlink(&mut self, path: &str) -> Asked<()> {
        self.call(|| Syscall::Unlink(path.into())).map(|_| ())
    }

    /// Lets go of a descriptor.
    pub fn close(&mut self, fd: Fd) -> Asked<()> {
        self.call(|| Syscall::Close(fd)).map(|_| ())
    }

    /// Waits.
    pub fn sleep(&mut self, wait: Duration) -> Asked<()> {
        self.call(|| Syscall::Sleep(wait)).map(|_| ())
    }

    /// Starts a program, in a container if one is given: `ENOENT` when there is no such program, `ESRCH` when the container
    /// does not run.
    pub fn spawn(&mut self, argv: &[Text], container: Option<&ContainerId>) -> Asked<Result<Pid, Errno>> {
        Ok(match self.ask(|| Ask::Spawn(argv.to_vec(), container.cloned()))? {
            Entry::Reply(Reply::Spawned(pid)) => Ok(pid),
            Entry::Reply(Reply::Err(errno)) => Err(errno),
            _ => Err(Errno::Einval),
        })
    }

    /// Waits for a child's exit status.
    pub fn wait(&mut self, child: Pid) -> Asked<i32> {
        Ok(match self.call(|| Syscall::Wait(Some(child)))? {
            Reply::Exited(_, status) => status,
            _ => 1,
        })
    }

    /// A draw from `0..n`.
    pub fn below_draw(&mut self, n: u64) -> u64 {
        if let Some(Entry::Number(number)) = self.journal.answers.get(self.at) {
            self.at += 1;
            return *number;
        }
        let actor = format!("kubectl {}", self.cx.pid.0);
        let number = self.cx.out.below(Purpose::Program, &actor, n);
        self.journal.answers.push(Entry::Number(number));
        self.at += 1;
        number
    }
}
