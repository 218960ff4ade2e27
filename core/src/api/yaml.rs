//! YAML with exact places: [`read()`] for what people write, [`write()`] for `-o yaml` and export, [`repair`] for what web
//! pages break. Knows no kinds, except that repairing asks the field table where a key belongs.
//! Models: sigs.k8s.io/yaml and apimachinery `pkg/util/yaml`.
//! Omits: go-yaml's base-60 numbers on reading (kubectl reads them as strings too).

pub mod lines;
pub mod place;
pub mod problem;
pub mod read;
pub mod repair;
pub mod scalar;
mod build;
mod syntax;
mod write;

pub use place::{Entry, Place};
pub use problem::{Edit, Fix, FixKind, Problem, ProblemCode};
pub use read::{Document, Read, read};
pub use write::write;

/// A range of bytes in a text.
pub type Span = std::ops::Range<usize>;
