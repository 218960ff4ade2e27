//! `wc`.

use super::Work;
use crate::base::Text;
use crate::process::Cx;
use crate::shell::args::Spec;
use crate::shell::print::Printed;

/// `wc -l -w -c -m`
#[derive(Debug, Clone, Default)]
pub struct Wc {
    which: Vec<usize>,
    counts: [u64; 4],
    total: [u64; 4],
    in_word: bool,
    files: Vec<(String, [u64; 4])>,
    several: bool,
    sizes_known: bool,
}

const SPEC: Spec =
    Spec { long: &[("lines", 'l'), ("words", 'w'), ("bytes", 'c'), ("chars", 'm')], ..Spec::new("lwcm") };
/// In the order in which they are printed.
const LETTERS: [char; 4] = ['l', 'w', 'm', 'c'];

impl Work for Wc {
    fn begin(&mut self, _: &mut Cx<'_, '_>, argv: &[Text]) -> Result<Vec<Text>, Printed> {
        let args = SPEC.read(argv)?;
        self.which =
            LETTERS.iter().enumerate().filter(|(_, letter)| args.has(**letter)).map(|(n, _)| n).collect();
        if self.which.is_empty() {
            self.which = vec![0, 1, 3];
        }
        self.sizes_known = !args.operands.is_empty() && args.operands.iter().all(|name| &**name != "-");
        Ok(args.operands)
    }

    fn file(&mut self, _: &str, count: usize, _: &mut Vec<u8>) {
        (self.counts, self.in_word) = ([0; 4], false);
        self.several = count > 1;
    }

    fn takes_bytes(&self) -> bool {
        true
    }

    fn bytes(&mut self, bytes: &[u8], _: &mut Vec<u8>) -> bool {
        for byte in bytes {
            let blank = byte.is_ascii_whitespace() || *byte == 0x0b;
            let word_begins = !blank && !self.in_word;
            let char_begins = byte & 0xc0 != 0x80;
            self.in_word = !blank;
            let more = [*byte == b'\n', word_begins, char_begins, true];
            self.counts.iter_mut().zip(more).for_each(|(count, more)| *count += u64::from(more));
        }
        true
    }

    fn file_end(&mut self, name: &str, _: &mut Vec<u8>) {
        self.total.iter_mut().zip(self.counts).for_each(|(total, count)| *total += count);
        let name = if name == "-" && !self.several { "" } else { name };
        self.files.push((name.to_string(), self.counts));
    }

    fn end(&mut self, out: &mut Vec<u8>) -> i32 {
        if self.several {
            self.files.push(("total".into(), self.total));
        }
        // GNU's width: that of the largest size when all are known; 7 for a pipe with several numbers.
        let alone = self.which.len() == 1 && self.files.len() == 1;
        let width = match (alone, self.sizes_known) {
            (true, _) => 1,
            (false, true) => self.total[3].to_string().len(),
            (false, false) => 7,
        };
        for (name, counts) in &self.files {
            let numbers: Vec<String> = self.which.iter().map(|n| format!("{:width$}", counts[*n])).collect();
            let space = if name.is_empty() { "" } else { " " };
            out.extend(format!("{}{space}{name}\n", numbers.join(" ")).bytes());
        }
        0
    }
}
