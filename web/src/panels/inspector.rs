//! The chosen pod, Service or node, over the stage: what it is, whether it works, and ways on. Facts come from the world.

use crate::layout::NodeBox;
use crate::model::Shown;
use crate::session::{Action, Selected, Session, Tab};
use crate::sim::{StageNode, StagePod, StageService};
use crate::words::labels;
use tidepool_core::base::ObjectRef;
use tidepool_core::trace::Place;
use yew::prelude::*;

/// What is chosen on the stage.
#[component]
pub fn Inspector(shown: &Shown) -> Html {
    let session = shown.model.session();
    let ui = &session.words().ui;
    let body = match &session.selected {
        None => None,
        Some(Selected::Pod(namespace, name)) => pods(&session)
            .find(|pod| pod.namespace == *namespace && pod.name == *name)
            .map(|p| pod(shown, &session, p)),
        Some(Selected::Service(namespace, name)) => {
            let mut services = session.stage.services.iter();
            let found = services.find(|service| service.namespace == *namespace && service.name == *name);
            found.map(|found| service(shown, &session, found))
        }
        Some(Selected::Node(name)) => node(shown, &session, name),
    };
    let Some(body) = body else { return Html::default() };
    let close = shown.dispatch.reform(|_: MouseEvent| Action::Select(None));
    html! {
        <section class={classes!("inspector", is_left(&session).then_some("right"))} aria-label={ui.inspector} tabindex="-1">
            <button type="button" class="btn icon x" id="inspector-close" aria-label={ui.close} title={ui.close} onclick={close}>{"×"}</button>
            {body}
            { session.selected.as_ref().map(|what| made_by(shown, &session, &what.object())).unwrap_or_default() }
        </section>
    }
}

/// Whether what is chosen stands at the left, so that this must not.
fn is_left(session: &Session) -> bool {
    let node = match &session.selected {
        Some(Selected::Node(name)) => name,
        Some(Selected::Pod(namespace, name)) => {
            let has = |node: &&StageNode| {
                node.pods.iter().any(|pod| pod.namespace == *namespace && pod.name == *name)
            };
            match session.stage.nodes.iter().find(has) {
                Some(node) => &node.name,
                None => return false,
            }
        }
        _ => return false,
    };
    let layout = &session.layout;
    let of_name = |drawn: &&NodeBox| session.stage.nodes.get(drawn.index).is_some_and(|n| n.name == *node);
    layout.nodes.iter().find(of_name).is_some_and(|drawn| drawn.rect.x < layout.gutter.0)
}

fn pods(session: &Session) -> impl Iterator<Item = &StagePod> {
    session.stage.nodes.iter().flat_map(|node| &node.pods).chain(&session.stage.pending)
}

/// A row of facts; Kubernetes' own names are their labels, in every language.
fn row(label: &str, value: String) -> Html {
    if value.is_empty() {
        return Html::default();
    }
    html! { <><dt>{label.to_string()}</dt><dd>{value}</dd></> }
}

fn button(shown: &Shown, label: &str, actions: Vec<Action>) -> Html {
    let dispatch = shown.dispatch.clone();
    let onclick =
        Callback::from(move |_: MouseEvent| actions.iter().for_each(|action| dispatch.emit(action.clone())));
    html! { <button type="button" class="btn" {onclick}>{label.to_string()}</button> }
}

fn whole(shown: &Shown, label: &str, kind: &'static str, namespace: &str, name: &str) -> Html {
    let key = ObjectRef { kind: kind.into(), namespace: namespace.into(), name: name.into() };
    button(shown, label, vec![Action::Object(Some(key)), Action::Tab(Tab::Objects)])
}

/// A way to the document that made what is chosen.
pub fn made_by(shown: &Shown, session: &Session, object: &ObjectRef) -> Html {
    let Some(source) = session.source_of(object) else { return Html::default() };
    let label = (session.words().made_by)(&source.name, source.first);
    let onclick = shown.dispatch.reform(|_: MouseEvent| Action::ShowSource);
    html! { <button type="button" class="btn quiet made-by" {onclick}>{label}</button> }
}

