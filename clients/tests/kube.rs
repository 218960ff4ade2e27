//! The kube crate, a client that nobody here wrote: informers, server-side apply, and a small controller.

use futures_util::{StreamExt, TryStreamExt, pin_mut};
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{ConfigMap, Pod, Service};
use kube::api::{DeleteParams, ListParams, Patch, PatchParams, PostParams, WatchEvent, WatchParams};
use kube::runtime::controller::Action;
use kube::runtime::wait::{await_condition, conditions};
use kube::runtime::{Controller, WatchStreamExt, reflector, watcher};
use kube::{Api, Client, Config, ResourceExt};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use tidepool_clients::Served;

fn client(served: &Served) -> Client {
    let config = Config::new(served.said("api").parse().expect("an address"));
    Client::try_from(config).expect("a client")
}

fn service(name: &str, port: u16) -> serde_json::Value {
    json!({
        "apiVersion": "v1", "kind": "Service", "metadata": { "name": name },
        "spec": { "selector": { "app": name }, "ports": [{ "port": port, "targetPort": 9376 }] },
    })
}

fn deployment(name: &str, replicas: u32) -> Deployment {
    let value = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": name },
        "spec": {
            "replicas": replicas, "selector": { "matchLabels": { "app": name } },
            "template": {
                "metadata": { "labels": { "app": name } },
                "spec": { "containers": [{
                    "name": "server", "image": "registry.k8s.io/e2e-test-images/agnhost:2.53",
                    "command": ["/agnhost", "serve-hostname"],
                }] },
            },
        },
    });
    serde_json::from_value(value).expect("a Deployment")
}

/// At most this long, so that a test that hangs fails instead.
async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(Duration::from_secs(60), future).await {
        Ok(value) => value,
        Err(_) => panic!("never happened: {what}"),
    }
}

#[tokio::test]
async fn objects_are_made_read_changed_and_deleted() {
    let served = Served::start(&["--speed", "10"]);
    let services: Api<Service> = Api::default_namespaced(client(&served));
    let wanted: Service = serde_json::from_value(service("web", 80)).expect("a Service");
    let made = services.create(&PostParams::default(), &wanted).await.expect("created");
    assert!(made.spec.as_ref().is_some_and(|spec| spec.cluster_ip.is_some()));
    let error = services.create(&PostParams::default(), &wanted).await.expect_err("a second one");
    let kube::Error::Api(status) = error else { panic!("{error}") };
    assert_eq!((status.code, status.reason.as_str()), (409, "AlreadyExists"));
    let mut stale = made.clone();
    stale.labels_mut().insert("a".into(), "b".into());
    let changed = services.replace("web", &PostParams::default(), &stale).await.expect("replaced");
    assert_eq!(changed.labels().get("a").map(String::as_str), Some("b"));
    let error = services.replace("web", &PostParams::default(), &stale).await.expect_err("a stale one");
    let kube::Error::Api(status) = error else { panic!("{error}") };
    assert_eq!((status.code, status.reason.as_str()), (409, "Conflict"));
    let list = services.list(&ListParams::default().labels("a=b")).await.expect("a list");
    assert_eq!(list.items.len(), 1);
    let patch = json!({ "spec": { "sessionAffinity": "ClientIP" } });
    let patched =
        services.patch("web", &PatchParams::default(), &Patch::Merge(&patch)).await.expect("patched");
    assert_eq!(patched.spec.and_then(|spec| spec.session_affinity).as_deref(), Some("ClientIP"));
    services.delete("web", &DeleteParams::default()).await.expect("deleted");
    assert!(services.get_opt("web").await.expect("an answer").is_none());
}

#[tokio::test]
async fn server_side_apply_keeps_managers_apart() {
    let served = Served::start(&["--speed", "10"]);
    let services: Api<Service> = Api::default_namespaced(client(&served));
    let apply = |manager: &str| PatchParams::apply(manager);
    let one = services.patch("web", &apply("one"), &Patch::Apply(service("web", 80))).await.expect("applied");
    let managers: Vec<String> =
        one.managed_fields().iter().filter_map(|entry| entry.manager.clone()).collect();
    assert_eq!(managers, ["one"]);
    let other = json!({
        "apiVersion": "v1", "kind": "Service", "metadata": { "name": "web" },
        "spec": { "selector": { "app": "other" } },
    });
    let error = services.patch("web", &apply("two"), &Patch::Apply(&other)).await.expect_err("a conflict");
    let kube::Error::Api(status) = error else { panic!("{error}") };
    assert_eq!((status.code, status.reason.as_str()), (409, "Conflict"));
    assert!(status.message.contains("conflict with \"one\": .spec.selector"), "{}", status.message);
    let forced = services.patch("web", &apply("two").force(), &Patch::Apply(&other)).await.expect("forced");
    let selector = forced.spec.and_then(|spec| spec.selector).expect("a selector");
    assert_eq!(selector.get("app").map(String::as_str), Some("other"));
}

