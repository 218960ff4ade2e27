//! Columns: text with tabs, aligned as Go's tabwriter does it, and the server's Tables. Knows no kind.
//! Models: Go `text/tabwriter`, cli-runtime `pkg/printers/tableprinter.go`.
//! Omits: alignment to the right, tab padding, escapes.

use crate::api::tree;
use serde_json::Value;

/// Lines whose cells end with a tab; cells of neighbouring lines form columns.
#[derive(Debug, Clone)]
pub struct Tabbed {
    min_width: usize,
    padding: usize,
    lines: Vec<Vec<String>>,
}

/// A line with more cells than this keeps the rest as one cell; formatting goes one level deeper for each column.
const MAX_CELLS: usize = 64;

impl Tabbed {
    /// Columns with a least width and so many spaces between them.
    pub fn new(min_width: usize, padding: usize) -> Tabbed {
        Tabbed { min_width, padding, lines: Vec::new() }
    }

    /// Appends a line, or several when the text has line ends.
    pub fn line(&mut self, text: &str) {
        for line in text.split('\n') {
            self.lines.push(line.splitn(MAX_CELLS, '\t').map(String::from).collect());
        }
    }

    /// The text as it was written.
    pub fn with_tabs(&self) -> String {
        self.lines.iter().map(|line| line.join("\t") + "\n").collect()
    }

    /// The aligned text.
    pub fn finish(&self) -> String {
        let mut out = String::new();
        self.block(0, self.lines.len(), &mut Vec::new(), &mut out);
        out
    }

    /// Writes lines whose first columns have known widths: finds the blocks of the next column.
    fn block(&self, mut start: usize, end: usize, widths: &mut Vec<usize>, out: &mut String) {
        let column = widths.len();
        let has_column = |at: usize| self.lines.get(at).is_some_and(|line| column + 1 < line.len());
        let mut at = start;
        while at < end {
            if !has_column(at) {
                at += 1;
                continue;
            }
            self.write(start, at, widths, out);
            start = at;
            while at < end && has_column(at) {
                at += 1;
            }
            let cells = self.lines[start..at].iter().filter_map(|line| line.get(column));
            let width = cells.map(|cell| cell.chars().count() + self.padding).max().unwrap_or(0);
            widths.push(width.max(self.min_width));
            self.block(start, at, widths, out);
            widths.pop();
            start = at;
        }
        self.write(start, end, widths, out);
    }

    fn write(&self, start: usize, end: usize, widths: &[usize], out: &mut String) {
        for line in &self.lines[start..end] {
            for (at, cell) in line.iter().enumerate() {
                out.push_str(cell);
                if let Some(width) = widths.get(at) {
                    out.extend(std::iter::repeat_n(' ', width.saturating_sub(cell.chars().count())));
                }
            }
            out.push('\n');
        }
    }
}

/// How the rows of a Table are shown.
#[derive(Debug, Clone, Default)]
pub struct Style {
    /// Columns of `-o wide` too.
    pub wide: bool,
    /// No header line.
    pub no_headers: bool,
    /// A first column NAMESPACE.
    pub with_namespace: bool,
    /// Names as `service/web`.
    pub with_kind: Option<String>,
    /// A last column LABELS.
    pub show_labels: bool,
    /// Columns of labels.
    pub label_columns: Vec<String>,
    /// A first column EVENT, for watches.
    pub with_event: bool,
}

/// Rows of one kind, aligned together; across flushes the widths are kept, so that a watch stays aligned.
#[derive(Debug, Clone, Default)]
pub struct Rows {
    rows: Vec<Vec<String>>,
    widths: Vec<usize>,
    has_header: bool,
}

impl Rows {
    /// Adds a Table's rows, under a header if it is the first to have any.
    pub fn add(&mut self, table: &Value, event: &str, style: &Style) {
        let rows = tree::list(table, "rows");
        if rows.is_empty() {
            return;
        }
        let columns = tree::list(table, "columnDefinitions");
        let shown = |at: usize| {
            style.wide || columns.get(at).and_then(|c| tree::int(c, "priority")).unwrap_or(0) == 0
        };
        if !self.has_header && !style.no_headers {
            self.has_header = true;
            self.rows.push(header(columns, &shown, style));
        }
        for row in rows {
            self.rows.push(cells(row, &shown, event, style));
        }
    }

