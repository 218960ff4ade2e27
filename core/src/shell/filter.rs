//! Filters: commands that read files or standard input and print as they go. Knows the reading and writing; what is
//! printed is each tool's own matter. One file per tool in `filter/`, one line in the list below.

pub mod base64;
pub mod cat;
pub mod cut;
pub mod grep;
pub mod head;
pub mod sed;
pub mod sed_script;
pub mod sort;
pub mod tail;
pub mod tee;
pub mod tr;
pub mod uniq;
pub mod wc;

use super::print::Printed;
use super::{Command, Programs, paths};
use crate::base::{Fd, Text};
use crate::process::{Cx, Errno, OpenMode, Reply, Signal, Syscall, Turn};
use std::collections::VecDeque;

/// What a tool does with what is read.
pub trait Work {
    /// Reads the command line; gives the files to be read. None: standard input.
    fn begin(&mut self, cx: &mut Cx<'_, '_>, argv: &[Text]) -> Result<Vec<Text>, Printed>;

    /// A file begins: its name and how many files there are.
    fn file(&mut self, _name: &str, _count: usize, _out: &mut Vec<u8>) {}

    /// A line without its newline; `ended` tells whether it had one. Gives whether it wants more of this file.
    fn line(&mut self, _line: &str, _ended: bool, _out: &mut Vec<u8>) -> bool {
        true
    }

    /// Bytes as they come, for tools that do not work by line. Gives whether it wants more of this file.
    fn bytes(&mut self, _bytes: &[u8], _out: &mut Vec<u8>) -> bool {
        true
    }

    /// Whether it takes bytes and not lines.
    fn takes_bytes(&self) -> bool {
        false
    }

    /// A file ended.
    fn file_end(&mut self, _name: &str, _out: &mut Vec<u8>) {}

    /// Everything was read: what is left to print, and the exit status.
    fn end(&mut self, _out: &mut Vec<u8>) -> i32 {
        0
    }

    /// What it has to say on standard error in the end.
    fn complaint(&self) -> String {
        String::new()
    }

    /// Whether nothing more needs to be read, of any file.
    fn is_done(&self) -> bool {
        false
    }

    /// The words for a file that cannot be read, and the status.
    fn unreadable(&self, tool: &str, name: &str, why: &str) -> (String, i32) {
        (format!("{tool}: {name}: {why}"), 1)
    }

    /// Files to which everything read is written too.
    fn copies(&self) -> Vec<(Text, OpenMode)> {
        Vec::new()
    }

    /// Whether what is printed goes back into the file.
    fn in_place(&self) -> bool {
        false
    }
}

