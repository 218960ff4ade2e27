//! What the page says, in each language. A new fact, reason or refusal does not compile until every language can say
//! it. Tool output (kubectl, dig) is not worded here: it stays in the tool's own English.

mod editor;
mod en;
mod inspect;
mod ui;
mod zh_cn;

pub use editor::Editor;
pub use inspect::Inspect;
pub use ui::Ui;

use crate::propagation::Behind;
use tidepool_core::base::{ObjectRef, Text};
use tidepool_core::trace::{Change, Fact, Hop, Place, Reason, Refusal};
use tidepool_core::world::view::Check;

/// A language of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    /// English.
    #[default]
    En,
    /// Simplified Chinese.
    ZhCn,
}

impl Language {
    /// Every language, in the order of the menu.
    pub const ALL: [Language; 2] = [Language::En, Language::ZhCn];

    /// The language of a BCP 47 tag; English when it is none that we speak.
    pub fn of_tag(tag: &str) -> Language {
        if tag.to_ascii_lowercase().starts_with("zh") { Language::ZhCn } else { Language::En }
    }

    /// What the page says in it.
    pub fn words(self) -> &'static Words {
        match self {
            Language::En => &en::WORDS,
            Language::ZhCn => &zh_cn::WORDS,
        }
    }
}

/// A fact in words for a learner.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Said {
    /// What happened, as a sentence or the head of one.
    pub title: String,
    /// Why, with its numbers; may be empty.
    pub why: String,
}

impl Said {
    /// A title and its why.
    pub fn new(title: impl Into<String>, why: impl Into<String>) -> Said {
        Said { title: title.into(), why: why.into() }
    }
}

/// Everything that the page says in one language.
#[derive(Debug)]
pub struct Words {
    /// The BCP 47 tag.
    pub tag: &'static str,
    /// The language's own name.
    pub name: &'static str,
    /// Fixed strings.
    pub ui: Ui,
    /// The editor.
    pub editor: Editor,
    /// The DNS panel.
    pub inspect: &'static Inspect,
    /// A hop.
    pub hop: fn(&Hop) -> Said,
    /// A decision: by whom, and why.
    pub reason: fn(&Place, &Reason) -> Said,
    /// A refusal: by whom, and why.
    pub refusal: fn(&Place, &Refusal) -> Said,
    /// A change of an object at a revision.
    pub change: fn(&ObjectRef, Change, u64) -> Said,
    /// A place's name in a sentence.
    pub place: fn(&Place) -> String,
    /// A number of hops.
    pub hops: fn(usize) -> String,
    /// How many more events there are than are shown.
    pub more: fn(u64) -> String,
    /// Whose rules were behind when a packet was lost, and since when.
    pub stale_rules: fn(&Behind) -> String,
    /// How many requests failed after the followed one began.
    pub failed_since: fn(usize) -> String,
    /// A number of marks drawn as one.
    pub together: fn(u32) -> String,
    /// A pod's state: name, phase, whether it is ready, whether it is going.
    pub pod_state: fn(&str, &str, bool, bool) -> String,
    /// A Service's endpoints: ready and not ready.
    pub endpoints: fn(usize, usize) -> String,
    /// How many problems the manifests have.
    pub problems: fn(usize) -> String,
    /// Where a problem is: line and column.
    pub line: fn(u32, u32) -> String,
    /// How far the page is behind: the speed that it reaches.
    pub behind: fn(&str) -> String,
    /// How many pods are not drawn one by one.
    pub pods: fn(usize, usize) -> String,
    /// What kube-proxy rules lead to: how many pods.
    pub to_pods: fn(usize) -> String,
    /// How many calls a pod answered.
    pub calls: fn(u64) -> String,
    /// The stage in one sentence for those who do not see it: nodes, pods, Services.
    pub stage_summary: fn(usize, usize, usize) -> String,
    /// What the draw was, and the rule that matched it: rule from 1, draw, threshold (both as fractions).
    pub draw: fn(usize, &str, &str) -> String,
    /// Which step of how many.
    pub step_of: fn(usize, usize) -> String,
    /// Something that was looked at, and how it is.
    pub check: fn(&Check) -> String,
    /// Which revision a node's rules are of, and which it was told of.
    pub rules_of: fn(u64, u64) -> String,
    /// A shared recording was replayed to its digest.
    pub replayed: fn(&str) -> String,
    /// It was replayed to another one: had, has, the version that made it.
    pub differs: fn(&str, &str, &str) -> String,
    /// A way to the document that made something: its file and line.
    pub made_by: fn(&str, u32) -> String,
    /// Which lesson of how many.
    pub lesson_of: fn(usize, usize) -> String,
    /// How long a lesson takes.
    pub minutes: fn(u32) -> String,
    /// A terminal's name: its number and where it is.
    pub terminal: fn(usize, &str) -> String,
}

impl Words {
    /// A fact in words.
    pub fn fact(&self, fact: &Fact) -> Said {
        let said = match fact {
            Fact::Moved(hop) => (self.hop)(hop),
            Fact::Decided(by, reason) => (self.reason)(by, reason),
            Fact::Changed(object, change, revision) => (self.change)(object, *change, *revision),
            Fact::Refused(by, refusal) => (self.refusal)(by, refusal),
        };
        Said { title: begin_sentence(fact, said.title), why: said.why }
    }
}

impl PartialEq for Words {
    fn eq(&self, other: &Words) -> bool {
        self.tag == other.tag
    }
}

/// A title that begins with words begins with a capital; names of pods and nodes stay as they are.
fn begin_sentence(fact: &Fact, title: String) -> String {
    let is_word = |place: &Place| !matches!(place, Place::Pod(..) | Place::Node(_) | Place::Etcd);
    let begins_with_words = match fact {
        Fact::Moved(hop) => is_word(&hop.from) && is_word(&hop.to),
        Fact::Decided(..) | Fact::Changed(..) | Fact::Refused(..) => false,
    };
    match title.chars().next() {
        Some(first) if begins_with_words && !title.starts_with("etcd") && !title.starts_with("kube") => {
            first.to_uppercase().chain(title.chars().skip(1)).collect()
        }
        _ => title,
    }
}

/// A way's length in a sentence: `0.25 ms`.
pub(crate) fn millis(duration: tidepool_core::base::Duration) -> String {
    let micros = duration.0 / 1_000;
    match micros {
        0..1_000 => format!("{}.{:02} ms", micros / 1_000, micros % 1_000 / 10),
        1_000..100_000 => format!("{}.{} ms", micros / 1_000, micros % 1_000 / 100),
        100_000..10_000_000 => format!("{} ms", micros / 1_000),
        _ => format!("{} s", micros / 1_000_000),
    }
}

/// Labels in a sentence: `app=web, tier=front`.
pub(crate) fn labels(pairs: &[(Text, Text)]) -> String {
    pairs.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(", ")
}

/// A 31-bit draw or threshold as a fraction of one: `0.58`.
pub(crate) fn fraction(draw: u32) -> String {
    let hundredths = (u64::from(draw) * 100) >> 31;
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidepool_core::base::Duration;

    #[test]
    fn tags_find_their_language() {
        assert_eq!(Language::of_tag("zh-CN"), Language::ZhCn);
        assert_eq!(Language::of_tag("zh-Hans"), Language::ZhCn);
        assert_eq!(Language::of_tag("de"), Language::En);
    }

    #[test]
    fn lengths_keep_two_figures() {
        assert_eq!(millis(Duration::micros(60)), "0.06 ms");
        assert_eq!(millis(Duration::micros(1_500)), "1.5 ms");
        assert_eq!(millis(Duration::secs(30)), "30 s");
    }
}
