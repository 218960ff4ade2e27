//! The real kubectl beside ours: for the same world, the same commands print the same. Goes without, and says so, where
//! kubectl is not installed.

use std::ffi::OsString;
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

/// The real one, with a world of its own.
struct Real {
    served: Served,
    folder: PathBuf,
    path: OsString,
}

impl Real {
    fn new(kubectl: &Path, name: &str) -> Real {
        let served = Served::start(&["--speed", "max"]);
        let folder = std::env::temp_dir().join(format!("tidepool-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        std::fs::write(folder.join("app.yaml"), read("app.yaml")).expect("a file");
        let mut path = kubectl.as_os_str().to_owned();
        path.push(":");
        path.push(std::env::var_os("PATH").unwrap_or_default());
        Real { served, folder, path }
    }

    /// What a command of the shell prints, and its exit code in brackets.
    fn run(&self, command: &str) -> String {
        let mut shell = Command::new("bash");
        shell.args(["-c", &format!("exec 2>&1; {command}\necho \"[$?]\"")]).current_dir(&self.folder);
        shell
            .env("PATH", &self.path)
            .env("HOME", &self.folder)
            .env("KUBECONFIG", self.served.said("kubeconfig"));
        let output = shell.output().expect("bash runs");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Runs lines that must not fail.
    fn prepare(&self, lines: &str) {
        for line in lines.lines() {
            let printed = self.run(line);
            assert!(printed.ends_with("[0]\n"), "{line}\n{printed}");
        }
    }
}

impl Drop for Real {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// What the real one prints for each command.
fn theirs(kubectl: &Path, commands: &[(String, bool)]) -> Vec<String> {
    let real = Real::new(kubectl, "printed");
    real.prepare(&read("setup.txt"));
    commands.iter().map(|(command, _)| real.run(command)).collect()
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

/// `Wed, 25 Nov 2026 04:13:08 +0000` and `2026-11-25 04:13:08 +0000 UTC`, as describe writes dates.
fn without_dates(line: &str) -> String {
    let words: Vec<&str> = line.split(' ').collect();
    let is_date = |at: &[&str]| {
        let [day, .., zone] = at else { return false };
        day.len() == 4 && day.ends_with(',') && *zone == "+0000"
    };
    let mut out: Vec<&str> = Vec::new();
    let mut at = 0;
    while let Some(word) = words.get(at) {
        let is_plain = |at: &[&str]| matches!(at, [day, _, "+0000", "UTC"] if day.len() == 10);
        if words.get(at..at + 6).is_some_and(is_date) {
            out.push("<date>");
            at += 6;
        } else if words.get(at..at + 4).is_some_and(is_plain) {
            out.push("<date>");
            at += 4;
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

/// A Service whose fields several managers had, as where the requests were recorded.
const MADE: &str = r#"kubectl create deployment trace --image=nginx --replicas=2; kubectl expose deployment trace --port=80
kubectl create service clusterip made --tcp=80; kubectl get svc made -o yaml > made.yaml
sed -i '/clusterIP/d;/10\./d;/uid/d;/resourceVersion/d;/creationTimestamp/d;/fd00/d' made.yaml
kubectl apply -f made.yaml; kubectl apply -f made.yaml; kubectl apply --server-side -f made.yaml
kubectl apply --server-side --force-conflicts --field-manager=other -f <(printf 'apiVersion: v1\nkind: Service\nmetadata: {name: made}\nspec: {ports: [{port: 80, targetPort: 8080, protocol: TCP, name: "80-80"}]}\n')"#;

/// The lines of `-v=8` that say what was sent and answered, without what depends on the day.
fn sent(printed: &str) -> String {
    const HEADERS: [&str; 4] = ["\tAccept: ", "\tContent-Type: ", "\tAccept-Ranges: ", "\tVary: "];
    let mut out = String::new();
    for line in printed.lines() {
        let found = ["\"Request Body\"", "\"Request\" verb=", "\"Response\" status="]
            .iter()
            .find_map(|mark| line.find(mark));
        let cached = line.starts_with("\tX-Varied-Accept: ");
        let Some(start) =
            found.or((cached || HEADERS.iter().any(|header| line.starts_with(header))).then_some(0))
        else {
            continue;
        };
        let line = line.get(start..).unwrap_or_default();
        out += &line_sent(line);
        out.push('\n');
    }
    out
}

fn line_sent(line: &str) -> String {
    if line.starts_with("\"Request Body\"") {
        let managers = line.find(r#"[{\"manager"#).map_or(200, |at| at + 1);
        return line.chars().take(managers.min(200)).collect();
    }
    // `"Response" status="200 OK" headers=< milliseconds=1`
    let line = line.split(" milliseconds=").next().unwrap_or_default();
    let mut line = match line.find("http://") {
        Some(start) => {
            let path =
                line.get(start + 7..).and_then(|rest| rest.find('/')).map_or(line.len(), |n| start + 7 + n);
            format!("{}{}", &line[..start], &line[path..])
        }
        None => line.to_string(),
    };
    for mark in ["resourceVersion=", "timeoutSeconds=", "hash="] {
        let Some(start) = line.find(mark).map(|at| at + mark.len()) else { continue };
        let rest = &line[start..];
        let length = rest.find(['&', '"']).unwrap_or(rest.len());
        if &rest[..length] != "0" {
            line = format!("{}N{}", &line[..start], &rest[length..]);
        }
    }
    sorted_selector(&line)
}

/// A field selector's terms come in an order that Go draws; the uid is another one each time.
fn sorted_selector(line: &str) -> String {
    const MARK: &str = "fieldSelector=";
    let Some(start) = line.find(MARK).map(|at| at + MARK.len()) else { return line.into() };
    let (before, rest) = line.split_at(start);
    let (selector, after) = rest.split_at(rest.find(['&', '"']).unwrap_or(rest.len()));
    let without_uid = |term: &str| match term.split_once("uid%3D") {
        Some((field, _)) => format!("{field}uid%3D<uid>"),
        None => term.to_string(),
    };
    let mut terms: Vec<String> = selector.split("%2C").map(without_uid).collect();
    terms.sort();
    format!("{before}{}{after}", terms.join("%2C"))
}

#[test]
fn the_real_one_asks_what_it_asks_of_a_real_server() {
    let Some(kubectl) = kubectl() else {
        println!("skipped: kubectl {VERSION}* is not installed");
        return;
    };
    let real = Real::new(&kubectl, "sent");
    real.prepare(MADE);
    let recorded = read("sent.txt");
    let mut different = Vec::new();
    for block in recorded.split("\n\n").filter(|block| block.starts_with("$ ")) {
        let (command, wanted) = block[2..].split_once('\n').expect("a command and what it sends");
        let found = sent(&real.run(&format!("{command} -v=8")));
        let wanted: Vec<String> = wanted.trim_end().lines().map(sorted_selector).collect();
        let wanted = wanted.join("\n");
        if found.trim_end() != wanted {
            different.push(format!("$ {command}\n--- real\n{wanted}\n--- here\n{found}"));
        }
    }
    assert!(different.is_empty(), "{} differ:\n{}", different.len(), different.join("\n"));
}
