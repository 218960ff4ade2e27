//! The page: a session that drives a world, and panels that show it. Knows the core; the core does not know it.
//!
//! In reading order: [`session`] is everything that the page knows, [`words`] what it says, [`app`] the frame of
//! regions, [`panels`] one file per region or tab, [`browser`] the only timer and the browser's storage.

pub mod app;
pub mod assist;
pub mod browser;
pub mod canvas;
pub mod complete;
pub mod disk;
pub mod editor;
pub mod evidence;
pub mod examples;
pub mod files;
pub mod flights;
pub mod follow;
pub mod layout;
pub mod library;
pub mod markdown;
pub mod model;
pub mod pace;
pub mod panels;
pub mod problems;
pub mod propagation;
pub mod session;
pub mod share;
pub mod sim;
pub mod traffic;
pub mod words;

pub use app::App;

/// Mounts the page into `#app`.
pub fn mount() {
    let root = gloo::utils::document().get_element_by_id("app");
    match root {
        Some(root) => yew::Renderer::<App>::with_root(root).render(),
        None => yew::Renderer::<App>::new().render(),
    };
}
