//! The CoreDNS processes: server blocks, the plugins that questions pass, and what caches hold, with the TTLs running.

use super::place;
use crate::words::Words;
use tidepool_core::world::view::dns::{Kept, NameServer, ServerBlock};
use yew::prelude::*;

/// The chains of all servers. `answered`: the plugin that answered the chosen message, and where.
pub fn chains(servers: &[NameServer], answered: Option<(&str, &str)>, words: &Words) -> Html {
    let ui = &words.inspect;
    let block = |server: &NameServer, block: &ServerBlock| {
        let here = place(words, &server.place);
        let plugin = |(name, kept): &(&'static str, bool)| {
            let on = answered == Some((here.as_str(), *name));
            let class = classes!("plugin", kept.then_some("kept"), on.then_some("on"));
            let title = kept.then_some(ui.kept);
            html! { <li {class} {title}>{ *name }if *kept { <span class="sr">{ format!(" ({})", ui.kept) }</span> }</li> }
        };
        html! {
            <section>
                <h3>{ format!("{here} · {}", block.zones.join(" ")) }</h3>
                <ol class="chain">{ for block.plugins.iter().map(plugin) }</ol>
            </section>
        }
    };
    // Who answered stands first.
    let by = |server: &&NameServer| answered.is_some_and(|(at, _)| at == place(words, &server.place));
    let (first, rest): (Vec<&NameServer>, Vec<&NameServer>) = servers.iter().partition(by);
    let blocks = first
        .into_iter()
        .chain(rest)
        .flat_map(|server| server.blocks.iter().map(move |one| block(server, one)));
    html! {
        <div class="chains scroll" tabindex="0" role="region" aria-label={ui.chain}>
            <p class="hint">{ui.chain_help}</p>
            { for blocks }
        </div>
    }
}

/// What the caches of all servers hold.
pub fn caches(servers: &[NameServer], words: &Words) -> Html {
    let ui = &words.inspect;
    let row = |server: &NameServer, kept: &Kept| {
        html! {
            <tr>
                <td>{ place(words, &server.place) }</td>
                <td>{ kept.name.to_string() }</td>
                <td>{ &kept.rtype }</td>
                <td>{ if kept.denial { ui.denial } else { "" } }</td>
                <td>{ kept.left }</td>
            </tr>
        }
    };
    let all = |server: &NameServer| -> Vec<Html> {
        server.blocks.iter().flat_map(|block| &block.cache).map(|kept| row(server, kept)).collect()
    };
    let rows: Vec<Html> = servers.iter().flat_map(all).collect();
    html! {
        <div class="scroll" tabindex="0" role="region" aria-label={ui.cache}>
            if rows.is_empty() {
                <p class="hint">{ui.cache_empty}</p>
            } else {
                <table>
                    <thead><tr><th scope="col">{"CoreDNS"}</th><th scope="col">{words.ui.question}</th><th scope="col">{"type"}</th><th scope="col">{words.ui.answer}</th><th scope="col">{ui.left}</th></tr></thead>
                    <tbody>{ for rows }</tbody>
                </table>
            }
        </div>
    }
}
