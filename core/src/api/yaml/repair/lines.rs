//! Lines of a manifest that has lost its shape: dashes, key, value, and the indentation that is left. Knows no kinds.

/// A line that says something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line<'a> {
    /// Comments and blank lines before it.
    pub before: Vec<&'a str>,
    /// How many columns it is indented as it stands.
    pub indent: usize,
    /// Whether it begins with a dash.
    pub is_item: bool,
    /// What it says, without the dash.
    pub body: &'a str,
    /// The key, when there is one.
    pub key: Option<&'a str>,
    /// What comes after the key, without a comment.
    pub value: &'a str,
    /// The lines of the block that its value begins, with `|` or `>`, as they stand.
    pub block: Vec<&'a str>,
}

impl Line<'_> {
    /// Whether the line is part of a value that began before it.
    pub fn is_rest(&self) -> bool {
        !self.is_item && self.key.is_none()
    }
}

/// The lines of a document, and the comments after the last. `ends_block` says which keys cannot be text.
pub fn split<'a>(text: &'a str, ends_block: &dyn Fn(&str) -> bool) -> (Vec<Line<'a>>, Vec<&'a str>) {
    let mut lines: Vec<Line<'a>> = Vec::new();
    let mut before = Vec::new();
    let mut in_block: Option<usize> = None;
    let mut dash: Option<usize> = None;
    for raw in text.lines() {
        let body = raw.trim();
        let indent = indent_of(raw);
        if let Some(opener) = in_block {
            let last = lines.last().map(|line| line.block.iter().any(|raw| indent_of(raw) > opener));
            let is_shaped = last == Some(true);
            let goes_on = !is_shaped && !key_of(body).is_some_and(|(key, _)| ends_block(key));
            let is_text = body.is_empty() || indent > opener || goes_on;
            if let Some(line) = lines.last_mut().filter(|_| is_text) {
                line.block.push(raw);
                continue;
            }
            in_block = None;
        }
        if body.is_empty() || body.starts_with('#') {
            before.push(body);
            continue;
        }
        if body == "-" {
            dash = Some(indent);
            continue;
        }
        let mut line = line(body, indent, std::mem::take(&mut before));
        if let Some(indent) = dash.take().filter(|_| !line.is_item) {
            (line.is_item, line.indent) = (true, indent);
        }
        if line.key.is_some() && line.value.len() <= 3 && line.value.starts_with(['|', '>']) {
            in_block = Some(indent);
        }
        lines.push(line);
    }
    for line in &mut lines {
        while line.block.last().is_some_and(|last| last.trim().is_empty()) {
            line.block.pop();
        }
    }
    (lines, before)
}

fn line<'a>(text: &'a str, indent: usize, before: Vec<&'a str>) -> Line<'a> {
    let inner = text.strip_prefix("- ").map(str::trim_start);
    let body = inner.unwrap_or(text);
    let (key, value) = key_of(body).map_or((None, body), |(key, value)| (Some(key), value));
    let value = value.split(" #").next().unwrap_or_default().trim();
    let value = if value.starts_with('#') { "" } else { value };
    Line { before, indent, is_item: inner.is_some(), body, key, value, block: Vec::new() }
}

/// The key before the first colon that ends one, and what follows.
fn key_of(body: &str) -> Option<(&str, &str)> {
    for quote in ['"', '\''] {
        if let Some(rest) = body.strip_prefix(quote) {
            let (key, rest) = rest.split_once(quote)?;
            return rest.trim_start().strip_prefix(':').map(|value| (key, value.trim()));
        }
    }
    if body.starts_with(['{', '[', '&', '*', '!', '|', '>', '%', '@']) {
        return None;
    }
    let colon = body
        .match_indices(':')
        .find(|(at, _)| body[at + 1..].is_empty() || body[at + 1..].starts_with([' ', '\t']));
    let (at, _) = colon?;
    let key = body[..at].trim();
    (!key.is_empty()).then(|| (key, body[at + 1..].trim()))
}

/// How many columns the first line of a block has before its text, so that the rest keeps its shape.
pub fn block_indent(block: &[&str]) -> usize {
    let indents =
        block.iter().filter(|line| !line.trim().is_empty()).map(|line| line.len() - line.trim_start().len());
    indents.min().unwrap_or(0)
}

fn indent_of(raw: &str) -> usize {
    raw.len() - raw.trim_start().len()
}
