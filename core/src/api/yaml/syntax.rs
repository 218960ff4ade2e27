//! Breaks of YAML's grammar: the parser's error as a code, a place, kubectl's words and perhaps a fix.
//! Models: go-yaml v2 `scannerc.go` and `parserc.go`; their line numbers, which for some errors are one too low.
//! Omits: rare errors of tags, directives and escapes keep the parser's own words.

use super::build::{MAX_DEPTH, Part};
use super::{Edit, Fix, FixKind, Problem, ProblemCode, Span};
use granit_parser::{ErrorKind, ScanError};

/// How go-yaml counts the line of an error.
#[derive(Clone, Copy, PartialEq)]
enum Counted {
    /// From 1: errors of its scanner.
    FromOne,
    /// From 0: errors of its parser.
    FromZero,
    /// Not at all.
    Not,
}

/// The problem that a parser's error is.
pub(super) fn problem(part: &Part<'_>, error: &ScanError) -> Problem {
    let offset = error.marker().byte_offset().unwrap_or(0).min(part.slice().len());
    let (code, words, counted) = said(part, error.kind(), offset);
    let span = span_of(part, code, offset);
    let mut spoken = offset;
    if code == ProblemCode::NoColon {
        spoken = next_content(part.slice(), offset);
    }
    if matches!(code, ProblemCode::UnclosedQuote)
        || matches!(error.kind(), ErrorKind::UnclosedFlowCollection { .. })
    {
        spoken = part.slice().len();
    }
    // kubectl counts lines from the separator on.
    let line = part.slice().get(..spoken).unwrap_or_default().matches('\n').count();
    let line = if counted == Counted::FromOne && line > 0 { line + 1 } else { line };
    let place = if line == 0 || counted == Counted::Not { String::new() } else { format!("line {line}: ") };
    let mut problem = part.problem(code, span, format!("yaml: {place}{words}"));
    problem.fix = fix(part, &problem);
    problem
}

/// The code, words and counting of an error, with what the text around it tells.
fn said(part: &Part<'_>, kind: &ErrorKind, offset: usize) -> (ProblemCode, String, Counted) {
    let before = part.slice().get(..offset).unwrap_or_default();
    let line = before.rsplit('\n').next().unwrap_or_default();
    let (code, words, counted) = words(kind);
    match kind {
        ErrorKind::UnexpectedCharacter { character } if character.is_control() => {
            (code, "control characters are not allowed".into(), Counted::Not)
        }
        ErrorKind::UnclosedFlowCollection { .. } if part.slice().trim_end().ends_with(['[', '{', ',']) => {
            (code, "did not find expected node content".into(), counted)
        }
        _ if code == ProblemCode::Indentation
            && !line.is_empty()
            && line.trim_start_matches([' ', '\t']).is_empty()
            && line.contains('\t') =>
        {
            (ProblemCode::Tab, "found character that cannot start any token".into(), Counted::FromOne)
        }
        _ => (code, words, counted),
    }
}

/// The code of an error, go-yaml's words for it, and how it counts its line.
fn words(kind: &ErrorKind) -> (ProblemCode, String, Counted) {
    if let Some((code, words)) = words_of_parser(kind) {
        return (code, words.into(), Counted::FromZero);
    }
    if let Some((code, words)) = words_of_scanner(kind) {
        return (code, words.into(), Counted::FromOne);
    }
    if *kind == ErrorKind::RecursionLimitExceeded {
        return (ProblemCode::TooDeep, format!("exceeded max depth of {MAX_DEPTH}"), Counted::Not);
    }
    let words = kind.to_string();
    let why = words.split_once(", ").filter(|(what, _)| what.starts_with("while ")).map(|(_, why)| why);
    (ProblemCode::Syntax, why.unwrap_or(&words).to_string(), Counted::FromOne)
}

/// Errors that go-yaml's parser finds.
fn words_of_parser(kind: &ErrorKind) -> Option<(ProblemCode, &'static str)> {
    use ErrorKind as E;
    use ProblemCode as P;
    Some(match kind {
        E::ExpectedBlockMappingKey
        | E::UnexpectedEofBlockMapping
        | E::InvalidTrailingSingleQuotedScalar
        | E::InvalidTrailingDoubleQuotedScalar
        | E::InvalidBlockScalarIndent
        | E::InvalidIndentation
        | E::MisplacedFlowCollectionEnd => (P::Indentation, "did not find expected key"),
        E::ExpectedBlockSequenceEntry | E::UnexpectedEofBlockSequence => {
            (P::Indentation, "did not find expected '-' indicator")
        }
        E::ExpectedFlowMappingSeparator
        | E::UnexpectedEofFlowMapping
        | E::UnclosedFlowCollection { open: '{' }
        | E::MismatchedFlowCollectionEnd { open: '{', .. } => {
            (P::UnclosedBracket, "did not find expected ',' or '}'")
        }
        E::ExpectedFlowSequenceSeparator
        | E::UnexpectedEofFlowSequence
        | E::UnclosedFlowCollection { .. }
        | E::MismatchedFlowCollectionEnd { .. } => (P::UnclosedBracket, "did not find expected ',' or ']'"),
        E::ExpectedNodeContent | E::UnexpectedEofImplicitFlowMapping => {
            (P::Syntax, "did not find expected node content")
        }
        E::UndeclaredTagHandle => (P::BadTag, "found undefined tag handle"),
        _ => return None,
    })
}

