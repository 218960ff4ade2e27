//! Wildcards against the files of a namespace.

use super::pattern::Pattern;
use crate::process::Files;
use crate::shell::paths;

/// The paths that a pattern matches, in order: relative ones as typed from the working directory.
pub fn expand(pattern: &Pattern, files: &Files, cwd: &str) -> Vec<String> {
    let components = pattern.components();
    let absolute = components.first().is_some_and(|first| first.text().is_empty() && !first.is_wild());
    let start = if absolute { ("/".to_string(), "/".to_string()) } else { (cwd.to_string(), String::new()) };
    let mut found = vec![start];
    let parts: Vec<&Pattern> = components.iter().skip(usize::from(absolute)).collect();
    for (n, part) in parts.iter().enumerate() {
        let last = n + 1 == parts.len();
        let mut next = Vec::new();
        for (directory, shown) in &found {
            for name in names(part, files, directory) {
                let is_directory = name.ends_with('/');
                let name = name.trim_end_matches('/');
                if last || is_directory {
                    let slash = if last { "" } else { "/" };
                    next.push((paths::absolute(directory, name), format!("{shown}{name}{slash}")));
                }
            }
        }
        found = next;
    }
    found.into_iter().map(|(_, shown)| shown).collect()
}

fn names(part: &Pattern, files: &Files, directory: &str) -> Vec<String> {
    let all = paths::list(files, directory);
    let fits = |name: &String| {
        let bare = name.trim_end_matches('/');
        part.matches(bare) && (!bare.starts_with('.') || part.begins_with_dot())
    };
    all.into_iter().filter(fits).collect()
}
