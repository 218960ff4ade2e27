//! How large each ReplicaSet should be: the arithmetic of rolling updates and of proportional scaling.
//!
//! Models: `pkg/controller/deployment/{rolling,sync}.go` and `util/deployment_util.go`.

use super::revision;
use crate::api::{Object, tree};
use crate::base::order;
use serde_json::Value;

/// A Deployment's numbers, percentages resolved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Numbers {
    /// Pods wanted.
    pub replicas: i64,
    /// Pods above that during an update.
    pub max_surge: i64,
    /// Pods below that during an update.
    pub max_unavailable: i64,
    /// Whether the strategy is RollingUpdate.
    pub rolling: bool,
}

impl Numbers {
    /// Reads them from a Deployment.
    pub fn of(deployment: &Object) -> Numbers {
        let replicas = deployment.int("spec.replicas").unwrap_or(1);
        let rolling = deployment.str("spec.strategy.type") != "Recreate";
        let (mut max_surge, mut max_unavailable) = (0, 0);
        if rolling {
            let field = |name: &str| deployment.get(&format!("spec.strategy.rollingUpdate.{name}"));
            max_surge = resolve(field("maxSurge"), replicas, true);
            max_unavailable = resolve(field("maxUnavailable"), replicas, false);
            if max_surge == 0 && max_unavailable == 0 {
                max_unavailable = 1;
            }
        }
        Numbers { replicas, max_surge, max_unavailable: max_unavailable.min(replicas), rolling }
    }

    /// The most pods that there may be.
    pub fn most(&self) -> i64 {
        self.replicas + self.max_surge
    }

    /// The fewest pods that must be available.
    pub fn least(&self) -> i64 {
        self.replicas - self.max_unavailable
    }
}

/// A number, or a percentage of `total` rounded up or down; 25 % when absent.
fn resolve(value: Option<&Value>, total: i64, up: bool) -> i64 {
    match value {
        Some(Value::Number(n)) => n.as_i64().unwrap_or(0),
        other => {
            let text = other.and_then(Value::as_str).unwrap_or("25%");
            let percent: i64 = text.trim_end_matches('%').parse().unwrap_or(0);
            (percent * total + if up { 99 } else { 0 }) / 100
        }
    }
}

/// A ReplicaSet and the size that it is to have.
#[derive(Debug, Clone)]
pub struct Set {
    /// The ReplicaSet as known.
    pub object: Object,
    size: i64,
    touched: bool,
}

impl Set {
    /// A ReplicaSet that keeps its size.
    pub fn new(object: Object) -> Set {
        let size = object.int("spec.replicas").unwrap_or(0);
        Set { object, size, touched: false }
    }

    /// The size that it is to have.
    pub fn size(&self) -> i64 {
        self.size
    }

    /// Gives it a size, and up-to-date annotations with it.
    pub fn resize(&mut self, size: i64) {
        self.size = size;
        self.touched = true;
    }

    /// A count of its status.
    pub fn status(&self, field: &str) -> i64 {
        self.object.get("status").and_then(|status| tree::int(status, field)).unwrap_or(0)
    }

    /// Whether its controller has seen its present spec.
    pub fn is_observed(&self) -> bool {
        self.object.int("metadata.generation").unwrap_or(0) <= self.status("observedGeneration")
    }

    /// What must be written, with the sizes before and after; `None` when nothing.
    pub fn write(&self, numbers: &Numbers) -> Option<(Object, i64, i64)> {
        let from = self.object.int("spec.replicas").unwrap_or(0);
        let stale = self.touched && revision::sizes_differ(&self.object, numbers);
        if from == self.size && !stale {
            return None;
        }
        let changed = self.object.edit(|tree| {
            tree::set(tree, "spec.replicas", self.size);
            revision::set_sizes(tree, numbers);
        });
        Some((changed, from, self.size))
    }
}

/// How large a new ReplicaSet may be while `total` pods are asked for in all, `size` of them by itself.
pub fn new_size(numbers: &Numbers, total: i64, size: i64) -> i64 {
    if !numbers.rolling {
        return numbers.replicas;
    }
    if total >= numbers.most() {
        return size;
    }
    size + (numbers.most() - total).min(numbers.replicas - size)
}

/// Sizes the new ReplicaSet; tells whether its size changed.
pub fn size_new(numbers: &Numbers, sets: &mut [Set], new: Option<usize>) -> bool {
    let total = sets.iter().map(Set::size).sum();
    let Some(set) = new.and_then(|n| sets.get_mut(n)) else { return false };
    if set.size == numbers.replicas {
        return false;
    }
    let before = set.size;
    let size =
        if set.size > numbers.replicas { numbers.replicas } else { new_size(numbers, total, set.size) };
    set.resize(size);
    set.size != before
}

/// Shrinks the old ReplicaSets as far as availability allows, pods that are not available first.
pub fn shrink_old(numbers: &Numbers, sets: &mut [Set], new: Option<usize>) {
    let is_old = |n: usize| Some(n) != new;
    let old_total: i64 = sets.iter().enumerate().filter(|(n, _)| is_old(*n)).map(|(_, s)| s.size).sum();
    if old_total == 0 {
        return;
    }
    let total: i64 = sets.iter().map(Set::size).sum();
    let new_unavailable =
        new.and_then(|n| sets.get(n)).map_or(0, |set| set.size - set.status("availableReplicas"));
    let mut budget = total - numbers.least() - new_unavailable;
    if budget <= 0 {
        return;
    }
    for (_, set) in sets.iter_mut().enumerate().filter(|(n, set)| is_old(*n) && set.size > 0) {
        let unhealthy = (set.size - set.status("availableReplicas")).clamp(0, budget);
        if unhealthy > 0 {
            set.resize(set.size - unhealthy);
            budget -= unhealthy;
        }
    }
    let available: i64 = sets.iter().map(|set| set.status("availableReplicas")).sum();
    let mut surplus = available - numbers.least();
    for (_, set) in sets.iter_mut().enumerate().filter(|(n, set)| is_old(*n) && set.size > 0) {
        let down = set.size.min(surplus);
        if down > 0 {
            set.resize(set.size - down);
            surplus -= down;
        }
    }
}

