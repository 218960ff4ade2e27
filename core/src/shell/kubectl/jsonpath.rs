//! JSONPath templates: `{range .items[*]}{.metadata.name}{"\n"}{end}`. Knows no kind.
//! Models: client-go `util/jsonpath`.
//! Omits: nothing that `kubectl -o jsonpath` documents.

use serde_json::Value;

/// A template: text and paths, with ranges over lists.
#[derive(Debug, Clone, PartialEq)]
pub struct Template {
    /// As it was written.
    pub text: String,
    nodes: Vec<Node>,
}

#[derive(Debug, Clone, PartialEq)]
enum Node {
    Text(String),
    Path(Path),
    Range(Path, Vec<Node>),
}

/// A path through a tree.
#[derive(Debug, Clone, PartialEq)]
struct Path {
    steps: Vec<Step>,
}

#[derive(Debug, Clone, PartialEq)]
enum Step {
    Field(String),
    All,
    Slice(Option<i64>, Option<i64>, i64),
    Union(Vec<Step>),
    Filter(Operand, String, Option<Operand>),
    Descend,
}

#[derive(Debug, Clone, PartialEq)]
enum Operand {
    Path(Path),
    Value(Value),
}

/// How deep ranges may nest, and how deep `..` looks.
const MAX_DEPTH: usize = 32;

impl Template {
    /// Reads a template. Errors are client-go's, without their prefix.
    pub fn parse(text: &str) -> Result<Template, String> {
        let mut parser = Parser { text, at: 0 };
        let (nodes, closed) = parser.nodes(0)?;
        if closed {
            Err("not in range, nothing to end".to_string())
        } else {
            Ok(Template { text: text.to_string(), nodes })
        }
    }

    /// Reads a path with or without braces and leading dot, as in custom columns: `.metadata.name`, `metadata.name`.
    pub fn relaxed(text: &str) -> Result<Template, String> {
        let inner = text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).unwrap_or(text);
        let dotted = if inner.starts_with(['.', '$', '[']) { inner.to_string() } else { format!(".{inner}") };
        Template::parse(&format!("{{{dotted}}}"))
    }

    /// Fills the template in. With `strict`, a field that is missing is an error.
    pub fn render(&self, tree: &Value, strict: bool) -> Result<String, String> {
        let mut out = String::new();
        fill(&self.nodes, tree, tree, strict, &mut out)?;
        Ok(out)
    }

    /// All values that the template's paths find.
    pub fn find<'t>(&self, tree: &'t Value) -> Vec<&'t Value> {
        let paths = self.nodes.iter().filter_map(|node| match node {
            Node::Path(path) => Some(path),
            Node::Text(_) | Node::Range(..) => None,
        });
        paths.flat_map(|path| path.find(tree, tree, false).unwrap_or_default()).collect()
    }
}

fn fill(nodes: &[Node], at: &Value, root: &Value, strict: bool, out: &mut String) -> Result<(), String> {
    for node in nodes {
        match node {
            Node::Text(text) => out.push_str(text),
            Node::Path(path) => {
                let found = path.find(at, root, strict)?;
                let texts: Vec<String> = found.into_iter().map(text_of).collect();
                out.push_str(&texts.join(" "));
            }
            Node::Range(path, body) => {
                for item in path.find(at, root, strict)? {
                    fill(body, item, root, strict, out)?;
                }
            }
        }
    }
    Ok(())
}

/// A value as the template prints it: strings bare, trees as JSON.
pub fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => super::json::line(other),
    }
}

impl Path {
    fn find<'t>(&self, from: &'t Value, root: &'t Value, strict: bool) -> Result<Vec<&'t Value>, String> {
        let mut found = vec![from];
        for step in &self.steps {
            let mut next = Vec::new();
            for value in &found {
                step.apply(value, root, strict, &mut next)?;
            }
            found = next;
        }
        Ok(found)
    }
}

