//! `printf`: a format, used again until the words are used up.
//!
//! Omits: `%n`, floating-point forms but `%f`

use super::print::Printed;
use super::sh::{escape, quote};
use crate::base::Text;
use crate::process::Cx;

/// The widest field.
const MAX_WIDTH: usize = 10_000;

/// The program.
pub fn run(_: &mut Cx<'_, '_>, argv: &[Text]) -> Printed {
    let Some(pattern) = argv.get(1) else {
        return Printed::fail(1, "printf: missing operand\nTry 'printf --help' for more information.");
    };
    let (text, problems) = format(pattern, argv.get(2..).unwrap_or_default());
    let err: String = problems.iter().map(|problem| format!("printf: {problem}\n")).collect();
    Printed { out: text.into_bytes(), err: err.into_bytes(), status: i32::from(!problems.is_empty()) }
}

/// The text, and what was wrong.
pub fn format(pattern: &str, words: &[Text]) -> (String, Vec<String>) {
    let mut printer = Printer { words, at: 0, out: String::new(), problems: Vec::new(), stopped: false };
    loop {
        let before = printer.at;
        printer.once(pattern);
        let again = printer.at > before && printer.at < words.len();
        if printer.stopped || !again {
            return (printer.out, printer.problems);
        }
    }
}

struct Printer<'a> {
    words: &'a [Text],
    at: usize,
    out: String,
    problems: Vec<String>,
    stopped: bool,
}

/// `%-08.3d`
#[derive(Default)]
struct Form {
    left: bool,
    zero: bool,
    plus: bool,
    alternate: bool,
    width: usize,
    precision: Option<usize>,
}

impl Printer<'_> {
    fn word(&mut self) -> Option<&str> {
        let word = self.words.get(self.at);
        self.at += 1;
        word.map(|word| &**word)
    }

    fn once(&mut self, pattern: &str) {
        let mut rest = pattern;
        while !self.stopped {
            let Some(at) = rest.find('%') else {
                return self.literal(rest);
            };
            let (before, after) = rest.split_at(at);
            self.literal(before);
            let after = after.get(1..).unwrap_or_default();
            rest = match after.strip_prefix('%') {
                Some(after) => {
                    self.out.push('%');
                    after
                }
                None => self.conversion(after),
            };
        }
    }

    fn literal(&mut self, text: &str) {
        let (text, stopped) = escape::expand(text, false);
        self.out.push_str(&text);
        self.stopped |= stopped;
    }

    /// Prints one word in its form; gives what follows in the pattern.
    fn conversion<'p>(&mut self, pattern: &'p str) -> &'p str {
        let mut form = Form::default();
        let mut rest = pattern;
        while let Some(flag) = rest.chars().next().filter(|c| "-0+ #".contains(*c)) {
            match flag {
                '-' => form.left = true,
                '0' => form.zero = true,
                '+' => form.plus = true,
                '#' => form.alternate = true,
                _ => {}
            }
            rest = rest.get(1..).unwrap_or_default();
        }
        (form.width, rest) = self.count(rest);
        if let Some(after) = rest.strip_prefix('.') {
            let (precision, after) = self.count(after);
            (form.precision, rest) = (Some(precision), after);
        }
        let Some(kind) = rest.chars().next() else {
            self.problems.push(format!("`%{pattern}': missing format character"));
            self.stopped = true;
            return "";
        };
        let text = match kind {
            's' => cut(self.word().unwrap_or_default().to_string(), form.precision),
            'b' => {
                let (text, stopped) = escape::expand(self.word().unwrap_or_default(), true);
                self.stopped |= stopped;
                text
            }
            'q' => quote::backslashes(self.word().unwrap_or_default()),
            'c' => self.word().unwrap_or_default().chars().take(1).collect(),
            'd' | 'i' | 'u' | 'x' | 'X' | 'o' => self.integer(kind, &form),
            'f' | 'F' => self.decimal(&form),
            other => {
                self.problems.push(format!("`{other}': invalid format character"));
                self.stopped = true;
                return "";
            }
        };
        self.pad(&text, &form, !matches!(kind, 's' | 'b' | 'q' | 'c'));
        rest.get(kind.len_utf8()..).unwrap_or_default()
    }

    fn count<'p>(&mut self, pattern: &'p str) -> (usize, &'p str) {
        if let Some(rest) = pattern.strip_prefix('*') {
            let count = self.word().and_then(|word| word.parse().ok()).unwrap_or(0);
            return (usize::min(count, MAX_WIDTH), rest);
        }
        let length = pattern.bytes().take_while(u8::is_ascii_digit).count();
        let (digits, rest) = pattern.split_at(length);
        (digits.parse().unwrap_or(0).min(MAX_WIDTH), rest)
    }

    fn number(&mut self) -> i64 {
        let Some(word) = self.word().map(str::to_string) else { return 0 };
        if let Some(c) = word.strip_prefix(['\'', '"']) {
            return c.chars().next().map_or(0, |c| i64::from(u32::from(c)));
        }
        let hex = word.strip_prefix("0x").and_then(|digits| i64::from_str_radix(digits, 16).ok());
        match hex.or(word.trim_start().parse().ok()) {
            Some(number) => number,
            None if word.is_empty() => 0,
            None => {
                self.problems.push(format!("{word}: invalid number"));
                let digits: String = word.chars().take_while(|c| c.is_ascii_digit()).collect();
                digits.parse().unwrap_or(0)
            }
        }
    }

    fn integer(&mut self, kind: char, form: &Form) -> String {
        let number = self.number();
        let digits = match kind {
            'x' => format!("{number:x}"),
            'X' => format!("{number:X}"),
            'o' => format!("{number:o}"),
            'u' => format!("{}", number as u64),
            _ => number.unsigned_abs().to_string(),
        };
        let digits = format!("{digits:0>width$}", width = form.precision.unwrap_or(0));
        let sign = match kind {
            'd' | 'i' if number < 0 => "-",
            'd' | 'i' if form.plus => "+",
            'x' if form.alternate => "0x",
            _ => "",
        };
        format!("{sign}{digits}")
    }

    fn decimal(&mut self, form: &Form) -> String {
        let word = self.word().unwrap_or("0").to_string();
        let number: f64 = word.trim().parse().unwrap_or_else(|_| {
            self.problems.push(format!("{word}: invalid number"));
            0.0
        });
        format!("{number:.precision$}", precision = form.precision.unwrap_or(6).min(60))
    }

    fn pad(&mut self, text: &str, form: &Form, number: bool) {
        let missing = form.width.saturating_sub(text.chars().count());
        if form.left {
            self.out.push_str(text);
            self.out.extend(std::iter::repeat_n(' ', missing));
        } else if form.zero && number {
            let sign = usize::from(text.starts_with(['-', '+']));
            let (sign, digits) = text.split_at(sign);
            self.out.push_str(sign);
            self.out.extend(std::iter::repeat_n('0', missing));
            self.out.push_str(digits);
        } else {
            self.out.extend(std::iter::repeat_n(' ', missing));
            self.out.push_str(text);
        }
    }
}

fn cut(text: String, precision: Option<usize>) -> String {
    match precision {
        Some(most) => text.chars().take(most).collect(),
        None => text,
    }
}
