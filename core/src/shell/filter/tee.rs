//! `tee`.

use super::{Work, absolute};
use crate::base::Text;
use crate::process::{Cx, OpenMode};
use crate::shell::args::Spec;
use crate::shell::print::Printed;

/// `tee -a file`
#[derive(Debug, Clone, Default)]
pub struct Tee {
    files: Vec<(Text, OpenMode)>,
}

const SPEC: Spec = Spec { long: &[("append", 'a')], ..Spec::new("ai") };

impl Work for Tee {
    fn begin(&mut self, cx: &mut Cx<'_, '_>, argv: &[Text]) -> Result<Vec<Text>, Printed> {
        let args = SPEC.read(argv)?;
        let mode = if args.has('a') { OpenMode::Append } else { OpenMode::Truncate };
        let real = args.operands.iter().filter(|path| &***path != "/dev/null");
        self.files = real.map(|path| (absolute(cx, path).into(), mode)).collect();
        Ok(Vec::new())
    }

    fn takes_bytes(&self) -> bool {
        true
    }

    fn bytes(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> bool {
        out.extend_from_slice(bytes);
        true
    }

    fn copies(&self) -> Vec<(Text, OpenMode)> {
        self.files.clone()
    }
}
