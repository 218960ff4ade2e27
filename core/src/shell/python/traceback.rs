//! The words of uncaught exceptions and of texts that are no programs: CPython 3.12's layout, with its marks below the
//! lines.
//! Omits: widths of characters other than one column.

use super::class;
use super::code::{Problem, Script, Span};
use super::machine::Machine;
use super::value::Id;

/// Exceptions that led to one another, at most so many.
const MAX_CHAIN: usize = 100;

/// The story of an exception and of those before it.
pub fn print(machine: &Machine, last: Id) -> String {
    let mut chain = vec![(last, "")];
    let mut at = last;
    while chain.len() < MAX_CHAIN {
        let Some(exception) = machine.exception(at) else { break };
        let (next, words) = match (exception.cause, exception.context) {
            (Some(cause), _) if cause == at => break,
            (Some(cause), _) => {
                (cause, "The above exception was the direct cause of the following exception:")
            }
            (None, Some(context)) => {
                (context, "During handling of the above exception, another exception occurred:")
            }
            (None, None) => break,
        };
        if chain.iter().any(|(id, _)| *id == next) {
            break;
        }
        if let Some(last) = chain.last_mut() {
            last.1 = words;
        }
        chain.push((next, ""));
        at = next;
    }
    let mut out = String::new();
    for (id, words) in chain.into_iter().rev() {
        if !words.is_empty() {
            out.push_str(&format!("\n{words}\n\n"));
        }
        one(&mut out, machine, id);
    }
    out
}

fn one(out: &mut String, machine: &Machine, id: Id) {
    let Some(exception) = machine.exception(id) else { return };
    if !exception.trace.is_empty() {
        out.push_str("Traceback (most recent call last):\n");
    }
    let mut same = 0;
    let mut before = None;
    let repeated = |out: &mut String, same: usize| {
        if same > 3 {
            let more = same - 3;
            let s = if more == 1 { "" } else { "s" };
            out.push_str(&format!("  [Previous line repeated {more} more time{s}]\n"));
        }
    };
    for (code, at) in &exception.trace {
        let Some(code) = machine.code(*code) else { continue };
        let span = code.ops.get(*at).map_or(Span::default(), |(_, span)| *span);
        let key = (code.name.clone(), span.line);
        if before.as_ref() == Some(&key) {
            same += 1;
        } else {
            repeated(out, same);
            same = 1;
            before = Some(key);
        }
        if same <= 3 {
            out.push_str(&frame(&machine.script, span, &code.name));
        }
    }
    repeated(out, same);
    out.push_str(exception.library);
    let name = class::qualified(exception.class);
    let words = machine.heap.exception_words(exception).unwrap_or_else(|_| "<exception str() failed>".into());
    if words.is_empty() {
        out.push_str(&format!("{name}\n"));
    } else {
        out.push_str(&format!("{name}: {words}\n"));
    }
}

/// One call of a traceback.
fn frame(script: &Script, span: Span, name: &str) -> String {
    let mut out = format!("  File \"{}\", line {}, in {name}\n", script.file, span.line);
    let Some(line) = line_of(script, span.line).filter(|_| !script.hides_lines) else { return out };
    let stripped = line.trim();
    if stripped.is_empty() {
        return out;
    }
    out.push_str(&format!("    {stripped}\n"));
    let indent = line.chars().take_while(|c| c.is_whitespace()).count();
    let start = span.col as usize;
    let one_line = span.line == span.end_line;
    let end = if one_line { span.end as usize } else { line.trim_end().chars().count() };
    let anchored = one_line && span.anchor.1 > span.anchor.0;
    if end - start.min(end) < stripped.chars().count() || anchored {
        out.push_str("    ");
        out.push_str(&" ".repeat(start.saturating_sub(indent)));
        for column in start..end {
            let (from, to) = (span.anchor.0 as usize, span.anchor.1 as usize);
            out.push(if !anchored || (from..to).contains(&column) { '^' } else { '~' });
        }
        out.push('\n');
    }
    out
}

fn line_of(script: &Script, number: u32) -> Option<&str> {
    script.lines.get((number as usize).checked_sub(1)?).map(String::as_str)
}

/// The words for a text that is no program.
pub fn problem(file: &str, text: &str, problem: &Problem, known: &str) -> String {
    let span = problem.span;
    let mut out = format!("  File \"{file}\", line {}\n", span.line);
    let line = text.lines().nth((span.line as usize).saturating_sub(1)).unwrap_or_default();
    let stripped = line.trim();
    if !stripped.is_empty() {
        out.push_str(&format!("    {stripped}\n"));
    }
    if problem.class.is_empty() {
        out.push_str(&format!(
            "tidepool: this python3 does not know {}; it knows {known}\n",
            problem.message
        ));
        return out;
    }
    if problem.marked && !stripped.is_empty() {
        let indent = line.chars().take_while(|c| c.is_whitespace()).count();
        let start = (span.col as usize).saturating_sub(indent);
        let end =
            if span.line == span.end_line { span.end as usize } else { line.trim_end().chars().count() };
        let width = end.saturating_sub(span.col as usize).max(1);
        out.push_str(&format!("    {}{}\n", " ".repeat(start), "^".repeat(width)));
    }
    out.push_str(&format!("{}: {}\n", problem.class, problem.message));
    out
}
