//! The ways of packets over the stage, as points: out of a pod into the gutter, through its node's rules, around the
//! rings, to another pod. They never cross a pod's card. Knows no time.

use super::{Layout, Rect, Side};
use crate::sim::Stage;
use tidepool_core::trace::Place;

/// A point of the stage.
pub type Point = (f64, f64);

/// A way as points close together.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Way {
    points: Vec<Point>,
    lengths: Vec<f64>,
}

/// Points per curve.
const PER_CURVE: usize = 20;
/// How far from the nodes the lanes of the gutter run.
const LANE: f64 = 20.0;

impl Way {
    fn from_curves(curves: &[[Point; 4]]) -> Way {
        let mut way = Way::default();
        for [a, b, c, d] in curves {
            for n in 0..=PER_CURVE {
                let t = n as f64 / PER_CURVE as f64;
                let u = 1.0 - t;
                let at = |k: fn(&Point) -> f64| {
                    u * u * u * k(a) + 3.0 * u * u * t * k(b) + 3.0 * u * t * t * k(c) + t * t * t * k(d)
                };
                way.push((at(|p| p.0), at(|p| p.1)));
            }
        }
        way
    }

    fn push(&mut self, point: Point) {
        let length = match (self.points.last(), self.lengths.last()) {
            (Some(last), Some(length)) => length + (point.0 - last.0).hypot(point.1 - last.1),
            _ => 0.0,
        };
        self.points.push(point);
        self.lengths.push(length);
    }

    /// The point after a share of the way, from 0 to 1, and the direction there.
    pub fn at(&self, share: f64) -> (Point, Point) {
        let total = self.lengths.last().copied().unwrap_or_default();
        let wanted = total * share.clamp(0.0, 1.0);
        let after =
            self.lengths.partition_point(|length| *length < wanted).clamp(1, self.points.len().max(2) - 1);
        let (Some(a), Some(b)) = (self.points.get(after - 1), self.points.get(after)) else {
            return ((0.0, 0.0), (1.0, 0.0));
        };
        let (from, to) = (self.lengths[after - 1], self.lengths[after]);
        let t = if to > from { (wanted - from) / (to - from) } else { 0.0 };
        ((a.0 + (b.0 - a.0) * t, a.1 + (b.1 - a.1) * t), (b.0 - a.0, b.1 - a.1))
    }

    /// The points, for drawing.
    pub fn points(&self) -> &[Point] {
        &self.points
    }

    /// The way as an SVG path.
    pub fn path(&self) -> String {
        let mut path = String::new();
        for (n, (x, y)) in self.points.iter().enumerate() {
            path.push_str(&format!("{}{x:.1} {y:.1}", if n == 0 { "M" } else { "L" }));
        }
        path
    }

    /// The other way round.
    pub fn reversed(mut self) -> Way {
        self.points.reverse();
        let points = std::mem::take(&mut self.points);
        let mut way = Way::default();
        points.into_iter().for_each(|point| way.push(point));
        way
    }
}

fn edge(rect: Rect, side: Side) -> Point {
    let y = rect.y + rect.h / 2.0;
    match side {
        Side::Left => (rect.x + rect.w, y),
        Side::Right => (rect.x, y),
    }
}

impl Layout {
    /// The way between two places, as it is; the same both ways, a little apart.
    pub fn way(&self, stage: &Stage, from: &Place, to: &Place) -> Option<Way> {
        let ((a, a_side), (b, b_side)) = (self.find(from)?, self.find(to)?);
        let in_band = |rect: Rect| rect.y < self.band.rect.y + self.band.rect.h;
        let is_balancer = |place: &Place| matches!(place, Place::LoadBalancer(..));
        match (is_balancer(from), is_balancer(to)) {
            (false, true) => return Some(self.to_balancer(a, a_side, b, in_band(a))),
            (true, false) => return Some(self.to_balancer(b, b_side, a, in_band(b)).reversed()),
            _ => {}
        }
        match (in_band(a), in_band(b)) {
            (true, true) => Some(self.within_band(a, b)),
            (true, false) => Some(self.out_of_band(a, b, b_side)),
            (false, true) => Some(self.out_of_band(b, a, a_side).reversed()),
            (false, false) => Some(self.between_pods(stage, (from, a, a_side), (to, b, b_side))),
        }
    }

