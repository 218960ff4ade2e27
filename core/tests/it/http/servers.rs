//! What servers answer and log.

use super::lan::Lan;
use tidepool_core::base::Duration;
use tidepool_core::process::Signal;

#[test]
fn nginx_answers_and_logs_as_nginx() {
    let mut lan = Lan::new();
    lan.container("web", "10.0.0.1", "nginx:1.29.3-alpine", &[], &[80]);
    let head = lan.command("curl -s -I 10.0.0.1");
    let expected = "HTTP/1.1 200 OK\r\nServer: nginx/1.29.3\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\n\
        Content-Type: text/html\r\nContent-Length: 615\r\nLast-Modified: Tue, 28 Oct 2025 12:05:10 GMT\r\n\
        Connection: keep-alive\r\nETag: \"6900b176-267\"\r\nAccept-Ranges: bytes\r\n\r\n";
    assert_eq!(head, expected);
    let missing = lan.command("curl -s 10.0.0.1/x");
    let expected = "<html>\r\n<head><title>404 Not Found</title></head>\r\n<body>\r\n<center><h1>404 Not Found</h1></center>\r\n<hr><center>nginx/1.29.3</center>\r\n</body>\r\n</html>\r\n";
    assert_eq!(missing, expected);
    assert_eq!(missing.len(), 153);
    let log = lan.logged("web");
    let last: Vec<&str> = log.lines().rev().take(3).collect();
    assert_eq!(
        last,
        [
            "10.0.0.9 - - [01/Jan/2026:00:00:00 +0000] \"GET /x HTTP/1.1\" 404 153 \"-\" \"curl/8.12.1\" \"-\"",
            "2026/01/01 00:00:00 [error] 29#29: *2 open() \"/usr/share/nginx/html/x\" failed (2: No such file or directory), client: 10.0.0.9, server: localhost, request: \"GET /x HTTP/1.1\", host: \"10.0.0.1\"",
            "10.0.0.9 - - [01/Jan/2026:00:00:00 +0000] \"HEAD / HTTP/1.1\" 200 0 \"-\" \"curl/8.12.1\" \"-\"",
        ]
    );
}

/// A page written into the container is what nginx serves.
#[test]
fn nginx_serves_what_is_written_over_its_page() {
    let mut lan = Lan::new();
    let (host, _) = lan.container("web", "10.0.0.1", "nginx", &[], &[]);
    lan.kernel.files_mut(host).put("/usr/share/nginx/html/index.html", "web-1\n");
    assert_eq!(lan.command("curl -s 10.0.0.1"), "web-1\n");
}

#[test]
fn whoami_says_who_it_is_and_what_it_was_asked() {
    let mut lan = Lan::new();
    lan.container("who", "10.0.0.3", "docker.io/traefik/whoami", &["--port", "8000"], &[]);
    let text = lan.command("curl -s -H \"X-B: 2\" 10.0.0.3:8000/a?b=1");
    let lines: Vec<&str> = text.split('\n').collect();
    assert_eq!(lines[..4], ["Hostname: who", "IP: 127.0.0.1", "IP: ::1", "IP: 10.0.0.3"]);
    assert!(lines[4].starts_with("RemoteAddr: 10.0.0.9:"));
    let rest = [
        "GET /a?b=1 HTTP/1.1\r",
        "Host: 10.0.0.3:8000\r",
        "User-Agent: curl/8.12.1\r",
        "Accept: */*\r",
        "X-B: 2\r",
        "\r",
        "",
    ];
    assert_eq!(lines[5..], rest);
    assert!(lan.command("curl 10.0.0.3").starts_with("curl: (7)"));
    assert_eq!(lan.logged("who"), "2026/01/01 00:00:00 Starting up on port 8000\n");
    lan.command("curl -s -X POST -d 500 10.0.0.3:8000/health");
    assert_eq!(lan.command("curl -s -o /dev/null -w %{http_code} 10.0.0.3:8000/health"), "500");
}

#[test]
fn serve_hostname_serves_on_after_sigterm() {
    let mut lan = Lan::new();
    let agnhost = "registry.k8s.io/e2e-test-images/agnhost:2.53";
    let (_, pid) = lan.container("h", "10.0.0.4", agnhost, &["serve-hostname"], &[9376]);
    assert_eq!(lan.command("curl -s 10.0.0.4:9376"), "h");
    lan.signal(pid, Signal::Term);
    lan.run(Duration::millis(5));
    assert_eq!(lan.command("curl -s 10.0.0.4:9376"), "h");
    assert!(lan.logged("h").contains("Shutting down after receiving signal: terminated.\n"));
}

#[test]
fn netexec_can_be_told_to_end() {
    let mut lan = Lan::new();
    let (_, pid) =
        lan.container("e", "10.0.0.2", "agnhost", &["netexec", "--http-port=80", "--udp-port=-1"], &[]);
    assert!(lan.command("curl -s 10.0.0.2/clientip").starts_with("10.0.0.9:"));
    assert!(lan.command("curl -s 10.0.0.2/").starts_with("NOW: 2026-01-01 00:00:00."));
    assert!(lan.kernel.get(pid).is_some());
    lan.command("curl -s 10.0.0.2/exit?code=3");
    lan.run(Duration::millis(5));
    assert!(lan.kernel.get(pid).is_none());
}

#[test]
fn images_that_nobody_knows_serve_on_their_declared_ports() {
    let mut lan = Lan::new();
    lan.container("shop", "10.0.0.5", "example.com/shop:1", &[], &[8080, 9090]);
    for port in [8080, 9090] {
        let text = lan.command(&format!("curl -s 10.0.0.5:{port}/cart"));
        assert_eq!(text, "Hostname: shop\nImage: example.com/shop:1\nRequest: GET /cart HTTP/1.1\n");
    }
    let (_, pid) = lan.container("quiet", "10.0.0.6", "example.com/worker", &[], &[]);
    lan.run(Duration::secs(100));
    assert!(lan.kernel.get(pid).is_some());
}
