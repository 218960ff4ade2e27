//! Where everything on the stage is, for a size: pure geometry, in CSS pixels. Knows no colours and no packets.

pub mod route;

use crate::sim::{Stage, StageNode, StagePod, StageService};
use tidepool_core::base::{FlatMap, Text, order};
use tidepool_core::trace::Place;

/// The size of the stage.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Size {
    /// Width.
    pub width: f64,
    /// Height.
    pub height: f64,
}

/// A rectangle.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Rect {
    /// Left edge.
    pub x: f64,
    /// Top edge.
    pub y: f64,
    /// Width.
    pub w: f64,
    /// Height.
    pub h: f64,
}

impl Rect {
    fn new(x: f64, y: f64, w: f64, h: f64) -> Rect {
        Rect { x, y, w, h }
    }

    /// The middle.
    pub fn centre(&self) -> (f64, f64) {
        (self.x + self.w / 2.0, self.y + self.h / 2.0)
    }
}

/// Which side of the rings a node is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Left of them.
    Left,
    /// Right of them.
    Right,
}

/// How a node's pods are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Density {
    /// Cards with name and address.
    Cards,
    /// One line each.
    Lines,
    /// Small squares.
    Squares,
    /// A count.
    Count,
}

/// A node's card.
#[derive(Debug, Clone, PartialEq)]
pub struct NodeBox {
    /// Its index in the stage.
    pub index: usize,
    /// Its side.
    pub side: Side,
    /// Where it is.
    pub rect: Rect,
    /// The strip of its kube-proxy's rules.
    pub rules: Rect,
    /// How its pods are drawn.
    pub density: Density,
    /// Its pods: their index in the node, and where they are.
    pub pods: Vec<(usize, Rect)>,
}

/// A Service's ring.
#[derive(Debug, Clone, PartialEq)]
pub struct Ring {
    /// Its index in the stage.
    pub index: usize,
    /// Its middle.
    pub x: f64,
    /// Its middle.
    pub y: f64,
    /// Its radius.
    pub r: f64,
    /// Whether it belongs to the cluster itself and is drawn small.
    pub system: bool,
    /// Its load balancer, on its upper edge.
    pub balancer: Option<Rect>,
}

/// The chips of the control plane's band.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Band {
    /// The whole.
    pub rect: Rect,
    /// The operator's machine.
    pub operator: Rect,
    /// The API server.
    pub api: Rect,
    /// Its storage.
    pub etcd: Rect,
    /// Controllers and scheduler.
    pub controllers: Rect,
    /// Kubelets, kube-proxies and CoreDNS as watchers.
    pub agents: Rect,
}

/// Where everything is.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Layout {
    /// The size it is for.
    pub size: Size,
    /// The band of the control plane.
    pub band: Band,
    /// Nodes.
    pub nodes: Vec<NodeBox>,
    /// Services.
    pub rings: Vec<Ring>,
    /// The gutter between the nodes: left and right edge.
    pub gutter: (f64, f64),
    /// Where ways go below and above the rings.
    pub lanes: (f64, f64),
    places: FlatMap<Place, (Rect, Side)>,
}

const BAND_TOP: f64 = 58.0;
const BAND_HEIGHT: f64 = 52.0;
/// Room for the legend below the nodes.
const FOOT: f64 = 34.0;
const NODE_GAP: f64 = 14.0;
const TITLE: f64 = 33.0;
const RULES: f64 = 23.0;
const PAD: f64 = 10.0;
const WIDEST: f64 = 940.0;
/// Width and height of a load balancer.
const BALANCER: (f64, f64) = (112.0, 22.0);

impl Layout {
    /// Lays a stage out. `with_dns` gives the DNS Service a ring of full size.
    pub fn new(stage: &Stage, size: Size, with_dns: bool) -> Layout {
        let margin = ((size.width - WIDEST) / 2.0).max(if size.width < 520.0 { 10.0 } else { 22.0 });
        let band = band(size, margin);
        let top = BAND_TOP + BAND_HEIGHT + 18.0;
        let bottom = (size.height - FOOT).max(top + 180.0);
        let (left, right) = (margin, size.width - margin);
        let narrow = size.width < 520.0;
        let node_width =
            if narrow { (right - left) * 0.345 } else { ((right - left) * 0.27).clamp(132.0, 232.0) };
        let gutter = (left + node_width, right - node_width);
        let mut layout =
            Layout { size, band, gutter, lanes: (bottom - 20.0, top + 14.0), ..Layout::default() };
        layout.place_nodes(stage, Rect::new(left, top, right - left, bottom - top), node_width);
        layout.place_rings(stage, top, bottom, with_dns);
        layout.name_places(stage);
        layout
    }

