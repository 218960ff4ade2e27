//! Floor 5: the API server: typed requests over the store, and their HTTP codec. The only reader of the store.
//!
//! A request goes through upstream's order: namespace, defaults, admission, allocation, validation, write. Whoever
//! watches learns of a write from the store's revision log.
//!
//! Models: `staging/src/k8s.io/apiserver/pkg/registry/generic/registry/store.go`. Omits: authentication, authorization,
//! quotas, webhooks.

pub mod admission;
pub mod bootstrap;
pub mod config;
pub mod create;
pub mod delete;
pub mod http;
pub mod keys;
pub mod managed;
pub mod meta;
pub mod patch;
pub mod pools;
pub mod read;
pub mod services;
pub mod subresources;
pub mod update;
pub mod watch;

pub use config::ApiConfig;
pub use http::{HttpOutcome, KubeletRequest, WatchSpec};

use crate::api::service_cidr::SERVICE_CIDR;
use crate::api::{Kind, Object, Request, Response, Status, Verb};
use crate::base::Text;
use crate::effect::Out;
use crate::store::Store;
use crate::trace::{Cargo, Cause, Change, Fact, Hop, Place, Refusal};
use pools::{AddressPool, PortPool};
use std::sync::Arc;

/// The API server.
#[derive(Debug, Clone)]
pub struct ApiServer {
    config: Arc<ApiConfig>,
    store: Store<Record>,
    addresses: Vec<AddressPool>,
    ports: PortPool,
}

/// What is stored: an object, and why it was written, so that watchers can link back.
#[derive(Debug, Clone)]
struct Record {
    object: Object,
    cause: Cause,
}

/// What a request meets on its way besides its answer: things to warn of.
type Warnings = Vec<String>;

impl ApiServer {
    /// An empty API server.
    pub fn new(config: &ApiConfig) -> ApiServer {
        ApiServer {
            addresses: config.service_ranges.iter().map(|range| AddressPool::new(*range)).collect(),
            ports: PortPool::new(config.node_ports.clone()),
            config: Arc::new(config.clone()),
            store: Store::default(),
        }
    }

    /// The revision of the last write: when it moves, watchers have news.
    pub fn revision(&self) -> u64 {
        self.store.revision()
    }

    /// Carries out a request.
    pub fn request(&mut self, request: &Request, out: &mut Out<'_>) -> Result<Response, Status> {
        self.handle(request, &mut Warnings::new(), out)
    }

    fn handle(
        &mut self,
        request: &Request,
        warnings: &mut Warnings,
        out: &mut Out<'_>,
    ) -> Result<Response, Status> {
        managed::check(request)?;
        let result = match &request.verb {
            Verb::Get => self.get(request),
            Verb::List => self.list(request),
            Verb::Create(object) => match request.subresource {
                "binding" => self.bind(request, object, out),
                "eviction" => self.evict(request, object, out),
                _ => self.create(request, object, None, warnings, out),
            },
            Verb::Update(object) => {
                self.change(request, &|_| Ok(object.tree().clone().into()), warnings, out)
            }
            Verb::Patch(how, patch) => self.patch(request, *how, patch, warnings, out),
            Verb::Delete => self.delete(request, out),
            Verb::DeleteCollection => self.delete_collection(request, out),
        };
        if let Err(status) = &result
            && !matches!(request.verb, Verb::Get | Verb::List)
        {
            let refusal = Refusal::Api(status.code, status.reason.into(), status.message.as_str().into());
            out.refused(Place::ApiServer, refusal);
        }
        result
    }

    /// The stored object of a kind and name.
    fn stored(&self, kind: &Kind, namespace: &str, name: &str) -> Option<&Object> {
        self.store.get(&keys::object(kind, namespace, name)).map(|stored| &stored.value.object)
    }

    /// Writes an object that is complete but for its revision.
    fn put(&mut self, mut object: Object, change: Change, out: &mut Out<'_>) -> Object {
        let key = keys::object(object.kind, object.namespace(), object.name());
        if object.managed.is_none() {
            object.managed = self.store.get(&key).and_then(|stored| stored.value.object.managed.clone());
        }
        let cause = self.tell(&key, &object, change, out);
        // Nothing else runs between the check of the revision and this write, so that it cannot conflict.
        let written = self.store.put(&key, None, |revision| {
            object = object.clone().at_revision(revision);
            Record { object: object.clone(), cause }
        });
        debug_assert!(written.is_ok(), "an unconditional write cannot be refused");
        if *object.kind == SERVICE_CIDR {
            self.follow_ranges();
        }
        object
    }

    /// Removes an object from the store and gives back what it held.
    fn remove(&mut self, object: &Object, out: &mut Out<'_>) -> Object {
        let key = keys::object(object.kind, object.namespace(), object.name());
        let cause = self.tell(&key, object, Change::Deleted, out);
        let last = |record: Record, revision| Record { object: record.object.at_revision(revision), cause };
        let removed = self.store.delete(&key, None, last);
        self.release(object, out);
        if *object.kind == SERVICE_CIDR {
            self.follow_ranges();
        }
        removed.map_or_else(|_| object.clone(), |(_, record)| record.object)
    }

    /// The facts of a write that comes next.
    fn tell(&self, key: &str, object: &Object, change: Change, out: &mut Out<'_>) -> Cause {
        let revision = self.store.revision() + 1;
        out.fact(Fact::Moved(Hop {
            from: Place::ApiServer,
            to: Place::Etcd,
            cargo: Cargo::StoragePut(Text::from(key), revision),
            addresses: None,
            takes: out.timing.storage,
        }));
        out.fact(Fact::Changed(object.key.clone(), change, revision));
        out.cause()
    }
}

#[cfg(test)]
mod tests;
