//! The real kubectl beside ours: for the same world, the same commands print the same. Goes without, and says so, where
//! kubectl is not installed.

use std::path::{Path, PathBuf};
use std::process::Command;
use tidepool_clients::{Served, tidepool};

/// The version whose words are compared.
const VERSION: &str = "v1.35.";

/// Where `cargo xtask` unpacks it, or anywhere on the path if it is of the right version.
fn kubectl() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent()?;
    let unpacked = root.join("target/clients");
    if unpacked.join("kubectl").exists() {
        return Some(unpacked);
    }
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).find(|folder| is_right(&folder.join("kubectl")))
}

fn is_right(kubectl: &Path) -> bool {
    let output = Command::new(kubectl).args(["version", "--client"]).output();
    output.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).contains(VERSION))
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/kubectl")
}

fn read(name: &str) -> String {
    std::fs::read_to_string(folder().join(name)).expect("a file of the test")
}

/// The commands: each, and whether both must print the same.
fn commands() -> Vec<(String, bool)> {
    let line = |line: &str| match line.strip_prefix("~ ") {
        Some(command) => (command.to_string(), false),
        None => (line.to_string(), true),
    };
    read("commands.txt").lines().filter(|l| !l.starts_with('#') && !l.trim().is_empty()).map(line).collect()
}

const MARK: &str = "--8<-- ";

/// What our kubectl prints for each command.
fn ours(commands: &[(String, bool)]) -> Vec<String> {
    let mut script = format!("cat > app.yaml <<'END'\n{}END\n", read("app.yaml"));
    script += &read("setup.txt");
    for (n, (command, _)) in commands.iter().enumerate() {
        script += &format!("echo '{MARK}{n}'\n{command} 2>&1\necho \"[$?]\"\n");
    }
    let file = std::env::temp_dir().join(format!("tidepool-ours-{}.sh", std::process::id()));
    std::fs::write(&file, script).expect("a script");
    let output = Command::new(tidepool()).arg("run").arg(&file).output().expect("a run");
    let _ = std::fs::remove_file(&file);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.split(MARK).skip(1).map(|part| part.split_once('\n').unwrap_or_default().1.to_string()).collect()
}

/// What the real one prints.
fn theirs(kubectl: &Path, commands: &[(String, bool)]) -> Vec<String> {
    let served = Served::start(&["--speed", "max"]);
    let home = std::env::temp_dir().join(format!("tidepool-home-{}", std::process::id()));
    std::fs::create_dir_all(&home).expect("a home");
    let mut path = kubectl.as_os_str().to_owned();
    path.push(":");
    path.push(std::env::var_os("PATH").unwrap_or_default());
    let run = |command: &str| {
        let mut shell = Command::new("bash");
        shell.args(["-c", &format!("exec 2>&1; {command}\necho \"[$?]\"")]).current_dir(folder());
        shell.env("PATH", &path).env("HOME", &home).env("KUBECONFIG", served.said("kubeconfig"));
        let output = shell.output().expect("bash runs");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    for line in read("setup.txt").lines() {
        let printed = run(line);
        assert!(printed.ends_with("[0]\n"), "{line}\n{printed}");
    }
    let all = commands.iter().map(|(command, _)| run(command)).collect();
    let _ = std::fs::remove_dir_all(&home);
    all
}

/// Without what must differ: ages, times, uids, revisions, and the columns' widths, which follow from them.
fn normal(text: &str) -> String {
    let mut out = String::new();
    for line in text.lines() {
        let words: Vec<String> = line.split_whitespace().map(word).collect();
        out += &without_dates(&words.join(" "));
        out.push('\n');
    }
    out
}

/// `Wed, 25 Nov 2026 04:13:08 +0000`, as describe writes dates.
fn without_dates(line: &str) -> String {
    let words: Vec<&str> = line.split(' ').collect();
    let is_date = |at: &[&str]| {
        let [day, .., zone] = at else { return false };
        day.len() == 4 && day.ends_with(',') && *zone == "+0000"
    };
    let mut out: Vec<&str> = Vec::new();
    let mut at = 0;
    while let Some(word) = words.get(at) {
        if words.get(at..at + 6).is_some_and(is_date) {
            out.push("<date>");
            at += 6;
        } else {
            out.push(word);
            at += 1;
        }
    }
    out.join(" ")
}

fn word(word: &str) -> String {
    let bare = word.trim_matches(['"', ',', '(', ')']);
    let is_age = bare.ends_with(['s', 'm', 'h', 'd'])
        && bare.starts_with(|c: char| c.is_ascii_digit())
        && bare.chars().all(|c| c.is_ascii_digit() || "smhd".contains(c));
    let is_time = bare.len() >= 20 && bare.ends_with('Z') && bare.as_bytes().get(10) == Some(&b'T');
    let is_uid = bare.len() == 36 && bare.chars().all(|c| c.is_ascii_hexdigit() || c == '-');
    let is_number = !bare.is_empty() && bare.chars().all(|c| c.is_ascii_digit()) && word.starts_with('"');
    match () {
        // Where the world has run ahead of the wall's clock, the real one says that an age is invalid.
        () if is_age || word == "<invalid>" => "<age>".into(),
        () if is_time => word.replace(bare, "<time>"),
        () if is_uid => word.replace(bare, "<uid>"),
        () if is_number => word.replace(bare, "<number>"),
        () => word.into(),
    }
}

#[test]
fn ours_prints_what_the_real_one_prints() {
    let Some(kubectl) = kubectl() else {
        println!("skipped: kubectl {VERSION}* is not installed");
        return;
    };
    let commands = commands();
    let (ours, theirs) = (ours(&commands), theirs(&kubectl, &commands));
    assert_eq!(ours.len(), commands.len(), "every command was run here");
    let mut same = 0;
    let mut different = Vec::new();
    for (((command, must), ours), theirs) in commands.iter().zip(&ours).zip(&theirs) {
        match (normal(ours) == normal(theirs), must) {
            (true, _) => same += 1,
            (false, true) => different.push(format!("$ {command}\n--- real\n{theirs}\n--- ours\n{ours}")),
            (false, false) => {}
        }
    }
    println!("{same} of {} commands print the same", commands.len());
    if let Ok(path) = std::env::var("TIDEPOOL_DIFFERENCES") {
        std::fs::write(path, different.join("\n")).expect("written");
    }
    assert!(different.is_empty(), "{} differ:\n{}", different.len(), different.join("\n"));
    assert!(same >= 60);
}