    /// Whether nothing waits to be printed.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The rows so far, aligned; later rows keep the widths.
    pub fn flush(&mut self) -> String {
        const MIN_WIDTH: usize = 6;
        const PADDING: usize = 3;
        let mut out = String::new();
        for row in &self.rows {
            for (at, cell) in row.iter().enumerate() {
                if self.widths.len() <= at {
                    self.widths.push(MIN_WIDTH);
                }
                self.widths[at] = self.widths[at].max(cell.chars().count() + PADDING);
            }
        }
        for row in &self.rows {
            for (at, cell) in row.iter().enumerate() {
                out.push_str(cell);
                if at + 1 < row.len() {
                    out.extend(std::iter::repeat_n(' ', self.widths[at] - cell.chars().count()));
                }
            }
            out.push('\n');
        }
        self.rows.clear();
        out
    }
}

fn header(columns: &[Value], shown: &impl Fn(usize) -> bool, style: &Style) -> Vec<String> {
    let mut cells = Vec::new();
    if style.with_event {
        cells.push("EVENT".to_string());
    }
    if style.with_namespace {
        cells.push("NAMESPACE".to_string());
    }
    let names = columns.iter().enumerate().filter(|(at, _)| shown(*at));
    cells.extend(names.map(|(_, column)| tree::str(column, "name").to_uppercase()));
    let last_part = |label: &String| label.rsplit('/').next().unwrap_or_default().to_uppercase();
    cells.extend(style.label_columns.iter().map(last_part));
    if style.show_labels {
        cells.push("LABELS".to_string());
    }
    cells
}

fn cells(row: &Value, shown: &impl Fn(usize) -> bool, event: &str, style: &Style) -> Vec<String> {
    let object = row.get("object").unwrap_or(&Value::Null);
    let mut out = Vec::new();
    if style.with_event {
        out.push(event.to_string());
    }
    if style.with_namespace {
        out.push(tree::str(object, "metadata.namespace").to_string());
    }
    for (at, value) in tree::list(row, "cells").iter().enumerate().filter(|(at, _)| shown(*at)) {
        let text = cell(value);
        match (&style.with_kind, at) {
            (Some(kind), 0) => out.push(format!("{kind}/{text}")),
            _ => out.push(text),
        }
    }
    let labels = tree::map(object, "metadata.labels");
    for label in &style.label_columns {
        let value = labels.and_then(|labels| labels.get(label)).and_then(Value::as_str);
        out.push(value.unwrap_or_default().to_string());
    }
    if style.show_labels {
        let pairs: Vec<String> =
            tree::pairs(object, "metadata.labels").map(|(key, value)| format!("{key}={value}")).collect();
        out.push(if pairs.is_empty() { "<none>".to_string() } else { pairs.join(",") });
    }
    out
}

/// A cell's text; a line end cuts it, as one row is one line.
fn cell(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Null => "<none>".to_string(),
        other => other.to_string(),
    };
    match text.split_once('\n') {
        Some((first, _)) => format!("{first}..."),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    // Recorded from kubectl v1.35.2 against kube-apiserver v1.35.6.
    #[test]
    fn columns_of_describe_are_as_wide_as_their_block() {
        let mut tabbed = Tabbed::new(0, 2);
        for line in ["AddressType:\tIPv4", "Ports:", "  Name\tPort\tProtocol", "  ----\t----\t--------"] {
            tabbed.line(line);
        }
        tabbed.line("  <unset>\t9376\tTCP");
        assert_eq!(
            tabbed.finish(),
            "AddressType:  IPv4\nPorts:\n  Name     Port  Protocol\n  ----     ----  --------\n  <unset>  9376  TCP\n"
        );
    }

    #[test]
    fn a_table_hides_wide_columns_and_keeps_its_widths() {
        let table = |name: &str| {
            json!({
                "columnDefinitions": [{"name": "Name", "priority": 0}, {"name": "Age", "priority": 0},
                    {"name": "Selector", "priority": 1}],
                "rows": [{"cells": [name, "1s", "app=MyApp"], "object": {"metadata": {"labels": {"a": "b"}}}}],
            })
        };
        let mut rows = Rows::default();
        rows.add(&table("my-service"), "", &Style::default());
        assert_eq!(rows.flush(), "NAME         AGE\nmy-service   1s\n");
        rows.add(&table("web"), "", &Style::default());
        assert_eq!(rows.flush(), "web          1s\n");
        let mut rows = Rows::default();
        let style = Style { show_labels: true, with_kind: Some("service".into()), ..Style::default() };
        rows.add(&table("web"), "", &style);
        assert_eq!(rows.flush(), "NAME          AGE   LABELS\nservice/web   1s    a=b\n");
    }
}