impl Step {
    fn apply<'t>(
        &self,
        at: &'t Value,
        root: &'t Value,
        strict: bool,
        out: &mut Vec<&'t Value>,
    ) -> Result<(), String> {
        match self {
            Step::Field(name) if name == "$" => out.push(root),
            Step::Field(name) => match at.get(name) {
                Some(value) => out.push(value),
                None if strict => return Err(format!("{name} is not found")),
                None => {}
            },
            Step::All => match at {
                Value::Array(list) => out.extend(list),
                Value::Object(map) => out.extend(map.values()),
                _ => {}
            },
            Step::Slice(from, to, step) => return slice(at, *from, *to, *step, out),
            Step::Union(steps) => {
                for step in steps {
                    step.apply(at, root, strict, out)?;
                }
            }
            Step::Filter(left, operator, right) => {
                let list = at.as_array().map(Vec::as_slice).unwrap_or_default();
                out.extend(list.iter().filter(|item| holds(item, root, left, operator, right.as_ref())));
            }
            Step::Descend => descend(at, 0, out),
        }
        Ok(())
    }
}

fn slice<'t>(
    at: &'t Value,
    from: Option<i64>,
    to: Option<i64>,
    step: i64,
    out: &mut Vec<&'t Value>,
) -> Result<(), String> {
    let Some(list) = at.as_array() else { return Ok(()) };
    let length = i64::try_from(list.len()).unwrap_or(i64::MAX);
    let wrap = |n: i64| if n < 0 { n + length } else { n };
    if step == 0 {
        let index = wrap(from.unwrap_or(0));
        let found = usize::try_from(index).ok().and_then(|index| list.get(index));
        let out_of_bounds =
            || format!("array index out of bounds: index {}, length {length}", from.unwrap_or(0));
        out.push(found.ok_or_else(out_of_bounds)?);
        return Ok(());
    }
    let (mut index, end) = (wrap(from.unwrap_or(0)).max(0), wrap(to.unwrap_or(length)).min(length));
    while index < end {
        out.extend(usize::try_from(index).ok().and_then(|index| list.get(index)));
        index += step.max(1);
    }
    Ok(())
}

fn descend<'t>(at: &'t Value, depth: usize, out: &mut Vec<&'t Value>) {
    if depth > MAX_DEPTH {
        return;
    }
    out.push(at);
    match at {
        Value::Array(list) => list.iter().for_each(|value| descend(value, depth + 1, out)),
        Value::Object(map) => map.values().for_each(|value| descend(value, depth + 1, out)),
        _ => {}
    }
}

fn holds(item: &Value, root: &Value, left: &Operand, operator: &str, right: Option<&Operand>) -> bool {
    let value = |operand: &Operand| match operand {
        Operand::Value(value) => Some(value.clone()),
        Operand::Path(path) => path.find(item, root, false).ok()?.first().map(|value| (*value).clone()),
    };
    let Some(left) = value(left) else { return false };
    let Some(right) = right else { return true };
    let Some(right) = value(right) else { return false };
    let order = match (left.as_f64(), right.as_f64()) {
        (Some(left), Some(right)) => left.partial_cmp(&right),
        _ => Some(text_of(&left).cmp(&text_of(&right))),
    };
    match operator {
        "==" => order.is_some_and(std::cmp::Ordering::is_eq),
        "!=" => order.is_some_and(std::cmp::Ordering::is_ne),
        "<" => order.is_some_and(std::cmp::Ordering::is_lt),
        "<=" => order.is_some_and(std::cmp::Ordering::is_le),
        ">" => order.is_some_and(std::cmp::Ordering::is_gt),
        _ => order.is_some_and(std::cmp::Ordering::is_ge),
    }
}

/// Reads a template from the left.
struct Parser<'t> {
    text: &'t str,
    at: usize,
}

