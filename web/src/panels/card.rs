//! The small card beside what is under the pointer, or has the focus, on the stage: its name, address and state, and who
//! speaks of it. Says nothing of what is chosen: the inspector does that.

use crate::layout::{NodeBox, Rect};
use crate::session::{Selected, Session};
use crate::sim::{StageNode, StagePod};
use yew::prelude::*;

/// What is in a picture is of the picture's namespace unless it says otherwise.
const XHTML: &str = "http://www.w3.org/1999/xhtml";
/// Its width.
const WIDTH: f64 = 236.0;
/// The height of a line.
const LINE: f64 = 18.0;
/// What is around the lines.
const AROUND: f64 = 22.0;
/// The space between it and what it speaks of.
const GAP: f64 = 8.0;

/// The card, when something is under the pointer.
pub fn card(session: &Session) -> Html {
    let hovered = session.links.hovered.as_ref().filter(|what| session.selected.as_ref() != Some(what));
    let Some((what, around)) = hovered.and_then(|what| Some((what, place_of(session, what)?))) else {
        return Html::default();
    };
    let rows: Vec<(&str, String)> =
        facts(session, what).into_iter().filter(|(_, value)| !value.is_empty()).collect();
    let size = session.layout.size;
    let height = AROUND + LINE * (rows.len() + 1) as f64;
    // Below or above it: beside it there is what it is linked with.
    let x = around.x.min(size.width - WIDTH - GAP).max(0.0);
    let below = around.y + around.h + GAP;
    let y = if below + height <= size.height { below } else { (around.y - GAP - height).max(GAP) };
    let name = match what {
        Selected::Pod(_, name) | Selected::Service(_, name) | Selected::Node(name) => name.to_string(),
    };
    let px = |value: f64| format!("{value:.1}");
    html! {
        <foreignObject class="card-place" x={px(x)} y={px(y)} width={px(WIDTH)} height={px(height)}>
            <div xmlns={XHTML} class="hover-card" id="stage-card" role="tooltip">
                <strong>{name}</strong>
                <dl>{ for rows.into_iter().map(|(label, value)| html! { <div><dt>{label.to_string()}</dt><dd>{value}</dd></div> }) }</dl>
            </div>
        </foreignObject>
    }
}

/// The facts; Kubernetes' own names are their labels, in every language.
fn facts(session: &Session, what: &Selected) -> Vec<(&'static str, String)> {
    let words = session.words();
    let slices = session.slices_of(what).join(", ");
    let named = |linked: Vec<Selected>| -> String {
        let names = linked.into_iter().map(|other| match other {
            Selected::Pod(_, name) | Selected::Service(_, name) | Selected::Node(name) => name.to_string(),
        });
        names.collect::<Vec<_>>().join(", ")
    };
    match what {
        Selected::Pod(..) => {
            let Some((node, pod)) = find_pod(session, what) else { return Vec::new() };
            let ready = match (pod.terminating, pod.ready) {
                (true, _) => "Terminating",
                (false, true) => "✓",
                (false, false) => "✗",
            };
            vec![
                ("Pod IP", pod.ip.map(|ip| ip.to_string()).unwrap_or_default()),
                ("Ready", format!("{ready} {}", pod.phase)),
                ("Node", node.map(|node| node.name.to_string()).unwrap_or_default()),
                ("Service", named(session.linked(what))),
                ("EndpointSlice", slices),
            ]
        }
        Selected::Service(namespace, name) => {
            let mut services = session.stage.services.iter();
            let found = services.find(|service| service.namespace == *namespace && service.name == *name);
            let Some(service) = found else { return Vec::new() };
            let ips: Vec<String> = service.ips.iter().map(ToString::to_string).collect();
            vec![
                ("Type", service.kind.to_string()),
                ("ClusterIP", ips.join(", ")),
                ("Load balancer", service.balancer.as_deref().map_or(String::new(), or_pending)),
                ("Endpoints", (words.endpoints)(service.ready.len(), service.not_ready.len())),
                ("EndpointSlice", slices),
            ]
        }
        Selected::Node(name) => {
            let Some(node) = session.stage.nodes.iter().find(|node| node.name == *name) else {
                return Vec::new();
            };
            let ready = node.pods.iter().filter(|pod| pod.ready).count();
            vec![
                ("Ready", if node.ready { "✓".into() } else { "✗".into() }),
                (words.ui.zone, node.zone.to_string()),
                ("Pods", (words.pods)(node.pods.len(), ready)),
            ]
        }
    }
}

/// An address, or kubectl's word for none yet.
fn or_pending(ip: &str) -> String {
    if ip.is_empty() { "<pending>".into() } else { ip.into() }
}

fn find_pod<'s>(session: &'s Session, what: &Selected) -> Option<(Option<&'s StageNode>, &'s StagePod)> {
    let Selected::Pod(namespace, name) = what else { return None };
    let is_it = |pod: &&StagePod| pod.namespace == *namespace && pod.name == *name;
    let on_node = |node: &'s StageNode| Some((Some(node), node.pods.iter().find(is_it)?));
    let found = session.stage.nodes.iter().find_map(on_node);
    found.or_else(|| Some((None, session.stage.pending.iter().find(is_it)?)))
}

/// Where something is drawn.
fn place_of(session: &Session, what: &Selected) -> Option<Rect> {
    let (stage, layout) = (&session.stage, &session.layout);
    match what {
        Selected::Service(namespace, name) => layout.rings.iter().find_map(|ring| {
            let service = stage.services.get(ring.index)?;
            let side = ring.r * 2.0;
            let rect = Rect { x: ring.x - ring.r, y: ring.y - ring.r, w: side, h: side };
            (service.namespace == *namespace && service.name == *name).then_some(rect)
        }),
        Selected::Node(name) => layout.nodes.iter().find_map(|drawn| {
            let node = stage.nodes.get(drawn.index)?;
            (node.name == *name).then_some(drawn.rect)
        }),
        Selected::Pod(namespace, name) => layout.nodes.iter().find_map(|drawn: &NodeBox| {
            let node = stage.nodes.get(drawn.index)?;
            drawn.pods.iter().find_map(|(at, rect)| {
                let pod = node.pods.get(*at)?;
                (pod.namespace == *namespace && pod.name == *name).then_some(*rect)
            })
        }),
    }
}
