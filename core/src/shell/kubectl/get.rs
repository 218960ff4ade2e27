//! `kubectl get`: one object or many, once or as they change. Knows what a Table is, not what its columns mean.
//! Models: kubectl `pkg/cmd/get/get.go`.
//! Omits: chunks beyond the first 500 (the server hands out all at once).

use super::args::{Args, Flag, number, optional, switch, value};
use super::commands::{Entry, Work};
use super::printers::{self, Format};
use super::resources::{self, Target};
use super::script::{Asked, Flow, Io, Next};
use super::table::{Rows, Style};
use super::watch::{self, Watch};
use super::{client, config, files};
use crate::api::{Kind, tree};
use crate::base::order;
use serde_json::Value;

/// The command.
pub const GET: Entry =
    Entry::new("get", "Display one or many resources", FLAGS, |args| Work::Get(Get { args, follow: None }));

const FLAGS: &[Flag] = &[
    value("output", Some('o')),
    value("selector", Some('l')),
    value("field-selector", None),
    switch("all-namespaces", Some('A')),
    switch("watch", Some('w')),
    switch("watch-only", None),
    switch("output-watch-events", None),
    switch("show-labels", None),
    switch("show-kind", None),
    value("label-columns", Some('L')),
    switch("no-headers", None),
    switch("ignore-not-found", None),
    switch("show-managed-fields", None),
    value("filename", Some('f')),
    switch("recursive", Some('R')),
    value("sort-by", None),
    value("raw", None),
    number("chunk-size"),
    optional("server-print", "true"),
    value("subresource", None),
    value("template", None),
    switch("allow-missing-template-keys", None),
];

/// A `kubectl get` at work.
#[derive(Debug, Clone)]
pub struct Get {
    args: Args,
    follow: Option<Box<Follow>>,
}

/// A watch that is being printed.
#[derive(Debug, Clone)]
struct Follow {
    watch: Watch,
    rows: Rows,
    style: Style,
    format: Format,
}

/// One thing asked for: a kind, in a namespace, a name or all.
struct Wanted {
    target: Target,
    namespace: String,
}

/// What came of it.
struct Got {
    kind: &'static Kind,
    body: Value,
}

impl Get {
    /// One turn.
    pub fn run(&self, io: &mut Io<'_, '_, '_>) -> Flow<Work> {
        if let Some(follow) = &self.follow {
            return self.print_news(io, follow);
        }
        if let Some(path) = self.args.text("raw") {
            return raw(io, path);
        }
        let format = Format::of(&self.args);
        let format = io.check(format)?;
        let wanted = self.wanted(io)?;
        if self.args.on("watch") || self.args.on("watch-only") {
            return self.begin_watch(io, &wanted, format);
        }
        let (got, errors) = self.fetch(io, &wanted, &format)?;
        if format.is_table() {
            self.print_tables(io, &got, &wanted, format == Format::Wide, errors.is_empty());
        } else {
            self.print_objects(io, got, &format, &errors)?;
        }
        for error in &errors {
            io.complain(error);
        }
        Ok(Next::Exit(i32::from(!errors.is_empty())))
    }

    fn namespace(&self, io: &Io<'_, '_, '_>) -> String {
        if self.args.on("all-namespaces") { String::new() } else { config::namespace(io, &self.args) }
    }

    fn wanted(&self, io: &mut Io<'_, '_, '_>) -> Asked<Vec<Wanted>> {
        let namespace = self.namespace(io);
        let mut wanted = Vec::new();
        for document in files::documents(io, &self.args)? {
            let resource = files::mapped(io, &document)?;
            let own = tree::str(&document.tree, "metadata.namespace");
            let namespace = if own.is_empty() { namespace.clone() } else { own.to_string() };
            wanted.push(Wanted { target: resource, namespace });
        }
        let targets = io.check(resources::targets(&self.args.words))?;
        wanted.extend(targets.into_iter().map(|target| Wanted { target, namespace: namespace.clone() }));
        if wanted.is_empty() {
            io.complain(
                "You must specify the type of resource to get. Use \"kubectl api-resources\" for a complete list of \
                 supported resources.\n",
            );
            return io.fail(
                "Required resource not specified.\nUse \"kubectl explain <resource>\" for a detailed description of \
                 that resource (e.g. kubectl explain pods).\nSee 'kubectl get -h' for help and examples",
            );
        }
        let named = wanted.iter().any(|wanted| !wanted.target.name.is_empty());
        if named && self.args.on("all-namespaces") {
            return io.fail("a resource cannot be retrieved by name across all namespaces");
        }
        if named && self.args.text("selector").is_some() {
            return io.fail("name cannot be provided when a selector is specified");
        }
        Ok(wanted)
    }

