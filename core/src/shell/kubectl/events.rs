//! `kubectl events`: what happened, oldest first. Knows no kind but Event.
//! Models: kubectl `pkg/cmd/events/events.go`, `event_printer.go`. Omits: --watch

use super::args::{Args, Flag, switch, value};
use super::commands::{Entry, Work};
use super::describe::events::interval;
use super::printers::{self, Format};
use super::resources::{self, Target};
use super::script::{Flow, Io, Next};
use super::table::Tabbed;
use super::{client, config};
use crate::api::{event, tree};
use crate::base::order;
use serde_json::Value;

/// The command.
pub const EVENTS: Entry = Entry::new("events", "List events", FLAGS, |args| Work::Events(Events { args }));

const FLAGS: &[Flag] = &[
    switch("all-namespaces", Some('A')),
    value("for", None),
    value("types", None),
    value("output", Some('o')),
    switch("no-headers", None),
];

/// A `kubectl events` at work.
#[derive(Debug, Clone)]
pub struct Events {
    args: Args,
}

impl Events {
    /// One turn.
    pub fn run(&self, io: &mut Io<'_, '_, '_>) -> Flow<Work> {
        let format = io.check(Format::of(&self.args))?;
        let wanted = io.check(self.object())?;
        let types = self.args.listed("types");
        if let Some(wrong) = types.iter().find(|t| !["normal", "warning"].contains(&&*t.to_lowercase())) {
            return io.fail(&format!("valid --types are [Normal Warning], not {wrong:?}"));
        }
        let everywhere = self.args.on("all-namespaces");
        let namespace = if everywhere { String::new() } else { config::namespace(io, &self.args) };
        let fields = wanted.as_ref().map_or(String::new(), |target| {
            let Target { kind, name } = target;
            format!(
                "involvedObject.kind={},involvedObject.apiVersion={},involvedObject.name={name}",
                kind.kind,
                kind.api_version()
            )
        });
        let path = client::path(&event::EVENT, &namespace, "");
        let list =
            io.must(client::get(&path, &[("fieldSelector", &fields), ("limit", "500")], client::JSON))?;
        let mut events: Vec<Value> = tree::list(&list.json, "items").to_vec();
        events.retain(|event| {
            types.is_empty() || types.iter().any(|kind| kind.eq_ignore_ascii_case(tree::str(event, "type")))
        });
        if events.is_empty() {
            io.complain(&if everywhere {
                "No events found.".to_string()
            } else {
                format!("No events found in {namespace} namespace.")
            });
            return Ok(Next::Exit(0));
        }
        order::sort_by_key(&mut events, last_time);
        if !format.is_table() {
            events.iter_mut().for_each(|event| {
                tree::default(event, "apiVersion", "v1");
                tree::default(event, "kind", "Event");
            });
            let mut list = printers::list_of(events);
            format.tidy(&self.args, &mut list);
            let text = io.check(format.render(&list, true))?;
            io.print(text);
            return Ok(Next::Exit(0));
        }
        let text = self.table(io, &events, everywhere);
        io.print(text);
        Ok(Next::Exit(0))
    }

    /// What `--for` names.
    fn object(&self) -> Result<Option<Target>, String> {
        let Some(word) = self.args.text("for") else { return Ok(None) };
        if !word.contains('/') {
            return Err(format!("--for must be in resource/name form, not {word:?}"));
        }
        Ok(resources::targets(&[word.to_string()])?.pop())
    }

    fn table(&self, io: &Io<'_, '_, '_>, events: &[Value], everywhere: bool) -> String {
        let mut table = Tabbed::new(6, 3);
        if !self.args.on("no-headers") {
            let first = if everywhere { "NAMESPACE\t" } else { "" };
            table.line(&format!("{first}LAST SEEN\tTYPE\tREASON\tOBJECT\tMESSAGE"));
        }
        for event in events {
            let text = |path| tree::str(event, path);
            let first = if everywhere { format!("{}\t", text("metadata.namespace")) } else { String::new() };
            table.line(&format!(
                "{first}{}\t{}\t{}\t{}/{}\t{}",
                interval(event, io.now()),
                text("type"),
                text("reason"),
                text("involvedObject.kind"),
                text("involvedObject.name"),
                text("message").trim()
            ));
        }
        table.finish()
    }
}

/// When an event was seen last.
fn last_time(event: &Value) -> String {
    let times = ["series.lastObservedTime", "lastTimestamp", "eventTime"];
    let first = times.into_iter().map(|path| tree::str(event, path)).find(|time| !time.is_empty());
    first.unwrap_or_default().to_string()
}
