//! Floor 3: etcd: revisions, ranges, transactions and watches over one revision log. Knows nothing of Kubernetes: values
//! are whatever the caller stores. Nobody reads the Kubernetes store but the API server.
//!
//! Models: etcd v3.5 `server/storage/mvcc`. Omits: leases, multi-key transactions (they come
//! with the etcd lessons).

use crate::base::Text;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

/// A stored value with its revisions.
#[derive(Debug, Clone)]
pub struct Stored<V> {
    /// The value.
    pub value: V,
    /// The revision at which the key came to be.
    pub created: u64,
    /// The revision of the last write.
    pub modified: u64,
}

/// A change in the revision log.
#[derive(Debug, Clone)]
pub struct Change<V> {
    /// The key.
    pub key: Text,
    /// The revision.
    pub revision: u64,
    /// The revision of the write before; 0 when the key is new.
    pub replaced: u64,
    /// The value before; `None` when the key is new.
    pub before: Option<V>,
    /// The value after; `None` when the key is gone.
    pub after: Option<V>,
}

/// Why the store refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreError {
    /// The key's revision is not the expected one: the revision that it has, 0 when it does not exist.
    Conflict(u64),
    /// The revision is behind the compaction: the oldest revision still there.
    Compacted(u64),
}

/// Changes kept for watchers before the oldest are compacted.
const LOG_LIMIT: usize = 10_000;

/// A key-value store with revisions.
#[derive(Debug, Clone)]
pub struct Store<V> {
    keys: BTreeMap<Text, Stored<V>>,
    log: VecDeque<Arc<Change<V>>>,
    revision: u64,
    compacted: u64,
}

impl<V> Default for Store<V> {
    fn default() -> Self {
        Store { keys: BTreeMap::new(), log: VecDeque::new(), revision: 0, compacted: 0 }
    }
}

impl<V: Clone> Store<V> {
    /// The revision of the last write.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// A key's value and revisions.
    pub fn get(&self, key: &str) -> Option<&Stored<V>> {
        self.keys.get(key)
    }

    /// The keys that begin with a prefix, in order.
    pub fn range<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = (&'a Text, &'a Stored<V>)> {
        let from = (std::ops::Bound::Included(prefix), std::ops::Bound::Unbounded);
        self.keys.range::<str, _>(from).take_while(move |(key, _)| key.starts_with(prefix))
    }

    /// As [`Store::range`], for a prefix that was made for this call.
    pub fn prefixed(&self, prefix: String) -> impl Iterator<Item = (&Text, &Stored<V>)> {
        let from = (std::ops::Bound::Included(prefix.as_str()), std::ops::Bound::Unbounded);
        let keys = self.keys.range::<str, _>(from);
        keys.take_while(move |(key, _)| key.starts_with(prefix.as_str()))
    }

    /// How many keys there are.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether there is no key.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Writes a key if its last write was at `expected` (0: if it does not exist; `None`: in any case). `make` is given
    /// the revision that the write gets.
    pub fn put(
        &mut self,
        key: &str,
        expected: Option<u64>,
        make: impl FnOnce(u64) -> V,
    ) -> Result<u64, StoreError> {
        let old = self.check(key, expected)?;
        let (before, created) = (old.map(|s| s.value.clone()), old.map(|s| s.created));
        let replaced = old.map_or(0, |s| s.modified);
        self.revision += 1;
        let (revision, value, key) = (self.revision, make(self.revision), Text::from(key));
        let stored =
            Stored { value: value.clone(), created: created.unwrap_or(revision), modified: revision };
        self.keys.insert(key.clone(), stored);
        self.record(Change { key, revision, replaced, before, after: Some(value) });
        Ok(revision)
    }

    /// Removes a key if its last write was at `expected` (`None`: in any case). `last` is given the value and the
    /// revision of the removal, and makes the value that watchers are shown. Conflict(0) when there is no such key.
    pub fn delete(
        &mut self,
        key: &str,
        expected: Option<u64>,
        last: impl FnOnce(V, u64) -> V,
    ) -> Result<(u64, V), StoreError> {
        self.check(key, expected)?;
        let old = self.keys.remove(key).ok_or(StoreError::Conflict(0))?;
        self.revision += 1;
        let shown = last(old.value, self.revision);
        self.record(Change {
            key: key.into(),
            revision: self.revision,
            replaced: old.modified,
            before: Some(shown.clone()),
            after: None,
        });
        Ok((self.revision, shown))
    }

