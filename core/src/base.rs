//! Floor 0: virtual time, typed ids, names, addresses, draws and the canonical encoding. Knows nothing of Kubernetes.

pub mod canon;
pub mod draw;
pub mod flat;
pub mod id;
pub mod object_ref;
pub mod order;
pub mod time;

pub use canon::{Canon, Encoder};
pub use draw::{Purpose, Seed};
pub use flat::{FlatMap, FlatSet};
pub use id::{Fd, HostId, NodeId, Pid, SockId, StrangerId, TerminalId};
pub use object_ref::ObjectRef;
pub use time::{Duration, Instant};

/// A short immutable string that is cheap to clone: names, labels, lines. Shared, never mutated.
pub type Text = std::sync::Arc<str>;
