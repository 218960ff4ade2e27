//! What busybox's wget prints (busybox 1.36, `networking/wget.c`).

use super::lan::Lan;

#[test]
fn wget_fetches_and_complains_as_busybox_does() {
    let mut lan = Lan::new();
    lan.container("e", "10.0.0.2", "agnhost", &["netexec"], &[]);
    assert_eq!(lan.command("wget -qO- 10.0.0.2:8080/hostname"), "e");
    assert_eq!(
        lan.command("wget -O - http://10.0.0.2:8080/hostname"),
        "Connecting to 10.0.0.2 (10.0.0.2:8080)\nwriting to stdout\newritten to stdout\n"
    );
    assert_eq!(
        lan.command("wget -q -O- 10.0.0.2:81"),
        "wget: can't connect to remote host (10.0.0.2): Connection refused\n"
    );
    assert_eq!(lan.command("wget -qO- -T 2 10.0.0.77"), "wget: download timed out\n");
    assert_eq!(lan.command("wget -qO- nosuch.invalid"), "wget: bad address 'nosuch.invalid'\n");
    assert_eq!(
        lan.command("wget -qO- 10.0.0.2:8080/dial"),
        "wget: server returned error: HTTP/1.1 404 Not Found\n"
    );
    assert_eq!(lan.command("wget -q --spider 10.0.0.2:8080/hostname"), "");
    assert_eq!(lan.command("wget -qO- 10.0.0.2:8080/redirect?location=/hostname"), "e");
}
