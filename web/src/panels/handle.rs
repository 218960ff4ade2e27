//! The handles between the regions: dragged, moved by keys, reset by a double click. The style sheet bounds what they ask
//! for, so that nothing is pushed off the screen when the window becomes smaller.

use crate::browser;
use crate::words::Ui;
use web_sys::{HtmlElement, PointerEvent};
use yew::prelude::*;

/// Which regions a handle stands between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Between {
    /// The guide and the stage.
    Guide,
    /// The stage and the journey.
    Journey,
    /// The stage and the workbench.
    Bench,
    /// The editor and the terminal.
    Pair,
}

/// The sizes of what a handle moves, in pixels; in hundredths of the width between editor and terminal.
struct Range {
    usual: i32,
    least: i32,
    most: i32,
    step: i32,
}

impl Between {
    /// All of them, in reading order.
    pub const ALL: [Between; 4] = [Between::Guide, Between::Journey, Between::Bench, Between::Pair];

    fn name(self) -> &'static str {
        match self {
            Between::Guide => "guide",
            Between::Journey => "journey",
            Between::Bench => "bench",
            Between::Pair => "pair",
        }
    }

    /// The same bounds as in the style sheet.
    fn range(self) -> Range {
        let (width, height) = browser::window_size();
        match self {
            Between::Guide => Range { usual: 316, least: 240, most: (width * 32 / 100).max(240), step: 16 },
            Between::Journey => Range { usual: 352, least: 260, most: (width * 38 / 100).max(260), step: 16 },
            Between::Bench => Range {
                usual: if width > 1180 { 284 } else { 250 },
                least: 160,
                most: (height - 372).max(160),
                step: 16,
            },
            Between::Pair => Range { usual: 50, least: 25, most: 75, step: 4 },
        }
    }

    fn label(self, ui: &Ui) -> &'static str {
        match self {
            Between::Guide => ui.resize_guide,
            Between::Journey => ui.resize_journey,
            Between::Bench => ui.resize_bench,
            Between::Pair => ui.resize_pair,
        }
    }

    /// The size that would bring the handle under the pointer.
    fn at(self, event: &PointerEvent, handle: &HtmlElement) -> Option<i32> {
        let (width, height) = browser::window_size();
        Some(match self {
            Between::Guide => event.client_x(),
            Between::Journey => width - event.client_x(),
            Between::Bench => height - event.client_y(),
            Between::Pair => {
                let around = handle.parent_element()?.get_bounding_client_rect();
                ((f64::from(event.client_x()) - around.left()) / around.width() * 100.0) as i32
            }
        })
    }

    /// What was set before, or the usual size.
    fn kept(self) -> Option<i32> {
        browser::kept_size(self.name())
    }

    fn apply(self, size: Option<i32>) {
        let unit = if self == Between::Pair { "%" } else { "px" };
        browser::set_size(self.name(), size, unit);
    }
}

/// Brings the sizes back that were set before.
pub fn restore() {
    Between::ALL.into_iter().for_each(|between| between.apply(between.kept()));
}

/// What a handle gets.
#[derive(Properties, PartialEq)]
pub struct HandleProperties {
    /// Where it stands.
    pub between: Between,
    /// What it is called.
    pub label: &'static str,
}

/// A handle with its name.
pub fn handle(between: Between, words: &crate::words::Words) -> Html {
    html! { <Handle {between} label={between.label(&words.ui)} /> }
}

/// A handle.
#[component]
fn Handle(properties: &HandleProperties) -> Html {
    let between = properties.between;
    let node = use_node_ref();
    let size = use_state(|| between.kept());
    let Range { usual, least, most, step } = between.range();
    let now = (*size).unwrap_or(usual).clamp(least, most);
    let set = {
        let size = size.clone();
        move |to: Option<i32>| {
            let Range { least, most, .. } = between.range();
            let to = to.map(|to| to.clamp(least, most));
            between.apply(to);
            size.set(to);
        }
    };
    let onpointerdown = {
        let node = node.clone();
        Callback::from(move |event: PointerEvent| {
            if let Some(handle) = node.cast::<HtmlElement>() {
                let _ = handle.set_pointer_capture(event.pointer_id());
                let _ = handle.focus();
            }
        })
    };
    // Else the drag would select the texts that it passes.
    let onmousedown = Callback::from(|event: MouseEvent| event.prevent_default());
    let onpointermove = {
        let (set, node) = (set.clone(), node.clone());
        Callback::from(move |event: PointerEvent| {
            let handle = node.cast::<HtmlElement>();
            if let Some(handle) = handle.filter(|handle| handle.has_pointer_capture(event.pointer_id())) {
                set(between.at(&event, &handle));
            }
        })
    };
    let onkeydown = {
        let set = set.clone();
        Callback::from(move |event: KeyboardEvent| {
            // The journey and the workbench grow when their handle moves away from them.
            let grows = matches!(between, Between::Guide | Between::Pair);
            let to = match event.key().as_str() {
                "ArrowRight" if between != Between::Bench => now + if grows { step } else { -step },
                "ArrowLeft" if between != Between::Bench => now - if grows { step } else { -step },
                "ArrowUp" if between == Between::Bench => now + step,
                "ArrowDown" if between == Between::Bench => now - step,
                "Home" => least,
                "End" => most,
                _ => return,
            };
            event.prevent_default();
            event.stop_propagation();
            set(Some(to));
        })
    };
    let ondblclick = Callback::from(move |_: MouseEvent| set(None));
    let orientation = if between == Between::Bench { "horizontal" } else { "vertical" };
    html! {
        <div ref={node} class={classes!("handle", format!("of-{}", between.name()))} id={format!("handle-{}", between.name())} role="separator" tabindex="0"
            aria-orientation={orientation} aria-label={properties.label} title={properties.label}
            aria-valuemin={least.to_string()} aria-valuemax={most.to_string()} aria-valuenow={now.to_string()}
            {onpointerdown} {onmousedown} {onpointermove} {onkeydown} {ondblclick}></div>
    }
}
