//! A served world for real clients: started on free ports of 127.0.0.1, ended when it is dropped. Knows no client.

use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

/// A world that is served.
pub struct Served {
    child: Child,
    lines: BufReader<ChildStdout>,
    /// What it said when it was ready.
    pub ready: Value,
}

impl Served {
    /// Starts `tidepool serve` with these arguments and waits until it is ready.
    pub fn start(args: &[&str]) -> Served {
        let mut command = Command::new(tidepool());
        let mut child =
            command.arg("serve").args(args).stdout(Stdio::piped()).spawn().expect("the program starts");
        let mut lines = BufReader::new(child.stdout.take().expect("standard output"));
        let mut line = String::new();
        lines.read_line(&mut line).expect("a line");
        let ready = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{line:?}: {error}"));
        Served { child, lines, ready }
    }

    /// A field of what it said, as text.
    pub fn said(&self, key: &str) -> &str {
        self.ready[key].as_str().unwrap_or_default()
    }

    /// The next line that it says.
    pub fn line(&mut self) -> Value {
        let mut line = String::new();
        self.lines.read_line(&mut line).expect("a line");
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{line:?}: {error}"))
    }

    /// Asks it to stop, and gives whether it ended well.
    pub fn stop(&mut self) -> bool {
        let id = self.child.id().to_string();
        let _ = Command::new("kill").args(["-TERM", &id]).status();
        self.child.wait().is_ok_and(|status| status.success())
    }

    /// An HTTP request to the API server: the status and the body.
    pub fn request(&self, method: &str, path: &str, content: &str, body: &str) -> (u16, String) {
        let address = self.said("api").trim_start_matches("http://").to_string();
        http(&address, method, path, content, body)
    }

    /// A request whose answer is JSON.
    pub fn json(&self, method: &str, path: &str, body: &str) -> (u16, Value) {
        let (code, text) = self.request(method, path, "application/json", body);
        (code, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The program, built if it is not yet.
pub fn tidepool() -> PathBuf {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = Command::new(cargo).args(["build", "--quiet", "-p", "tidepool-bridge"]).status();
    assert!(built.is_ok_and(|status| status.success()), "tidepool does not build");
    // A test program is in target/debug/deps, beside the folder of programs.
    let own = std::env::current_exe().expect("a test program");
    own.parent().and_then(Path::parent).expect("its folder").join("tidepool")
}

/// One HTTP request on a connection of its own. A connection that is refused or reset has status 0.
pub fn http(address: &str, method: &str, path: &str, content: &str, body: &str) -> (u16, String) {
    let exchange = || -> std::io::Result<Vec<u8>> {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(Duration::from_secs(60)))?;
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Type: {content}\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes())?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        Ok(answer)
    };
    let Ok(answer) = exchange() else { return (0, String::new()) };
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let code = head.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0);
    let is_chunked = head.to_ascii_lowercase().contains("transfer-encoding: chunked");
    (code, if is_chunked { unchunked(body) } else { body.to_string() })
}

fn unchunked(mut body: &str) -> String {
    let mut out = String::new();
    while let Some((size, rest)) = body.split_once("\r\n") {
        let size = usize::from_str_radix(size, 16).unwrap_or(0);
        if size == 0 || size > rest.len() {
            break;
        }
        out += &rest[..size];
        body = rest[size..].trim_start_matches("\r\n");
    }
    out
}
