//! Read-only views: plain values for the page, computed from the world when someone looks.

pub mod node;
pub mod stage;
pub mod terminal;

pub use stage::Stage;
pub use terminal::TerminalView;
