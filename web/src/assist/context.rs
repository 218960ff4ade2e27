//! Where the cursor is in a manifest: which kind, which path, key or value. Reads line by line and needs no sound YAML,
//! since what is being typed seldom is. Knows no fields.

use super::flow;

/// One step from the root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Into a map.
    Key(String),
    /// Into a list.
    Item,
}

/// What stands at the cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum At {
    /// A key, or where one could be.
    Key,
    /// A value.
    #[default]
    Value,
}

/// Where the cursor is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Context {
    /// The document's bytes.
    pub document: std::ops::Range<usize>,
    /// Its `apiVersion`; may be empty.
    pub api_version: String,
    /// Its `kind`; may be empty.
    pub kind: String,
    /// The way to the map or list that the cursor is in; for a value, its key included.
    pub path: Vec<Step>,
    /// Key or value.
    pub at: At,
    /// What is typed up to the cursor.
    pub typed: String,
    /// Where that begins, in bytes.
    pub from: usize,
    /// The other keys of the same map.
    pub siblings: Vec<String>,
    /// The column of the key, from 0.
    pub column: usize,
    /// Whether the cursor is within `{}` or `[]`.
    pub in_flow: bool,
}

impl Context {
    /// The path as people write it: `spec.ports[].port`.
    pub fn written(&self) -> String {
        written(&self.path)
    }
}

/// A path as people write it.
pub fn written(path: &[Step]) -> String {
    let mut out = String::new();
    for step in path {
        match step {
            Step::Item => out.push_str("[]"),
            Step::Key(key) => {
                if !out.is_empty() {
                    out.push('.');
                }
                out.push_str(key);
            }
        }
    }
    out
}

/// A line as YAML's block style sees it.
#[derive(Debug, Clone, Default)]
struct Line<'a> {
    /// The columns of its leading dashes.
    dashes: Vec<usize>,
    /// The column of what follows.
    column: usize,
    /// What follows.
    rest: &'a str,
}

impl<'a> Line<'a> {
    fn of(text: &'a str) -> Line<'a> {
        let mut dashes = Vec::new();
        let mut column = 0;
        let mut rest = text;
        loop {
            let trimmed = rest.trim_start_matches(' ');
            column += rest.len() - trimmed.len();
            rest = trimmed;
            if let Some(after) =
                rest.strip_prefix('-').filter(|after| after.is_empty() || after.starts_with(' '))
            {
                dashes.push(column);
                column += 1;
                rest = after;
            } else {
                return Line { dashes, column, rest };
            }
        }
    }

    fn is_blank(&self) -> bool {
        self.dashes.is_empty() && (self.rest.trim().is_empty() || self.rest.starts_with('#'))
    }

    /// The key and what is after its colon.
    fn entry(&self) -> Option<(&'a str, &'a str)> {
        let colon = colon(self.rest)?;
        let (key, after) = (self.rest.get(..colon)?, self.rest.get(colon + 1..)?);
        Some((key.trim().trim_matches(['"', '\'']), after))
    }

    /// The key, when its value is on the lines below.
    fn opens(&self) -> Option<&'a str> {
        let (key, after) = self.entry()?;
        let after = after.trim();
        (after.is_empty() || after.starts_with(['#', '&', '!'])).then_some(key)
    }
}

/// The colon that ends a key.
fn colon(text: &str) -> Option<usize> {
    let quote = text.chars().next().filter(|c| matches!(c, '"' | '\''));
    let skip = quote.and_then(|quote| text.get(1..)?.find(quote).map(|end| end + 2)).unwrap_or(0);
    if text.starts_with(['{', '[', '#']) {
        return None;
    }
    let found = text.get(skip..)?.char_indices().find(|(at, c)| {
        let next = text.get(skip + at + 1..).unwrap_or_default();
        *c == ':' && (next.is_empty() || next.starts_with([' ', '\t', '\r']))
    });
    found.map(|(at, _)| skip + at)
}

