//! `head`.

use super::Work;
use crate::base::Text;
use crate::process::Cx;
use crate::shell::args::Spec;
use crate::shell::print::Printed;

/// `head -n 10`, `head -c 5`
#[derive(Debug, Clone, Default)]
pub struct Head {
    most: u64,
    bytes: bool,
    left: u64,
    files: usize,
}

const SPEC: Spec = Spec { long: &[("lines", 'n'), ("bytes", 'c'), ("quiet", 'q')], ..Spec::new("n:c:qv") };

/// `-5` as `-n 5`.
pub(super) fn modern(argv: &[Text]) -> Vec<Text> {
    let old = |word: &Text| {
        word.len() > 1 && word.strip_prefix('-').is_some_and(|n| n.bytes().all(|b| b.is_ascii_digit()))
    };
    argv.iter()
        .map(|word| if old(word) { format!("-n{}", &word[1..]).into() } else { word.clone() })
        .collect()
}

/// The name above a file's lines, when there are several.
pub(super) fn title(name: &str, count: usize, number: usize, out: &mut Vec<u8>) {
    if count > 1 {
        let blank = if number > 1 { "\n" } else { "" };
        let name = if name == "-" { "standard input" } else { name };
        out.extend(format!("{blank}==> {name} <==\n").bytes());
    }
}

impl Work for Head {
    fn begin(&mut self, _: &mut Cx<'_, '_>, argv: &[Text]) -> Result<Vec<Text>, Printed> {
        let args = SPEC.read(&modern(argv))?;
        self.bytes = args.has('c');
        let (letter, what) = if self.bytes { ('c', "bytes") } else { ('n', "lines") };
        let count = args.value(letter).unwrap_or("10");
        self.most = count
            .parse()
            .map_err(|_| Printed::fail(1, &format!("head: invalid number of {what}: '{count}'")))?;
        Ok(args.operands)
    }

    fn file(&mut self, name: &str, count: usize, out: &mut Vec<u8>) {
        self.files += 1;
        self.left = self.most;
        title(name, count, self.files, out);
    }

    fn takes_bytes(&self) -> bool {
        self.bytes
    }

    fn bytes(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> bool {
        let take = bytes.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        out.extend_from_slice(bytes.get(..take).unwrap_or_default());
        self.left -= take as u64;
        self.left > 0
    }

    fn line(&mut self, line: &str, ended: bool, out: &mut Vec<u8>) -> bool {
        if self.left == 0 {
            return false;
        }
        self.left -= 1;
        out.extend(line.bytes());
        if ended {
            out.push(b'\n');
        }
        self.left > 0
    }

    fn unreadable(&self, _: &str, name: &str, why: &str) -> (String, i32) {
        match why {
            "Is a directory" => (format!("head: error reading '{name}': {why}"), 1),
            _ => (format!("head: cannot open '{name}' for reading: {why}"), 1),
        }
    }
}
