//! What the API server holds: every object, and the chosen one whole.

use super::inspector::made_by;
use crate::model::Shown;
use crate::session::Action;
use crate::sim::write_yaml;
use tidepool_core::api::{Object, tree};
use tidepool_core::base::{ObjectRef, order};
use web_sys::HtmlInputElement;
use yew::prelude::*;

/// The objects.
#[component]
pub fn Objects(shown: &Shown) -> Html {
    let filter = use_state(String::new);
    let session = shown.model.session();
    let chosen: Option<&ObjectRef> = session.object.as_ref();
    let ui = &session.words().ui;
    let mut objects = session.world().objects();
    order::sort_by_key(&mut objects, |object| &*object.key.kind == "Event");
    let wanted = filter.to_lowercase();
    let fits = |object: &&Object| {
        let key = &object.key;
        wanted.is_empty()
            || format!("{} {} {}", key.kind, key.namespace, key.name).to_lowercase().contains(&wanted)
    };
    let rows: Vec<&Object> = objects.iter().filter(fits).collect();
    let details = objects.iter().find(|object| chosen == Some(&object.key));
    let oninput = {
        let filter = filter.clone();
        Callback::from(move |event: InputEvent| {
            let input: HtmlInputElement = event.target_unchecked_into();
            filter.set(input.value());
        })
    };
    let row = |object: &&Object| {
        let (key, is_chosen) = (object.key.clone(), chosen == Some(&object.key));
        let to = object.key.clone();
        let onclick = shown.dispatch.reform(move |_: MouseEvent| Action::Object(Some(to.clone())));
        html! {
            <tr class={classes!(is_chosen.then_some("on"))} key={key.to_string()} onclick={onclick.clone()}>
                <td>{key.kind.to_string()}</td>
                <td><button type="button" aria-pressed={is_chosen.to_string()} {onclick}>{key.name.to_string()}</button></td>
                <td>{key.namespace.to_string()}</td>
                <td>{state(object)}</td>
            </tr>
        }
    };
    html! {
        <div class="split objects">
            <div class="list">
                <div class="bar"><input type="search" placeholder={ui.filter} aria-label={ui.filter} value={(*filter).clone()} {oninput} /></div>
                <div class="scroll" tabindex="0" role="region" aria-label={ui.objects}>
                    <table>
                        <thead><tr><th scope="col">{ui.kind}</th><th scope="col">{ui.name_column}</th><th scope="col">{ui.namespace}</th><th scope="col">{ui.state}</th></tr></thead>
                        <tbody>{ for rows.iter().map(row) }</tbody>
                    </table>
                    if rows.is_empty() { <p class="hint">{ui.no_objects}</p> }
                </div>
            </div>
            <div class="detail scroll" tabindex="0" role="region" aria-label={ui.details}>
                { match details {
                    Some(object) => html! { <>{ made_by(shown, &session, &object.key) }<pre>{write_yaml(object.tree())}</pre></> },
                    None => html! { <p class="hint">{ui.select_object}</p> },
                } }
            </div>
        </div>
    }
}

/// The one figure of an object that says most.
fn state(object: &Object) -> String {
    let of = |path: &str| object.int(path).unwrap_or(0);
    match &*object.key.kind {
        "Pod" => {
            let containers = object.list("status.containerStatuses");
            let ready = containers.iter().filter(|status| tree::bool(status, "ready") == Some(true)).count();
            format!("{} {ready}/{}", object.str("status.phase"), object.list("spec.containers").len())
        }
        "Deployment" | "ReplicaSet" | "StatefulSet" => {
            format!("{}/{}", of("status.readyReplicas"), of("spec.replicas"))
        }
        "DaemonSet" => format!("{}/{}", of("status.numberReady"), of("status.desiredNumberScheduled")),
        "Service" => object.str("spec.clusterIP").to_string(),
        "EndpointSlice" => object.list("endpoints").len().to_string(),
        "Node" => object.str("status.nodeInfo.kubeletVersion").to_string(),
        "Namespace" => object.str("status.phase").to_string(),
        _ => String::new(),
    }
}
