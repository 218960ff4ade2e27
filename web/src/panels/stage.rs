//! The stage: the control plane's band, nodes with their pods, Services as rings without a body, and the two lines of
//! the followed request: what its program believes, and what happens.

use super::card::card;
use super::shapes::shape;
use crate::examples;
use crate::flights::{Lens, Mark};
use crate::layout::route::Way;
use crate::layout::{Density, NodeBox, Rect, Ring, Size, pod_place, short_name};
use crate::model::Shown;
use crate::session::{Action, Selected, Session};
use crate::sim::{StagePod, StageService};
use tidepool_core::trace::Place;
use wasm_bindgen::prelude::*;
use yew::prelude::*;

/// The stage.
#[component]
pub fn StagePanel(shown: &Shown) -> Html {
    let frame = use_node_ref();
    use_size(frame.clone(), shown.dispatch.clone());
    let session = shown.model.session();
    let words = session.words();
    let ui = &words.ui;
    let size = session.layout.size;
    let pods: usize = session.stage.nodes.iter().map(|node| node.pods.len()).sum();
    let summary = (words.stage_summary)(session.stage.nodes.len(), pods, session.stage.services.len());
    let spotlight = session.spotlight();
    let lens = |lens: Lens| {
        let name = match lens {
            Lens::Traffic => ui.lens_traffic,
            Lens::Registration => ui.lens_registration,
            Lens::Dns => ui.lens_dns,
        };
        let onclick = shown.dispatch.reform(move |_: MouseEvent| Action::Lens(lens));
        html! { <button type="button" aria-pressed={(session.lens == lens).to_string()} {onclick}>{name}</button> }
    };
    let belief = |on: bool, name: &'static str| {
        let onclick = shown.dispatch.reform(move |_: MouseEvent| Action::Belief(on));
        html! { <button type="button" title={ui.belief_help} aria-pressed={(session.belief == on).to_string()} {onclick}>{name}</button> }
    };
    let choose = {
        let dispatch = shown.dispatch.clone();
        Callback::from(move |event: MouseEvent| {
            if let Some(selected) = event.target().and_then(chosen_by) {
                dispatch.emit(Action::Select(Some(selected)));
            }
        })
    };
    let choose_by_key = {
        let dispatch = shown.dispatch.clone();
        Callback::from(move |event: KeyboardEvent| {
            let selected = event.target().and_then(chosen_by);
            match (event.key().as_str(), selected) {
                ("Enter" | " ", Some(selected)) => {
                    event.prevent_default();
                    event.stop_propagation();
                    dispatch.emit(Action::Select(Some(selected)));
                }
                ("Escape", _) => dispatch.emit(Action::Select(None)),
                _ => {}
            }
        })
    };
    let onpointerover = hover(shown, |event: PointerEvent| event.target());
    let onfocusin = hover(shown, |event: FocusEvent| event.target());
    let leave = shown.dispatch.reform(|()| Action::Hover(None));
    html! {
        <div class="picture" ref={frame}>
            <svg class="drawing" width={size.width.to_string()} height={size.height.to_string()} viewBox={format!("0 0 {} {}", size.width, size.height)} role="group" aria-label={summary} onclick={choose} onkeydown={choose_by_key}
                {onpointerover} onpointerleave={leave.reform(|_: PointerEvent| ())} {onfocusin} onfocusout={leave.reform(|_: FocusEvent| ())}>
                <defs><pattern id="water" width="22" height="22" patternUnits="userSpaceOnUse"><circle cx="1" cy="1" r=".9" class="drop" /></pattern></defs>
                <rect width={size.width.to_string()} height={size.height.to_string()} fill="url(#water)" />
                { band(&session, &spotlight) }
                { for session.layout.rings.iter().map(|r| ring(&session, r)) }
                { for session.layout.nodes.iter().map(|n| node(&session, n, &spotlight)) }
                { story(&session) }
                { card(&session) }
            </svg>
            <div class="switch lens" role="group" aria-label={ui.lens}>{ for Lens::ALL.into_iter().map(lens) }</div>
            <div class="switch belief" role="group" aria-label={ui.belief_help}>{ belief(true, ui.belief) }{ belief(false, ui.reality) }</div>
            { legend(&session) }
            if is_empty(&session) {
                <div class="empty-stage">
                    <h2>{ui.empty_title}</h2>
                    <p>{ui.empty_text}</p>
                    <button type="button" class="btn primary" id="first-try" onclick={first_try(shown)}>{ui.empty_button}</button>
                </div>
            }
        </div>
    }
}

