//! Patches as functions of a tree: JSON patch, JSON merge patch, strategic merge patch. Both ends use them: the API server
//! for requests, and kubectl for what it changes before it sends.

pub mod json;
pub mod merge;
pub mod strategic;
