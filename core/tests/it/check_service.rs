//! Why a Service does not work: each way of breaking one is found, and nothing is found where nothing is broken.

use tidepool_core::base::Duration;
use tidepool_core::recording::{Recording, Script};
use tidepool_core::world::view::Check;

const SHOP: &str = "
kubectl create deployment web --image=registry.k8s.io/e2e-test-images/agnhost:2.53 --replicas=2 --port=9376 -- /agnhost serve-hostname --port=9376
kubectl expose deployment web --port=80 --target-port=9376
";

/// What is wrong first after some commands, and whether anything was looked at.
fn first_wrong(commands: &str) -> Option<Check> {
    let mut script = Script::new(Recording::new(7, "")).expect("a cluster");
    for line in
        SHOP.lines().chain(["sleep 10"]).chain(commands.lines()).filter(|line| !line.trim().is_empty())
    {
        let result = script.line(line.trim()).expect("a line");
        assert_eq!(result.status, 0, "{line}: {}", result.output);
    }
    script.wait(Duration::secs(10));
    let checks = script.session.world().check_service("default", "web").expect("the Service is there");
    assert!(checks.len() >= 4, "{checks:?}");
    checks.into_iter().find(|check| !check.is_sound())
}

#[test]
fn a_sound_service_has_nothing_wrong() {
    assert_eq!(first_wrong(""), None);
}

#[test]
fn each_fault_is_the_first_that_is_wrong() {
    let wrong = first_wrong("kubectl patch service web -p '{\"spec\":{\"selector\":{\"app\":\"wbe\"}}}'");
    assert_eq!(wrong, Some(Check::Pods(0, Some(("app".into(), "web".into(), 2)))));

    let wrong = first_wrong(
        "kubectl patch service web -p '{\"spec\":{\"ports\":[{\"port\":80,\"targetPort\":9999}]}}'",
    );
    assert!(
        matches!(&wrong, Some(Check::Target(80, target, pods)) if &**target == "9999" && pods.len() == 2),
        "{wrong:?}"
    );

    let wrong = first_wrong(
        "kubectl patch service web -p '{\"spec\":{\"ports\":[{\"port\":80,\"targetPort\":\"http\"}]}}'",
    );
    assert!(matches!(&wrong, Some(Check::Target(80, target, _)) if &**target == "http"), "{wrong:?}");

    let wrong = first_wrong("kubectl scale deployment web --replicas=0");
    assert_eq!(wrong, Some(Check::Pods(0, None)));

    let wrong = first_wrong("kubectl scale -n kube-system deployment coredns --replicas=0");
    assert_eq!(wrong, Some(Check::Dns(0)));
}
