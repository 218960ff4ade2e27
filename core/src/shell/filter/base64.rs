//! `base64`.

use super::Work;
use crate::base::Text;
use crate::process::Cx;
use crate::shell::args::Spec;
use crate::shell::print::Printed;
use data_encoding::{BASE64, BASE64_NOPAD};

/// `base64`, `base64 -d`
#[derive(Debug, Clone, Default)]
pub struct Base64 {
    decode: bool,
    wrap: usize,
    input: Vec<u8>,
}

const SPEC: Spec = Spec { long: &[("decode", 'd'), ("wrap", 'w')], ..Spec::new("dDw:i") };

impl Work for Base64 {
    fn begin(&mut self, _: &mut Cx<'_, '_>, argv: &[Text]) -> Result<Vec<Text>, Printed> {
        let args = SPEC.read(argv)?;
        self.decode = args.has('d') || args.has('D');
        let wrap = args.value('w').unwrap_or("76");
        self.wrap =
            wrap.parse().map_err(|_| Printed::fail(1, &format!("base64: invalid wrap size: '{wrap}'")))?;
        Ok(args.operands)
    }

    fn takes_bytes(&self) -> bool {
        true
    }

    fn bytes(&mut self, bytes: &[u8], _: &mut Vec<u8>) -> bool {
        self.input.extend_from_slice(bytes);
        true
    }

    fn file_end(&mut self, _: &str, out: &mut Vec<u8>) {
        let input = std::mem::take(&mut self.input);
        if self.decode {
            let text: Vec<u8> = input.into_iter().filter(|byte| *byte != b'\n').collect();
            let unpadded: &[u8] = text.strip_suffix(b"==").or(text.strip_suffix(b"=")).unwrap_or(&text);
            match BASE64_NOPAD.decode(unpadded).or(BASE64.decode(&text)) {
                Ok(bytes) => out.extend(bytes),
                Err(_) => self.input = text,
            }
            return;
        }
        let encoded = BASE64.encode(&input);
        if self.wrap == 0 {
            return out.extend(encoded.bytes());
        }
        for line in encoded.as_bytes().chunks(self.wrap) {
            out.extend_from_slice(line);
            out.push(b'\n');
        }
    }

    fn end(&mut self, _: &mut Vec<u8>) -> i32 {
        i32::from(!self.input.is_empty())
    }

    fn complaint(&self) -> String {
        if self.input.is_empty() { String::new() } else { "base64: invalid input\n".into() }
    }
}