/// Errors that go-yaml's scanner finds.
fn words_of_scanner(kind: &ErrorKind) -> Option<(ProblemCode, &'static str)> {
    use ErrorKind as E;
    use ProblemCode as P;
    Some(match kind {
        E::MappingValueNotAllowed | E::InvalidColonPlacement => {
            (P::ColonInValue, "mapping values are not allowed in this context")
        }
        E::MappingKeyNotAllowed => (P::Syntax, "mapping keys are not allowed in this context"),
        E::BlockSequenceEntryNotAllowed | E::BlockEntryInFlowCollection => {
            (P::Syntax, "block sequence entries are not allowed in this context")
        }
        E::SimpleKeyExpected | E::InvalidSimpleKey | E::UnexpectedEndOfPlainScalar => {
            (P::NoColon, "could not find expected ':'")
        }
        E::UnclosedQuotedScalar => (P::UnclosedQuote, "found unexpected end of stream"),
        E::TabNotAllowed | E::TabInBlockIndentation | E::TabInIndentation => {
            (P::Tab, "found character that cannot start any token")
        }
        E::TabAtBlockScalarStart => (P::Tab, "found a tab character where an indentation space is expected"),
        E::TabInPlainScalar => (P::Tab, "found a tab character that violates indentation"),
        E::UnexpectedCharacter { .. } => (P::BadStart, "found character that cannot start any token"),
        E::UnknownQuotedScalarEscape => (P::BadEscape, "found unknown escape character"),
        E::MissingAnchorOrAliasName => (P::BadStart, "did not find expected alphabetic or numeric character"),
        _ => return None,
    })
}

/// The offset of the next line that holds something, from an offset on; go-yaml notices a missing colon only there.
fn next_content(text: &str, offset: usize) -> usize {
    let rest = text.get(offset..).unwrap_or_default();
    let Some(line_end) = rest.find('\n') else { return text.len() };
    let after = &rest[line_end..];
    offset + line_end + (after.len() - after.trim_start().len())
}

/// What to underline: the rest of the word or line at an offset.
fn span_of(part: &Part<'_>, code: ProblemCode, offset: usize) -> Span {
    let text = part.slice();
    let mut start = offset;
    if start >= text.trim_end().len() {
        // Something is missing at the end: the last character is the best place to look.
        start = text.trim_end().char_indices().last().map_or(0, |(at, _)| at);
    }
    let rest = text.get(start..).unwrap_or_default();
    let end = match code {
        ProblemCode::Tab => rest.find(|c| c != '\t').unwrap_or(rest.len()),
        ProblemCode::ColonInValue => 1,
        _ => rest.find(['\n', '\r']).unwrap_or(rest.len()),
    };
    let end = end.max(rest.chars().next().map_or(0, char::len_utf8));
    part.span.start + start..part.span.start + start + end
}

/// A change that would right a problem of one line.
fn fix(part: &Part<'_>, problem: &Problem) -> Option<Fix> {
    let start = part.lines.start(problem.line);
    let line = part.text.get(start..)?.lines().next()?;
    match problem.code {
        ProblemCode::Tab => {
            let blank = line.len() - line.trim_start_matches([' ', '\t']).len();
            let spaces = line[..blank].replace('\t', "  ");
            let edit = Edit { span: start..start + blank, text: spaces };
            Some(Fix { kind: FixKind::Spaces, edits: vec![edit] })
        }
        ProblemCode::BadStart | ProblemCode::ColonInValue => {
            let colon = line.find(": ")? + 2;
            let value = line[colon..].trim();
            let at = start + colon + line[colon..].find(value)?;
            let quotable = !value.is_empty() && !value.contains(['"', '\\', '#']) && problem.span.start >= at;
            let edit = Edit { span: at..at + value.len(), text: format!("\"{value}\"") };
            quotable.then(|| Fix { kind: FixKind::Quote, edits: vec![edit] })
        }
        _ => None,
    }
}