    fn fetch(
        &self,
        io: &mut Io<'_, '_, '_>,
        wanted: &[Wanted],
        format: &Format,
    ) -> Asked<(Vec<Got>, Vec<String>)> {
        let accept = if format.is_table() { client::TABLE } else { client::JSON };
        let (mut got, mut errors) = (Vec::new(), Vec::new());
        for Wanted { target, namespace } in wanted {
            let path = client::path(target.kind, namespace, &target.name);
            let request = if target.name.is_empty() {
                client::get(&path, &self.list_query(), accept)
            } else {
                client::get(&path, &[], accept)
            };
            let answer = io.http(request)?;
            if answer.is_ok() {
                got.push(Got { kind: target.kind, body: answer.json.clone() });
            } else if !(answer.is_not_found() && self.args.on("ignore-not-found")) {
                errors.push(watch::list_refusal(&answer, target, &self.args));
            }
        }
        Ok((got, errors))
    }

    fn list_query(&self) -> [(&str, &str); 3] {
        let text = |name| self.args.text(name).unwrap_or_default();
        [("labelSelector", text("selector")), ("fieldSelector", text("field-selector")), ("limit", "500")]
    }

    fn style(&self, kind: &Kind, several: bool, wide: bool) -> Style {
        let with_kind = several || self.args.on("show-kind");
        Style {
            wide,
            no_headers: self.args.on("no-headers"),
            with_namespace: self.args.on("all-namespaces") && kind.namespaced,
            with_kind: with_kind.then(|| resources::label(kind)),
            show_labels: self.args.on("show-labels"),
            label_columns: self.args.listed("label-columns"),
            with_event: self.args.on("output-watch-events"),
        }
    }

    fn print_tables(
        &self,
        io: &mut Io<'_, '_, '_>,
        got: &[Got],
        wanted: &[Wanted],
        wide: bool,
        no_errors: bool,
    ) {
        let several = got.iter().any(|one| Some(one.kind) != got.first().map(|first| first.kind));
        let mut printed = String::new();
        let mut rest = got;
        while let Some(first) = rest.first() {
            let same = rest.iter().take_while(|one| one.kind == first.kind).count();
            let (group, after) = rest.split_at(same);
            rest = after;
            let style = self.style(first.kind, several, wide);
            let mut rows = Rows::default();
            for one in group {
                rows.add(&self.sorted(&one.body), "", &style);
            }
            if !rows.is_empty() && !printed.is_empty() && !style.no_headers {
                printed.push('\n');
            }
            printed += &rows.flush();
        }
        let nothing = printed.is_empty() && no_errors && !self.args.on("ignore-not-found");
        io.print(printed);
        if nothing {
            let namespaced = wanted.iter().all(|wanted| wanted.target.kind.namespaced);
            let namespace = wanted.first().map(|w| w.namespace.as_str()).unwrap_or_default();
            io.complain(&if namespaced && !namespace.is_empty() {
                format!("No resources found in {namespace} namespace.")
            } else {
                "No resources found".to_string()
            });
        }
    }

    /// A Table with its rows in the order that `--sort-by` asks for.
    fn sorted(&self, table: &Value) -> Value {
        let mut table = table.clone();
        let template =
            self.args.text("sort-by").and_then(|path| super::jsonpath::Template::relaxed(path).ok());
        if let (Some(template), Some(rows)) = (template, table.get_mut("rows").and_then(Value::as_array_mut))
        {
            sort_by(rows, |row| template.find(row.get("object")?).first().map(|value| (*value).clone()));
        }
        table
    }

    fn print_objects(
        &self,
        io: &mut Io<'_, '_, '_>,
        got: Vec<Got>,
        format: &Format,
        errors: &[String],
    ) -> Asked<()> {
        if got.is_empty() {
            return Ok(());
        }
        let single =
            got.len() == 1 && got.iter().all(|one| one.body.get("items").is_none()) && errors.is_empty();
        let mut objects = Vec::new();
        for Got { kind, body } in got {
            match body.get("items").and_then(Value::as_array) {
                Some(items) => objects.extend(items.iter().map(|item| with_kind(kind, item.clone()))),
                None => objects.push(body),
            }
        }
        if let Some(template) =
            self.args.text("sort-by").and_then(|path| super::jsonpath::Template::relaxed(path).ok())
        {
            sort_by(&mut objects, |object| template.find(object).first().map(|value| (*value).clone()));
        }
        let mut tree = match (single, objects.pop()) {
            (true, Some(object)) => object,
            (false, Some(last)) => printers::list_of(objects.into_iter().chain([last]).collect()),
            (_, None) => printers::list_of(Vec::new()),
        };
        format.tidy(&self.args, &mut tree);
        let text = format.render(&tree, !self.args.on("no-headers"));
        let text = io.check(text)?;
        io.print(text);
        Ok(())
    }