    fn place_nodes(&mut self, stage: &Stage, area: Rect, width: f64) {
        let n = stage.nodes.len();
        let on_left = if n <= 1 { n } else { n / 2 };
        for (side, range) in [(Side::Left, 0..on_left), (Side::Right, on_left..n)] {
            let count = range.len();
            if count == 0 {
                continue;
            }
            let height = (area.h - NODE_GAP * (count as f64 - 1.0)) / count as f64;
            let x = if side == Side::Left { area.x } else { area.x + area.w - width };
            for (row, index) in range.enumerate() {
                let rect = Rect::new(x, area.y + row as f64 * (height + NODE_GAP), width, height);
                if let Some(node) = stage.nodes.get(index) {
                    self.nodes.push(node_box(node, index, side, rect));
                }
            }
        }
    }

    fn place_rings(&mut self, stage: &Stage, top: f64, bottom: f64, with_dns: bool) {
        let shown = |s: &StageService| !s.ips.is_empty() || !is_system(s);
        let is_small = |s: &StageService| is_system(s) && !(with_dns && &*s.name == "kube-dns");
        let all = stage.services.iter().enumerate().filter(|(_, service)| shown(service));
        let (small, large): (Vec<_>, Vec<_>) = all.partition(|(_, service)| is_small(service));
        let x = (self.gutter.0 + self.gutter.1) / 2.0;
        let width = self.gutter.1 - self.gutter.0;
        let foot = if small.is_empty() || width < 190.0 { 0.0 } else { 54.0 };
        let room = bottom - top - foot - 52.0;
        let n = large.len().clamp(1, 4) as f64;
        let r = (width * 0.36).min(room / n / 2.0 - 6.0).clamp(24.0, 68.0);
        for (row, (index, service)) in large.iter().take(4).enumerate() {
            let y = top + 26.0 + room * (row as f64 + 0.5) / n;
            let chip = Rect::new(x - BALANCER.0 / 2.0, y - r - BALANCER.1 / 2.0, BALANCER.0, BALANCER.1);
            let balancer = service.balancer.is_some().then_some(chip);
            self.rings.push(Ring { index: *index, x, y, r, system: false, balancer });
        }
        let lowest = self.rings.last().map_or(top + room / 2.0, |ring| ring.y + ring.r);
        self.lanes = ((lowest + 26.0).min(bottom - foot - 4.0), top + 12.0);
        if width < 190.0 {
            return;
        }
        let step = (width / small.len().max(1) as f64).min(120.0);
        let first = x - step * (small.len() as f64 - 1.0) / 2.0;
        for (column, (index, _)) in small.iter().enumerate() {
            let x = first + step * column as f64;
            self.rings.push(Ring {
                index: *index,
                x,
                y: bottom - 32.0,
                r: 13.0,
                system: true,
                balancer: None,
            });
        }
    }

    fn name_places(&mut self, stage: &Stage) {
        let band = self.band;
        let mut places = FlatMap::new();
        for (place, rect) in
            [(Place::ApiServer, band.api), (Place::Etcd, band.etcd), (Place::Scheduler, band.controllers)]
        {
            places.insert(place, (rect, Side::Left));
        }
        for node in &self.nodes {
            let Some(of) = stage.nodes.get(node.index) else { continue };
            places.insert(Place::Node(of.name.clone()), (node.rules, node.side));
            places.insert(Place::KubeProxy(of.name.clone()), (node.rules, node.side));
            let title = Rect { h: TITLE, ..node.rect };
            places.insert(Place::Kubelet(of.name.clone()), (title, node.side));
            let count = Rect::new(node.rect.x + PAD, node.rect.y + TITLE, node.rect.w - 2.0 * PAD, 30.0);
            for (index, pod) in of.pods.iter().enumerate() {
                let drawn = node.pods.iter().find(|(n, _)| *n == index).map_or(count, |(_, rect)| *rect);
                places.insert(pod_place(pod), (drawn, node.side));
            }
        }
        for ring in &self.rings {
            if let (Some(chip), Some(of)) = (ring.balancer, stage.services.get(ring.index)) {
                places.insert(Place::LoadBalancer(of.namespace.clone(), of.name.clone()), (chip, Side::Left));
            }
        }
        self.places = places;
    }

    /// Where a place is drawn, and on which side of the rings.
    pub fn find(&self, place: &Place) -> Option<(Rect, Side)> {
        let found = self.places.get(place).copied();
        found.or(match place {
            Place::Outside(_) => Some((self.band.operator, Side::Left)),
            Place::Controller(_) => Some((self.band.controllers, Side::Left)),
            Place::Pod(..) => Some((self.band.agents, Side::Right)),
            _ => None,
        })
    }

    /// The node on which a place is.
    pub fn node_of(&self, stage: &Stage, place: &Place) -> Option<&NodeBox> {
        let holds = |node: &&StageNode| match place {
            Place::Pod(namespace, name) => {
                node.pods.iter().any(|p| p.namespace == *namespace && p.name == *name)
            }
            Place::Node(name) | Place::Kubelet(name) | Place::KubeProxy(name) => node.name == *name,
            _ => false,
        };
        let index = stage.nodes.iter().position(|node| holds(&node))?;
        self.nodes.iter().find(|node| node.index == index)
    }

