//! The manifests of the examples menu. Those of the article are as they were pasted: their indentation is lost.

use crate::words::Ui;

/// An example.
#[derive(Debug, Clone, Copy)]
pub struct Example {
    /// A name for ids.
    pub id: &'static str,
    /// Its title.
    pub title: fn(&Ui) -> &'static str,
    /// The manifests.
    pub text: &'static str,
}

/// The article's Service as it was pasted.
pub const PASTED_SERVICE: &str = include_str!("../examples/article-service.yaml");
/// The article's Service, with its indentation.
pub const SERVICE: &str = include_str!("../examples/service.yaml");
/// Three pods that match it.
pub const DEPLOYMENT: &str = include_str!("../examples/deployment.yaml");
/// A pod to call from.
pub const CLIENT: &str = include_str!("../examples/client.yaml");

/// Pods and client.
pub const PODS_AND_CLIENT: &str =
    concat!(include_str!("../examples/deployment.yaml"), "---\n", include_str!("../examples/client.yaml"));
/// Everything that a first request needs.
pub const ALL: &str = concat!(
    include_str!("../examples/service.yaml"),
    "---\n",
    include_str!("../examples/deployment.yaml"),
    "---\n",
    include_str!("../examples/client.yaml")
);

/// The menu, in order.
pub const EXAMPLES: [Example; 6] = [
    Example { id: "flat", title: |ui| ui.example_flat, text: PASTED_SERVICE },
    Example { id: "service", title: |ui| ui.example_article, text: SERVICE },
    Example { id: "deployment", title: |ui| ui.example_deployment, text: DEPLOYMENT },
    Example { id: "client", title: |ui| ui.example_client, text: CLIENT },
    Example { id: "all", title: |ui| ui.example_all, text: ALL },
    Example {
        id: "ingress",
        title: |ui| ui.example_ingress,
        text: include_str!("../examples/article-ingress.yaml"),
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problems;

    #[test]
    fn what_is_not_flattened_has_no_problems() {
        for text in [SERVICE, DEPLOYMENT, CLIENT, PODS_AND_CLIENT, ALL] {
            assert_eq!(problems::find(text), []);
        }
    }
}