    fn begin_watch(&self, io: &mut Io<'_, '_, '_>, wanted: &[Wanted], format: Format) -> Flow<Work> {
        let [Wanted { target, namespace }] = wanted else {
            return io.fail("you may only specify a single resource type");
        };
        let named =
            if target.name.is_empty() { String::new() } else { format!("metadata.name={}", target.name) };
        let fields = self.args.text("field-selector").unwrap_or(&named);
        let labels = self.args.text("selector").unwrap_or_default();
        let timeout = self.args.text("request-timeout").unwrap_or_default();
        let accept = if format.is_table() { client::TABLE } else { client::JSON };
        let path = client::path(target.kind, namespace, "");
        let query =
            [("labelSelector", labels), ("fieldSelector", fields), ("limit", "500"), ("timeout", timeout)];
        let answer = io.http(client::get(&path, &query, accept))?;
        if !answer.is_ok() {
            io.complain(&watch::list_refusal(&answer, target, &self.args));
            return Ok(Next::Exit(1));
        }
        let missing = tree::list(&answer.json, if format.is_table() { "rows" } else { "items" }).is_empty();
        if missing && !target.name.is_empty() {
            let status = crate::api::Status::not_found(target.kind, &target.name).to_json();
            io.complain(&super::words::refusal(&status));
            return Ok(Next::Exit(1));
        }
        let style = self.style(target.kind, false, format == Format::Wide);
        let mut follow = Follow { watch: Watch::default(), rows: Rows::default(), style, format };
        if !self.args.on("watch-only") {
            self.print_first(io, &mut follow, &answer.json)?;
        }
        let revision = tree::str(&answer.json, "metadata.resourceVersion");
        let query = [
            ("labelSelector", labels),
            ("fieldSelector", fields),
            ("resourceVersion", revision),
            ("timeout", timeout),
            ("watch", "true"),
        ];
        let limit = super::wait::duration(timeout).unwrap_or(None);
        follow.watch = Watch::open(io, client::get(&path, &query, accept), limit)?;
        Ok(Next::Then(Work::Get(Get { args: self.args.clone(), follow: Some(Box::new(follow)) })))
    }

    fn print_first(&self, io: &mut Io<'_, '_, '_>, follow: &mut Follow, body: &Value) -> Asked<()> {
        if follow.format.is_table() {
            follow.rows.add(body, "ADDED", &follow.style);
            let text = follow.rows.flush();
            io.print(text);
            return Ok(());
        }
        for item in tree::list(body, "items") {
            self.print_one(io, follow, item.clone())?;
        }
        Ok(())
    }

    fn print_one(&self, io: &mut Io<'_, '_, '_>, follow: &Follow, mut object: Value) -> Asked<()> {
        follow.format.tidy(&self.args, &mut object);
        let text = follow.format.render(&object, false);
        let mut text = io.check(text)?;
        if follow.format == Format::Yaml {
            text.insert_str(0, "---\n");
        }
        io.print(text);
        Ok(())
    }

    fn print_news(&self, io: &mut Io<'_, '_, '_>, follow: &Follow) -> Flow<Work> {
        let mut follow = follow.clone();
        let Some(events) = follow.watch.next(io)? else { return Ok(Next::Exit(0)) };
        for event in events {
            let kind = tree::str(&event, "type");
            let object = event.get("object").cloned().unwrap_or_default();
            match kind {
                "BOOKMARK" => {}
                "ERROR" => {
                    return io.fail(&format!("unable to decode an event from the watch stream: {object}"));
                }
                _ if follow.format.is_table() => follow.rows.add(&object, kind, &follow.style),
                _ => self.print_one(io, &follow, object)?,
            }
        }
        let text = follow.rows.flush();
        io.print(text);
        Ok(Next::Then(Work::Get(Get { args: self.args.clone(), follow: Some(Box::new(follow)) })))
    }
}

/// Sorts by what a path finds: numbers as numbers, the rest as text. Stable.
fn sort_by(items: &mut [Value], key: impl Fn(&Value) -> Option<Value>) {
    order::sort_by(items, |a, b| {
        let (a, b) = (key(a).unwrap_or_default(), key(b).unwrap_or_default());
        match (a.as_i64(), b.as_i64()) {
            (Some(a), Some(b)) => a.cmp(&b),
            _ => super::jsonpath::text_of(&a).cmp(&super::jsonpath::text_of(&b)),
        }
    });
}

/// Items of a typed list come without their kind.
fn with_kind(kind: &Kind, mut item: Value) -> Value {
    tree::default(&mut item, "apiVersion", kind.api_version());
    tree::default(&mut item, "kind", kind.kind);
    item
}

fn raw(io: &mut Io<'_, '_, '_>, path: &str) -> Flow<Work> {
    let answer = io.must(client::get(path, &[], client::JSON_ANY))?;
    io.print(String::from_utf8_lossy(&answer.raw).into_owned());
    Ok(Next::Exit(0))
}