/// Where the cursor is; `None` in comments.
pub fn context(text: &str, offset: usize) -> Option<Context> {
    let before = text.get(..offset)?;
    let document = document(text, offset);
    let start = before.rfind('\n').map_or(0, |at| at + 1).max(document.start);
    let upto = text.get(start..offset)?;
    if in_comment(upto) || upto.starts_with("---") {
        return None;
    }
    let end = text.get(offset..)?.find('\n').map_or(text.len(), |at| offset + at);
    let line = Line::of(upto);
    let lines: Vec<&str> = text.get(document.start..start)?.lines().collect();
    let below: Vec<&str> = text.get(end..document.end)?.lines().skip(1).collect();
    let whole = text.get(document.clone())?;
    let mut path = parents(&lines, &line);
    let mut found = Context {
        api_version: top_level(whole, "apiVersion"),
        kind: top_level(whole, "kind"),
        document,
        path: Vec::new(),
        at: At::Key,
        typed: line.rest.to_string(),
        from: offset - line.rest.len(),
        siblings: siblings(&lines, &line, &below),
        column: line.column,
        in_flow: false,
    };
    let value = match line.entry() {
        Some((key, after)) => {
            path.push(Step::Key(key.to_string()));
            found.at = At::Value;
            after.trim_start()
        }
        None => line.rest,
    };
    if value.starts_with(['{', '[']) {
        let inner = flow::read(value);
        found.in_flow = true;
        path.extend(inner.path);
        (found.at, found.siblings) = (inner.at, inner.siblings);
        (found.typed, found.from) = (inner.typed.clone(), offset - inner.typed.len());
    } else if found.at == At::Value {
        let typed = value.trim_start_matches(['"', '\'']);
        (found.typed, found.from) = (typed.to_string(), offset - typed.len());
    }
    found.path = path;
    Some(found)
}

fn in_comment(upto: &str) -> bool {
    let mut quote = None;
    let mut last = ' ';
    for c in upto.chars() {
        match (quote, c) {
            (None, '#') if last == ' ' => return true,
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), c) if open == c => quote = None,
            _ => {}
        }
        last = c;
    }
    false
}

/// The document between separators that holds an offset.
pub fn document(text: &str, offset: usize) -> std::ops::Range<usize> {
    let (mut start, mut at) = (0, 0);
    for line in text.split_inclusive('\n') {
        if line.starts_with("---") {
            if at > offset {
                return start..at;
            }
            start = at + line.len();
        }
        at += line.len();
    }
    start.min(offset)..text.len()
}

/// The value of a key without indentation.
fn top_level(document: &str, key: &str) -> String {
    let value = document.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':'));
    let value = value.map(|value| value.split(" #").next().unwrap_or(value));
    value.unwrap_or_default().trim().trim_matches(['"', '\'']).to_string()
}

/// The way from the root to where a line stands, found by going up and left.
fn parents(above: &[&str], line: &Line<'_>) -> Vec<Step> {
    let mut path = Vec::new();
    let mut column = line.column;
    // Whether what we look for may stand at the same column: a list's dashes may be as far left as its key.
    let mut in_item = false;
    for dash in line.dashes.iter().rev() {
        path.push(Step::Item);
        (column, in_item) = (*dash, true);
    }
    for text in above.iter().rev() {
        if column == 0 && !in_item {
            break;
        }
        let line = Line::of(text);
        if line.is_blank() {
            continue;
        }
        let is_left = line.column < column || (in_item && line.column == column);
        let enters = match line.opens().filter(|_| is_left) {
            Some(key) => {
                path.push(Step::Key(key.to_string()));
                (column, in_item) = (line.column, false);
                true
            }
            None => (line.column == column && !in_item) || line.rest.trim().is_empty(),
        };
        for dash in line.dashes.iter().rev().filter(|_| enters) {
            if *dash < column {
                path.push(Step::Item);
                (column, in_item) = (*dash, true);
            }
        }
    }
    path.reverse();
    path
}

