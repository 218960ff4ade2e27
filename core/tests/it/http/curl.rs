//! What curl prints. Recorded from curl 8.12.1 (libcurl's own verbose output), addresses and dates put in.

use super::lan::Lan;
use tidepool_core::base::Duration;

fn lan() -> Lan {
    let mut lan = Lan::new();
    lan.container("web", "10.0.0.1", "nginx:1.29.3", &[], &[80]);
    lan.container("exec", "10.0.0.2", "registry.k8s.io/e2e-test-images/agnhost:2.53", &["netexec"], &[]);
    lan
}

#[test]
fn a_plain_transfer_prints_the_body() {
    let mut lan = lan();
    assert_eq!(lan.command("curl 10.0.0.2:8080/hostname"), "exec");
    assert_eq!(lan.command("curl http://10.0.0.2:8080/echo?msg=hello+you"), "hello you");
    assert!(lan.command("curl -s 10.0.0.1").starts_with("<!DOCTYPE html>\n<html>\n<head>\n<title>Welcome"));
}

#[test]
fn verbose_shows_both_heads() {
    let mut lan = lan();
    let port = {
        let text = lan.command("curl -s -o /dev/null -w %{local_port} 10.0.0.2:8080/hostname");
        text.parse::<u16>().expect("a port")
    };
    assert!(port >= 32_768);
    let expected = "\
*   Trying 10.0.0.2:8080...
* Connected to 10.0.0.2 (10.0.0.2) port 8080
* using HTTP/1.x
> GET /hostname HTTP/1.1
> Host: 10.0.0.2:8080
> User-Agent: curl/8.12.1
> Accept: */*
> 
* Request completely sent off
< HTTP/1.1 200 OK
< Date: Thu, 01 Jan 2026 00:00:00 GMT
< Content-Length: 4
< Content-Type: text/plain; charset=utf-8
< 
exec* Connection #0 to host 10.0.0.2 left intact
";
    assert_eq!(lan.command("curl -v 10.0.0.2:8080/hostname"), expected);
}

#[test]
fn a_post_carries_its_length_and_type() {
    let mut lan = lan();
    let text = lan.command("curl -s -v -o /dev/null -d a=b 10.0.0.2:8080/p");
    let sent: String = text
        .lines()
        .filter(|l| l.starts_with("> ") || l.starts_with("* up"))
        .fold(String::new(), |all, line| all + line + "\n");
    let expected = "\
> POST /p HTTP/1.1
> Host: 10.0.0.2:8080
> User-Agent: curl/8.12.1
> Accept: */*
> Content-Length: 3
> Content-Type: application/x-www-form-urlencoded
> 
* upload completely sent off: 3 bytes
";
    assert_eq!(sent, expected);
}

#[test]
fn failures_have_their_words() {
    let mut lan = lan();
    let refused = lan.command("curl 10.0.0.1:81");
    assert_eq!(
        refused,
        "curl: (7) Failed to connect to 10.0.0.1 port 81 after 1 ms: Could not connect to server\n"
    );
    assert_eq!(lan.command("curl -s 10.0.0.1:81"), "");
    let lost = lan.command("curl -sS -m 1 10.0.0.77");
    assert_eq!(lost, "curl: (28) Connection timed out after 1000 milliseconds\n");
    let lost = lan.command("curl --connect-timeout 0.3 10.0.0.77");
    assert_eq!(lost, "curl: (28) Connection timed out after 300 milliseconds\n");
    assert_eq!(lan.command("curl nosuch.invalid"), "curl: (6) Could not resolve host: nosuch.invalid\n");
    let failed = lan.command("curl -sSf 10.0.0.1/nothing");
    assert_eq!(failed, "curl: (22) The requested URL returned error: 404\n");
    let empty = lan.command("curl 10.0.0.2:8080/shutdown");
    assert_eq!(empty, "curl: (52) Empty reply from server\n");
    assert_eq!(
        lan.command("curl --nosuch x"),
        "curl: option --nosuch: is unknown\ncurl: try 'curl --help' or 'curl --manual' for more information\n"
    );
    assert_eq!(lan.command("curl foo://x"), "curl: (1) Protocol \"foo\" not supported\n");
}

#[test]
fn a_slow_answer_times_out() {
    let mut lan = Lan::new();
    lan.container("w", "10.0.0.3", "traefik/whoami:v1.11", &[], &[]);
    let slow = lan.command("curl -m 0.3 10.0.0.3/?wait=1s");
    assert_eq!(slow, "curl: (28) Operation timed out after 300 milliseconds with 0 bytes received\n");
    assert!(lan.command("curl -m 3 10.0.0.3/?wait=1s").starts_with("Hostname: w\n"));
}

#[test]
fn refused_connections_show_both_ends() {
    let mut lan = lan();
    let text = lan.command("curl -v 10.0.0.1:81");
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.first(), Some(&"*   Trying 10.0.0.1:81..."));
    assert!(lines[1].starts_with("* connect to 10.0.0.1 port 81 from 10.0.0.9 port "), "{}", lines[1]);
    assert!(lines[1].ends_with(" failed: Connection refused"));
    assert_eq!(
        lines[2..4],
        [
            "* Failed to connect to 10.0.0.1 port 81 after 1 ms: Could not connect to server",
            "* closing connection #0",
        ]
    );
}

#[test]
fn urls_of_one_host_share_a_connection() {
    let mut lan = lan();
    let text = lan.command("curl -s -v 10.0.0.2:8080/hostname 10.0.0.2:8080/hostname");
    assert_eq!(text.matches("* Connected to").count(), 1);
    assert_eq!(text.matches("* Re-using existing connection with host 10.0.0.2\n").count(), 1);
    let text = lan.command("curl -s -w \"%{http_code} %{num_connects} %{remote_ip}:%{remote_port} %{nosuch}\\n\" -o /dev/null 10.0.0.1");
    assert_eq!(text, "curl: unknown --write-out variable: 'nosuch'\n200 1 10.0.0.1:80 \n");
}

#[test]
fn redirects_are_followed_when_asked() {
    let mut lan = lan();
    assert_eq!(lan.command("curl -s 10.0.0.2:8080/redirect?location=/hostname"), "");
    assert_eq!(lan.command("curl -s -L 10.0.0.2:8080/redirect?location=/hostname"), "exec");
}

#[test]
fn names_can_be_given_by_hand() {
    let mut lan = lan();
    let text = lan.command("curl -s -v --resolve web.test:80:10.0.0.1 -o /dev/null http://web.test/");
    let first: Vec<&str> = text.lines().take(4).collect();
    assert_eq!(
        first,
        [
            "* Added web.test:80:10.0.0.1 to DNS cache",
            "* Hostname web.test was found in DNS cache",
            "*   Trying 10.0.0.1:80...",
            "* Connected to web.test (10.0.0.1) port 80",
        ]
    );
    lan.run(Duration::secs(1));
}