macro_rules! tools {
    ($($variant:ident($tool:ty),)*) => {
        /// A tool.
        #[derive(Debug, Clone)]
        pub enum Tool {
            $(#[allow(missing_docs)] $variant($tool),)*
        }

        $(impl From<$tool> for Tool {
            fn from(tool: $tool) -> Tool {
                Tool::$variant(tool)
            }
        })*

    };
}

/// Does something with whichever tool it is.
macro_rules! with {
    ($tool:expr, $work:ident => $does:expr) => {
        match $tool {
            Tool::Base64($work) => $does,
            Tool::Cat($work) => $does,
            Tool::Cut($work) => $does,
            Tool::Grep($work) => $does,
            Tool::Head($work) => $does,
            Tool::Sed($work) => $does,
            Tool::Sort($work) => $does,
            Tool::Tail($work) => $does,
            Tool::Tee($work) => $does,
            Tool::Tr($work) => $does,
            Tool::Uniq($work) => $does,
            Tool::Wc($work) => $does,
        }
    };
}

tools! {
    Base64(base64::Base64),
    Cat(cat::Cat),
    Cut(cut::Cut),
    Grep(grep::Grep),
    Head(head::Head),
    Sed(sed::Sed),
    Sort(sort::Sort),
    Tail(tail::Tail),
    Tee(tee::Tee),
    Tr(tr::Tr),
    Uniq(uniq::Uniq),
    Wc(wc::Wc),
}

/// How much is read at once.
const CHUNK: u32 = 1 << 16;

/// A filter.
#[derive(Debug, Clone)]
pub struct Filter {
    argv: Vec<Text>,
    tool: Tool,
    inputs: VecDeque<Text>,
    count: usize,
    copies: VecDeque<(Text, OpenMode)>,
    outputs: Vec<Fd>,
    /// The file being read and its descriptor.
    reading: Option<(Text, Fd)>,
    /// The beginning of a line whose end has not come.
    partial: Vec<u8>,
    /// What a tool that works in place has printed of this file so far.
    held: Vec<u8>,
    queue: VecDeque<Syscall>,
    phase: Phase,
    status: i32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Phase {
    Copies,
    Next,
    Opening(Text),
    Reading,
    Replacing(Vec<u8>),
    Ended,
}

impl Filter {
    /// Runs a tool.
    pub fn new(argv: &[Text], tool: impl Into<Tool>) -> Filter {
        Filter {
            argv: argv.to_vec(),
            tool: tool.into(),
            inputs: VecDeque::new(),
            count: 0,
            copies: VecDeque::new(),
            outputs: Vec::new(),
            reading: None,
            partial: Vec::new(),
            held: Vec::new(),
            queue: VecDeque::new(),
            phase: Phase::Copies,
            status: 0,
        }
    }

    fn name(&self) -> &str {
        self.argv.first().map_or("", |name| name.rsplit('/').next().unwrap_or(name))
    }

    fn begin(&mut self, cx: &mut Cx<'_, '_>) {
        match with!(&mut self.tool, work => work.begin(cx, &self.argv)) {
            Ok(files) => {
                self.inputs = files.into();
                if self.inputs.is_empty() {
                    self.inputs.push_back("-".into());
                }
                self.count = self.inputs.len();
                self.copies = with!(&mut self.tool, work => work.copies()).into();
            }
            Err(printed) => {
                self.print(1, printed.out);
                self.print(2, printed.err);
                self.finish(printed.status);
            }
        }
    }

    fn print(&mut self, fd: u32, bytes: impl Into<bytes::Bytes>) {
        let bytes = bytes.into();
        if !bytes.is_empty() {
            self.queue.push_back(Syscall::Write(Fd(fd), bytes));
        }
    }

    fn finish(&mut self, status: i32) {
        self.phase = Phase::Ended;
        self.queue.push_back(Syscall::Exit(status));
    }

    /// What happens when nothing is under way.
    fn next(&mut self, cx: &mut Cx<'_, '_>) {
        match &mut self.phase {
            Phase::Copies => match self.copies.pop_front() {
                Some((path, mode)) => {
                    let absolute = absolute(cx, &path);
                    self.queue.push_back(Syscall::Open(absolute.into(), mode));
                }
                None => self.phase = Phase::Next,
            },
            Phase::Next => self.next_input(cx),
            Phase::Reading => {
                let fd = self.reading.as_ref().map_or(Fd(0), |(_, fd)| *fd);
                self.queue.push_back(Syscall::Read(fd, CHUNK));
            }
            Phase::Opening(_) | Phase::Replacing(_) | Phase::Ended => {}
        }
    }

    fn next_input(&mut self, cx: &mut Cx<'_, '_>) {
        let name = if with!(&mut self.tool, work => work.is_done()) { None } else { self.inputs.pop_front() };
        let Some(name) = name else {
            let mut out = Vec::new();
            let status = with!(&mut self.tool, work => work.end(&mut out));
            self.print(1, out);
            let complaint = with!(&mut self.tool, work => work.complaint());
            self.print(2, complaint);
            return self.finish(if self.status != 0 { self.status } else { status });
        };
        if &*name == "-" {
            return self.opened(name, Fd(0));
        }
        let path = absolute(cx, &name);
        if &*path == "/dev/null" || &*path == "/dev/stdin" {
            let fd = if &*path == "/dev/stdin" { Fd(0) } else { Fd(u32::MAX) };
            return self.opened(name, fd);
        }
        if paths::is_directory(cx.files, &path) && cx.files.get(&path).is_none() {
            return self.unreadable(&name, "Is a directory");
        }
        self.phase = Phase::Opening(name);
        self.queue.push_back(Syscall::Open(path.into(), OpenMode::Read));
    }

    fn unreadable(&mut self, name: &str, why: &str) {
        let tool = self.name().to_string();
        let (line, status) = with!(&mut self.tool, work => work.unreadable(&tool, name, why));
        if !line.is_empty() {
            self.print(2, format!("{line}\n"));
        }
        self.status = status;
        self.phase = Phase::Next;
    }

    fn opened(&mut self, name: Text, fd: Fd) {
        let mut out = Vec::new();
        with!(&mut self.tool, work => work.file(&name, self.count, &mut out));
        self.print(1, out);
        self.reading = Some((name, fd));
        self.phase = Phase::Reading;
    }

    fn read(&mut self, cx: &Cx<'_, '_>, bytes: &[u8]) {
        let mut out = Vec::new();
        let ended = bytes.is_empty();
        for fd in self.outputs.clone() {
            if !ended {
                self.queue.push_back(Syscall::Write(fd, bytes.to_vec().into()));
            }
        }
        let wants_more = if with!(&mut self.tool, work => work.takes_bytes()) {
            ended || with!(&mut self.tool, work => work.bytes(bytes, &mut out))
        } else {
            self.lines(bytes, &mut out)
        };
        if ended || !wants_more {
            self.partial.clear();
            let name = self.reading.as_ref().map_or_else(|| Text::from("-"), |(name, _)| name.clone());
            with!(&mut self.tool, work => work.file_end(&name, &mut out));
            self.phase = Phase::Next;
            if let Some((_, fd)) = self.reading.take()
                && fd.0 > 2
                && fd.0 != u32::MAX
            {
                self.queue.push_back(Syscall::Close(fd));
            }
            if with!(&mut self.tool, work => work.in_place()) && &*name != "-" {
                self.replace(cx, &name, out);
                return;
            }
        } else if with!(&mut self.tool, work => work.in_place()) {
            self.held.extend(out);
            return;
        }
        self.print(1, out);
    }

    fn replace(&mut self, cx: &Cx<'_, '_>, name: &str, rest: Vec<u8>) {
        let mut whole = std::mem::take(&mut self.held);
        whole.extend(rest);
        self.phase = Phase::Replacing(whole);
        self.queue.push_back(Syscall::Open(absolute(cx, name).into(), OpenMode::Truncate));
    }

    fn lines(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> bool {
        if bytes.is_empty() {
            let rest = std::mem::take(&mut self.partial);
            return rest.is_empty()
                || with!(&mut self.tool, work => work.line(&String::from_utf8_lossy(&rest), false, out));
        }
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let Some(line) = piece.strip_suffix(b"\n") else {
                self.partial.extend_from_slice(piece);
                continue;
            };
            let mut whole = std::mem::take(&mut self.partial);
            whole.extend_from_slice(line);
            if !with!(&mut self.tool, work => work.line(&String::from_utf8_lossy(&whole), true, out)) {
                return false;
            }
        }
        true
    }

    fn answered(&mut self, cx: &Cx<'_, '_>, reply: Reply) {
        match (std::mem::replace(&mut self.phase, Phase::Ended), reply) {
            (Phase::Copies, Reply::Fd(fd)) => {
                self.outputs.push(fd);
                self.phase = Phase::Copies;
            }
            (Phase::Copies, Reply::Err(errno)) => {
                let tool = self.name().to_string();
                self.print(2, format!("{tool}: {}\n", errno.words()));
                self.status = 1;
                self.phase = Phase::Copies;
            }
            (Phase::Opening(name), Reply::Fd(fd)) => self.opened(name, fd),
            (Phase::Opening(name), Reply::Err(errno)) => self.unreadable(&name, errno.words()),
            (Phase::Reading, Reply::Data(bytes)) => {
                self.phase = Phase::Reading;
                self.read(cx, &bytes);
            }
            (Phase::Reading, Reply::Err(_)) => {
                self.phase = Phase::Reading;
                self.read(cx, b"");
            }
            (Phase::Replacing(whole), Reply::Fd(fd)) => {
                self.phase = Phase::Next;
                self.queue.extend([Syscall::Write(fd, whole.into()), Syscall::Close(fd)]);
            }
            (Phase::Replacing(_), _) => self.phase = Phase::Next,
            (phase, _) => self.phase = phase,
        }
    }
}

/// A path from the working directory of a process.
pub fn absolute(cx: &Cx<'_, '_>, path: &str) -> String {
    paths::absolute(cx.environment.get("PWD").map_or("/", |cwd| cwd), path)
}

impl Command for Filter {
    fn resume(&mut self, cx: &mut Cx<'_, '_>, reply: Reply) -> Turn<Programs> {
        match reply {
            Reply::Start => self.begin(cx),
            Reply::Err(Errno::Epipe) => return Syscall::Exit(128 + Signal::Pipe.number()).into(),
            Reply::Done => {}
            reply => self.answered(cx, reply),
        }
        loop {
            match self.queue.pop_front() {
                Some(call) => return call.into(),
                None if self.phase == Phase::Ended => return Syscall::Exit(self.status).into(),
                None => self.next(cx),
            }
        }
    }

    fn command(&self) -> Text {
        self.argv.join(" ").into()
    }
}
