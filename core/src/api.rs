//! Floor 2: Kubernetes kinds as data: one tree per object, and per kind its names, defaults, problems, printer columns
//! and readers. Knows no storage and no server. One file per kind, one list: [`kinds::KINDS`].

pub mod addresses;
pub mod age;
pub mod cache;
pub mod config_map;
pub mod controller_revision;
pub mod daemon_set;
pub mod decode;
pub mod deployment;
pub mod endpoint_slice;
pub mod endpoints;
pub mod event;
pub mod field_error;
pub mod fields;
pub mod kept;
pub mod kinds;
pub mod lease;
pub mod managed;
pub mod names;
pub mod merge_keys;
pub mod namespace;
pub mod node;
pub mod object;
pub mod pod;
pub mod pod_disruption_budget;
pub mod recorder;
pub mod replica_set;
pub mod request;
pub mod secret;
pub mod selector;
pub mod service;
pub mod service_account;
pub mod stateful_set;
pub mod status;
pub mod tree;
pub mod yaml;

pub use cache::{Cache, Change};
pub use field_error::FieldError;
pub use kinds::{Column, Kind};
pub use managed::Managed;
pub use object::Object;
pub use recorder::{Recorder, Saying};
pub use request::{Request, Response, Verb, WatchEvent, WatchKind};
pub use selector::Selector;
pub use status::Status;
