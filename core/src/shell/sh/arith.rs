//! Arithmetic: `$((...))`, `((...))`, `let`. 64-bit integers that wrap, as in bash.

use super::lexer::{is_name, is_name_start};
use super::state::State;

/// How deep parentheses and variables that name expressions may nest.
const MAX_DEPTH: u32 = 40;

/// The value of an expression; assignments in it change the state. The error is bash's, without the shell's name.
pub fn evaluate(text: &str, state: &mut State) -> Result<i64, String> {
    evaluate_within(text, state, 0)
}

fn evaluate_within(text: &str, state: &mut State, depth: u32) -> Result<i64, String> {
    let mut reader = Reader { text, at: 0, state, depth, quiet: false };
    reader.blanks();
    if reader.rest().is_empty() {
        return Ok(0);
    }
    let value = reader.comma()?;
    match reader.rest() {
        "" => Ok(value),
        rest => {
            let shown = text.trim();
            Err(format!("{shown}: syntax error in expression (error token is \"{rest}\")"))
        }
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    state: &'a mut State,
    depth: u32,
    /// In the branch not taken: no assignments, no division errors.
    quiet: bool,
}

/// Binary operators by how tightly they bind; longer ones first where one begins another.
const BINARY: &[(&str, u32)] = &[
    ("||", 1),
    ("&&", 2),
    ("<<", 8),
    (">>", 8),
    ("<=", 7),
    (">=", 7),
    ("==", 6),
    ("!=", 6),
    ("**", 11),
    ("|", 3),
    ("^", 4),
    ("&", 5),
    ("<", 7),
    (">", 7),
    ("+", 9),
    ("-", 9),
    ("*", 10),
    ("/", 10),
    ("%", 10),
];

const ASSIGNMENTS: &[&str] = &["<<=", ">>=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "="];

impl Reader<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn blanks(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start().len();
    }

    fn eat(&mut self, what: &str) -> bool {
        let found = self.rest().starts_with(what);
        if found {
            self.at += what.len();
            self.blanks();
        }
        found
    }

    fn fail<T>(&self, what: &str) -> Result<T, String> {
        let token = match self.rest() {
            "" => {
                self.text.trim_end().get(self.text.trim_end().len().saturating_sub(1)..).unwrap_or_default()
            }
            rest => rest,
        };
        Err(format!("{}: {what} (error token is \"{token}\")", self.text.trim()))
    }

    fn comma(&mut self) -> Result<i64, String> {
        let mut value = self.conditional()?;
        while self.eat(",") {
            value = self.conditional()?;
        }
        Ok(value)
    }

    fn deeper<T>(&mut self, inner: impl FnOnce(&mut Self) -> Result<T, String>) -> Result<T, String> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return self.fail("expression recursion level exceeded");
        }
        let result = inner(self);
        self.depth -= 1;
        result
    }

    fn conditional(&mut self) -> Result<i64, String> {
        self.deeper(|reader| {
            let condition = reader.binary(1)?;
            if !reader.eat("?") {
                return Ok(condition);
            }
            let yes = reader.unless(condition == 0, Self::conditional)?;
            if !reader.eat(":") {
                return reader.fail("`:' expected for conditional expression");
            }
            let no = reader.unless(condition != 0, Self::conditional)?;
            Ok(if condition != 0 { yes } else { no })
        })
    }

    /// Reads a part whose effects do not count when `skipped`.
    fn unless<T>(&mut self, skipped: bool, inner: impl FnOnce(&mut Self) -> T) -> T {
        let before = self.quiet;
        self.quiet |= skipped;
        let result = inner(self);
        self.quiet = before;
        result
    }

    fn binary(&mut self, least: u32) -> Result<i64, String> {
        let mut left = self.unary()?;
        loop {
            let rest = self.rest();
            let Some((op, binds)) = BINARY.iter().find(|(op, _)| rest.starts_with(op)) else {
                return Ok(left);
            };
            let assigns =
                ASSIGNMENTS.iter().any(|assign| assign.len() > op.len() && rest.starts_with(assign));
            if *binds < least || (assigns && !matches!(*op, "==" | "<=" | ">=" | "!=")) {
                return Ok(left);
            }
            self.eat(op);
            let next = if *op == "**" { *binds } else { binds + 1 };
            let skipped = (*op == "&&" && left == 0) || (*op == "||" && left != 0);
            let right = self.deeper(|reader| reader.unless(skipped, |reader| reader.binary(next)))?;
            left = self.apply(op, left, right)?;
        }
    }

    fn apply(&mut self, op: &str, left: i64, right: i64) -> Result<i64, String> {
        Ok(match op {
            "||" => i64::from(left != 0 || right != 0),
            "&&" => i64::from(left != 0 && right != 0),
            "|" => left | right,
            "^" => left ^ right,
            "&" => left & right,
            "==" => i64::from(left == right),
            "!=" => i64::from(left != right),
            "<" => i64::from(left < right),
            ">" => i64::from(left > right),
            "<=" => i64::from(left <= right),
            ">=" => i64::from(left >= right),
            "<<" => left.wrapping_shl(right as u32),
            ">>" => left.wrapping_shr(right as u32),
            "+" => left.wrapping_add(right),
            "-" => left.wrapping_sub(right),
            "*" => left.wrapping_mul(right),
            "/" | "%" if right == 0 && self.quiet => 0,
            "/" | "%" if right == 0 => {
                let shown = self.text.trim();
                let token = shown.rsplit(['/', '%']).next().unwrap_or_default().trim_start();
                return Err(format!("{shown}: division by 0 (error token is \"{token}\")"));
            }
            "/" => left.wrapping_div(right),
            "%" => left.wrapping_rem(right),
            "**" if right < 0 => return self.fail("exponent less than 0"),
            _ => left.wrapping_pow(u32::try_from(right).unwrap_or(u32::MAX)),
        })
    }

    fn unary(&mut self) -> Result<i64, String> {
        let mut signs = Vec::new();
        loop {
            let rest = self.rest();
            if rest.starts_with("++") || rest.starts_with("--") {
                let by = if rest.starts_with("++") { 1 } else { -1 };
                if rest.get(2..).unwrap_or_default().trim_start().starts_with(is_name_start) {
                    self.at += 2;
                    self.blanks();
                    let name = self.name();
                    let value = self.variable(&name)?.wrapping_add(by);
                    self.assign(&name, value);
                    return Ok(apply_signs(&signs, value));
                }
            }
            match rest.chars().next() {
                Some(sign @ ('-' | '+' | '!' | '~')) if !rest.starts_with("!=") => {
                    signs.push(sign);
                    self.at += 1;
                    self.blanks();
                }
                _ => break,
            }
        }
        let value = self.primary()?;
        Ok(apply_signs(&signs, value))
    }

    fn primary(&mut self) -> Result<i64, String> {
        if self.eat("(") {
            let value = self.deeper(Self::comma)?;
            return match self.eat(")") {
                true => Ok(value),
                false => self.fail("missing `)'"),
            };
        }
        let rest = self.rest();
        if rest.starts_with(is_name_start) {
            return self.name_or_assignment();
        }
        let length =
            rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '#' && c != '_').unwrap_or(rest.len());
        let digits = rest.get(..length).unwrap_or_default().to_string();
        if digits.is_empty() {
            return self.fail("syntax error: operand expected");
        }
        let Some(value) = number(&digits) else { return self.fail("value too great for base") };
        self.at += length;
        self.blanks();
        Ok(value)
    }

    fn name(&mut self) -> String {
        let rest = self.rest();
        let length = rest.find(|c| !is_name(c)).unwrap_or(rest.len());
        let name = rest.get(..length).unwrap_or_default().to_string();
        self.at += length;
        self.blanks();
        name
    }

    fn name_or_assignment(&mut self) -> Result<i64, String> {
        let name = self.name();
        let rest = self.rest();
        let assignment = ASSIGNMENTS.iter().find(|op| rest.starts_with(**op) && !rest.starts_with("=="));
        if let Some(op) = assignment {
            self.eat(op);
            let right = self.conditional()?;
            let value = match op.strip_suffix('=').unwrap_or_default() {
                "" => right,
                op => {
                    let left = self.variable(&name)?;
                    self.apply(op, left, right)?
                }
            };
            self.assign(&name, value);
            return Ok(value);
        }
        let value = self.variable(&name)?;
        if self.eat("++") {
            self.assign(&name, value.wrapping_add(1));
        } else if self.eat("--") {
            self.assign(&name, value.wrapping_sub(1));
        }
        Ok(value)
    }

    fn assign(&mut self, name: &str, value: i64) {
        if !self.quiet {
            self.state.set(name, value.to_string());
        }
    }

    /// A variable's value is an expression itself.
    fn variable(&mut self, name: &str) -> Result<i64, String> {
        let value = self.state.get(name).cloned();
        let Some(value) = value else {
            return match self.state.options.nounset && !self.quiet {
                true => Err(format!("{name}: unbound variable")),
                false => Ok(0),
            };
        };
        match number(value.trim()) {
            Some(number) => Ok(number),
            None if self.depth > MAX_DEPTH / 2 => self.fail("expression recursion level exceeded"),
            None => evaluate_within(&value, self.state, self.depth + 1),
        }
    }
}

