//! Lessons: content in folders, one Markdown file per language, and the checker that proves them. Knows no page.

pub mod course;
mod front;
pub mod goal;
pub mod lesson;
pub mod question;
pub mod stage;
pub mod verify;

pub use goal::Goal;
pub use lesson::{Block, BlockKind, Lesson, Step};
pub use question::Question;
pub use stage::Scene;
pub use verify::{Problem, verify};

/// The languages that every lesson has, by file name.
pub const LANGUAGES: [&str; 2] = ["en", "zh-CN"];
