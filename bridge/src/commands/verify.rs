//! `tidepool verify`: proves the lessons of a folder.

use lexopt::{Arg, Parser};
use std::fs;
use std::path::Path;
use tidepool_tutorials::verify;
use tidepool_tutorials::verify::Files;

/// Runs it; the exit status is 1 when something is wrong.
pub fn run(mut args: Parser) -> Result<u8, String> {
    let folder = match args.next().map_err(|error| error.to_string())? {
        Some(Arg::Value(folder)) => folder,
        Some(other) => return Err(other.unexpected().to_string()),
        None => return Err("verify needs the folder of the lessons, such as tutorials/".into()),
    };
    let root = Path::new(&folder);
    let mut files = Files::new();
    gather(root, root, &mut files).map_err(|error| format!("cannot read {}: {error}", root.display()))?;
    let (lessons, problems) = verify(&files);
    problems.iter().for_each(|problem| println!("{problem}"));
    println!("{lessons} lessons, {} problems", problems.len());
    Ok(u8::from(!problems.is_empty()))
}

/// The text files of a folder, by relative path. Files that are no text are no part of a lesson.
fn gather(root: &Path, at: &Path, files: &mut Files) -> std::io::Result<()> {
    for entry in fs::read_dir(at)? {
        let path = entry?.path();
        if path.is_dir() {
            gather(root, &path, files)?;
        } else if let Ok(text) = fs::read_to_string(&path) {
            let relative = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().replace('\\', "/");
            files.insert(relative, text);
        }
    }
    Ok(())
}
