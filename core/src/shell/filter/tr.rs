//! `tr`.

use super::Work;
use crate::base::Text;
use crate::process::Cx;
use crate::shell::args::Spec;
use crate::shell::print::Printed;
use crate::shell::sh::escape;

/// `tr a-z A-Z`, `tr -d x`, `tr -s ' '`, `tr -c`
#[derive(Debug, Clone, Default)]
pub struct Tr {
    from: Vec<char>,
    to: Vec<char>,
    squeezed: Vec<char>,
    delete: bool,
    complement: bool,
    last: Option<char>,
}

const SPEC: Spec = Spec {
    long: &[("delete", 'd'), ("squeeze-repeats", 's'), ("complement", 'c')],
    stops: true,
    ..Spec::new("dscCt")
};

impl Work for Tr {
    fn begin(&mut self, _: &mut Cx<'_, '_>, argv: &[Text]) -> Result<Vec<Text>, Printed> {
        let args = SPEC.read(argv)?;
        let help = "Try 'tr --help' for more information.";
        let sets: Vec<Vec<char>> = args.operands.iter().map(|set| expand(set)).collect();
        self.delete = args.has('d');
        self.complement = args.has('c') || args.has('C');
        let squeeze = args.has('s');
        let last = args.operands.last().map_or("", |word| word);
        match sets.as_slice() {
            [] => return Err(Printed::fail(1, &format!("tr: missing operand\n{help}"))),
            [from] if self.delete || squeeze => self.from = from.clone(),
            [_] => {
                let what = "Two strings must be given when translating.";
                return Err(Printed::fail(1, &format!("tr: missing operand after '{last}'\n{what}\n{help}")));
            }
            [from, to] => (self.from, self.to) = (from.clone(), to.clone()),
            [_, _, ..] => {
                let extra = &args.operands[2];
                return Err(Printed::fail(1, &format!("tr: extra operand '{extra}'\n{help}")));
            }
        }
        if squeeze {
            self.squeezed = if self.to.is_empty() { self.from.clone() } else { self.to.clone() };
        }
        Ok(Vec::new())
    }

    fn takes_bytes(&self) -> bool {
        true
    }

    fn bytes(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> bool {
        let mut kept = String::new();
        for c in String::from_utf8_lossy(bytes).chars() {
            let Some(c) = self.translate(c) else { continue };
            if self.last == Some(c) && self.squeezes(c) {
                continue;
            }
            self.last = Some(c);
            kept.push(c);
        }
        out.extend(kept.bytes());
        true
    }
}

impl Tr {
    fn squeezes(&self, c: char) -> bool {
        let listed = self.squeezed.contains(&c);
        !self.squeezed.is_empty() && (listed != (self.complement && self.to.is_empty()))
    }

    fn translate(&self, c: char) -> Option<char> {
        let at = self.from.iter().rposition(|own| *own == c);
        let selected = at.is_some() != self.complement;
        if !selected {
            return Some(c);
        }
        if self.delete {
            return None;
        }
        match self.to.last() {
            None => Some(c),
            Some(last) => Some(at.and_then(|at| self.to.get(at)).copied().unwrap_or(*last)),
        }
    }
}

/// A set: ranges, classes and escapes written out.
fn expand(set: &str) -> Vec<char> {
    const CLASSES: &[(&str, &[(char, char)])] = &[
        ("[:lower:]", &[('a', 'z')]),
        ("[:upper:]", &[('A', 'Z')]),
        ("[:digit:]", &[('0', '9')]),
        ("[:alpha:]", &[('A', 'Z'), ('a', 'z')]),
        ("[:alnum:]", &[('0', '9'), ('A', 'Z'), ('a', 'z')]),
        ("[:space:]", &[('\t', '\r'), (' ', ' ')]),
        ("[:blank:]", &[('\t', '\t'), (' ', ' ')]),
        ("[:punct:]", &[('!', '/'), (':', '@'), ('[', '`'), ('{', '~')]),
    ];
    let set = escape::ansi(set);
    let mut chars = Vec::new();
    let mut rest = set.as_str();
    while let Some(c) = rest.chars().next() {
        if let Some((name, ranges)) = CLASSES.iter().find(|(name, _)| rest.starts_with(name)) {
            ranges.iter().for_each(|(from, to)| chars.extend(*from..=*to));
            rest = rest.get(name.len()..).unwrap_or_default();
            continue;
        }
        rest = rest.get(c.len_utf8()..).unwrap_or_default();
        let end = rest.strip_prefix('-').and_then(|after| after.chars().next()).filter(|end| *end >= c);
        match end {
            Some(end) if (end as u32) - (c as u32) < 4_096 => {
                chars.extend(c..=end);
                rest = rest.get(1 + end.len_utf8()..).unwrap_or_default();
            }
            _ => chars.push(c),
        }
    }
    chars
}
