//! `ls`. Omits: owners, sizes of directories and times in `-l`, columns (one name per line, as into a pipe).

use super::args::Spec;
use super::filter::absolute;
use super::paths;
use super::print::Printed;
use crate::base::Text;
use crate::process::Cx;

/// `ls -a -l -1 -d -h`
pub fn run(cx: &mut Cx<'_, '_>, argv: &[Text]) -> Printed {
    let args = match (Spec { long: &[("all", 'a')], status: 2, ..Spec::new("alA1dhFrtR") }).read(argv) {
        Ok(args) => args,
        Err(printed) => return printed,
    };
    let operands = if args.operands.is_empty() { vec![Text::from(".")] } else { args.operands.clone() };
    let (mut out, mut err) = (String::new(), String::new());
    let (mut files, mut directories) = (Vec::new(), Vec::new());
    for name in &operands {
        let path = absolute(cx, name);
        let is_directory = paths::is_directory(cx.files, &path);
        match is_directory && !args.has('d') {
            true => directories.push((name.clone(), path)),
            false if is_directory || cx.files.get(&path).is_some() => files.push((name.to_string(), path)),
            false => err.push_str(&format!("ls: cannot access '{name}': No such file or directory\n")),
        }
    }
    let long = args.has('l');
    files.iter().for_each(|(name, path)| out.push_str(&line(cx, name, path, long)));
    for (n, (name, path)) in directories.iter().enumerate() {
        if operands.len() > 1 {
            let blank = if n > 0 || !files.is_empty() { "\n" } else { "" };
            out.push_str(&format!("{blank}{name}:\n"));
        }
        for name in paths::list(cx.files, path) {
            let name = name.trim_end_matches('/');
            if !name.starts_with('.') || args.has('a') || args.has('A') {
                out.push_str(&line(cx, name, &paths::absolute(path, name), long));
            }
        }
    }
    let status = if err.is_empty() { 0 } else { 2 };
    Printed { out: out.into_bytes(), err: err.into_bytes(), status }
}

fn line(cx: &Cx<'_, '_>, name: &str, path: &str, long: bool) -> String {
    if !long {
        return format!("{name}\n");
    }
    match cx.files.get(path) {
        Some(content) => format!("-rw-r--r-- 1 root root {:>6} {name}\n", content.len()),
        None => format!("drwxr-xr-x 2 root root {:>6} {name}\n", 4_096),
    }
}