impl Parser<'_> {
    /// Nodes up to the end of the text or an `{end}`; tells which.
    fn nodes(&mut self, depth: usize) -> Result<(Vec<Node>, bool), String> {
        let mut nodes = Vec::new();
        loop {
            let rest = &self.text[self.at..];
            let Some(open) = rest.find('{') else {
                if !rest.is_empty() {
                    nodes.push(Node::Text(rest.to_string()));
                }
                self.at = self.text.len();
                return Ok((nodes, false));
            };
            if open > 0 {
                nodes.push(Node::Text(rest[..open].to_string()));
            }
            self.at += open + 1;
            let action = self.action()?;
            if action == "end" {
                return Ok((nodes, true));
            }
            if let Some(path) =
                action.strip_prefix("range").filter(|path| path.starts_with([' ', '.', '[', '$', '@']))
            {
                if depth > MAX_DEPTH {
                    return Err("ranges nest too deep".to_string());
                }
                let path = path_of(path.trim())?;
                let (body, closed) = self.nodes(depth + 1)?;
                if !closed {
                    return Err("unclosed range".to_string());
                }
                nodes.push(Node::Range(path, body));
                continue;
            }
            nodes.extend(pieces(&action)?);
        }
    }

    /// The text of an action up to its closing brace; braces in quotes do not close it.
    fn action(&mut self) -> Result<String, String> {
        let rest = &self.text[self.at..];
        let mut quote = None;
        let mut escaped = false;
        for (at, c) in rest.char_indices() {
            match (quote, c) {
                _ if escaped => escaped = false,
                (_, '\\') => escaped = true,
                (Some(open), c) if open == c => quote = None,
                (None, '"' | '\'') => quote = Some(c),
                (None, '}') => {
                    self.at += at + 1;
                    return Ok(rest[..at].trim().to_string());
                }
                _ => {}
            }
        }
        Err(if quote.is_some() { "unterminated quoted string" } else { "unclosed action" }.to_string())
    }
}

/// An action's pieces: quoted texts and paths, one after another.
fn pieces(action: &str) -> Result<Vec<Node>, String> {
    let mut nodes = Vec::new();
    let mut rest = action.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = piece_length(rest);
        let (piece, after) = rest.split_at(length);
        nodes.push(match first {
            '"' | '\'' => Node::Text(unquote(piece)),
            _ => Node::Path(path_of(piece)?),
        });
        rest = after.trim_start();
    }
    Ok(nodes)
}

/// The length of the first piece: a quoted text, or a path up to a space outside brackets.
fn piece_length(text: &str) -> usize {
    let (mut quote, mut depth, mut escaped) = (None, 0_usize, false);
    let starts_quoted = text.starts_with(['"', '\'']);
    for (at, c) in text.char_indices() {
        match (quote, c) {
            _ if escaped => escaped = false,
            (_, '\\') => escaped = true,
            (Some(open), c) if open == c => {
                quote = None;
                if starts_quoted && depth == 0 {
                    return at + c.len_utf8();
                }
            }
            (None, '"' | '\'') => quote = Some(c),
            (None, '[' | '(') => depth += 1,
            (None, ']' | ')') => depth = depth.saturating_sub(1),
            (None, c) if c.is_whitespace() && depth == 0 => return at,
            _ => {}
        }
    }
    text.len()
}

fn unquote(text: &str) -> String {
    let inner = text.get(1..text.len().saturating_sub(1)).unwrap_or_default();
    let mut out = String::new();
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        match (c, c == '\\') {
            (_, true) => match chars.next() {
                Some('n') => out.push('\n'),
                Some('t') => out.push('\t'),
                Some('r') => out.push('\r'),
                Some(other) => out.push(other),
                None => {}
            },
            (c, false) => out.push(c),
        }
    }
    out
}

fn path_of(text: &str) -> Result<Path, String> {
    let mut steps = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        match first {
            '$' | '@' => {
                if first == '$' {
                    steps.push(Step::Field("$".to_string()));
                }
                rest = &rest[1..];
            }
            '.' if rest.starts_with("..") => {
                steps.push(Step::Descend);
                rest = &rest[1..];
                if rest[1..].starts_with('[') {
                    rest = &rest[1..];
                }
            }
            '.' => {
                let (name, after) = field(&rest[1..]);
                match name.as_str() {
                    "" => {}
                    "*" => steps.push(Step::All),
                    _ => steps.push(Step::Field(name)),
                }
                rest = after;
            }
            '[' => {
                let end = closing(rest).ok_or("unterminated array")?;
                steps.push(bracket(&rest[1..end])?);
                rest = &rest[end + 1..];
            }
            other => {
                return Err(format!(
                    "unrecognized character in action: U+{:04X} {other:?}",
                    u32::from(other)
                ));
            }
        }
    }
    Ok(Path { steps })
}

/// A field's name, in which `\.` is a dot, and what follows it.
fn field(text: &str) -> (String, &str) {
    let mut name = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => name.extend(chars.next().map(|(_, c)| c)),
            '.' | '[' => return (name, &text[at..]),
            c => name.push(c),
        }
    }
    (name, "")
}

