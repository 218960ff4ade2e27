//! Markdown as nodes of the page: what lessons use of it. Raw HTML is shown as text; links open elsewhere only by a click.
//!
//! Models: CommonMark 0.31: paragraphs, headings, lists, quotes, fences, rules, emphasis by asterisks, code, links,
//! escapes. Omits: the rest of it, with its table of two thousand entities: whole readers of Markdown weigh sixty
//! kilobytes. A test reads every lesson with one of those as well, and the two have to agree.

use yew::prelude::*;
use yew::virtual_dom::VNode;

/// A piece of a text.
#[derive(Debug, PartialEq)]
enum Node {
    Text(String),
    Code(String),
    Break,
    /// An element of the page by name, and what is in it.
    Element(&'static str, Vec<Node>),
    /// A link's address and text.
    Link(String, Vec<Node>),
}

/// A text as nodes.
pub fn render(text: &str) -> Html {
    let lines: Vec<&str> = text.lines().collect();
    html! { <>{ for blocks(&lines).iter().map(html_of) }</> }
}

/// A text that stands within a line, such as a button's: without paragraphs.
pub fn inline(text: &str) -> Html {
    html! { <>{ for spans(text).iter().map(html_of) }</> }
}

fn html_of(node: &Node) -> VNode {
    let (name, inner) = match node {
        Node::Text(text) => return text.clone().into(),
        Node::Code(code) => return html! { <code>{code.clone()}</code> },
        Node::Break => return html! { <br /> },
        Node::Element(name, inner) => (*name, inner),
        Node::Link(_, inner) => ("a", inner),
    };
    let inner = html! { <>{ for inner.iter().map(html_of) }</> };
    match node {
        Node::Link(to, _) if to.starts_with("https://") => {
            html! { <a href={to.clone()} target="_blank" rel="noreferrer noopener">{inner}</a> }
        }
        Node::Link(..) => inner,
        _ if name == "pre" => html! { <pre tabindex="0">{inner}</pre> },
        _ => html! { <@{name}>{inner}</@> },
    }
}

/// What a line begins.
enum Start<'a> {
    Blank,
    Fence(&'a str),
    Heading(&'a str),
    Rule,
    Quote,
    /// An item of a list: how the list is called, its mark, and where the item's text begins.
    Item(&'static str, char, usize),
    Text,
}

fn start(line: &str) -> Start<'_> {
    let text = line.trim();
    let first = text.chars().next().unwrap_or(' ');
    let run = text.chars().take_while(|c| *c == first).count();
    let indent = line.len() - line.trim_start().len();
    match first {
        ' ' => Start::Blank,
        '`' | '~' if run >= 3 => Start::Fence(&text[..run]),
        '#' if run <= 6 && text[run..].starts_with(' ') => Start::Heading(heading(&text[run..])),
        '-' | '*' | '_' if run >= 3 && run == text.chars().count() => Start::Rule,
        '>' => Start::Quote,
        '-' | '+' | '*' if text[1..].starts_with(' ') => Start::Item("ul", first, indent + 2),
        '0'..='9' => {
            let digits = text.chars().take_while(char::is_ascii_digit).count();
            let rest = &text[digits..];
            let is_item = rest.starts_with(". ") || rest.starts_with(") ");
            let mark = rest.chars().next().unwrap_or('.');
            if is_item { Start::Item("ol", mark, indent + digits + 2) } else { Start::Text }
        }
        _ => Start::Text,
    }
}

/// A heading's text; hash signs that stand alone at its end close it.
fn heading(text: &str) -> &str {
    let closed = text.trim_end_matches('#');
    if closed.ends_with(' ') { closed.trim() } else { text.trim() }
}

fn blocks(lines: &[&str]) -> Vec<Node> {
    let mut nodes = Vec::new();
    let mut at = 0;
    while let Some(line) = lines.get(at) {
        let rest = &lines[at..];
        let (used, node) = match start(line) {
            Start::Blank => (1, None),
            Start::Rule => (1, Some(Node::Element("hr", Vec::new()))),
            Start::Heading(text) => (1, Some(Node::Element("h3", spans(text)))),
            Start::Fence(mark) => fence(rest, mark),
            Start::Quote => quote(rest),
            Start::Item(name, mark, _) => list(rest, name, mark),
            Start::Text => paragraph(rest),
        };
        nodes.extend(node);
        at += used;
    }
    nodes
}

fn paragraph(lines: &[&str]) -> (usize, Option<Node>) {
    let more = lines.iter().skip(1).take_while(|line| matches!(start(line), Start::Text));
    let used = 1 + more.count();
    let text: Vec<&str> = lines[..used].iter().map(|line| line.trim_start()).collect();
    (used, Some(Node::Element("p", spans(text.join("\n").trim_end()))))
}

fn fence(lines: &[&str], mark: &str) -> (usize, Option<Node>) {
    let inside = lines.iter().skip(1).take_while(|line| {
        let line = line.trim();
        !(line.starts_with(mark) && line.trim_start_matches(&mark[..1]).is_empty())
    });
    let inside: String = inside.map(|line| format!("{line}\n")).collect();
    let used = inside.lines().count() + 2;
    (used, Some(Node::Element("pre", vec![Node::Code(inside)])))
}

fn quote(lines: &[&str]) -> (usize, Option<Node>) {
    let inside = lines.iter().map_while(|line| line.trim_start().strip_prefix('>'));
    let inside: Vec<&str> = inside.map(|line| line.strip_prefix(' ').unwrap_or(line)).collect();
    (inside.len(), Some(Node::Element("blockquote", blocks(&inside))))
}

/// A list as far as its items have the same mark. One with an empty line between its items has paragraphs in them.
fn list(lines: &[&str], name: &'static str, mark: char) -> (usize, Option<Node>) {
    let mut items: Vec<Vec<&str>> = Vec::new();
    let (mut used, mut indent, mut is_loose) = (0, 0, false);
    while let Some(line) = lines.get(used) {
        let own = line.len() - line.trim_start().len();
        let was_blank = used > 0 && lines[used - 1].trim().is_empty();
        match (start(line), items.last_mut()) {
            (Start::Blank, _) => {}
            (_, Some(item)) if own >= indent => {
                is_loose |= was_blank;
                item.extend(was_blank.then_some(""));
                item.push(&line[indent..]);
            }
            (Start::Item(of, with, begin), _) if (of, with) == (name, mark) => {
                is_loose |= was_blank;
                indent = begin;
                items.push(vec![&line[begin..]]);
            }
            (Start::Text, Some(item)) if !was_blank => item.push(line),
            _ => break,
        }
        used += 1;
    }
    let items = items.iter().map(|lines| {
        let inner = blocks(lines).into_iter().flat_map(|node| match node {
            Node::Element("p", inner) if !is_loose => inner,
            other => vec![other],
        });
        Node::Element("li", inner.collect())
    });
    (used.max(1), Some(Node::Element(name, items.collect())))
}

/// What is within a paragraph.
fn spans(text: &str) -> Vec<Node> {
    let mut nodes = Vec::new();
    let mut plain = String::new();
    let mut rest = text;
    let mut before = ' ';
    while let Some(first) = rest.chars().next() {
        let (used, node) = match first {
            '`' => code(rest),
            '*' => emphasis(rest),
            '[' => link(rest),
            '\\' if rest[1..].starts_with('\n') => Some((2, Node::Break)),
            '\\' if rest[1..].starts_with(|c: char| c.is_ascii_punctuation()) => {
                Some((2, Node::Text(rest[1..2].into())))
            }
            '\n' if plain.ends_with("  ") => Some((1, Node::Break)),
            '\n' => Some((1, Node::Text(" ".into()))),
            _ => None,
        }
        .map_or((first.len_utf8(), Node::Text(first.into())), |found| found);
        match node {
            Node::Text(text) => {
                let is_line = text == " " && first == '\n';
                plain.truncate(if is_line { plain.trim_end().len() } else { plain.len() });
                plain.push_str(&text);
            }
            node => {
                let kept = if node == Node::Break { plain.trim_end() } else { &plain };
                nodes.extend((!kept.is_empty()).then(|| Node::Text(kept.into())));
                plain.clear();
                nodes.push(node);
            }
        }
        before = rest[..used].chars().next_back().unwrap_or(before);
        rest = &rest[used..];
    }
    nodes.extend((!plain.is_empty()).then_some(Node::Text(plain)));
    nodes
}

/// Code between runs of backticks of one length.
fn code(text: &str) -> Option<(usize, Node)> {
    let run = text.len() - text.trim_start_matches('`').len();
    let inside = &text[run..];
    let mut from = 0;
    let end = loop {
        let at = from + inside[from..].find('`')?;
        let length = inside[at..].len() - inside[at..].trim_start_matches('`').len();
        if length == run {
            break at;
        }
        from = at + length;
    };
    let inner = inside[..end].replace('\n', " ");
    let stripped = inner.strip_prefix(' ').and_then(|inner| inner.strip_suffix(' '));
    let inner = stripped.filter(|inner| !inner.trim().is_empty()).map_or(inner.clone(), String::from);
    Some((run + end + run, Node::Code(inner)))
}

/// Emphasis by one asterisk, or by two.
fn emphasis(text: &str) -> Option<(usize, Node)> {
    let (mark, name) = if text.starts_with("**") { ("**", "strong") } else { ("*", "em") };
    let inside = &text[mark.len()..];
    if inside.starts_with(char::is_whitespace) {
        return None;
    }
    let closes = |at: &usize| {
        let is_alone = mark.len() == 2 || !inside[at + 1..].starts_with('*') && !inside[..*at].ends_with('*');
        is_alone && *at > 0 && !inside[..*at].ends_with(char::is_whitespace)
    };
    let end = inside.match_indices(mark).map(|(at, _)| at).find(closes)?;
    Some((mark.len() * 2 + end, Node::Element(name, spans(&inside[..end]))))
}

/// `[text](address)`.
fn link(text: &str) -> Option<(usize, Node)> {
    let (label, rest) = text[1..].split_once("](")?;
    let (to, _) = rest.split_once(')')?;
    let used = label.len() + to.len() + 4;
    (!label.contains(['[', ']'])).then(|| (used, Node::Link(to.into(), spans(label))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use pulldown_cmark::{Event, Parser, Tag};
    use std::fs;
    use std::path::Path;

    /// The same nodes by a whole reader of CommonMark.
    fn judged(text: &str) -> Vec<Node> {
        let mut open: Vec<(Option<Tag<'_>>, Vec<Node>)> = vec![(None, Vec::new())];
        for event in Parser::new(text) {
            let node = match event {
                Event::Start(tag) => {
                    open.push((Some(tag), Vec::new()));
                    continue;
                }
                Event::End(_) => {
                    let (tag, inner) = open.pop().expect("what was opened");
                    match tag.expect("a tag") {
                        Tag::Paragraph => Node::Element("p", inner),
                        Tag::Heading { .. } => Node::Element("h3", inner),
                        Tag::BlockQuote(_) => Node::Element("blockquote", inner),
                        Tag::List(Some(_)) => Node::Element("ol", inner),
                        Tag::List(None) => Node::Element("ul", inner),
                        Tag::Item => Node::Element("li", inner),
                        Tag::Emphasis => Node::Element("em", inner),
                        Tag::Strong => Node::Element("strong", inner),
                        Tag::Link { dest_url, .. } => Node::Link(dest_url.to_string(), inner),
                        Tag::CodeBlock(_) => {
                            let code = inner.iter().map(|node| match node {
                                Node::Text(text) => text.as_str(),
                                other => panic!("{other:?} in a block of code"),
                            });
                            Node::Element("pre", vec![Node::Code(code.collect())])
                        }
                        other => panic!("{other:?}"),
                    }
                }
                Event::Text(text) => Node::Text(text.to_string()),
                Event::Code(code) => Node::Code(code.to_string()),
                Event::SoftBreak => Node::Text(" ".into()),
                Event::HardBreak => Node::Break,
                Event::Rule => Node::Element("hr", Vec::new()),
                other => panic!("{other:?}"),
            };
            let inner = &mut open.last_mut().expect("the whole text").1;
            match (inner.last_mut(), node) {
                (Some(Node::Text(before)), Node::Text(more)) => before.push_str(&more),
                (_, node) => inner.push(node),
            }
        }
        open.pop().expect("the whole text").1
    }

    fn ours(text: &str) -> Vec<Node> {
        let lines: Vec<&str> = text.lines().collect();
        blocks(&lines)
    }

    #[test]
    fn every_lesson_reads_as_commonmark() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tutorials");
        let entries = fs::read_dir(folder).expect("the lessons").filter_map(|entry| entry.ok());
        let mut texts = 0;
        for path in entries.flat_map(|entry| ["en.md", "zh-CN.md"].map(|name| entry.path().join(name))) {
            let Ok(text) = fs::read_to_string(&path) else { continue };
            // Front matter is no Markdown.
            let text = text.splitn(3, "---\n").last().unwrap_or_default();
            assert_eq!(ours(text), judged(text), "{}", path.display());
            texts += 1;
        }
        assert!(texts >= 6, "the lessons were not found");
    }

    #[test]
    fn what_a_lesson_may_use_reads_as_commonmark() {
        for text in [
            "A *word*, a **strong *and* weak** one and `code`.\nThe next line.  \nAnd after a break.\\\nAnother.",
            "# One\n## Two ##\n### C#\ntext\n\n---\n\n> quoted *text*\n> and more\n>\n> - in a list\n\nend",
            "- one\n- two\n  more\n- three\n  - inner\n  - inner two\n\nafter",
            "1. one\n2. two\n\n   a paragraph\n3. three",
            "See [the *docs*](https://kubernetes.io/docs), [here](#x) and \\*no emphasis\\*.",
            "`` a ` b `` and ` `` ` and `a\nb` and 2 * 3 * 4 and ` unclosed",
            "```sh\necho  *x*\n\n  indented\n```\nafter\n\n~~~\nx\n~~~",
            "* a\n* b\n+ another list",
            "**名字**和**端口**。",
        ] {
            assert_eq!(ours(text), judged(text), "{text}");
        }
    }
}
