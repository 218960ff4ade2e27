//! The page's program: reports panics to the loader and mounts [`tidepool_web::App`].

fn main() {
    tidepool_web::browser::report_panics();
    tidepool_web::mount();
}