/// Tells the session what is under the pointer, or has the focus.
fn hover<E: 'static>(shown: &Shown, target: fn(E) -> Option<web_sys::EventTarget>) -> Callback<E> {
    let dispatch = shown.dispatch.clone();
    Callback::from(move |event: E| dispatch.emit(Action::Hover(target(event).and_then(chosen_by))))
}

/// How something on the stage stands to what is looked at in passing: it belongs to what is under the pointer, or the
/// document at the editor's cursor made it.
fn ties(session: &Session, of: &Selected) -> Classes {
    let links = &session.links;
    let is_linked = links.hovered.as_ref().is_some_and(|hovered| session.linked(hovered).contains(of));
    classes!(is_linked.then_some("linked"), links.ringed.contains(of).then_some("at-caret"))
}

/// What an element of the drawing stands for: its own name, or that of what it is a part of.
fn chosen_by(target: web_sys::EventTarget) -> Option<Selected> {
    let element = target.dyn_into::<web_sys::Element>().ok()?;
    let named = element.closest("[data-select]").ok().flatten()?;
    Selected::of_id(&named.get_attribute("data-select")?)
}

fn first_try(shown: &Shown) -> Callback<MouseEvent> {
    let dispatch = shown.dispatch.clone();
    Callback::from(move |_| {
        dispatch.emit(Action::Edit(examples::ALL.into()));
        dispatch.emit(Action::Apply);
    })
}

fn is_empty(session: &Session) -> bool {
    let system = |namespace: &str| namespace == "kube-system";
    let pods = session.stage.nodes.iter().flat_map(|node| &node.pods).chain(&session.stage.pending);
    let own_pods = pods.filter(|pod| !system(&pod.namespace)).count();
    let own_services = session.stage.services.iter().filter(|s| !crate::layout::is_system(s)).count();
    !session.is_catching_up() && own_pods + own_services == 0
}

/// Tells the session when the stage's size changes.
#[hook]
fn use_size(frame: NodeRef, dispatch: Callback<Action>) {
    use_effect_with((), move |()| {
        let element = frame.cast::<web_sys::Element>();
        let report = {
            let element = element.clone();
            move || {
                if let Some(element) = &element {
                    let (width, height) =
                        (f64::from(element.client_width()), f64::from(element.client_height()));
                    dispatch.emit(Action::StageSize(Size { width, height }));
                }
            }
        };
        report();
        let closure = Closure::<dyn FnMut()>::new(report);
        let observer = web_sys::ResizeObserver::new(closure.as_ref().unchecked_ref()).ok();
        if let (Some(observer), Some(element)) = (&observer, &element) {
            observer.observe(element);
        }
        move || {
            if let Some(observer) = observer {
                observer.disconnect();
            }
            drop(closure);
        }
    });
}

fn band(session: &Session, spotlight: &[Place]) -> Html {
    let (band, ui) = (session.layout.band, &session.words().ui);
    let narrow = session.layout.size.width < 620.0;
    let chip = |rect: Rect, label: &str, class: &'static str, lit: bool| {
        let (x, y) = rect.centre();
        html! {
            <g class={classes!("chip", class, lit.then_some("lit"))}>
                <rect x={n(rect.x)} y={n(rect.y)} width={n(rect.w)} height={n(rect.h)} rx="8" />
                <text x={n(x)} y={n(y + 4.0)} text-anchor="middle">{label.to_string()}</text>
            </g>
        }
    };
    let lit = |f: fn(&Place) -> bool| spotlight.iter().any(f);
    let arrow = |from: f64, to: f64, y: f64| {
        let head = if to > from { -4.0 } else { 4.0 };
        html! { <path class="arrow" d={format!("M{from:.1} {y:.1}H{to:.1}M{:.1} {:.1}L{to:.1} {y:.1}L{:.1} {:.1}", to + head, y - 3.5, to + head, y + 3.5)} /> }
    };
    let middle = band.rect.y + band.rect.h / 2.0;
    let agents_low = band.rect.y + band.rect.h - 6.0;
    html! {
        <g class="band">
            <rect class="card" x={n(band.rect.x)} y={n(band.rect.y)} width={n(band.rect.w)} height={n(band.rect.h)} rx="12" />
            { arrow(band.operator.x + band.operator.w, band.api.x, middle) }
            { arrow(band.controllers.x, band.etcd.x + band.etcd.w + 4.0, middle) }
            { chip(band.operator, if narrow { ui.kubectl } else { ui.operator }, "operator", lit(|p| matches!(p, Place::Outside(_)))) }
            <rect class="api-group" x={n(band.api.x)} y={n(band.api.y)} width={n(band.etcd.x + band.etcd.w + 4.0 - band.api.x)} height={n(band.api.h)} rx="8" />
            { chip(band.api, if narrow { "API" } else { ui.api_server }, "api", lit(|p| matches!(p, Place::ApiServer)) || session.points_at("apiserver")) }
            { chip(band.etcd, ui.etcd, "etcd", lit(|p| matches!(p, Place::Etcd)) || session.points_at("etcd")) }
            { chip(band.controllers, ui.controllers, "controllers", lit(|p| matches!(p, Place::Controller(_) | Place::Scheduler)) || session.points_at("controllers")) }
            { chip(band.agents, if narrow { "kubelets…" } else { ui.node_agents }, "agents", session.points_at("agents")) }
            <path class="arrow" d={format!("M{:.1} {:.1}V{agents_low:.1}H{:.1}V{:.1}", band.agents.x + band.agents.w / 2.0, band.agents.y + band.agents.h - 6.0, band.api.x + band.api.w / 2.0, band.api.y + band.api.h)} />
        </g>
    }
}

