//! `seq`. Omits: fractions, `-f`.

use super::args::Spec;
use super::print::Printed;
use crate::base::Text;
use crate::process::Cx;

/// The most numbers that are printed.
const MOST: i128 = 1_000_000;

/// `seq last`, `seq first last`, `seq first step last`; `-w`, `-s`.
pub fn run(_: &mut Cx<'_, '_>, argv: &[Text]) -> Printed {
    // Negative numbers look like options: options are only what is no number.
    let is_number = |word: &Text| word.parse::<i64>().is_ok();
    let at = argv.iter().skip(1).position(is_number).map_or(argv.len(), |at| at + 1);
    let (options, numbers) = argv.split_at(at);
    let args = match (Spec { long: &[("equal-width", 'w'), ("separator", 's')], ..Spec::new("ws:") })
        .read(options)
    {
        Ok(args) => args,
        Err(printed) => return printed,
    };
    let fail =
        |what: String| Printed::fail(1, &format!("seq: {what}\nTry 'seq --help' for more information."));
    let mut parsed = Vec::new();
    for word in args.operands.iter().chain(numbers) {
        match word.parse::<i64>() {
            Ok(number) => parsed.push(i128::from(number)),
            Err(_) => return fail(format!("invalid floating point argument: '{word}'")),
        }
    }
    let (first, step, last) = match parsed.as_slice() {
        [] => return fail("missing operand".into()),
        [last] => (1, 1, *last),
        [first, last] => (*first, 1, *last),
        [first, step, last] => (*first, *step, *last),
        _ => return fail(format!("extra operand '{}'", parsed[3])),
    };
    if step == 0 {
        return fail(format!("invalid Zero increment value: '{step}'"));
    }
    let count = ((last - first) / step + 1).clamp(0, MOST);
    let count = if (last - first).signum() * step.signum() < 0 { 0 } else { count };
    let numbers: Vec<String> = (0..count).map(|n| (first + n * step).to_string()).collect();
    let width = if args.has('w') { numbers.iter().map(String::len).max().unwrap_or(0) } else { 0 };
    let padded: Vec<String> = numbers.iter().map(|number| pad(number, width)).collect();
    let mut text = padded.join(args.value('s').unwrap_or("\n"));
    if !text.is_empty() {
        text.push('\n');
    }
    Printed::out(text)
}

fn pad(number: &str, width: usize) -> String {
    let (sign, digits) = number.strip_prefix('-').map_or(("", number), |digits| ("-", digits));
    format!("{sign}{digits:0>width$}", width = width.saturating_sub(sign.len()))
}
