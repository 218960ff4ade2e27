//! What to change in a zone, so that it has what is wanted and nothing is touched that is another's.
//! Models: kubernetes-sigs/external-dns plan/{plan,conflict,policy}.go, registry/txt.go 0.20.
//! Omits: the registry's older names (without the record's type), set identifiers, encrypted TXT records, `AWSSD` and
//! `DynamoDB` registries.

use super::source::Endpoint;
use crate::base::{FlatMap, Text};
use crate::dns::message::{Rdata, Record, RecordType};

/// What may be done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Policy {
    /// Create, update, delete.
    #[default]
    Sync,
    /// Create and update.
    UpsertOnly,
    /// Create.
    CreateOnly,
}

/// How it is known which records are one's own.
#[derive(Debug, Clone, Default)]
pub struct Registry {
    /// Whether TXT records say so; otherwise all records are.
    pub txt: bool,
    /// Who one is.
    pub owner: Text,
    /// What stands before and after the first label of a TXT record's name.
    pub prefix: Text,
    /// See `prefix`.
    pub suffix: Text,
}

/// Records that a zone has of one name and type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Current {
    /// TTL and targets.
    pub endpoint: Endpoint,
    /// Whose they are; empty when nobody's.
    pub owner: Text,
}

/// A record to add or to remove, with its TTL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Whether it is added.
    pub add: bool,
    /// The name, without a final dot.
    pub name: Text,
    /// The TTL.
    pub ttl: u32,
    /// The type.
    pub rtype: RecordType,
    /// Address, name, or text with its quotes.
    pub target: Text,
}

/// What the changes are made from.
pub struct Plan<'a> {
    /// What is wanted.
    pub desired: Vec<Endpoint>,
    /// What is there.
    pub current: Vec<Current>,
    /// What may be done.
    pub policy: Policy,
    /// How it is known what is one's own.
    pub registry: &'a Registry,
    /// Names end with one of these; any when there is none.
    pub domains: &'a [Text],
    /// The types that are managed.
    pub types: &'a [RecordType],
    /// The least TTL.
    pub least_ttl: u32,
}

impl Plan<'_> {
    /// The changes, removals before additions of the same name.
    pub fn changes(&self) -> Vec<Change> {
        let in_domain = |name: &str| {
            let fits = |domain: &Text| {
                name == &**domain || name.ends_with(&format!(".{}", domain.trim_start_matches('.')))
            };
            self.domains.is_empty() || self.domains.iter().any(fits)
        };
        let mut wanted: FlatMap<(Text, RecordType), Vec<&Endpoint>> = FlatMap::new();
        for endpoint in self.desired.iter().filter(|e| in_domain(&e.name) && self.types.contains(&e.rtype)) {
            wanted.entry((endpoint.name.clone(), endpoint.rtype)).or_default().push(endpoint);
        }
        let there = |key: &(Text, RecordType)| {
            self.current.iter().find(|c| c.endpoint.name == key.0 && c.endpoint.rtype == key.1)
        };
        let mine = |current: &Current| !self.registry.txt || *current.owner == *self.registry.owner;
        let (mut removed, mut added, mut out) = (Vec::new(), Vec::new(), Vec::new());
        for (key, candidates) in &wanted {
            match there(key) {
                None => {
                    // A name that somebody else has, with whatever type, is not for us.
                    let others = self.current.iter().any(|c| c.endpoint.name == key.0 && !mine(c));
                    added.extend(candidates.iter().min_by_key(|e| &e.targets).filter(|_| !others).copied());
                }
                Some(current) if mine(current) && self.policy != Policy::CreateOnly => {
                    // Whose it was keeps it while it still wants it.
                    let same = candidates.iter().find(|e| e.resource == current.endpoint.resource);
                    let Some(next) = same.or(candidates.iter().min_by_key(|e| &e.targets)) else { continue };
                    let ttl = self.ttl(next);
                    if next.targets != current.endpoint.targets
                        || next.ttl.is_some() && Some(ttl) != current.endpoint.ttl
                        || next.resource != current.endpoint.resource && self.registry.txt
                    {
                        removed.push(&current.endpoint);
                        added.push(next);
                    }
                }
                Some(_) => {}
            }
        }
        if self.policy == Policy::Sync {
            let gone = self.current.iter().filter(|c| {
                let key = (c.endpoint.name.clone(), c.endpoint.rtype);
                mine(c)
                    && in_domain(&c.endpoint.name)
                    && self.types.contains(&key.1)
                    && !wanted.contains_key(&key)
            });
            removed.extend(gone.map(|current| &current.endpoint));
        }
        for endpoint in removed {
            self.records(endpoint, false, &mut out);
        }
        for endpoint in added {
            self.records(endpoint, true, &mut out);
        }
        out
    }

    fn ttl(&self, endpoint: &Endpoint) -> u32 {
        endpoint.ttl.unwrap_or(0).max(self.least_ttl)
    }

    /// An endpoint's records and the one that says whose they are.
    fn records(&self, endpoint: &Endpoint, add: bool, out: &mut Vec<Change>) {
        let ttl = if add { self.ttl(endpoint) } else { endpoint.ttl.unwrap_or(0) };
        let record = |target: &Text| Change {
            add,
            name: endpoint.name.clone(),
            ttl,
            rtype: endpoint.rtype,
            target: target.clone(),
        };
        out.extend(endpoint.targets.iter().map(record));
        if self.registry.txt {
            out.push(Change {
                add,
                name: self.registry.name(&endpoint.name, endpoint.rtype),
                ttl: self.least_ttl,
                rtype: RecordType::TXT,
                target: self.registry.text(&endpoint.resource).into(),
            });
        }
    }
}

