//! `cat`.

use super::Work;
use crate::base::Text;
use crate::process::Cx;
use crate::shell::args::Spec;
use crate::shell::print::Printed;

/// `cat -n -b -A -E`
#[derive(Debug, Clone, Default)]
pub struct Cat {
    numbers: bool,
    skip_blank: bool,
    ends: bool,
    tabs: bool,
    count: u64,
}

const SPEC: Spec =
    Spec { long: &[("number", 'n'), ("show-ends", 'E'), ("show-all", 'A')], ..Spec::new("nbAEesTtuv") };

impl Work for Cat {
    fn begin(&mut self, _: &mut Cx<'_, '_>, argv: &[Text]) -> Result<Vec<Text>, Printed> {
        let args = SPEC.read(argv)?;
        self.skip_blank = args.has('b');
        self.numbers = args.has('n') || self.skip_blank;
        self.ends = args.has('A') || args.has('E') || args.has('e');
        self.tabs = args.has('A') || args.has('T') || args.has('t');
        Ok(args.operands)
    }

    fn takes_bytes(&self) -> bool {
        !self.numbers && !self.ends && !self.tabs
    }

    fn bytes(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> bool {
        out.extend_from_slice(bytes);
        true
    }

    fn line(&mut self, line: &str, ended: bool, out: &mut Vec<u8>) -> bool {
        if self.numbers && !(self.skip_blank && line.is_empty()) {
            self.count += 1;
            out.extend(format!("{:6}\t", self.count).bytes());
        }
        match self.tabs {
            true => out.extend(line.replace('\t', "^I").bytes()),
            false => out.extend(line.bytes()),
        }
        if ended {
            out.extend_from_slice(if self.ends { b"$\n" } else { b"\n" });
        }
        true
    }
}
