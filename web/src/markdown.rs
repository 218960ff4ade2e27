//! Markdown as nodes of the page: what lessons use of it. Raw HTML is shown as text; links open elsewhere only by a click.

use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag, TagEnd};
use yew::prelude::*;
use yew::virtual_dom::VNode;

/// A text as nodes.
pub fn render(text: &str) -> Html {
    nodes(text, false)
}

/// A text that stands within a line, such as a button's: without paragraphs.
pub fn inline(text: &str) -> Html {
    nodes(text, true)
}

fn nodes(text: &str, is_inline: bool) -> Html {
    let mut open: Vec<(Option<Tag<'_>>, Vec<VNode>)> = vec![(None, Vec::new())];
    for event in Parser::new(text) {
        let node: VNode = match event {
            Event::Start(tag) => {
                open.push((Some(tag), Vec::new()));
                continue;
            }
            Event::End(_) if open.len() < 2 => continue,
            Event::End(end) => match open.pop() {
                Some((Some(Tag::Paragraph), inner)) if is_inline => html! { <>{ for inner }</> },
                Some((Some(tag), inner)) => element(&tag, end, inner),
                _ => continue,
            },
            Event::Text(text) | Event::Html(text) | Event::InlineHtml(text) => text.to_string().into(),
            Event::Code(code) => html! { <code>{code.to_string()}</code> },
            Event::SoftBreak => " ".into(),
            Event::HardBreak => html! { <br /> },
            Event::Rule => html! { <hr /> },
            _ => continue,
        };
        if let Some((_, inner)) = open.last_mut() {
            inner.push(node);
        }
    }
    let nodes = open.into_iter().flat_map(|(_, nodes)| nodes);
    html! { <>{ for nodes }</> }
}

fn element(tag: &Tag<'_>, _: TagEnd, inner: Vec<VNode>) -> VNode {
    let inner = html! { <>{ for inner }</> };
    match tag {
        Tag::Paragraph => html! { <p>{inner}</p> },
        Tag::Heading { .. } => html! { <h3>{inner}</h3> },
        Tag::BlockQuote(_) => html! { <blockquote>{inner}</blockquote> },
        Tag::CodeBlock(CodeBlockKind::Fenced(_) | CodeBlockKind::Indented) => {
            html! { <pre tabindex="0"><code>{inner}</code></pre> }
        }
        Tag::List(Some(_)) => html! { <ol>{inner}</ol> },
        Tag::List(None) => html! { <ul>{inner}</ul> },
        Tag::Item => html! { <li>{inner}</li> },
        Tag::Emphasis => html! { <em>{inner}</em> },
        Tag::Strong => html! { <strong>{inner}</strong> },
        Tag::Link { dest_url, .. } if dest_url.starts_with("https://") => {
            html! { <a href={dest_url.to_string()} target="_blank" rel="noreferrer noopener">{inner}</a> }
        }
        _ => inner,
    }
}