impl Registry {
    /// The name of the TXT record of a name and type: `a-web.example.com`, or where the affixes have `%{record_type}`, as
    /// they say.
    pub fn name(&self, name: &str, rtype: RecordType) -> Text {
        const TYPE: &str = "%{record_type}";
        let word = rtype.to_string().to_lowercase();
        let (label, rest) = name.split_once('.').map_or((name, ""), |(label, rest)| (label, rest));
        let named = self.prefix.contains(TYPE) || self.suffix.contains(TYPE);
        let label = if named { label.to_string() } else { format!("{word}-{label}") };
        let (prefix, suffix) = (self.prefix.replace(TYPE, &word), self.suffix.replace(TYPE, &word));
        format!("{prefix}{label}{suffix}.{rest}").trim_end_matches('.').into()
    }

    fn text(&self, resource: &str) -> String {
        format!(
            "\"heritage=external-dns,external-dns/owner={},external-dns/resource={resource}\"",
            self.owner
        )
    }

    /// What a zone's records are, with the owners that its TXT records tell.
    pub fn read(&self, records: &[Record]) -> Vec<Current> {
        let mut owners: FlatMap<Text, (Text, Text)> = FlatMap::new();
        let mut sets: FlatMap<(Text, RecordType), Endpoint> = FlatMap::new();
        for record in records {
            let name: Text = record.name.trim_end_matches('.').to_ascii_lowercase().into();
            let target: Text = match &record.data {
                Rdata::A(ip) => ip.to_string().into(),
                Rdata::Aaaa(ip) => ip.to_string().into(),
                Rdata::Cname(target) => target.trim_end_matches('.').into(),
                Rdata::Txt(strings) => {
                    let text = strings.iter().map(|s| String::from_utf8_lossy(s)).collect::<String>();
                    if let Some(labels) = labels(&text) {
                        owners.insert(name, labels);
                    }
                    continue;
                }
                _ => continue,
            };
            let rtype = record.rtype();
            let new = Endpoint {
                name: name.clone(),
                rtype,
                ttl: Some(record.ttl),
                targets: Vec::new(),
                resource: "".into(),
            };
            let targets = &mut sets.entry((name, rtype)).or_insert(new).targets;
            if let Err(at) = targets.binary_search(&target) {
                targets.insert(at, target);
            }
        }
        let owned = |mut endpoint: Endpoint| {
            let (owner, resource) =
                owners.get(&self.name(&endpoint.name, endpoint.rtype)).cloned().unwrap_or_default();
            endpoint.resource = resource;
            Current { endpoint, owner }
        };
        sets.into_values().map(owned).collect()
    }
}

/// Owner and resource, if a text is ExternalDNS's.
fn labels(text: &str) -> Option<(Text, Text)> {
    let text = text.trim_matches('"');
    let of = |key: &str| text.split(',').find_map(|part| part.strip_prefix(key)?.strip_prefix('='));
    (of("heritage")? == "external-dns").then_some(())?;
    let label = |key: &str| Text::from(of(key).unwrap_or_default());
    Some((label("external-dns/owner"), label("external-dns/resource")))
}

impl Change {
    /// The record.
    pub fn record(&self) -> Option<Record> {
        let data = match self.rtype {
            RecordType::A => Rdata::A(self.target.parse().ok()?),
            RecordType::AAAA => Rdata::Aaaa(self.target.parse().ok()?),
            RecordType::CNAME => Rdata::Cname(format!("{}.", self.target.trim_end_matches('.')).into()),
            _ => Rdata::Txt(vec![self.target.trim_matches('"').as_bytes().to_vec().into()]),
        };
        Some(Record::new(format!("{}.", self.name), self.ttl, data))
    }

