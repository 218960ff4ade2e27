//! Probes against servers.

use super::lan::Lan;
use tidepool_core::base::Duration;
use tidepool_core::effect::ProbeAction;

#[test]
fn a_probe_says_why_it_failed() {
    let mut lan = Lan::new();
    lan.container("web", "10.0.0.1", "nginx", &[], &[80]);
    lan.container("w", "10.0.0.3", "traefik/whoami", &[], &[]);
    let second = Duration::secs(1);
    let http = |to: &str, path: &str| ProbeAction::Http(to.parse().expect("to"), path.into(), Vec::new());
    let tcp = |to: &str| ProbeAction::Tcp(to.parse().expect("to"));
    assert_eq!(lan.probe(&http("10.0.0.1:80", "/"), second), "");
    assert_eq!(lan.probe(&http("10.0.0.1:80", "/x"), second), "HTTP probe failed with statuscode: 404");
    assert_eq!(
        lan.probe(&http("10.0.0.1:81", "/ready"), second),
        "Get \"http://10.0.0.1:81/ready\": dial tcp 10.0.0.1:81: connect: connection refused"
    );
    assert_eq!(
        lan.probe(&http("10.0.0.3:80", "/?wait=2s"), second),
        "Get \"http://10.0.0.3:80/?wait=2s\": context deadline exceeded (Client.Timeout exceeded while awaiting headers)"
    );
    assert_eq!(lan.probe(&tcp("10.0.0.1:80"), second), "");
    assert_eq!(lan.probe(&tcp("10.0.0.1:81"), second), "dial tcp 10.0.0.1:81: connect: connection refused");
    assert_eq!(lan.probe(&tcp("10.0.0.99:81"), second), "dial tcp 10.0.0.99:81: i/o timeout");
}
