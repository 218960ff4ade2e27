//! Paths over a flat table of files: directories are implied by the paths in them, or made by a name that ends in `/`.
//! Knows no processes.

use crate::base::FlatSet;
use crate::process::Files;

/// Directories that are there even when nothing is in them.
const STANDING: &[&str] =
    &["/", "/bin", "/dev", "/etc", "/home", "/home/operator", "/root", "/tmp", "/usr", "/usr/bin", "/var"];

/// An absolute path without `.`, `..` and doubled slashes.
pub fn absolute(cwd: &str, path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    let base = if path.starts_with('/') { "" } else { cwd };
    for part in base.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

/// Whether a path is a directory.
pub fn is_directory(files: &Files, path: &str) -> bool {
    if STANDING.contains(&path) {
        return true;
    }
    let inside = format!("{path}/");
    files.paths_from(&inside).next().is_some_and(|first| first.starts_with(&inside))
}

/// The directory that holds a path.
pub fn parent(path: &str) -> &str {
    match path.rsplit_once('/') {
        Some(("", _)) | None => "/",
        Some((parent, _)) => parent,
    }
}

/// The names in a directory, in order; directories end in `/`.
pub fn list(files: &Files, directory: &str) -> FlatSet<String> {
    let inside = if directory == "/" { "/".to_string() } else { format!("{directory}/") };
    let standing = STANDING.iter().map(|path| format!("{path}/"));
    let paths =
        files.paths_from(&inside).take_while(|path| path.starts_with(&inside)).map(|path| path.to_string());
    let mut names = FlatSet::new();
    for path in paths.chain(standing) {
        let Some(rest) = path.strip_prefix(&inside) else { continue };
        match rest.split_once('/') {
            Some((name, _)) => names.insert(format!("{name}/")),
            None => names.insert(rest.to_string()),
        };
    }
    names.remove("");
    names.remove("/");
    names
}