    /// The changes after a revision, oldest first.
    pub fn since(&self, revision: u64) -> Result<impl Iterator<Item = &Arc<Change<V>>>, StoreError> {
        if revision < self.compacted {
            return Err(StoreError::Compacted(self.compacted));
        }
        let start = self.log.partition_point(|change| change.revision <= revision);
        Ok(self.log.range(start..))
    }

    /// The keys that begin with a prefix as they were at a revision, in order, each with its value and the revision of its
    /// last write by then.
    pub fn at(&self, prefix: &str, revision: u64) -> Result<Vec<(Text, V, u64)>, StoreError> {
        let mut then: BTreeMap<Text, (V, u64)> =
            self.range(prefix).map(|(key, s)| (key.clone(), (s.value.clone(), s.modified))).collect();
        let mut seen = BTreeSet::new();
        for change in self.since(revision)?.filter(|change| change.key.starts_with(prefix)) {
            // What a key's first change since then found is what was there.
            if !seen.insert(change.key.clone()) {
                continue;
            }
            match &change.before {
                Some(value) => drop(then.insert(change.key.clone(), (value.clone(), change.replaced))),
                None => drop(then.remove(&change.key)),
            }
        }
        Ok(then.into_iter().map(|(key, (value, modified))| (key, value, modified)).collect())
    }

    /// The oldest revision that [`Store::at`] and [`Store::since`] still know.
    pub fn compacted(&self) -> u64 {
        self.compacted
    }

    fn check(&self, key: &str, expected: Option<u64>) -> Result<Option<&Stored<V>>, StoreError> {
        let old = self.keys.get(key);
        let modified = old.map_or(0, |stored| stored.modified);
        if expected.is_some_and(|e| e != modified) { Err(StoreError::Conflict(modified)) } else { Ok(old) }
    }

    fn record(&mut self, change: Change<V>) {
        self.log.push_back(Arc::new(change));
        if self.log.len() > LOG_LIMIT
            && let Some(oldest) = self.log.pop_front()
        {
            self.compacted = oldest.revision;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_must_name_the_revision_that_it_saw() {
        let mut store = Store::default();
        assert_eq!(store.put("/a", Some(0), |_| "one"), Ok(1));
        assert_eq!(store.put("/a", Some(0), |_| "two"), Err(StoreError::Conflict(1)));
        assert_eq!(store.put("/a", Some(1), |_| "two"), Ok(2));
        assert_eq!(store.delete("/a", Some(1), |v, _| v), Err(StoreError::Conflict(2)));
        assert_eq!(store.delete("/a", Some(2), |v, _| v), Ok((3, "two")));
        assert_eq!(store.delete("/a", None, |v, _| v), Err(StoreError::Conflict(0)));
    }

    #[test]
    fn a_watch_sees_each_change_once_and_in_order() {
        let mut store = Store::default();
        for n in 0..3 {
            store.put("/k", None, |_| n).expect("unconditional");
        }
        let seen: Vec<u64> = store.since(1).expect("not compacted").map(|change| change.revision).collect();
        assert_eq!(seen, [2, 3]);
    }

    #[test]
    fn what_was_there_at_a_revision_is_found_again() {
        let mut store = Store::default();
        store.put("/a", None, |_| "one").expect("unconditional");
        store.put("/b", None, |_| "two").expect("unconditional");
        store.put("/a", None, |_| "three").expect("unconditional");
        store.delete("/b", None, |value, _| value).expect("there");
        let at = |revision| -> Vec<(&str, u64)> {
            store
                .at("/", revision)
                .expect("not compacted")
                .into_iter()
                .map(|(_, value, at)| (value, at))
                .collect()
        };
        assert_eq!(at(1), [("one", 1)]);
        assert_eq!(at(2), [("one", 1), ("two", 2)]);
        assert_eq!(at(3), [("three", 3), ("two", 2)]);
        assert_eq!(at(4), [("three", 3)]);
    }

    #[test]
    fn a_cursor_behind_the_compaction_is_told_so() {
        let mut store = Store::default();
        for n in 0..LOG_LIMIT as u64 + 5 {
            store.put("/k", None, |_| n).expect("unconditional");
        }
        assert_eq!(store.since(2).err(), Some(StoreError::Compacted(5)));
        assert!(store.since(5).is_ok());
    }
}