    /// The way to a Service's ring: what the program believes.
    pub fn way_to_ring(&self, stage: &Stage, from: &Place, namespace: &str, name: &str) -> Option<Way> {
        let (rect, side) = self.find(from)?;
        let ring = self.ring(stage, namespace, name)?;
        let (x, y) = edge(rect, side);
        let sign = if x < ring.x { 1.0 } else { -1.0 };
        let (dx, dy) = (x - ring.x, y - ring.y);
        let length = dx.hypot(dy).max(1.0);
        let end = (ring.x + dx / length * ring.r, ring.y + dy / length * ring.r);
        let bend = (end.0 - x).abs() * 0.5 * sign;
        Some(Way::from_curves(&[[(x, y), (x + bend, y), (end.0 - bend * 0.4, end.1), end]]))
    }

    fn within_band(&self, a: Rect, b: Rect) -> Way {
        let ((ax, ay), (bx, by)) = (a.centre(), b.centre());
        let lift = self.band.rect.y + self.band.rect.h + 2.0;
        let low = if (bx - ax).abs() > self.band.rect.w * 0.4 { lift } else { ay + 8.0 };
        let sign = if bx > ax { 1.0 } else { -1.0 };
        let (start, end) = ((ax + sign * a.w * 0.3, ay + 6.0), (bx - sign * b.w * 0.3, by + 6.0));
        Way::from_curves(&[[start, (start.0 + sign * 20.0, low), (end.0 - sign * 20.0, low), end]])
    }

    fn out_of_band(&self, band: Rect, rect: Rect, side: Side) -> Way {
        let start = (band.x + band.w / 2.0, band.y + band.h);
        let end = edge(rect, side);
        let lane = match side {
            Side::Left => end.0 + LANE,
            Side::Right => end.0 - LANE,
        };
        let turn = (lane, (self.band.rect.y + self.band.rect.h + 30.0).min(end.1));
        Way::from_curves(&[
            [start, (start.0, turn.1), (lane, turn.1 - 30.0), turn],
            [turn, (lane, end.1), (lane, end.1), end],
        ])
    }

    /// To a load balancer, which sits on its Service's ring: down from the band, or over from a node.
    fn to_balancer(&self, from: Rect, side: Side, chip: Rect, from_band: bool) -> Way {
        let (x, y) = chip.centre();
        if from_band {
            let start = (from.x + from.w / 2.0, from.y + from.h);
            let middle = (start.1 + chip.y) / 2.0;
            return Way::from_curves(&[[start, (start.0, middle), (x, middle), (x, chip.y)]]);
        }
        let start = edge(from, side);
        let sign = if start.0 < x { 1.0 } else { -1.0 };
        let end = (x - sign * chip.w / 2.0, y);
        let bend = (end.0 - start.0).abs() * 0.5 * sign;
        Way::from_curves(&[[start, (start.0 + bend, start.1), (end.0 - bend, end.1), end]])
    }

    fn between_pods(&self, stage: &Stage, from: (&Place, Rect, Side), to: (&Place, Rect, Side)) -> Way {
        let (start, end) = (edge(from.1, from.2), edge(to.1, to.2));
        let out = |side| if side == Side::Left { LANE } else { -LANE };
        let same_node =
            self.node_of(stage, from.0).map(|n| n.index) == self.node_of(stage, to.0).map(|n| n.index);
        if from.2 == to.2 {
            let depth = if same_node { out(from.2) * 1.6 } else { out(from.2) * 2.4 };
            let (a, b) = ((start.0 + depth, start.1), (end.0 + depth, end.1));
            return Way::from_curves(&[[start, a, b, end]]);
        }
        let clear = self.rings.iter().filter(|ring| !ring.system).all(|ring| {
            start.1.max(end.1) < ring.y - ring.r - 10.0 || start.1.min(end.1) > ring.y + ring.r + 10.0
        });
        let middle = (self.gutter.0 + self.gutter.1) / 2.0;
        let bend = (middle - start.0) * 0.9;
        if clear {
            return Way::from_curves(&[[start, (start.0 + bend, start.1), (end.0 - bend, end.1), end]]);
        }
        let lane = (middle, self.lanes.0);
        let (half, rest) = ((lane.0 - start.0) * 0.55, (end.0 - lane.0) * 0.62);
        Way::from_curves(&[
            [start, (start.0 + half, start.1), (lane.0 - half, lane.1), lane],
            [lane, (lane.0 + rest, lane.1), (end.0 - rest * 0.6, end.1), end],
        ])
    }
}