/// The other keys of the map that a line stands in.
fn siblings(above: &[&str], line: &Line<'_>, below: &[&str]) -> Vec<String> {
    let mut keys = Vec::new();
    let mut take = |other: &Line<'_>| {
        if other.column == line.column
            && let Some((key, _)) = other.entry()
        {
            keys.push(key.to_string());
        }
    };
    if line.dashes.is_empty() {
        for text in above.iter().rev() {
            let other = Line::of(text);
            if other.is_blank() {
                continue;
            }
            if other.column < line.column {
                break;
            }
            take(&other);
            if other.dashes.iter().any(|dash| *dash < line.column) && other.column == line.column {
                break;
            }
        }
    }
    for text in below {
        let other = Line::of(text);
        if other.is_blank() {
            continue;
        }
        if other.column < line.column || other.dashes.iter().any(|dash| *dash < line.column) {
            break;
        }
        take(&other);
    }
    keys
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The context at the `|`.
    fn at(text: &str) -> Context {
        let offset = text.find('|').expect("a cursor");
        context(&text.replacen('|', "", 1), offset).expect("a context")
    }

    #[test]
    fn a_value_at_the_root() {
        let found = at("apiVersion: v1\nkind: Ser|\n");
        assert_eq!((found.written().as_str(), found.at, found.typed.as_str()), ("kind", At::Value, "Ser"));
        assert_eq!(found.api_version, "v1");
    }

    #[test]
    fn lists_at_the_column_of_their_key_and_indented() {
        for list in ["- port: 80\n    tar|", "  - port: 80\n      tar|"] {
            let found = at(&format!("kind: Service\nspec:\n  ports:\n  {list}"));
            assert_eq!(found.written(), "spec.ports[]", "{list}");
            assert_eq!((found.siblings, found.typed), (vec!["port".to_string()], "tar".to_string()));
        }
        let second = at("spec:\n  ports:\n  - port: 80\n    name: a\n  - na|");
        assert_eq!((second.written().as_str(), second.siblings.len()), ("spec.ports[]", 0));
        let value = at("spec:\n  ports:\n  - port: 80\n  - protocol: T|");
        assert_eq!(value.written(), "spec.ports[].protocol");
        let after = at("spec:\n  ports:\n  - port: 80\n  se|");
        assert_eq!((after.written().as_str(), after.siblings), ("spec", vec!["ports".to_string()]));
    }

    #[test]
    fn deep_paths_pass_by_what_is_to_the_right() {
        let text = "spec:\n  template:\n    metadata:\n      labels:\n        app: x\n    spec:\n      containers:\n      - name: c\n        ports:\n        - containerPort: 80\n        readinessProbe:\n          tcp|";
        assert_eq!(at(text).written(), "spec.template.spec.containers[].readinessProbe");
    }

    #[test]
    fn documents_are_apart() {
        let found = at("kind: Pod\nspec: {}\n---\nkind: Service\n|\n---\nkind: X\n");
        assert_eq!((found.kind.as_str(), found.written().as_str(), found.at), ("Service", "", At::Key));
        assert_eq!(found.siblings, ["kind"]);
    }

    #[test]
    fn braces_and_brackets() {
        let found = at("kind: Service\nspec:\n  selector: {app: My|");
        assert_eq!((found.written().as_str(), found.typed.as_str()), ("spec.selector.app", "My"));
        let found = at("kind: Service\nspec:\n  ports: [{port: 80, tar|}]");
        assert_eq!((found.written().as_str(), found.at), ("spec.ports[]", At::Key));
        assert_eq!(found.siblings, ["port"]);
    }

    #[test]
    fn comments_have_none() {
        assert_eq!(context("a: 1 # ki", 9), None);
        assert!(context("a: 1#ki", 7).is_some());
    }
}
