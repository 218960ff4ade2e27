//! Typed watches: a cursor into the revision log.

use super::{ApiServer, Record, keys};
use crate::api::{Kind, Status, WatchEvent, WatchKind};
use crate::store::{Change, StoreError};

impl ApiServer {
    /// What happened to objects of some kinds since a cursor, which is moved to the present. A cursor of 0 is given
    /// everything that is there, as added. `Expired` (410) when the log does not reach back to the cursor: list again.
    pub fn watch_from(&self, kinds: &[&Kind], cursor: &mut u64) -> Result<Vec<WatchEvent>, Status> {
        if *cursor == 0 {
            *cursor = self.store.revision();
            return Ok(kinds.iter().flat_map(|kind| self.present(kind)).collect());
        }
        let changes = self.store.since(*cursor).map_err(|error| expired(*cursor, error))?;
        let events = changes.filter_map(|change| event(change, kinds)).collect();
        *cursor = self.store.revision();
        Ok(events)
    }

    fn present(&self, kind: &Kind) -> impl Iterator<Item = WatchEvent> {
        self.store.prefixed(keys::prefix(kind, "")).map(|(_, stored)| WatchEvent {
            kind: WatchKind::Added,
            object: stored.value.object.clone(),
            revision: stored.modified,
            cause: stored.value.cause,
        })
    }
}

fn event(change: &Change<Record>, kinds: &[&Kind]) -> Option<WatchEvent> {
    let (kind, record) = match (&change.before, &change.after) {
        (None, Some(after)) => (WatchKind::Added, after),
        (Some(_), Some(after)) => (WatchKind::Modified, after),
        (Some(before), None) => (WatchKind::Deleted, before),
        (None, None) => return None,
    };
    let watched = kinds.iter().any(|k| std::ptr::eq(*k, record.object.kind) || **k == *record.object.kind);
    watched.then(|| WatchEvent {
        kind,
        object: record.object.clone(),
        revision: change.revision,
        cause: record.cause,
    })
}

/// The refusal of a cursor that is too old.
pub(super) fn expired(cursor: u64, error: StoreError) -> Status {
    match error {
        StoreError::Compacted(oldest) => {
            Status::plain(410, "Expired", format!("too old resource version: {cursor} ({oldest})"))
        }
        StoreError::Conflict(_) => Status::internal("the log cannot be read"),
    }
}