fn apply_signs(signs: &[char], value: i64) -> i64 {
    signs.iter().rev().fold(value, |value, sign| match sign {
        '-' => value.wrapping_neg(),
        '!' => i64::from(value == 0),
        '~' => !value,
        _ => value,
    })
}

/// A number: decimal, `0x` hexadecimal, `0` octal, `base#digits`.
fn number(text: &str) -> Option<i64> {
    if text.is_empty() {
        return None;
    }
    if let Some(hex) = text.strip_prefix("0x").or(text.strip_prefix("0X")) {
        return i64::from_str_radix(hex, 16).ok();
    }
    if let Some((base, digits)) = text.split_once('#') {
        let base = base.parse().ok().filter(|base| (2..=36).contains(base))?;
        return i64::from_str_radix(digits, base).ok();
    }
    match text.strip_prefix('0') {
        Some("") => Some(0),
        Some(octal) => i64::from_str_radix(octal, 8).ok(),
        None if text.bytes().all(|byte| byte.is_ascii_digit()) => {
            Some(text.bytes().fold(0i64, |n, byte| n.wrapping_mul(10).wrapping_add(i64::from(byte - b'0'))))
        }
        None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(expression: &str, expected: Result<i64, &str>) {
        let mut state = State::new("bash".into(), [].into());
        state.set("x", "5");
        assert_eq!(evaluate(expression, &mut state), expected.map_err(String::from), "{expression}");
    }

    /// Values recorded from bash 5.2.
    #[test]
    fn expressions() {
        check("1 + 2 * 3", Ok(7));
        check("(1 + 2) * 3", Ok(9));
        check("2 ** 3 ** 2", Ok(512));
        check("-7 / 2", Ok(-3));
        check("x++ + x", Ok(11));
        check("x += 2, x * 2", Ok(14));
        check("x > 3 ? 1 : 1/0", Ok(1));
        check("!x", Ok(0));
        check("0x1f + 010 + 2#101", Ok(44));
        check("y = x == 5", Ok(1));
        check("1 << 4 | 1", Ok(17));
        check("", Ok(0));
        check("1/0", Err("1/0: division by 0 (error token is \"0\")"));
        check("1 +", Err("1 +: syntax error: operand expected (error token is \"+\")"));
    }

    #[test]
    fn deep_nesting_is_an_error() {
        let mut state = State::new("bash".into(), [].into());
        assert!(evaluate(&"(".repeat(100_000), &mut state).is_err());
        state.set("x", "x");
        assert!(evaluate("x", &mut state).is_err());
    }
}
