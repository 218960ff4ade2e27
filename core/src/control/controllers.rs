//! The list of controllers, and the one place that hands news, wakes and answers to each. Knows nothing of their work.

use super::daemon_set::DaemonSets;
use super::deployment::Deployments;
use super::desk::{Call, Desk};
use super::disruption::Disruption;
use super::endpoint_slice::EndpointSlices;
use super::endpoints::EndpointsObjects;
use super::garbage::Garbage;
use super::load_balancer::ServiceBalancers;
use super::mirroring::Mirroring;
use super::namespace::Namespaces;
use super::node_lifecycle::NodeLifecycle;
use super::replica_set::ReplicaSets;
use super::scheduler::Scheduler;
use super::service_cidr::ServiceCidrs;
use super::stateful_set::StatefulSets;
use crate::api::{Change, Kind, Recorder, Response, Status, WatchEvent};
use crate::api::{
    config_map, controller_revision, daemon_set, deployment, endpoint_slice, endpoints, ip_address, kept,
    lease, namespace, network_policy, node, pod, pod_disruption_budget, replica_set, secret, service,
    service_account, service_cidr, stateful_set,
};
use crate::base::Text;
use crate::effect::{ControllerId, Out, Token};
use crate::trace::Place;

/// A controller: its name, and the kinds that it watches.
#[derive(Debug)]
pub struct ControllerDef {
    /// The name, as in events and user agents.
    pub name: &'static str,
    /// The kinds that it lists and watches.
    pub kinds: &'static [&'static Kind],
}

/// Where a controller is on the stage: the scheduler has a spot of its own.
pub fn place(id: ControllerId) -> Place {
    match CONTROLLERS.get(id.0 as usize).map(|def| def.name) {
        Some("default-scheduler") => Place::Scheduler,
        Some(name) => Place::Controller(name.into()),
        None => Place::World,
    }
}