/// Spreads a change of `replicas` over the ReplicaSets.
pub fn scale(numbers: &Numbers, sets: &mut [Set], new: Option<usize>) {
    let active: Vec<usize> = (0..sets.len()).filter(|n| sets[*n].size > 0).collect();
    if active.len() <= 1 {
        let only = active.first().copied().or(new).or(sets.len().checked_sub(1));
        if let Some(set) = only.and_then(|n| sets.get_mut(n))
            && set.size != numbers.replicas
        {
            set.resize(numbers.replicas);
        }
        return;
    }
    if is_saturated(numbers, new.and_then(|n| sets.get(n))) {
        for n in active.into_iter().filter(|n| Some(*n) != new) {
            sets[n].resize(0);
        }
        return;
    }
    if numbers.rolling {
        scale_in_proportion(numbers, sets, active);
    }
}

fn is_saturated(numbers: &Numbers, new: Option<&Set>) -> bool {
    new.is_some_and(|set| {
        set.size == numbers.replicas
            && revision::desired_replicas(&set.object) == Some(numbers.replicas)
            && set.status("availableReplicas") == numbers.replicas
    })
}

fn scale_in_proportion(numbers: &Numbers, sets: &mut [Set], mut active: Vec<usize>) {
    let total: i64 = active.iter().map(|n| sets[*n].size).sum();
    let allowed = if numbers.replicas > 0 { numbers.most() } else { 0 };
    let to_add = allowed - total;
    // Larger ones first; among equals the newest when growing, the oldest when shrinking.
    order::sort_by_key(&mut active, |n| (-sets[*n].size, if to_add > 0 { -(*n as i64) } else { *n as i64 }));
    let mut added = 0;
    let mut sizes = Vec::new();
    for n in &active {
        let share = proportion(&sets[*n], numbers, to_add, added);
        added += share;
        sizes.push(sets[*n].size + share);
    }
    if let Some(first) = sizes.first_mut() {
        *first = (*first + to_add - added).max(0);
    }
    for (n, size) in active.into_iter().zip(sizes) {
        sets[n].resize(size);
    }
}

fn proportion(set: &Set, numbers: &Numbers, to_add: i64, added: i64) -> i64 {
    if set.size == 0 || to_add == 0 || to_add == added {
        return 0;
    }
    let fraction = if numbers.replicas == 0 {
        -set.size
    } else {
        let before = revision::max_replicas(&set.object).filter(|n| *n > 0).unwrap_or(numbers.most());
        // Rounded half away from zero; all terms are positive.
        (2 * set.size * numbers.most() + before) / (2 * before) - set.size
    };
    let left = to_add - added;
    if to_add > 0 { fraction.min(left) } else { fraction.max(left) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn numbers(replicas: i64) -> Numbers {
        let spec = json!({ "spec": { "replicas": replicas, "strategy": { "type": "RollingUpdate",
            "rollingUpdate": { "maxSurge": "25%", "maxUnavailable": "25%" } } } });
        Numbers::of(&Object::new(&crate::api::deployment::DEPLOYMENT, spec))
    }

    fn set(size: i64, available: i64) -> Set {
        let tree = json!({ "spec": { "replicas": size }, "status": { "availableReplicas": available },
            "metadata": { "annotations": { "deployment.kubernetes.io/max-replicas": "13" } } });
        Set::new(Object::new(&crate::api::replica_set::REPLICA_SET, tree))
    }

    /// Upstream's rule: surge rounds up, unavailable down, and both at 0 make one unavailable.
    #[test]
    fn percentages_round_away_from_standstill() {
        let at = |n| (numbers(n).max_surge, numbers(n).max_unavailable);
        assert_eq!([at(10), at(4), at(1), at(5)], [(3, 2), (1, 1), (1, 0), (2, 1)]);
    }

    /// Recorded from kube-controller-manager v1.35.6: 5 replicas go 0 to 2, then 5 to 4, 2 to 3, 4 to 3, ...
    #[test]
    fn a_rolling_update_takes_the_recorded_steps() {
        let numbers = numbers(5);
        assert_eq!(new_size(&numbers, 5, 0), 2);
        let mut sets = [set(5, 5), set(2, 0)];
        assert!(!size_new(&numbers, &mut sets, Some(1)), "7 is the most");
        shrink_old(&numbers, &mut sets, Some(1));
        assert_eq!(sets[0].size, 4);
        assert!(size_new(&numbers, &mut sets, Some(1)));
        assert_eq!(sets[1].size, 3);
    }

    #[test]
    fn pods_that_are_not_available_go_first() {
        let mut sets = [set(3, 1), set(3, 3), set(0, 0)];
        shrink_old(&numbers(6), &mut sets, Some(2));
        assert_eq!(
            [sets[0].size, sets[1].size],
            [2, 3],
            "one may be missing, and it is one that does not serve"
        );
    }

    #[test]
    fn scaling_half_way_keeps_the_proportion() {
        // 10 of at most 13 grow to 15 of at most 19: 8 and 5 become 12 and 7.
        let mut sets = [set(8, 8), set(5, 5)];
        scale(&numbers(15), &mut sets, Some(1));
        assert_eq!([sets[0].size, sets[1].size], [12, 7]);
    }
}
