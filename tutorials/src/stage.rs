//! What the stage shows at a step: a lens, and what to look at.

/// A `stage` block.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Scene {
    /// `traffic`, `registration` or `dns`; empty for no matter.
    pub lens: String,
    /// `belief` or `reality`; empty for no matter.
    pub view: String,
    /// What is pointed out: `service/NAME`, `pod/NAME` (with `*` for any end), `node/NAME`, `rules/NODE`, `apiserver`,
    /// `etcd`, `controllers`, `agents`, `dns`.
    pub spotlight: Vec<String>,
    /// The tab of the workbench; empty for no matter.
    pub tab: String,
}

const LENSES: [&str; 3] = ["traffic", "registration", "dns"];
const VIEWS: [&str; 2] = ["belief", "reality"];
const TABS: [&str; 7] = ["manifests", "terminal", "objects", "rules", "dns", "traffic", "log"];
const SPOTS: [&str; 4] = ["service/", "pod/", "node/", "rules/"];
const PLACES: [&str; 5] = ["apiserver", "etcd", "controllers", "agents", "dns"];

impl Scene {
    /// Reads a block: lines `lens:`, `view:`, `tab:` and `spotlight:` with names.
    pub fn parse(text: &str) -> Result<Scene, String> {
        let mut scene = Scene::default();
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            let (key, value) = line.split_once(':').ok_or(format!("{line:?} is no `key: value`"))?;
            let value = value.trim();
            let one_of = |known: &[&str]| match known.contains(&value) {
                true => Ok(value.to_string()),
                false => Err(format!("{value:?} is none of {}", known.join(", "))),
            };
            match key.trim() {
                "lens" => scene.lens = one_of(&LENSES)?,
                "view" => scene.view = one_of(&VIEWS)?,
                "tab" => scene.tab = one_of(&TABS)?,
                "spotlight" => {
                    scene.spotlight = value.split_whitespace().map(spot).collect::<Result<_, _>>()?
                }
                key => return Err(format!("{key:?} is none of lens, view, tab, spotlight")),
            }
        }
        Ok(scene)
    }
}

fn spot(name: &str) -> Result<String, String> {
    let known =
        PLACES.contains(&name) || SPOTS.iter().any(|kind| name.len() > kind.len() && name.starts_with(kind));
    if known { Ok(name.into()) } else { Err(format!("{name:?} is nothing that the stage can point out")) }
}