/// What a controller does; [`Desk`] has the rest.
pub trait Reconcile {
    /// Something that it knows has changed: queue the keys that this concerns.
    fn observe(&mut self, change: &Change, desk: &mut Desk, out: &mut Out<'_>);

    /// Works on a key.
    fn sync(&mut self, key: &str, desk: &mut Desk, out: &mut Out<'_>);

    /// A call was answered. `last`: it was the last of its key, and all went well.
    fn answered(
        &mut self,
        call: &Call,
        result: &Result<Response, Status>,
        last: bool,
        desk: &mut Desk,
        out: &mut Out<'_>,
    ) {
        let _ = (call, result, last, desk, out);
    }
}

/// A controller and its desk.
#[derive(Debug, Clone)]
struct Member<C> {
    desk: Desk,
    controller: C,
}

impl<C: Reconcile> Member<C> {
    fn new(index: u8, controller: C, place: Option<Place>) -> Member<C> {
        let name = CONTROLLERS.get(index as usize).map_or("", |def| def.name);
        let recorder = match place {
            Some(_) => Recorder::structured(name),
            None => Recorder::new(name, ""),
        };
        let place = place.unwrap_or_else(|| Place::Controller(name.into()));
        Member { desk: Desk::new(ControllerId(index), name, place, recorder), controller }
    }

    fn on_watch(&mut self, events: &[WatchEvent], out: &mut Out<'_>) {
        for event in events {
            if let Some(change) = self.desk.cache.apply(event) {
                self.controller.observe(&change, &mut self.desk, out);
            }
        }
    }

    fn on_wake(&mut self, key: &str, out: &mut Out<'_>) {
        if self.desk.begin(key, out) {
            self.controller.sync(key, &mut self.desk, out);
            self.desk.end(key);
        }
    }

    fn on_reply(&mut self, token: Token, result: &Result<Response, Status>, out: &mut Out<'_>) {
        let Some((call, change)) = self.desk.answer(token, result, out) else { return };
        if let Some(change) = change {
            self.controller.observe(&change, &mut self.desk, out);
        }
        let last = self.desk.settle(&call, out);
        self.controller.answered(&call, result, last, &mut self.desk, out);
        self.desk.end(&call.key);
    }
}

macro_rules! controllers {
    ($($index:literal $field:ident: $controller:ty = $name:literal, $place:expr, $kinds:expr;)*) => {
        /// All controllers; a controller's id is its index here.
        pub static CONTROLLERS: &[ControllerDef] = &[$(ControllerDef { name: $name, kinds: $kinds }),*];

        /// The controllers, each with its own cache and queue.
        #[derive(Debug, Clone)]
        pub struct Controllers {
            $($field: Member<$controller>,)*
        }

        impl Default for Controllers {
            fn default() -> Self {
                Controllers { $($field: Member::new($index, <$controller>::default(), $place),)* }
            }
        }

        impl Controllers {
            /// News for a controller; the first ones are everything that there is.
            pub fn on_watch(&mut self, id: ControllerId, events: &[WatchEvent], out: &mut Out<'_>) {
                match id.0 {
                    $($index => self.$field.on_watch(events, out),)*
                    _ => {}
                }
            }

            /// A key of a controller's queue is due.
            pub fn on_wake(&mut self, id: ControllerId, key: &Text, out: &mut Out<'_>) {
                match id.0 {
                    $($index => self.$field.on_wake(key, out),)*
                    _ => {}
                }
            }

            /// An answer to a controller's call.
            pub fn on_reply(
                &mut self,
                id: ControllerId,
                token: Token,
                result: &Result<Response, Status>,
                out: &mut Out<'_>,
            ) {
                match id.0 {
                    $($index => self.$field.on_reply(token, result, out),)*
                    _ => {}
                }
            }
        }
    };
}

controllers! {
    0 deployment: Deployments = "deployment-controller", None,
        &[&deployment::DEPLOYMENT, &replica_set::REPLICA_SET];
    1 replica_set: ReplicaSets = "replicaset-controller", None, &[&replica_set::REPLICA_SET, &pod::POD];
    2 scheduler: Scheduler = "default-scheduler", Some(Place::Scheduler), &[&pod::POD, &node::NODE];
    3 endpoint_slice: EndpointSlices = "endpointslice-controller", None,
        &[&service::SERVICE, &node::NODE, &pod::POD, &endpoint_slice::ENDPOINT_SLICE];
    4 endpoints: EndpointsObjects = "endpoint-controller", None,
        &[&service::SERVICE, &pod::POD, &endpoints::ENDPOINTS];
    5 garbage: Garbage = "generic-garbage-collector", None, COLLECTED;
    6 namespace: Namespaces = "namespace-controller", None, COLLECTED;
    7 node_lifecycle: NodeLifecycle = "node-controller", None, &[&node::NODE, &lease::LEASE, &pod::POD];
    8 stateful_set: StatefulSets = "statefulset-controller", None,
        &[&stateful_set::STATEFUL_SET, &pod::POD, &controller_revision::CONTROLLER_REVISION];
    9 daemon_set: DaemonSets = "daemonset-controller", None,
        &[&daemon_set::DAEMON_SET, &pod::POD, &node::NODE, &controller_revision::CONTROLLER_REVISION];
    10 disruption: Disruption = "disruption-controller", None,
        &[&pod_disruption_budget::POD_DISRUPTION_BUDGET, &pod::POD, &deployment::DEPLOYMENT,
          &replica_set::REPLICA_SET, &stateful_set::STATEFUL_SET];
    11 service_balancers: ServiceBalancers = "service-controller", None, &[&service::SERVICE, &node::NODE];
    12 mirroring: Mirroring = "endpointslicemirroring-controller", None,
        &[&service::SERVICE, &endpoints::ENDPOINTS, &endpoint_slice::ENDPOINT_SLICE];
    13 service_cidrs: ServiceCidrs = "service-cidr-controller", None,
        &[&service_cidr::SERVICE_CIDR, &ip_address::IP_ADDRESS];
}

/// All kinds but those that come in floods and neither own nor are owned.
const COLLECTED: &[&Kind] = &[
    &config_map::CONFIG_MAP,
    &endpoints::ENDPOINTS,
    &kept::LIMIT_RANGE,
    &namespace::NAMESPACE,
    &node::NODE,
    &kept::PERSISTENT_VOLUME_CLAIM,
    &kept::PERSISTENT_VOLUME,
    &pod::POD,
    &kept::POD_TEMPLATE,
    &kept::REPLICATION_CONTROLLER,
    &kept::RESOURCE_QUOTA,
    &secret::SECRET,
    &service_account::SERVICE_ACCOUNT,
    &service::SERVICE,
    &controller_revision::CONTROLLER_REVISION,
    &daemon_set::DAEMON_SET,
    &deployment::DEPLOYMENT,
    &replica_set::REPLICA_SET,
    &stateful_set::STATEFUL_SET,
    &kept::HORIZONTAL_POD_AUTOSCALER,
    &kept::CRON_JOB,
    &kept::JOB,
    &endpoint_slice::ENDPOINT_SLICE,
    &kept::INGRESS_CLASS,
    &kept::INGRESS,
    &ip_address::IP_ADDRESS,
    &network_policy::NETWORK_POLICY,
    &service_cidr::SERVICE_CIDR,
    &kept::RUNTIME_CLASS,
    &pod_disruption_budget::POD_DISRUPTION_BUDGET,
    &kept::CLUSTER_ROLE_BINDING,
    &kept::CLUSTER_ROLE,
    &kept::ROLE_BINDING,
    &kept::ROLE,
    &kept::PRIORITY_CLASS,
    &kept::CSI_DRIVER,
    &kept::CSI_NODE,
    &kept::CSI_STORAGE_CAPACITY,
    &kept::STORAGE_CLASS,
    &kept::VOLUME_ATTACHMENT,
    &kept::VOLUME_ATTRIBUTES_CLASS,
];

impl Controllers {
    /// The controllers, which know nothing yet.
    pub fn new() -> Controllers {
        Controllers::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_garbage_collector_misses_no_kind() {
        let collected: Vec<_> = COLLECTED.iter().map(|kind| kind.kind).collect();
        let all = crate::api::kinds::KINDS.iter().filter(|kind| super::super::garbage::is_collected(kind));
        assert_eq!(collected, all.map(|kind| kind.kind).collect::<Vec<_>>(), "add new kinds to COLLECTED");
    }

    #[test]
    fn each_controller_sits_at_its_own_index() {
        let all = Controllers::new();
        let names = [all.deployment.desk.name, all.replica_set.desk.name, all.scheduler.desk.name];
        let listed: Vec<_> = CONTROLLERS.iter().map(|def| def.name).take(3).collect();
        assert_eq!(names.as_slice(), listed);
    }
}
