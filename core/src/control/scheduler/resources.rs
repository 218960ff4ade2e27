//! What a pod asks of a node: processor, memory, host ports. Quantities are read into integers.
//!
//! Models: apimachinery `pkg/api/resource` as far as processor and memory go.

use crate::api::{Object, tree};
use crate::base::Text;
use serde_json::Value;

/// What a pod asks for, or what several ask for together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Demand {
    /// Processor, in thousandths.
    pub cpu: i64,
    /// Memory, in bytes.
    pub memory: i64,
    /// Ports of the node: number and protocol.
    pub ports: Vec<(i64, Text)>,
    /// The uid of the pod's controller; empty when it has none.
    pub owner: Text,
}

impl Demand {
    /// What a pod asks for: the sum of its containers, or the largest init container when that is more.
    pub fn of(pod: &Object) -> Demand {
        let containers = pod.list("spec.containers");
        let sum = |name| containers.iter().map(|c| request(c, name)).sum::<i64>();
        let init = |name| pod.list("spec.initContainers").iter().map(|c| request(c, name)).max().unwrap_or(0);
        let ports = containers.iter().flat_map(|c| tree::list(c, "ports"));
        let host_port = |port: &Value| {
            let number = tree::int(port, "hostPort").filter(|n| *n > 0)?;
            Some((number, Text::from(tree::str(port, "protocol"))))
        };
        Demand {
            cpu: sum("cpu").max(init("cpu")),
            memory: sum("memory").max(init("memory")),
            ports: ports.filter_map(host_port).collect(),
            owner: pod.controller().map_or("", |(_, _, uid)| uid).into(),
        }
    }

    /// Adds another demand.
    pub fn add(&mut self, other: &Demand) {
        self.cpu += other.cpu;
        self.memory += other.memory;
        self.ports.extend(other.ports.iter().cloned());
    }

    /// Takes another demand away.
    pub fn remove(&mut self, other: &Demand) {
        self.cpu -= other.cpu;
        self.memory -= other.memory;
        for port in &other.ports {
            if let Some(n) = self.ports.iter().position(|p| p == port) {
                self.ports.swap_remove(n);
            }
        }
    }
}

fn request(container: &Value, name: &str) -> i64 {
    let requests = container.get("resources").and_then(|r| r.get("requests"));
    let quantity = requests.and_then(|r| r.get(name));
    if name == "cpu" { milli(quantity) } else { bytes(quantity) }
}

/// A quantity in thousandths, rounded up: `250m`, `0.5`, `2`. 0 when absent or not a quantity.
pub fn milli(quantity: Option<&Value>) -> i64 {
    scaled(quantity, 1_000)
}

/// A quantity in whole units, rounded up: `64Mi`, `1G`, `512`. 0 when absent or not a quantity.
pub fn bytes(quantity: Option<&Value>) -> i64 {
    scaled(quantity, 1)
}

fn scaled(quantity: Option<&Value>, scale: i128) -> i64 {
    let text = match quantity {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        _ => return 0,
    };
    let split = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len());
    let (number, suffix) = text.split_at(split);
    let Some((multiply, divide)) = suffix_factor(suffix) else { return 0 };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let fraction: String = fraction.chars().take(9).collect();
    let digits: i128 = format!("{whole}{fraction}").parse().unwrap_or(0);
    let divide = divide * 10_i128.pow(fraction.len() as u32);
    let value = (digits.saturating_mul(multiply * scale) + divide - 1) / divide;
    i64::try_from(value).unwrap_or(i64::MAX)
}

fn suffix_factor(suffix: &str) -> Option<(i128, i128)> {
    let binary = ["Ki", "Mi", "Gi", "Ti", "Pi"].iter().position(|s| *s == suffix);
    let decimal = ["k", "M", "G", "T", "P"].iter().position(|s| *s == suffix);
    match (suffix, binary, decimal) {
        ("", _, _) => Some((1, 1)),
        ("m", _, _) => Some((1, 1_000)),
        (_, Some(n), _) => Some((1_i128 << (10 * (n + 1)), 1)),
        (_, _, Some(n)) => Some((1_000_i128.pow(n as u32 + 1), 1)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn quantities_are_read_as_kubernetes_writes_them() {
        let cpu = |text| milli(Some(&json!(text)));
        assert_eq!([cpu("250m"), cpu("0.5"), cpu("2"), cpu("x")], [250, 500, 2_000, 0]);
        let memory = |text| bytes(Some(&json!(text)));
        assert_eq!(
            [memory("64Mi"), memory("1.5G"), memory("8Gi")],
            [67_108_864, 1_500_000_000, 8_589_934_592]
        );
        assert_eq!(bytes(Some(&json!(128))), 128);
    }
}
