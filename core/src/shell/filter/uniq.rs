//! `uniq`.

use super::Work;
use crate::base::Text;
use crate::process::Cx;
use crate::shell::args::Spec;
use crate::shell::print::Printed;

/// `uniq -c -d -u -i`
#[derive(Debug, Clone, Default)]
pub struct Uniq {
    counts: bool,
    repeated: bool,
    unique: bool,
    ignore_case: bool,
    last: Option<(String, u64)>,
}

const SPEC: Spec = Spec {
    long: &[("count", 'c'), ("repeated", 'd'), ("unique", 'u'), ("ignore-case", 'i')],
    ..Spec::new("cdui")
};

impl Work for Uniq {
    fn begin(&mut self, _: &mut Cx<'_, '_>, argv: &[Text]) -> Result<Vec<Text>, Printed> {
        let args = SPEC.read(argv)?;
        (self.counts, self.repeated) = (args.has('c'), args.has('d'));
        (self.unique, self.ignore_case) = (args.has('u'), args.has('i'));
        Ok(args.operands)
    }

    fn line(&mut self, line: &str, _: bool, out: &mut Vec<u8>) -> bool {
        let same = |last: &str| last == line || (self.ignore_case && last.eq_ignore_ascii_case(line));
        match &mut self.last {
            Some((last, count)) if same(last) => *count += 1,
            _ => {
                self.flush(out);
                self.last = Some((line.to_string(), 1));
            }
        }
        true
    }

    fn end(&mut self, out: &mut Vec<u8>) -> i32 {
        self.flush(out);
        0
    }
}

impl Uniq {
    fn flush(&mut self, out: &mut Vec<u8>) {
        let Some((line, count)) = self.last.take() else { return };
        if (self.repeated && count == 1) || (self.unique && count > 1) {
            return;
        }
        let shown = if self.counts { format!("{count:7} {line}\n") } else { format!("{line}\n") };
        out.extend(shown.bytes());
    }
}
