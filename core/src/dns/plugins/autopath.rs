//! `autopath`: walks the search list for the client, on the server.
//! Models: CoreDNS plugin/autopath, plugin/kubernetes/autopath.go.
//! Omits: a resolv.conf file as its source.

use super::{Back, Env, Handler, Memo, Outcome, Plugin, Setup, Step};
use crate::base::Text;
use crate::dns::message::{Message, Question, Rcode, Rdata, Record, RecordType};
use crate::dns::name::{best_zone, zones_or};

/// The plugin.
#[derive(Debug, Clone)]
pub struct Autopath {
    zones: Vec<Text>,
    /// The search domains of the node's own resolv.conf.
    host_search: Vec<Text>,
}

/// What it tries for one question.
#[derive(Debug, Clone)]
pub struct Trial {
    asked: Question,
    left: Vec<Text>,
    /// The first answer that said that there is no such name.
    first: Option<Box<Message>>,
}

/// `autopath [ZONES...] @kubernetes`.
pub fn setup(setup: &mut Setup<'_>) -> Result<Plugin, String> {
    let tokens = &mut setup.tokens;
    tokens.advance();
    let mut args = tokens.remaining_args();
    match args.pop() {
        None => Err("no resolv-conf specified".to_string()),
        Some(source) if &*source == "@kubernetes" => {
            let text = setup.files.text("/etc/resolv.conf").unwrap_or_default();
            let line = text.lines().rev().find_map(|line| line.strip_prefix("search "));
            let host_search =
                line.unwrap_or_default().split_whitespace().flat_map(super::super::name::zones_of);
            let zones = zones_or(args.iter(), setup.zones);
            Ok(Autopath { zones, host_search: host_search.collect() }.into())
        }
        Some(source) => Err(format!("failed to parse \"{source}\": only @kubernetes is simulated here")),
    }
}

impl Handler for Autopath {
    fn ask(&mut self, query: &Message, env: &mut Env<'_, '_>) -> Step {
        let Some(question) = query.question() else { return Step::Next };
        if !matches!(question.rtype, RecordType::A | RecordType::AAAA) {
            return Step::Next;
        }
        let lower = question.name.to_ascii_lowercase();
        if best_zone(&lower, &self.zones).is_none() {
            return Step::Next;
        }
        let Some(namespace) = env.cluster.pod_namespace(env.client.address.ip()) else { return Step::Next };
        let marker = format!(".{namespace}.svc.");
        let Some(at) = lower.find(&marker) else { return Step::Next };
        let (base, zone) = (&lower[..at], &lower[at + marker.len()..]);
        // Only the first search domain is cut off: what follows must be a whole zone of the cluster.
        if base.is_empty() || zone.is_empty() {
            return Step::Next;
        }
        let domains = [format!("{namespace}.svc.{zone}"), format!("svc.{zone}"), zone.to_string()];
        let mut names: Vec<Text> =
            domains.iter().map(|domain| Text::from(format!("{base}.{domain}"))).collect();
        names.extend(self.host_search.iter().map(|domain| Text::from(format!("{base}.{domain}"))));
        names.push(format!("{base}.").into());
        names.reverse();
        let asked = question.clone();
        let Some(name) = names.pop() else { return Step::Next };
        let trial = Trial { asked: asked.clone(), left: names, first: None };
        Step::Rewrite(Box::new(Question { name, ..asked }), Memo::Autopath(Box::new(trial)))
    }

    fn reply(&mut self, memo: Memo, _: &Message, outcome: Outcome, _: &mut Env<'_, '_>) -> Back {
        let Memo::Autopath(mut trial) = memo else { return Back::On(outcome) };
        let Outcome::Written(mut answer) = outcome else { return Back::On(outcome) };
        if answer.rcode == Rcode::NXDOMAIN {
            if let Some(name) = trial.left.pop() {
                trial.first.get_or_insert(answer);
                let question = Question { name, ..trial.asked.clone() };
                return Back::Again(Box::new(question), Memo::Autopath(trial));
            }
            answer = trial.first.take().unwrap_or(answer);
            answer.questions = vec![trial.asked];
            return Back::On(Outcome::Written(answer));
        }
        if let Some(first) = answer.answers.first()
            && !first.name.eq_ignore_ascii_case(&trial.asked.name)
        {
            let alias = Record::new(trial.asked.name.clone(), first.ttl, Rdata::Cname(first.name.clone()));
            answer.answers.insert(0, alias);
        }
        answer.questions = vec![trial.asked];
        Back::On(Outcome::Written(answer))
    }
}
