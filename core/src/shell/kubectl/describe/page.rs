//! A page of `describe`: lines at a level, columns by tabs. Knows no kind.
//! Models: kubectl `pkg/describe/describe.go` PrefixWriter and its helpers.

use super::super::table::Tabbed;
use crate::api::tree;
use crate::base::{Instant, order};
use serde_json::{Map, Value};

/// What is written so far.
#[derive(Debug)]
pub struct Page {
    open: Tabbed,
    done: String,
}

impl Default for Page {
    fn default() -> Page {
        Page { open: Tabbed::new(0, 2), done: String::new() }
    }
}

impl Page {
    /// A line at a level; a tab ends a column.
    pub fn line(&mut self, level: usize, text: &str) {
        self.open.line(&format!("{}{text}", "  ".repeat(level)));
    }

    /// A line with a title and a value.
    pub fn field(&mut self, level: usize, title: &str, value: &str) {
        self.line(level, &format!("{title}:\t{value}"));
    }

    /// Such a line, unless the value is empty.
    pub fn field_if(&mut self, level: usize, title: &str, value: &str) {
        if !value.is_empty() {
            self.field(level, title, value);
        }
    }

    /// Ends the columns: what follows is aligned by itself.
    pub fn flush(&mut self) {
        let open = std::mem::replace(&mut self.open, Tabbed::new(0, 2));
        self.done += &open.finish();
    }

    /// The whole text with its tabs, as where upstream forgets to align it.
    pub fn finish_with_tabs(self) -> String {
        self.done + &self.open.with_tabs()
    }

    /// The whole text.
    pub fn finish(mut self) -> String {
        self.flush();
        self.done
    }

    /// Labels and the like, one below the other. The title may be indented.
    pub fn labels(&mut self, title: &str, labels: Option<&Map<String, Value>>) {
        let mut start = format!("{title}:\t");
        for (key, value) in labels.into_iter().flatten() {
            self.line(0, &format!("{start}{key}={}", value.as_str().unwrap_or_default()));
            start = "\t".to_string();
        }
        if start != "\t" {
            self.line(0, &format!("{start}<none>"));
        }
    }

    /// Annotations, one below the other, without what `kubectl apply` keeps for itself.
    pub fn annotations(&mut self, title: &str, annotations: Option<&Map<String, Value>>) {
        const LONGEST: usize = 140;
        let mut start = format!("{title}:\t");
        let shown =
            annotations.into_iter().flatten().filter(|(key, _)| *key != super::super::apply::LAST_APPLIED);
        for (key, value) in shown {
            let value = value.as_str().unwrap_or_default();
            let value = value.strip_suffix('\n').unwrap_or(value);
            if value.len() + key.len() + 2 > LONGEST || value.contains('\n') {
                self.line(0, &format!("{start}{key}:"));
                for line in value.split('\n') {
                    self.line(0, &format!("\t  {}", shortened(line, LONGEST - 2)));
                }
            } else {
                self.line(0, &format!("{start}{key}: {value}"));
            }
            start = "\t".to_string();
        }
        if start != "\t" {
            self.line(0, &format!("{start}<none>"));
        }
    }
}

fn shortened(text: &str, longest: usize) -> String {
    if text.chars().count() > longest {
        text.chars().take(longest).collect::<String>() + "..."
    } else {
        text.to_string()
    }
}

/// `a=b,c=d`, sorted; `<none>` when there are none.
pub fn label_list(labels: Option<&Map<String, Value>>) -> String {
    let pairs: Vec<String> = labels
        .into_iter()
        .flatten()
        .map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default()))
        .collect();
    if pairs.is_empty() { "<none>".to_string() } else { pairs.join(",") }
}

/// A label selector as `-l` takes it.
pub fn selector(tree: Option<&Value>) -> String {
    let Some(tree) = tree else { return "<none>".to_string() };
    let mut parts: Vec<String> =
        tree::pairs(tree, "matchLabels").map(|(key, value)| format!("{key}={value}")).collect();
    for expression in tree::list(tree, "matchExpressions") {
        let key = tree::str(expression, "key");
        let values: Vec<&str> = tree::list(expression, "values").iter().filter_map(Value::as_str).collect();
        let values = values.join(",");
        parts.push(match tree::str(expression, "operator") {
            "In" => format!("{key} in ({values})"),
            "NotIn" => format!("{key} notin ({values})"),
            "DoesNotExist" => format!("!{key}"),
            _ => key.to_string(),
        });
    }
    order::sort(&mut parts);
    if parts.is_empty() { "<none>".to_string() } else { parts.join(",") }
}

/// `<none>` for nothing.
pub fn or_none(text: &str) -> &str {
    if text.is_empty() { "<none>" } else { text }
}

/// `<unset>` for nothing.
pub fn or_unset(text: &str) -> &str {
    if text.is_empty() { "<unset>" } else { text }
}

/// A timestamp as Go's RFC1123Z: `Sun, 22 Nov 2026 09:47:34 +0000`.
pub fn rfc1123(timestamp: &str) -> String {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    let Some(instant) = Instant::from_rfc3339(timestamp) else {
        return "Mon, 01 Jan 0001 00:00:00 +0000".to_string();
    };
    let ((year, month, day), second) = instant.civil();
    // The world begins on a Thursday.
    let weekday = (instant.since(Instant::ZERO).as_secs() / 86_400) % 7;
    let weekday = usize::try_from(weekday).ok().and_then(|day| DAYS.get(day)).copied().unwrap_or("Mon");
    let month = usize::try_from(month)
        .ok()
        .and_then(|month| MONTHS.get(month.wrapping_sub(1)))
        .copied()
        .unwrap_or("Jan");
    let (h, m, s) = (second / 3600, second / 60 % 60, second % 60);
    format!("{weekday}, {day:02} {month} {year:04} {h:02}:{m:02}:{s:02} +0000")
}

/// A condition's or flag's value as describe writes booleans.
pub fn titled(flag: bool) -> &'static str {
    if flag { "True" } else { "False" }
}

/// A JSON value as describe prints it: strings bare.
pub fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => "<nil>".to_string(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_written_as_go_writes_rfc1123z() {
        // 1 January 2026 is a Thursday, 22 November 2026 a Sunday (recorded from kubectl v1.35.2).
        assert_eq!(rfc1123("2026-01-01T00:00:00Z"), "Thu, 01 Jan 2026 00:00:00 +0000");
        assert_eq!(rfc1123("2026-11-22T09:47:34Z"), "Sun, 22 Nov 2026 09:47:34 +0000");
    }
}