#[tokio::test]
async fn an_informer_follows_what_happens() {
    let served = Served::start(&["--speed", "10"]);
    let client = client(&served);
    let deployments: Api<Deployment> = Api::default_namespaced(client.clone());
    let pods: Api<Pod> = Api::default_namespaced(client.clone());
    deployments.create(&PostParams::default(), &deployment("web", 2)).await.expect("created");
    let (reader, writer) = reflector::store::<Pod>();
    let config = watcher::Config::default().labels("app=web");
    let stream = watcher(pods.clone(), config).default_backoff().reflect(writer).applied_objects();
    let following = tokio::spawn(async move {
        pin_mut!(stream);
        while let Ok(Some(_)) = stream.try_next().await {}
    });
    let is_ready = |pod: &Arc<Pod>| {
        let conditions = pod.status.as_ref().and_then(|status| status.conditions.clone());
        conditions.unwrap_or_default().iter().any(|c| c.type_ == "Ready" && c.status == "True")
    };
    soon("two ready pods in the store", async {
        while reader.state().iter().filter(|pod| is_ready(pod)).count() < 2 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    let name = reader.state().first().map(|pod| pod.name_any()).expect("a pod");
    pods.delete(&name, &DeleteParams::default().grace_period(0)).await.expect("deleted");
    soon("the pod is replaced", async {
        while reader.state().iter().any(|pod| pod.name_any() == name)
            || reader.state().iter().filter(|pod| is_ready(pod)).count() < 2
        {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    following.abort();
}

#[tokio::test]
async fn a_watch_of_one_object_tells_its_end() {
    let served = Served::start(&["--speed", "10"]);
    let client = client(&served);
    let pods: Api<Pod> = Api::default_namespaced(client);
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "one" },
        "spec": { "containers": [{ "name": "c", "image": "nginx" }] },
    });
    let made = pods.create(&PostParams::default(), &serde_json::from_value(pod).expect("a Pod")).await;
    let made = made.expect("created");
    soon("it runs", await_condition(pods.clone(), "one", conditions::is_pod_running()))
        .await
        .expect("a watch");
    let params = WatchParams::default().fields("metadata.name=one").timeout(60);
    let version = made.resource_version().expect("a version");
    let events = pods.watch(&params, &version).await.expect("a watch").boxed();
    pods.delete("one", &DeleteParams::default().grace_period(0)).await.expect("deleted");
    let is_end = |event: &Result<WatchEvent<Pod>, kube::Error>| {
        std::future::ready(matches!(event, Ok(WatchEvent::Deleted(_))))
    };
    let mut ends = events.filter(is_end);
    assert!(soon("its end", ends.next()).await.is_some());
}

/// A controller that gives every Deployment a ConfigMap with its number of replicas.
#[tokio::test]
async fn a_small_controller_reconciles() {
    let served = Served::start(&["--speed", "10"]);
    let client = client(&served);
    let deployments: Api<Deployment> = Api::default_namespaced(client.clone());
    let maps: Api<ConfigMap> = Api::default_namespaced(client.clone());
    let reconcile = |deployment: Arc<Deployment>, client: Arc<Client>| async move {
        let maps: Api<ConfigMap> = Api::default_namespaced((*client).clone());
        let replicas = deployment.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or(0);
        let name = format!("{}-size", deployment.name_any());
        let map = json!({
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": { "name": name, "ownerReferences": [kube::Resource::controller_owner_ref(&*deployment, &())] },
            "data": { "replicas": replicas.to_string() },
        });
        maps.patch(&name, &PatchParams::apply("sizes").force(), &Patch::Apply(map)).await?;
        Ok::<_, kube::Error>(Action::await_change())
    };
    let error_policy =
        |_: Arc<Deployment>, _: &kube::Error, _: Arc<Client>| Action::requeue(Duration::from_secs(1));
    let controller = Controller::new(deployments.clone(), watcher::Config::default())
        .owns(maps.clone(), watcher::Config::default())
        .run(reconcile, error_policy, Arc::new(client.clone()))
        .for_each(|_| std::future::ready(()));
    let running = tokio::spawn(controller);
    deployments.create(&PostParams::default(), &deployment("web", 2)).await.expect("created");
    let size = |want: &'static str| {
        let maps = maps.clone();
        async move {
            loop {
                let map = maps.get_opt("web-size").await.expect("an answer");
                let data = map.and_then(|map| map.data).unwrap_or_default();
                if data.get("replicas").map(String::as_str) == Some(want) {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    };
    soon("its map", size("2")).await;
    let scale = json!({ "spec": { "replicas": 3 } });
    deployments.patch_scale("web", &PatchParams::default(), &Patch::Merge(&scale)).await.expect("scaled");
    soon("its map again", size("3")).await;
    maps.delete("web-size", &DeleteParams::default()).await.expect("deleted");
    soon("the map is made anew", size("3")).await;
    deployments.delete("web", &DeleteParams::default()).await.expect("deleted");
    soon("the garbage collector", async {
        while maps.get_opt("web-size").await.expect("an answer").is_some() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    running.abort();
}
