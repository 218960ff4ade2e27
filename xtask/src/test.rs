//! `cargo xtask test`: installs what is missing, then every check in order. The first that fails ends it.

use crate::steps::STEPS;
use std::time::Instant;

/// Runs all checks, or the one after `--only`.
pub fn run(args: &[String]) -> Result<(), String> {
    let only = match args {
        [] => None,
        [flag, name] if flag == "--only" => Some(name.as_str()),
        _ => return Err("usage: cargo xtask test [--only NAME]".into()),
    };
    if let Some(name) = only.filter(|name| STEPS.iter().all(|step| step.name != *name)) {
        let names: Vec<&str> = STEPS.iter().map(|step| step.name).collect();
        return Err(format!("there is no check {name:?}; there are {}", names.join(", ")));
    }
    let wanted = || STEPS.iter().filter(|step| only.is_none_or(|name| name == step.name));
    wanted().try_for_each(|step| (step.needs)())?;
    let began = Instant::now();
    let (mut passed, mut skipped) = (0, Vec::new());
    for step in wanted() {
        println!("\n== {}: {}", step.name, step.what);
        let at = Instant::now();
        match (step.run)() {
            Ok(missing) => {
                passed += 1;
                println!("== {} passed in {:.1} s", step.name, at.elapsed().as_secs_f64());
                skipped.extend(missing);
            }
            Err(error) => {
                println!("{passed} passed, 1 failed");
                return Err(format!("{} failed: {error}", step.name));
            }
        }
    }
    println!("\n{passed} passed, 0 failed");
    println!("all checks in {:.0} s", began.elapsed().as_secs_f64());
    if !skipped.is_empty() {
        println!("skipped: {}", skipped.join(", "));
    }
    Ok(())
}