fn node(session: &Session, node: &NodeBox, spotlight: &[Place]) -> Html {
    let Some(of) = session.stage.nodes.get(node.index) else { return Html::default() };
    let (words, rect) = (session.words(), node.rect);
    let ui = &words.ui;
    let here = Place::Node(of.name.clone());
    let lit = spotlight.iter().any(
        |place| matches!(place, Place::Node(n) | Place::Kubelet(n) | Place::KubeProxy(n) if *n == of.name),
    ) || session.points_at(&format!("node/{}", of.name));
    let rules_lit = session.points_at(&format!("rules/{}", of.name));
    let picked = session.pick().filter(|(_, pick)| Place::Node(pick.node.clone()) == here);
    let rules = picked.map(|(_, pick)| {
        let whole = format!("{} → {}", pick.sent, (words.to_pods)(pick.candidates.len()));
        first_fit([whole, format!("{} → {}", pick.sent, pick.candidates.len())], node.rules.w - 16.0, 6.1)
    });
    let is_deciding = rules.is_some();
    let endpoints = session.stage.services.iter().filter(|s| !crate::layout::is_system(s)).count();
    let quiet = if endpoints == 0 { ui.rules_none } else { ui.rules_title };
    let selected = Selected::Node(of.name.clone());
    let is_selected = session.selected.as_ref() == Some(&selected);
    html! {
        <g class={classes!("node", (!of.ready).then_some("down"), ties(session, &selected))}>
            <g class={classes!("head", is_selected.then_some("selected"))}>
                <rect class={classes!("card", lit.then_some("lit"))} x={n(rect.x)} y={n(rect.y)} width={n(rect.w)} height={n(rect.h)} rx="16" />
                <text class="title" aria-hidden="true" x={n(rect.x + 14.0)} y={n(rect.y + 22.0)}>{of.name.to_string()}</text>
                if rect.w > 130.0 {
                    <text class="zone" aria-hidden="true" x={n(rect.x + rect.w - 14.0)} y={n(rect.y + 22.0)} text-anchor="end">
                        { if of.ready { format!("{} {}", ui.zone, of.zone) } else { ui.not_ready.to_string() } }
                    </text>
                }
                { hit(session, &selected, of.name.to_string(), rect, "16", true) }
            </g>
            { for node.pods.iter().filter_map(|(index, rect)| of.pods.get(*index).map(|p| pod(session, p, *rect, node.density, spotlight))) }
            if node.density == Density::Count {
                <text class="count" x={n(rect.x + 14.0)} y={n(rect.y + 50.0)}>{(words.pods)(of.pods.len(), of.pods.iter().filter(|p| p.ready).count())}</text>
            }
            <g class={classes!("rules", is_deciding.then_some("deciding"), rules_lit.then_some("pointed"))}>
                <rect x={n(node.rules.x)} y={n(node.rules.y)} width={n(node.rules.w)} height={n(node.rules.h)} rx="8" />
                <text class={classes!(is_deciding.then_some("mono"))} x={n(node.rules.x + 10.0)} y={n(node.rules.y + 15.5)}>
                    { fit(&rules.unwrap_or_else(|| quiet.to_string()), node.rules.w - 16.0, if is_deciding { 6.1 } else { 6.0 }) }
                </text>
            </g>
        </g>
    }
}

