//! A message byte by byte: each field is a run of bytes, and the one that is looked at is lit and said in words of the RFC.

use crate::words::Words;
use tidepool_core::dns::message::spans::{Span, spans};
use yew::prelude::*;

/// What the bytes are made of.
#[derive(Properties, PartialEq)]
pub struct Message {
    /// The message.
    pub bytes: Vec<u8>,
    /// What the page says.
    pub words: &'static Words,
}

/// The bytes.
#[component]
pub fn Bytes(message: &Message) -> Html {
    let lit = use_state(|| 0_usize);
    let all = spans(&message.bytes);
    let ui = &message.words.inspect;
    let field = |(n, span): (usize, &Span)| {
        let look = {
            let lit = lit.clone();
            move || lit.set(n)
        };
        let (enter, focus) = (look.clone(), look);
        let hex: Vec<String> = message
            .bytes
            .get(span.range.clone())
            .unwrap_or_default()
            .iter()
            .map(|b| format!("{b:02x}"))
            .collect();
        let class =
            classes!("field", format!("of-{}", span.part.to_lowercase()), (*lit == n).then_some("on"));
        html! {
            <>
                <span role="img" tabindex="0" {class} key={n} aria-label={said(span)}
                    onpointerenter={Callback::from(move |_: PointerEvent| enter())}
                    onfocus={Callback::from(move |_: FocusEvent| focus())}>{ hex.join(" ") }</span>{ " " }
            </>
        }
    };
    let chosen = all.get(*lit).or(all.first());
    html! {
        <div class="bytes scroll" tabindex="0" role="region" aria-label={ui.bytes}>
            <p class="hint">{ui.bytes_help}</p>
            <p class="said" role="status">{ chosen.map(said).unwrap_or_default() }</p>
            <div class="dump">{ for all.iter().enumerate().map(field) }</div>
        </div>
    }
}

fn said(span: &Span) -> String {
    let (from, to) = (span.range.start, span.range.end.saturating_sub(1));
    let place = if from == to { from.to_string() } else { format!("{from}–{to}") };
    format!("{} {} [{place}] {}", span.part, span.field, span.value).trim().to_string()
}
