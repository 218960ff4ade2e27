//! `tail`. Omits: following (`-f`) a file that grows; it then waits for nothing more.

use super::Work;
use super::head;
use crate::base::Text;
use crate::process::Cx;
use crate::shell::args::Spec;
use crate::shell::print::Printed;
use std::collections::VecDeque;

/// `tail -n 10`, `tail -n +2`, `tail -c 5`
#[derive(Debug, Clone, Default)]
pub struct Tail {
    count: usize,
    from_start: bool,
    bytes: bool,
    kept: VecDeque<String>,
    kept_bytes: Vec<u8>,
    seen: usize,
    files: usize,
}

const SPEC: Spec = Spec {
    long: &[("lines", 'n'), ("bytes", 'c'), ("quiet", 'q'), ("follow", 'f')],
    ..Spec::new("n:c:qvfF")
};

impl Work for Tail {
    fn begin(&mut self, _: &mut Cx<'_, '_>, argv: &[Text]) -> Result<Vec<Text>, Printed> {
        let args = SPEC.read(&head::modern(argv))?;
        self.bytes = args.has('c');
        let (letter, what) = if self.bytes { ('c', "bytes") } else { ('n', "lines") };
        let count = args.value(letter).unwrap_or("10");
        self.from_start = count.starts_with('+');
        let digits = count.strip_prefix(['+', '-']).unwrap_or(count);
        self.count = digits
            .parse()
            .map_err(|_| Printed::fail(1, &format!("tail: invalid number of {what}: '{count}'")))?;
        Ok(args.operands)
    }

    fn file(&mut self, name: &str, count: usize, out: &mut Vec<u8>) {
        self.files += 1;
        self.seen = 0;
        head::title(name, count, self.files, out);
    }

    fn takes_bytes(&self) -> bool {
        self.bytes
    }

    fn bytes(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> bool {
        if self.from_start {
            let skip = self.count.saturating_sub(1).saturating_sub(self.seen).min(bytes.len());
            self.seen += bytes.len();
            out.extend_from_slice(bytes.get(skip..).unwrap_or_default());
            return true;
        }
        self.kept_bytes.extend_from_slice(bytes);
        let extra = self.kept_bytes.len().saturating_sub(self.count);
        self.kept_bytes.drain(..extra);
        true
    }

    fn line(&mut self, line: &str, ended: bool, out: &mut Vec<u8>) -> bool {
        let line = if ended { format!("{line}\n") } else { line.to_string() };
        self.seen += 1;
        if self.from_start {
            if self.seen >= self.count {
                out.extend(line.bytes());
            }
            return true;
        }
        self.kept.push_back(line);
        if self.kept.len() > self.count {
            self.kept.pop_front();
        }
        true
    }

    fn file_end(&mut self, _: &str, out: &mut Vec<u8>) {
        out.append(&mut self.kept_bytes);
        self.kept.drain(..).for_each(|line| out.extend(line.bytes()));
    }

    fn unreadable(&self, _: &str, name: &str, why: &str) -> (String, i32) {
        match why {
            "Is a directory" => (format!("tail: error reading '{name}': {why}"), 1),
            _ => (format!("tail: cannot open '{name}' for reading: {why}"), 1),
        }
    }
}