/// A pod's state, as a class.
fn state_of(pod: &StagePod) -> &'static str {
    let running = &*pod.phase == "Running" || &*pod.phase == "Succeeded";
    if pod.terminating {
        "terminating"
    } else if &*pod.phase == "Failed" {
        "failed"
    } else if !running {
        "pending"
    } else if pod.ready || &*pod.phase == "Succeeded" {
        "ready"
    } else {
        "not-ready"
    }
}

fn pod(session: &Session, pod: &StagePod, rect: Rect, density: Density, spotlight: &[Place]) -> Html {
    let words = session.words();
    let place = pod_place(pod);
    let is_chosen = session.pick().is_some_and(|(_, pick)| Some(pick.rewritten.ip()) == pod.ip);
    let is_asker = session.asker() == Some(&place);
    let state = state_of(pod);
    let label = (words.pod_state)(&pod.name, &pod.phase, pod.ready, pod.terminating);
    let calls = session.traffic.by_place.get(&place).map_or(0, |tally| tally.answers);
    let selected = Selected::Pod(pod.namespace.clone(), pod.name.clone());
    let is_selected = session.selected.as_ref() == Some(&selected);
    let class = classes!(
        "pod",
        state,
        is_selected.then_some("selected"),
        (density == Density::Squares).then_some("square"),
        is_asker.then_some("asker"),
        is_chosen.then_some("chosen"),
        spotlight.contains(&place).then_some("lit"),
        points_at_pod(session, pod).then_some("pointed"),
        ties(session, &selected)
    );
    let radius = if density == Density::Squares { "4" } else { "10" };
    let address = pod.ip.filter(|_| density == Density::Lines && rect.w > 176.0);
    let room = rect.w - if address.is_some() { 104.0 } else { 34.0 };
    let most = (room / if is_chosen || is_asker { 8.7 } else { 8.0 }).max(6.0) as usize;
    let body = match density {
        Density::Squares | Density::Count => Html::default(),
        Density::Lines => html! {
            <>
                { dot(state, rect.x + 12.0, rect.y + rect.h / 2.0) }
                <text class="name" x={n(rect.x + 23.0)} y={n(rect.y + rect.h / 2.0 + 4.0)}>{short_name(&pod.name, most)}</text>
                if let Some(ip) = address {
                    <text class="mono" x={n(rect.x + rect.w - 9.0)} y={n(rect.y + rect.h / 2.0 + 4.0)} text-anchor="end">{ip.to_string()}</text>
                }
            </>
        },
        Density::Cards => {
            let second = match (state, pod.ip) {
                ("ready", Some(ip)) => ip.to_string(),
                ("not-ready", Some(_)) => words.ui.not_ready.to_string(),
                ("pending", _) => words.ui.starting.to_string(),
                (_, Some(ip)) => ip.to_string(),
                (other, None) => other.to_string(),
            };
            let mono = if state == "ready" { "mono" } else { "note" };
            html! {
                <>
                    { dot(state, rect.x + 14.0, rect.y + 14.5) }
                    <text class="name" x={n(rect.x + 26.0)} y={n(rect.y + 18.5)}>{short_name(&pod.name, most)}</text>
                    <text class={mono} x={n(rect.x + 12.0)} y={n(rect.y + 34.0)}>{second}</text>
                    if calls > 0 && rect.w > 120.0 {
                        <text class="calls" x={n(rect.x + rect.w - 10.0)} y={n(rect.y + 34.0)} text-anchor="end">{(words.calls)(calls)}</text>
                    } else if pod.is_dns && rect.w > 170.0 {
                        <text class="calls" x={n(rect.x + rect.w - 10.0)} y={n(rect.y + 34.0)} text-anchor="end">{"DNS"}</text>
                    }
                </>
            }
        }
    };
    html! {
        <g {class} key={pod.uid.to_string()}>
            <rect x={n(rect.x)} y={n(rect.y)} width={n(rect.w)} height={n(rect.h)} rx={radius} />
            <g aria-hidden="true">{body}</g>
            { hit(session, &selected, label, rect, radius, density != Density::Squares) }
        </g>
    }
}

