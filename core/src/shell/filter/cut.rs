//! `cut`.

use super::Work;
use crate::base::Text;
use crate::process::Cx;
use crate::shell::args::Spec;
use crate::shell::print::Printed;

/// `cut -d: -f1,3-`, `cut -c1-5`
#[derive(Debug, Clone, Default)]
pub struct Cut {
    ranges: Vec<(usize, usize)>,
    delimiter: Option<char>,
    joined: String,
    only_delimited: bool,
}

const SPEC: Spec = Spec {
    long: &[
        ("delimiter", 'd'),
        ("fields", 'f'),
        ("characters", 'c'),
        ("bytes", 'b'),
        ("only-delimited", 's'),
        ("output-delimiter", 'o'),
    ],
    ..Spec::new("d:f:c:b:so:")
};

impl Work for Cut {
    fn begin(&mut self, _: &mut Cx<'_, '_>, argv: &[Text]) -> Result<Vec<Text>, Printed> {
        let args = SPEC.read(argv)?;
        let fail =
            |what: &str| Printed::fail(1, &format!("cut: {what}\nTry 'cut --help' for more information."));
        let list = args.value('f').or(args.value('c')).or(args.value('b'));
        let list = list.ok_or_else(|| fail("you must specify a list of bytes, characters, or fields"))?;
        let by_field = args.value('f').is_some();
        let what = if by_field { "field" } else { "byte/character" };
        for range in list.split([',', ' ']) {
            let parsed = match range.split_once('-') {
                None => range.parse().ok().map(|n| (n, n)),
                Some(("", "")) => return Err(fail("invalid range with no endpoint: -")),
                Some((from, to)) => {
                    let from = if from.is_empty() { Some(1) } else { from.parse().ok() };
                    let to = if to.is_empty() { Some(usize::MAX) } else { to.parse().ok() };
                    from.zip(to)
                }
            };
            let (from, to) = parsed.ok_or_else(|| fail(&format!("invalid {what} value '{range}'")))?;
            match (from, to) {
                (0, _) if by_field => return Err(fail("fields are numbered from 1")),
                (0, _) => return Err(fail("byte/character positions are numbered from 1")),
                (from, to) if to < from => return Err(fail("invalid decreasing range")),
                range => self.ranges.push(range),
            }
        }
        if by_field {
            let delimiter = args.value('d').unwrap_or("\t");
            let mut chars = delimiter.chars();
            self.delimiter = Some(chars.next().unwrap_or('\0'));
            if chars.next().is_some() {
                return Err(fail("the delimiter must be a single character"));
            }
        }
        self.joined = args
            .value('o')
            .map_or_else(|| self.delimiter.map(String::from).unwrap_or_default(), String::from);
        self.only_delimited = args.has('s');
        Ok(args.operands)
    }

    fn line(&mut self, line: &str, _: bool, out: &mut Vec<u8>) -> bool {
        let wanted = |n: usize| self.ranges.iter().any(|(from, to)| (*from..=*to).contains(&(n + 1)));
        let kept: String = match self.delimiter {
            None => line.chars().enumerate().filter(|(n, _)| wanted(*n)).map(|(_, c)| c).collect(),
            Some(delimiter) if !line.contains(delimiter) => {
                if self.only_delimited {
                    return true;
                }
                line.to_string()
            }
            Some(delimiter) => {
                let fields = line.split(delimiter).enumerate().filter(|(n, _)| wanted(*n));
                fields.map(|(_, field)| field).collect::<Vec<_>>().join(&self.joined)
            }
        };
        out.extend(kept.bytes());
        out.push(b'\n');
        true
    }
}
