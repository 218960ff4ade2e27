//! The marks as small pictures, for legends and lists: the same shapes as on the canvas.

use crate::flights::Mark;
use yew::prelude::*;

/// A mark of about the size of a letter.
pub fn shape(mark: Mark) -> Html {
    let (class, inner) = match mark {
        Mark::DnsQuery => ("dns", html! { <path d="M7 1 13 7 7 13 1 7Z" fill="currentColor" /> }),
        Mark::DnsAnswer => ("dns", html! { <path d="M7 1.8 12.2 7 7 12.2 1.8 7Z" class="open" /> }),
        Mark::Request => ("http", html! { <circle cx="7" cy="7" r="5.6" fill="currentColor" /> }),
        Mark::Answer => ("http", html! { <circle cx="7" cy="7" r="4.8" class="open" /> }),
        Mark::Tcp => ("tcp", html! { <rect x="3" y="3" width="8" height="8" fill="currentColor" /> }),
        Mark::Api => ("tcp", html! { <rect x="1.5" y="4" width="11" height="6" fill="currentColor" /> }),
        Mark::Failure => ("fail", html! { <path d="M2.5 2.5 11.5 11.5M11.5 2.5 2.5 11.5" class="open" /> }),
        Mark::Probe => ("probe", html! { <path d="M7 2.5V11.500" class="open" /> }),
        Mark::Watch => ("watch", html! { <path d="M4.5 2.500 9.500 7 4.500 11.500" class="open" /> }),
    };
    html! { <svg class={classes!("shape", class)} width="14" height="14" viewBox="0 0 14 14" aria-hidden="true">{inner}</svg> }
}
