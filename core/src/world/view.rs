//! Read-only views: plain values for the page, computed from the world when someone looks.

pub mod dns;
pub mod node;
pub mod service;
pub mod stage;
pub mod terminal;

pub use service::Check;
pub use stage::Stage;
pub use terminal::TerminalView;
