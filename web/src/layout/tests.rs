//! Laying out: nothing overlaps, every way begins and ends at its places.

use super::*;
use std::net::{IpAddr, Ipv4Addr};

fn pod(name: &str) -> StagePod {
    StagePod {
        namespace: "default".into(),
        name: name.into(),
        uid: name.into(),
        ip: None,
        phase: "Running".into(),
        ready: true,
        terminating: false,
        is_dns: false,
        owner: "".into(),
        images: vec![],
        labels: vec![],
    }
}

fn stage(pods: usize) -> Stage {
    let node = |n: usize| StageNode {
        name: format!("node-{n}").into(),
        zone: "a".into(),
        ready: true,
        pods: (0..pods).map(|p| pod(&format!("web-{n}-{p}"))).collect(),
    };
    let service = StageService {
        namespace: "default".into(),
        name: "web".into(),
        kind: "ClusterIP".into(),
        ips: vec![IpAddr::V4(Ipv4Addr::new(10, 96, 0, 12))],
        ports: vec![],
        selector: vec![],
        ready: vec![],
        not_ready: vec![],
        balancer: None,
    };
    Stage { nodes: (1..=3).map(node).collect(), pending: vec![], services: vec![service] }
}

fn inside(inner: Rect, outer: Rect) -> bool {
    inner.x >= outer.x - 0.5
        && inner.y >= outer.y - 0.5
        && inner.x + inner.w <= outer.x + outer.w + 0.5
        && inner.y + inner.h <= outer.y + outer.h + 0.5
}

const SIZES: [Size; 3] = [
    Size { width: 772.0, height: 564.0 },
    Size { width: 520.0, height: 420.0 },
    Size { width: 390.0, height: 520.0 },
];

#[test]
fn pods_stay_in_their_nodes_and_above_the_rules() {
    for size in SIZES {
        for pods in [0, 1, 2, 3, 7, 40, 400] {
            let layout = Layout::new(&stage(pods), size, false);
            for node in &layout.nodes {
                assert!(inside(node.rules, node.rect));
                for (_, rect) in &node.pods {
                    assert!(inside(*rect, node.rect), "{pods} pods at {size:?}");
                    assert!(rect.y + rect.h <= node.rules.y);
                }
            }
        }
    }
}

#[test]
fn rings_stand_clear_of_nodes() {
    for size in SIZES {
        let layout = Layout::new(&stage(2), size, false);
        let ring = &layout.rings[0];
        assert!(ring.x - ring.r > layout.gutter.0 && ring.x + ring.r < layout.gutter.1, "{size:?}");
    }
}

#[test]
fn ways_begin_and_end_at_their_places() {
    let stage = stage(2);
    let layout = Layout::new(&stage, SIZES[0], false);
    let place = |n: &str| Place::Pod("default".into(), n.into());
    for (a, b) in [("web-1-0", "web-2-1"), ("web-2-0", "web-3-1"), ("web-1-0", "web-1-1")] {
        let way = layout.way(&stage, &place(a), &place(b)).expect("both are there");
        let (start, end) = (way.at(0.0).0, way.at(1.0).0);
        let near = |p: (f64, f64), r: Rect| {
            p.0 >= r.x - 1.0 && p.0 <= r.x + r.w + 1.0 && p.1 >= r.y && p.1 <= r.y + r.h
        };
        assert!(near(start, layout.find(&place(a)).expect("drawn").0), "{a} to {b}");
        assert!(near(end, layout.find(&place(b)).expect("drawn").0), "{a} to {b}");
    }
    let api = layout.way(&stage, &Place::Outside("host".into()), &Place::ApiServer);
    assert!(api.is_some());
}

#[test]
fn names_keep_their_ends() {
    assert_eq!(short_name(&"my-app-5d78c9869d-x7k2p".into(), 16), "my-app-5d7…x7k2p");
    assert_eq!(short_name(&"client".into(), 16), "client");
}
