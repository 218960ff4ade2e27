//! `rm`, `touch`, `mkdir`, `rmdir`, `cp`, `mv`. A directory that nothing is in is a path that ends in `/`.

use super::args::Spec;
use super::filter::absolute;
use super::paths;
use super::print::{FileChange, Printed};
use crate::base::Text;
use crate::process::{Cx, Files};

type Changed = (Vec<FileChange>, Printed);

fn failed(printed: Printed) -> Changed {
    (Vec::new(), printed)
}

fn result(changes: Vec<FileChange>, err: String) -> Changed {
    let status = i32::from(!err.is_empty());
    (changes, Printed { out: Vec::new(), err: err.into_bytes(), status })
}

/// The paths under a directory, and the directory's own mark.
fn inside(files: &Files, directory: &str) -> Vec<String> {
    let prefix = format!("{directory}/");
    files
        .paths_from(&prefix)
        .take_while(|path| path.starts_with(&prefix))
        .map(|path| path.to_string())
        .collect()
}

/// `rm -r -f`
pub fn rm(cx: &mut Cx<'_, '_>, argv: &[Text]) -> Changed {
    let args = match (Spec { long: &[("recursive", 'r'), ("force", 'f')], ..Spec::new("rRfvid") }).read(argv)
    {
        Ok(args) => args,
        Err(printed) => return failed(printed),
    };
    if args.operands.is_empty() && !args.has('f') {
        return failed(Printed::fail(1, "rm: missing operand\nTry 'rm --help' for more information."));
    }
    let recursive = args.has('r') || args.has('R');
    let (mut changes, mut err) = (Vec::new(), String::new());
    for name in &args.operands {
        let path = absolute(cx, name);
        if cx.files.get(&path).is_some() {
            changes.push(FileChange::Remove(path));
        } else if paths::is_directory(cx.files, &path) {
            match recursive {
                true => changes.extend(inside(cx.files, &path).into_iter().map(FileChange::Remove)),
                false => err.push_str(&format!("rm: cannot remove '{name}': Is a directory\n")),
            }
        } else if !args.has('f') {
            err.push_str(&format!("rm: cannot remove '{name}': No such file or directory\n"));
        }
    }
    result(changes, err)
}

/// `touch`
pub fn touch(cx: &mut Cx<'_, '_>, argv: &[Text]) -> Changed {
    let (mut changes, mut err) = (Vec::new(), String::new());
    for name in argv.iter().skip(1).filter(|word| !word.starts_with('-')) {
        let path = absolute(cx, name);
        if cx.files.get(&path).is_some() || paths::is_directory(cx.files, &path) {
            continue;
        }
        match paths::is_directory(cx.files, paths::parent(&path)) {
            true => changes.push(FileChange::Put(path, "".into())),
            false => err.push_str(&format!("touch: cannot touch '{name}': No such file or directory\n")),
        }
    }
    result(changes, err)
}

/// `mkdir -p`
pub fn mkdir(cx: &mut Cx<'_, '_>, argv: &[Text]) -> Changed {
    let args = match (Spec { long: &[("parents", 'p')], ..Spec::new("pv") }).read(argv) {
        Ok(args) => args,
        Err(printed) => return failed(printed),
    };
    if args.operands.is_empty() {
        return failed(Printed::fail(1, "mkdir: missing operand\nTry 'mkdir --help' for more information."));
    }
    let (mut changes, mut err) = (Vec::new(), String::new());
    for name in &args.operands {
        let path = absolute(cx, name);
        let exists = paths::is_directory(cx.files, &path);
        let why = if cx.files.get(&path).is_some() || exists && !args.has('p') {
            "File exists"
        } else if !args.has('p') && !paths::is_directory(cx.files, paths::parent(&path)) {
            "No such file or directory"
        } else {
            let mut missing = path.as_str();
            while !paths::is_directory(cx.files, missing) {
                changes.push(FileChange::Put(format!("{missing}/"), "".into()));
                missing = paths::parent(missing);
            }
            continue;
        };
        err.push_str(&format!("mkdir: cannot create directory '{name}': {why}\n"));
    }
    result(changes, err)
}

/// `rmdir`
pub fn rmdir(cx: &mut Cx<'_, '_>, argv: &[Text]) -> Changed {
    let (mut changes, mut err) = (Vec::new(), String::new());
    for name in argv.iter().skip(1).filter(|word| !word.starts_with('-')) {
        let path = absolute(cx, name);
        let mark = format!("{path}/");
        let why = match inside(cx.files, &path).as_slice() {
            _ if cx.files.get(&path).is_some() => "Not a directory",
            [] => "No such file or directory",
            [only] if *only == mark => {
                changes.push(FileChange::Remove(mark));
                continue;
            }
            _ => "Directory not empty",
        };
        err.push_str(&format!("rmdir: failed to remove '{name}': {why}\n"));
    }
    result(changes, err)
}

/// `cp`; `-r` copies what is in a directory.
pub fn cp(cx: &mut Cx<'_, '_>, argv: &[Text]) -> Changed {
    transfer(cx, argv, false)
}

/// `mv`
pub fn mv(cx: &mut Cx<'_, '_>, argv: &[Text]) -> Changed {
    transfer(cx, argv, true)
}

fn transfer(cx: &mut Cx<'_, '_>, argv: &[Text], moves: bool) -> Changed {
    let tool = if moves { "mv" } else { "cp" };
    let args =
        match (Spec { long: &[("recursive", 'r'), ("force", 'f')], ..Spec::new("rRafipvn") }).read(argv) {
            Ok(args) => args,
            Err(printed) => return failed(printed),
        };
    let help = format!("Try '{tool} --help' for more information.");
    let (to, sources) = match args.operands.as_slice() {
        [] => return failed(Printed::fail(1, &format!("{tool}: missing file operand\n{help}"))),
        [only] => {
            let what = format!("{tool}: missing destination file operand after '{only}'\n{help}");
            return failed(Printed::fail(1, &what));
        }
        [sources @ .., to] => (to, sources),
    };
    let target = absolute(cx, to);
    let into = paths::is_directory(cx.files, &target);
    if sources.len() > 1 && !into {
        return failed(Printed::fail(1, &format!("{tool}: target '{to}': No such file or directory")));
    }
    let recursive = moves || args.has('r') || args.has('R') || args.has('a');
    let (mut changes, mut err) = (Vec::new(), String::new());
    for name in sources {
        let path = absolute(cx, name);
        let base = path.rsplit('/').next().unwrap_or_default();
        let goal = if into { format!("{}/{base}", target.trim_end_matches('/')) } else { target.clone() };
        let mut put = |from: &str, to: String| {
            changes.push(FileChange::Put(to, cx.files.get(from).cloned().unwrap_or_default()));
            if moves {
                changes.push(FileChange::Remove(from.to_string()));
            }
        };
        if path == goal {
            err.push_str(&format!("{tool}: '{name}' and '{to}' are the same file\n"));
        } else if cx.files.get(&path).is_some() {
            put(&path, goal);
        } else if !paths::is_directory(cx.files, &path) {
            err.push_str(&format!("{tool}: cannot stat '{name}': No such file or directory\n"));
        } else if !recursive {
            err.push_str(&format!("cp: -r not specified; omitting directory '{name}'\n"));
        } else {
            for from in inside(cx.files, &path) {
                let rest = from.strip_prefix(&path).unwrap_or_default();
                put(&from, format!("{goal}{rest}"));
            }
        }
    }
    result(changes, err)
}