/// Where the bracket that opens the text closes.
fn closing(text: &str) -> Option<usize> {
    let (mut quote, mut depth) = (None, 0_usize);
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some(open), c) if open == c => quote = None,
            (None, '"' | '\'') => quote = Some(c),
            (None, '[') => depth += 1,
            (None, ']') if depth == 1 => return Some(at),
            (None, ']') => depth -= 1,
            _ => {}
        }
    }
    None
}

fn bracket(text: &str) -> Result<Step, String> {
    let text = text.trim();
    if let Some(filter) = text.strip_prefix("?(").and_then(|rest| rest.strip_suffix(')')) {
        return filter_of(filter);
    }
    if text == "*" {
        return Ok(Step::All);
    }
    if text.starts_with(['"', '\'']) {
        let names: Vec<Step> = text.split(',').map(|name| Step::Field(unquote(name.trim()))).collect();
        return Ok(if let [one] = names.as_slice() { one.clone() } else { Step::Union(names) });
    }
    if text.contains(',') {
        return Ok(Step::Union(text.split(',').map(bracket).collect::<Result<_, _>>()?));
    }
    let number = |part: &str| match part.trim() {
        "" => Ok(None),
        digits => digits.parse().map(Some).map_err(|_| format!("invalid array index {text}")),
    };
    let parts: Vec<&str> = text.split(':').collect();
    match parts.as_slice() {
        [index] => Ok(Step::Slice(number(index)?, None, 0)),
        [from, to] => Ok(Step::Slice(number(from)?, number(to)?, 1)),
        [from, to, step] => Ok(Step::Slice(number(from)?, number(to)?, number(step)?.unwrap_or(1).max(1))),
        _ => Err(format!("invalid array index {text}")),
    }
}

fn filter_of(text: &str) -> Result<Step, String> {
    for operator in ["==", "!=", "<=", ">=", "<", ">"] {
        if let Some((left, right)) = text.split_once(operator) {
            return Ok(Step::Filter(operand(left)?, operator.to_string(), Some(operand(right)?)));
        }
    }
    Ok(Step::Filter(operand(text)?, String::new(), None))
}

fn operand(text: &str) -> Result<Operand, String> {
    let text = text.trim();
    if text.starts_with(['"', '\'']) {
        return Ok(Operand::Value(unquote(text).into()));
    }
    if text.starts_with(['@', '.', '$']) {
        return path_of(text).map(Operand::Path);
    }
    let parsed = serde_json::from_str(text);
    parsed.map(Operand::Value).map_err(|_| format!("unrecognized identifier {text}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(template: &str, expected: &str) {
        let tree = json!({"items": [
            {"metadata": {"name": "a", "labels": {"app.kubernetes.io/name": "x"}}, "status": {"podIP": "10.244.1.4", "ready": false}},
            {"metadata": {"name": "b", "labels": {}}, "status": {"podIP": "10.244.2.4", "ready": true}},
        ]});
        let rendered = Template::parse(template).and_then(|template| template.render(&tree, false));
        assert_eq!(rendered.as_deref(), Ok(expected), "{template}");
    }

    // By the rules of https://kubernetes.io/docs/reference/kubectl/jsonpath/.
    #[test]
    fn templates_are_filled_in() {
        check(
            r#"{range .items[*]}{.metadata.name}{"\t"}{.status.podIP}{"\n"}{end}"#,
            "a\t10.244.1.4\nb\t10.244.2.4\n",
        );
        check("{.items[0].metadata.name}", "a");
        check("{.items[-1:].metadata.name}", "b");
        check("{.items[*].metadata.name}", "a b");
        check(
            "{.items[*]['metadata.name', 'status']}",
            r#"{"podIP":"10.244.1.4","ready":false} {"podIP":"10.244.2.4","ready":true}"#,
        );
        check(r#"{.items[?(@.metadata.name=="b")].status.podIP}"#, "10.244.2.4");
        check("{.items[?(@.status.ready==true)].metadata.name}", "b");
        check(r"{.items[0].metadata.labels.app\.kubernetes\.io/name}", "x");
        check("{..podIP}", "10.244.1.4 10.244.2.4");
        check("{$.items[0].metadata.name} {.nothing}!", "a !");
        check(r#"{.items[0].metadata.name}{"{}"}"#, "a{}");
    }

    // Recorded from kubectl v1.35.2.
    #[test]
    fn an_open_brace_is_refused() {
        assert_eq!(Template::parse("{.items"), Err("unclosed action".to_string()));
    }
}
