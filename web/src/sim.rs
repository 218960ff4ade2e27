//! The page's door to the core: the recording session that it drives, and the plain views that it draws. The one file
//! of the page that names where in the core they live.

pub use tidepool_core::process::terminal::{Chunk, ChunkKind};
pub use tidepool_core::recording::{Recording, Session, Timed};
pub use tidepool_core::world::view::stage::{Stage, StageNode, StagePod, StageService};
pub use tidepool_core::world::view::terminal::TerminalView;
pub use tidepool_core::world::{Budget, Input, World};

/// An object as kubectl would print it with `-o yaml`.
pub fn write_yaml(tree: &serde_json::Value) -> String {
    tidepool_core::api::yaml::write(tree)
}