    /// The ring of a Service.
    pub fn ring(&self, stage: &Stage, namespace: &str, name: &str) -> Option<&Ring> {
        let index = stage.services.iter().position(|s| &*s.namespace == namespace && &*s.name == name)?;
        self.rings.iter().find(|ring| ring.index == index)
    }
}

/// Whether a Service belongs to the cluster itself.
pub fn is_system(service: &StageService) -> bool {
    &*service.namespace == "kube-system"
        || (&*service.namespace == "default" && &*service.name == "kubernetes")
}

/// A pod's place.
pub fn pod_place(pod: &StagePod) -> Place {
    Place::Pod(pod.namespace.clone(), pod.name.clone())
}

/// A pod's name, shortened in the middle to so many characters.
pub fn short_name(name: &Text, most: usize) -> String {
    if name.chars().count() <= most || most < 8 {
        return name.chars().take(most.max(1)).collect();
    }
    let tail: String = name.chars().skip(name.chars().count() - 5).collect();
    let head: String = name.chars().take(most - 6).collect();
    format!("{}…{tail}", head.trim_end_matches('-'))
}

fn band(size: Size, margin: f64) -> Band {
    let narrow = size.width < 520.0;
    let width = (size.width - 2.0 * margin).min(680.0);
    let x = (size.width - width) / 2.0;
    let rect = Rect::new(x, BAND_TOP, width, BAND_HEIGHT);
    let shares = if narrow { [0.2, 0.25, 0.25, 0.3] } else { [0.18, 0.26, 0.22, 0.34] };
    let mut at = x;
    let mut next = |share: f64| {
        let chip = Rect::new(at + 5.0, BAND_TOP + 9.0, width * share - 10.0, BAND_HEIGHT - 18.0);
        at += width * share;
        chip
    };
    let [a, b, c, d] = shares;
    let (operator, both, controllers, agents) = (next(a), next(b), next(c), next(d));
    let etcd_width = if narrow { 34.0 } else { 48.0 };
    let api = Rect { w: both.w - etcd_width - 8.0, ..both };
    let etcd = Rect::new(api.x + api.w + 8.0, both.y + 5.0, etcd_width, both.h - 10.0);
    Band { rect, operator, api, etcd, controllers, agents }
}

fn node_box(node: &StageNode, index: usize, side: Side, rect: Rect) -> NodeBox {
    let rules = Rect::new(rect.x + PAD, rect.y + rect.h - RULES - 8.0, rect.w - 2.0 * PAD, RULES);
    let inner = Rect::new(rect.x + PAD, rect.y + TITLE, rect.w - 2.0 * PAD, rules.y - rect.y - TITLE - 6.0);
    let order = pod_order(node);
    let n = order.len() as f64;
    let (density, height, gap) = if n * 47.0 - 6.0 <= inner.h {
        (Density::Cards, 41.0, 6.0)
    } else if n * 28.0 - 4.0 <= inner.h {
        (Density::Lines, 24.0, 4.0)
    } else if n * 22.0 - 3.0 <= inner.h {
        (Density::Lines, 19.0, 3.0)
    } else if squares(inner) >= order.len() {
        (Density::Squares, 14.0, 4.0)
    } else {
        (Density::Count, 0.0, 0.0)
    };
    let pods = order.into_iter().enumerate().filter_map(|(n, pod)| {
        let rect = match density {
            Density::Cards | Density::Lines => {
                Rect::new(inner.x, inner.y + n as f64 * (height + gap), inner.w, height)
            }
            Density::Squares => {
                let columns = ((inner.w + 4.0) / 18.0).floor().max(1.0) as usize;
                let (row, column) = (n / columns, n % columns);
                Rect::new(inner.x + column as f64 * 18.0, inner.y + row as f64 * 18.0, 14.0, 14.0)
            }
            Density::Count => return None,
        };
        Some((pod, rect))
    });
    NodeBox { index, side, rect, rules, density, pods: pods.collect() }
}

fn squares(inner: Rect) -> usize {
    let columns = ((inner.w + 4.0) / 18.0).floor().max(1.0);
    let rows = ((inner.h + 4.0) / 18.0).floor().max(0.0);
    (columns * rows) as usize
}

/// The learner's own pods first, then DNS, then what else the cluster runs.
fn pod_order(node: &StageNode) -> Vec<usize> {
    let mut order: Vec<usize> = (0..node.pods.len()).collect();
    order::sort_by_key(&mut order, |n| {
        node.pods.get(*n).map(|pod| (&*pod.namespace == "kube-system", !pod.is_dns, *n))
    });
    order
}

#[cfg(test)]
mod tests;