/// What takes the pointer and the keyboard for something that can be chosen: it has a name and no text of its own.
fn hit(
    session: &Session,
    selected: &Selected,
    label: String,
    rect: Rect,
    radius: &str,
    by_key: bool,
) -> Html {
    let is_selected = session.selected.as_ref() == Some(selected);
    let described =
        (session.links.hovered.as_ref() == Some(selected) && !is_selected).then_some("stage-card");
    html! {
        <rect class="hit" data-select={selected.id()} role="button" aria-label={label} aria-pressed={is_selected.to_string()} aria-describedby={described}
            tabindex={if by_key { "0" } else { "-1" }} x={n(rect.x)} y={n(rect.y)} width={n(rect.w)} height={n(rect.h)} rx={radius.to_string()} />
    }
}

/// Whether the lesson points at a pod, by its name or as a part of DNS.
fn points_at_pod(session: &Session, pod: &StagePod) -> bool {
    session.points_at(&format!("pod/{}", pod.name)) || (pod.is_dns && session.points_at("dns"))
}

/// The state, said by shape as well: a disc when ready, a triangle when not, a ring while starting.
fn dot(state: &str, x: f64, y: f64) -> Html {
    match state {
        "ready" => html! { <circle class="dot" cx={n(x)} cy={n(y)} r="4" /> },
        "not-ready" | "failed" => {
            html! { <path class="dot" d={format!("M{x:.1} {:.1}L{:.1} {:.1}H{:.1}Z", y - 5.0, x + 5.0, y + 4.0, x - 5.0)} /> }
        }
        _ => html! { <circle class="dot" cx={n(x)} cy={n(y)} r="3.6" /> },
    }
}

fn ring(session: &Session, ring: &Ring) -> Html {
    let Some(service) = session.stage.services.get(ring.index) else { return Html::default() };
    let ui = &session.words().ui;
    let believed = session
        .pick()
        .is_some_and(|(_, p)| p.service.name == service.name && p.service.namespace == service.namespace);
    let address = address(service);
    let label = format!(
        "{} {}: {}",
        service.kind,
        service.name,
        (session.words().endpoints)(service.ready.len(), service.not_ready.len())
    );
    let home = if service.ready.is_empty() && &*service.kind != "ExternalName" {
        ui.no_endpoints
    } else {
        ui.no_one_home
    };
    let selected = Selected::Service(service.namespace.clone(), service.name.clone());
    let is_selected = session.selected.as_ref() == Some(&selected);
    let class = classes!(
        "ring",
        is_selected.then_some("selected"),
        ring.system.then_some("system"),
        (believed && session.belief).then_some("believed"),
        session.points_at(&format!("service/{}", service.name)).then_some("pointed"),
        (service.ready.is_empty() && !ring.system).then_some("deserted"),
        ties(session, &selected)
    );
    let width = ring.r * 1.72;
    let reach = ring.r + 6.0;
    let around = Rect { x: ring.x - reach, y: ring.y - reach, w: reach * 2.0, h: reach * 2.0 };
    let is_long = address.len() as f64 * 6.6 > width;
    let per_char = if is_long { 5.7 } else { 6.6 };
    html! {
        <g {class} key={format!("{}/{}", service.namespace, service.name)}>
            <g aria-hidden="true">
            if ring.system {
                <circle cx={n(ring.x)} cy={n(ring.y)} r={n(ring.r)} class="dashed" />
                <text x={n(ring.x)} y={n(ring.y + ring.r + 14.0)} text-anchor="middle" class="small">{service.name.to_string()}</text>
            } else {
                <circle cx={n(ring.x)} cy={n(ring.y)} r={n(ring.r + 6.0)} class="halo" />
                <circle cx={n(ring.x)} cy={n(ring.y)} r={n(ring.r)} class="dashed" />
                <text x={n(ring.x)} y={n(ring.y - if ring.r > 44.0 { 12.0 } else { 2.0 })} text-anchor="middle" class="title">{fit(&service.name, width, 7.2)}</text>
                <text x={n(ring.x)} y={n(ring.y + if ring.r > 44.0 { 7.0 } else { 12.0 })} text-anchor="middle" class={classes!("mono", is_long.then_some("tight"))}>{fit(&address, width, per_char)}</text>
                if ring.r > 44.0 {
                    <text x={n(ring.x)} y={n(ring.y + 26.0)} text-anchor="middle" class="note">{home}</text>
                }
            }
            </g>
            if let (Some(rect), Some(ip)) = (ring.balancer, &service.balancer) {
                { balancer(session, service, rect, ip) }
            }
            { hit(session, &selected, label, around, &n(reach), true) }
        </g>
    }
}

