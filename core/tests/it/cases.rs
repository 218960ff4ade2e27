//! The cases: transcripts under `cases/`, each run in a world of its own. A difference shows the line, what was expected
//! and what came. `TIDEPOOL_CASE=dns/` runs those whose path contains it.

use std::path::{Path, PathBuf};
use tidepool_core::recording::{Recording, Script};

mod case;
mod pattern;

#[test]
fn every_case_prints_what_it_should() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("cases");
    let only = std::env::var("TIDEPOOL_CASE").unwrap_or_default();
    let mut files = Vec::new();
    collect(&root, &mut files);
    files.retain(|file| file.to_string_lossy().contains(&only));
    files.sort();
    assert!(!files.is_empty(), "no case under {} matches {only:?}", root.display());
    let failures: Vec<String> = files.iter().filter_map(|file| run(&root, file).err()).collect();
    println!("{} cases, {} failed", files.len(), failures.len());
    assert!(failures.is_empty(), "\n{}", failures.join("\n\n"));
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for path in entries.filter_map(|entry| entry.ok().map(|entry| entry.path())) {
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "case") {
            files.push(path);
        }
    }
}

/// Runs one case to its first difference.
fn run(root: &Path, file: &Path) -> Result<(), String> {
    let name = file.strip_prefix(root).unwrap_or(file).display().to_string();
    let text = std::fs::read_to_string(file).map_err(|error| format!("{name}: {error}"))?;
    let case = case::parse(&text).map_err(|error| format!("{name}: {error}"))?;
    let recording = Recording::new(case.seed, &case.cluster);
    let mut script = Script::new(recording).map_err(|error| format!("{name}: {error:?}"))?;
    for block in &case.blocks {
        let at = format!("{name}:{}", block.line);
        let result = script.line(&block.command).map_err(|error| format!("{at}: {error}"))?;
        let mut printed = result.output;
        if result.status != 0 {
            if !printed.is_empty() && !printed.ends_with('\n') {
                printed.push('\n');
            }
            printed.push_str(&format!("[exit {}]\n", result.status));
        }
        pattern::compare(&block.expected, &printed)
            .map_err(|difference| format!("{at}: {}\n{difference}", block.command))?;
    }
    Ok(())
}
