//! The regions and tabs of the page, one file each. They get the session and a callback, hold only how they are looked
//! at (scroll, filter, an open menu), and never compute what is true of the cluster.

mod bench;
mod card;
mod difference;
mod dns;
mod files;
mod guide;
mod handle;
mod inspector;
mod journey;
mod lesson;
mod log;
mod manifests;
mod objects;
mod rules;
mod shapes;
mod share;
mod stage;
mod tape;
mod terminal;
mod top;
mod traffic;

pub use bench::Bench;
pub use guide::Guide;
pub use handle::{Between, handle, restore};
pub use inspector::Inspector;
pub use journey::Journey;
pub use lesson::LessonPanel;
pub use share::{Arrival, Share};
pub use stage::StagePanel;
pub use tape::Tape;
pub use top::TopBar;
