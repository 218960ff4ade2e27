//! Chance over many seeds: each endpoint gets its share.

use super::bench::{Bench, web, web_slice};
use serde_json::json;
use std::collections::BTreeMap;
use tidepool_core::base::Duration;
use tidepool_core::net::Protocol;
use tidepool_core::proxy::Verdict;

/// The 95 % quantile of chi-square with four degrees of freedom, from the tables.
const CHI_SQUARE_4: f64 = 9.488;

/// A fair choice is rejected for 5 seeds in 100 on average; for more than 11 once in 80 such tests.
#[test]
fn five_endpoints_share_alike() {
    let endpoints: Vec<String> = (0..5).map(|n| format!("10.244.1.{}", n + 5)).collect();
    let endpoints: Vec<(&str, &str)> = endpoints.iter().map(|ip| (ip.as_str(), "node-1")).collect();
    let rejected = (1..=100).filter(|seed| {
        let mut bench = Bench::new(*seed, 1);
        bench.service(web(json!({})));
        bench.slice(web_slice(&endpoints));
        bench.run(Duration::secs(3));
        let mut counts: BTreeMap<_, f64> = BTreeMap::new();
        let rounds = 500;
        for n in 0..rounds {
            let src = format!("10.244.0.9:{}", 30_000 + n);
            match bench.connect(0, "client", &src, "10.96.45.7:80", Protocol::Tcp) {
                Verdict::Dnat { to, .. } => *counts.entry(to).or_default() += 1.0,
                other => panic!("{other:?}"),
            }
        }
        let expected = f64::from(rounds) / 5.0;
        let missing = (5 - counts.len()) as f64 * expected;
        let sum: f64 = counts.values().map(|n| (n - expected) * (n - expected) / expected).sum();
        sum + missing > CHI_SQUARE_4
    });
    let rejected = rejected.count();
    assert!(rejected <= 11, "{rejected} of 100 seeds rejected");
}