/// The load balancer of a Service: outside of the cluster, with an address once the cloud has given one.
fn balancer(session: &Session, service: &StageService, rect: Rect, ip: &str) -> Html {
    let pending = ip.is_empty();
    let pointed = session.points_at(&format!("balancer/{}", service.name));
    let text = if pending { "<pending>" } else { ip };
    html! {
        <g class={classes!("balancer", pending.then_some("pending"), pointed.then_some("pointed"))} aria-hidden="true">
            <rect x={n(rect.x)} y={n(rect.y)} width={n(rect.w)} height={n(rect.h)} rx="11" />
            <text x={n(rect.x + rect.w / 2.0)} y={n(rect.y + rect.h / 2.0 + 3.6)} text-anchor="middle">{format!("LB {text}")}</text>
        </g>
    }
}

fn address(service: &StageService) -> String {
    let port = service.ports.first().map(|port| format!(":{}", port.port)).unwrap_or_default();
    match service.ips.first() {
        Some(ip) => format!("{ip}{port}"),
        None => service.kind.to_string(),
    }
}

/// The two lines: believed dotted, real solid, with their words.
fn story(session: &Session) -> Html {
    let (Some((_, pick)), ui) = (session.pick(), &session.words().ui) else { return Html::default() };
    let believed = session.believed();
    let real = session.real().filter(|_| !session.belief);
    let gutter = session.layout.gutter;
    let whole = format!("{}: DNAT → {}", ui.happens, pick.rewritten);
    let caption = first_fit([whole, format!("→ {}", pick.rewritten)], gutter.1 - gutter.0, 6.4);
    html! {
        <g class="story" aria-hidden="true">
            if let Some(way) = believed {
                <path class="believes" d={way.path()} />
                <text class="believes-word" x={n(way.at(0.5).0.0)} y={n(way.at(0.5).0.1 - 6.0)} text-anchor="middle">{ui.believes}</text>
            }
            if let Some(way) = real {
                <path class="happens" d={way.path()} />
                <text class="happens-word" x={n((gutter.0 + gutter.1) / 2.0)} y={n(beside(session, &way))} text-anchor="middle">{caption}</text>
            }
        </g>
    }
}

/// Where the word about the real way stands: above a way that crosses the gutter over the rings, otherwise below them.
fn beside(session: &Session, way: &Way) -> f64 {
    let (((from, _), _), ((_, y), _), ((to, _), _)) = (way.at(0.0), way.at(0.5), way.at(1.0));
    let layout = &session.layout;
    let crosses = (from - to).abs() > (layout.gutter.1 - layout.gutter.0) / 2.0;
    let is_over = layout.rings.iter().filter(|ring| !ring.system).all(|ring| y < ring.y - ring.r);
    if crosses && is_over { y - 8.0 } else { layout.lanes.0 + 18.0 }
}

fn legend(session: &Session) -> Html {
    let ui = &session.words().ui;
    let entries: &[(Mark, &str)] = match session.lens {
        Lens::Traffic => &[
            (Mark::DnsQuery, ui.legend_dns),
            (Mark::Tcp, ui.legend_tcp),
            (Mark::Request, ui.legend_request),
            (Mark::Answer, ui.legend_answer),
            (Mark::Failure, ui.legend_failure),
            (Mark::Api, ui.legend_api),
            (Mark::Watch, ui.legend_watch),
            (Mark::Probe, ui.legend_probe),
        ],
        Lens::Registration => &[(Mark::Api, ui.legend_api), (Mark::Watch, ui.legend_watch)],
        Lens::Dns => &[(Mark::DnsQuery, ui.question), (Mark::DnsAnswer, ui.answer)],
    };
    html! {
        <ul class="legend" aria-label={ui.legend}>
            { for entries.iter().map(|(mark, name)| html! { <li>{shape(*mark)}{name.to_string()}</li> }) }
        </ul>
    }
}

/// The first of two texts if it fits into a width, at so many pixels per character, otherwise the second.
fn first_fit([first, second]: [String; 2], width: f64, per_char: f64) -> String {
    if first.chars().count() as f64 * per_char <= width { first } else { second }
}

/// A text cut to a width, at so many pixels per character.
fn fit(text: &str, width: f64, per_char: f64) -> String {
    let most = (width / per_char).max(3.0) as usize;
    if text.chars().count() <= most {
        return text.into();
    }
    let head: String = text.chars().take(most - 1).collect();
    format!("{head}…")
}

fn n(value: f64) -> String {
    format!("{value:.1}")
}