fn pod(shown: &Shown, session: &Session, pod: &StagePod) -> Html {
    let (words, ui) = (session.words(), &session.words().ui);
    let place = Place::Pod(pod.namespace.clone(), pod.name.clone());
    let calls = session.traffic.by_place.get(&place).map_or(0, |tally| tally.answers);
    let services = session.stage.services.iter().filter(|service| service.namespace == pod.namespace);
    let services: Vec<String> = services
        .filter(|service| service.ready.contains(&pod.name) || service.not_ready.contains(&pod.name))
        .map(|service| service.name.to_string())
        .collect();
    let terminal = Action::OpenTerminal(Some((pod.namespace.to_string(), pod.name.to_string())));
    let runs = &*pod.phase == "Running" && !pod.terminating;
    html! {
        <>
            <h2>{pod.name.to_string()}</h2>
            <p class="sub">{(words.pod_state)(&pod.name, &pod.phase, pod.ready, pod.terminating)}</p>
            <dl>
                { row("Pod IP", pod.ip.map(|ip| ip.to_string()).unwrap_or_default()) }
                { row("Namespace", pod.namespace.to_string()) }
                { row("Labels", labels(&pod.labels)) }
                { row("Image", pod.images.join(", ")) }
                { row("Controlled by", pod.owner.to_string()) }
                { row("Services", services.join(", ")) }
                { row(ui.answered, if calls > 0 { (words.calls)(calls) } else { String::new() }) }
            </dl>
            <div class="row">
                if runs { { button(shown, ui.terminal_here, vec![terminal, Action::Tab(Tab::Terminal)]) } }
                { whole(shown, ui.whole_object, "Pod", &pod.namespace, &pod.name) }
            </div>
        </>
    }
}

fn service(shown: &Shown, session: &Session, service: &StageService) -> Html {
    let (words, ui) = (session.words(), &session.words().ui);
    let checks = session.world().check_service(&service.namespace, &service.name).unwrap_or_default();
    let first_wrong = checks.iter().position(|check| !check.is_sound());
    let line = |(n, check): (usize, &tidepool_core::world::view::Check)| {
        let state = match first_wrong {
            Some(wrong) if n == wrong => "wrong",
            Some(wrong) if n > wrong => "after",
            _ => "sound",
        };
        let mark = if check.is_sound() { "✓" } else { "✗" };
        html! { <li class={state} key={n}><span aria-hidden="true">{mark}</span><span>{(words.check)(check)}</span></li> }
    };
    let ips: Vec<String> = service.ips.iter().map(ToString::to_string).collect();
    let ports: Vec<String> =
        service.ports.iter().map(|port| format!("{}/{}", port.port, port.protocol)).collect();
    html! {
        <>
            <h2>{service.name.to_string()}</h2>
            <p class="sub">{format!("Service · {}", service.kind)}</p>
            <dl>
                { row("ClusterIP", ips.join(", ")) }
                { row("Ports", ports.join(", ")) }
                { row("Selector", labels(&service.selector)) }
                { row("DNS", format!("{}.{}.svc.cluster.local", service.name, service.namespace)) }
            </dl>
            <h3>{ if first_wrong.is_some() { ui.why_not } else { ui.it_works } }</h3>
            <ol class="checks">{ for checks.iter().enumerate().map(line) }</ol>
            <div class="row">{ whole(shown, ui.whole_object, "Service", &service.namespace, &service.name) }</div>
        </>
    }
}

fn node(shown: &Shown, session: &Session, name: &tidepool_core::base::Text) -> Option<Html> {
    let (words, ui) = (session.words(), &session.words().ui);
    let node = session.stage.nodes.iter().find(|node| node.name == *name)?;
    let ready = node.pods.iter().filter(|pod| pod.ready).count();
    let (told, applied) = session.world().proxy_revisions(name).unwrap_or_default();
    let rules = vec![Action::Node(name.clone()), Action::Tab(Tab::Rules)];
    Some(html! {
        <>
            <h2>{name.to_string()}</h2>
            <p class="sub">{ if node.ready { "Node · Ready" } else { "Node · NotReady" } }</p>
            <dl>
                { row(ui.zone, node.zone.to_string()) }
                { row("Pods", (words.pods)(node.pods.len(), ready)) }
                { row("kube-proxy", (words.rules_of)(applied, told)) }
            </dl>
            <div class="row">
                { button(shown, ui.its_rules, rules) }
                { whole(shown, ui.whole_object, "Node", "", name) }
            </div>
        </>
    })
}