    /// The record as the log says it.
    pub fn line(&self) -> String {
        format!("{} {} {} {}", self.name, self.ttl, self.rtype, self.target)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(name: &str, target: &str, resource: &str) -> Endpoint {
        let rtype =
            if target.parse::<std::net::IpAddr>().is_ok() { RecordType::A } else { RecordType::CNAME };
        Endpoint {
            name: name.into(),
            rtype,
            ttl: None,
            targets: vec![target.into()],
            resource: resource.into(),
        }
    }

    fn registry() -> Registry {
        Registry { txt: true, owner: "me".into(), ..Registry::default() }
    }

    fn changes(desired: Vec<Endpoint>, current: Vec<Current>, policy: Policy) -> Vec<String> {
        let (registry, types) = (registry(), [RecordType::A, RecordType::AAAA, RecordType::CNAME]);
        let plan = Plan {
            desired,
            current,
            policy,
            registry: &registry,
            domains: &["test".into()],
            types: &types,
            least_ttl: 0,
        };
        let line = |change: &Change| format!("{}{}", if change.add { '+' } else { '-' }, change.line());
        plan.changes().iter().map(line).collect()
    }

    /// registry/txt_test.go: the record's type, then the name; affixes may place it.
    #[test]
    fn a_txt_record_is_named_after_name_and_type() {
        let mut registry = registry();
        assert_eq!(&*registry.name("web.test", RecordType::A), "a-web.test");
        assert_eq!(&*registry.name("web.test", RecordType::CNAME), "cname-web.test");
        registry.prefix = "txt.".into();
        assert_eq!(&*registry.name("web.test", RecordType::A), "txt.a-web.test");
        registry.prefix = "%{record_type}-own-".into();
        assert_eq!(&*registry.name("web.test", RecordType::A), "a-own-web.test");
    }

    /// plan/plan_test.go: what is not one's own is not touched, and what no one wants goes only by `sync`.
    #[test]
    fn only_ones_own_records_change() {
        let own = |target: &str, owner: &str| Current {
            endpoint: Endpoint { ttl: Some(0), ..endpoint("web.test", target, "service/default/web") },
            owner: owner.into(),
        };
        let web = || vec![endpoint("web.test", "192.0.2.1", "service/default/web")];
        let txt =
            "0 TXT \"heritage=external-dns,external-dns/owner=me,external-dns/resource=service/default/web\"";
        assert_eq!(
            changes(web(), vec![], Policy::Sync),
            ["+web.test 0 A 192.0.2.1", &format!("+a-web.test {txt}")]
        );
        assert_eq!(changes(web(), vec![own("192.0.2.1", "me")], Policy::Sync), Vec::<String>::new());
        assert_eq!(changes(web(), vec![own("192.0.2.9", "you")], Policy::Sync), Vec::<String>::new());
        assert_eq!(changes(web(), vec![own("192.0.2.9", "")], Policy::Sync), Vec::<String>::new());
        let update = changes(web(), vec![own("192.0.2.9", "me")], Policy::UpsertOnly);
        assert_eq!(update[0], "-web.test 0 A 192.0.2.9");
        assert_eq!(update.len(), 4);
        assert_eq!(changes(web(), vec![own("192.0.2.9", "me")], Policy::CreateOnly), Vec::<String>::new());
        assert_eq!(changes(vec![], vec![own("192.0.2.9", "me")], Policy::Sync).len(), 2);
        assert_eq!(changes(vec![], vec![own("192.0.2.9", "me")], Policy::UpsertOnly), Vec::<String>::new());
        assert_eq!(
            changes(vec![endpoint("web.other", "192.0.2.1", "s")], vec![], Policy::Sync),
            Vec::<String>::new()
        );
    }

    /// plan/conflict.go: among new ones the least target wins; whose it was keeps it.
    #[test]
    fn one_of_several_gets_the_name() {
        let two = vec![
            endpoint("web.test", "192.0.2.7", "service/a/x"),
            endpoint("web.test", "192.0.2.5", "service/b/y"),
        ];
        assert_eq!(changes(two.clone(), vec![], Policy::Sync)[0], "+web.test 0 A 192.0.2.5");
        let current = Current { endpoint: Endpoint { ttl: Some(0), ..two[0].clone() }, owner: "me".into() };
        assert_eq!(changes(two, vec![current], Policy::Sync), Vec::<String>::new());
    }

    #[test]
    fn a_zone_is_read_back_with_its_owners() {
        let add = |rtype, name: &str, target: &str| Change {
            add: true,
            name: name.into(),
            ttl: 60,
            rtype,
            target: target.into(),
        };
        let text = registry().text("service/default/web");
        let records = [
            add(RecordType::A, "web.test", "192.0.2.1").record(),
            add(RecordType::TXT, "a-web.test", &text).record(),
            add(RecordType::CNAME, "old.test", "web.test").record(),
            add(RecordType::TXT, "old.test", "\"v=spf1\"").record(),
        ];
        let records: Vec<Record> = records.into_iter().flatten().collect();
        let read: Vec<String> = registry()
            .read(&records)
            .iter()
            .map(|c| format!("{} {} {}", c.endpoint.name, c.owner, c.endpoint.resource))
            .collect();
        assert_eq!(read, ["old.test  ", "web.test me service/default/web"]);
    }
}
