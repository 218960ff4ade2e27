//! Sharing: the link to what is here, and what an address brings from elsewhere.

use crate::browser;
use crate::disk::Refused;
use crate::model::Shown;
use crate::session::{Action, Notice};
use crate::share::{self, Shared, Unreadable};
use crate::words::Editor;
use gloo::events::EventListener;
use gloo::utils::window;
use wasm_bindgen_futures::spawn_local;
use web_sys::HtmlInputElement;
use yew::prelude::*;

/// Links longer than this are cut by some programs, in characters.
const LONG: usize = 8_000;

/// The button and its dialog.
#[component]
pub fn Share(shown: &Shown) -> Html {
    let link = use_state(|| None::<String>);
    let copied = use_state(|| false);
    use_effect_with(link.is_some(), |is_open| {
        if *is_open {
            browser::focus("#share-link");
        }
    });
    let session = shown.model.session();
    let ui = &session.words().ui;
    let make = {
        let (link, copied, model) = (link.clone(), copied.clone(), shown.model.clone());
        Callback::from(move |_: MouseEvent| {
            let (link, shared) = (link.clone(), model.session().shared());
            copied.set(false);
            spawn_local(async move {
                let fragment = share::fragment(&shared).await.unwrap_or_default();
                link.set(Some(format!("{}{fragment}", browser::address())));
            });
        })
    };
    let close = {
        let link = link.clone();
        Callback::from(move |_: MouseEvent| link.set(None))
    };
    let keys = {
        let link = link.clone();
        Callback::from(move |event: KeyboardEvent| {
            if event.key() == "Escape" {
                link.set(None);
            }
        })
    };
    let copy = {
        let (link, copied) = (link.clone(), copied.clone());
        Callback::from(move |_: MouseEvent| {
            browser::copy(link.as_deref().unwrap_or_default());
            copied.set(true);
        })
    };
    let select =
        Callback::from(|event: FocusEvent| event.target_unchecked_into::<HtmlInputElement>().select());
    let dialog = |link: &String| {
        html! {
            <div class="veil" onkeydown={keys}>
                <div class="ask share" role="dialog" aria-modal="true" aria-labelledby="share-title">
                    <h2 id="share-title">{ui.share_title}</h2>
                    <p>{ui.share_text}</p>
                    <input id="share-link" type="text" readonly=true aria-label={ui.share_label} value={link.clone()} onfocus={select} autofocus=true />
                    if link.len() > LONG { <p class="warn">{ui.share_long}</p> }
                    <div class="row">
                        <button type="button" class="btn primary" id="share-copy" onclick={copy}>{ if *copied { ui.share_copied } else { ui.share_copy } }</button>
                        <button type="button" class="btn" onclick={close}>{ui.close}</button>
                    </div>
                </div>
            </div>
        }
    };
    html! {
        <>
            <button type="button" class="btn" id="share" onclick={make}>{ui.share_link}</button>
            if let Some(link) = &*link { { dialog(link) } }
        </>
    }
}

/// What comes from an address: it is opened at once where nothing would be lost, and asked about otherwise.
#[component]
pub fn Arrival(shown: &Shown) -> Html {
    let waiting = use_state(|| None::<Shared>);
    {
        let (waiting, shown) = (waiting.clone(), shown.clone());
        use_effect_with((), move |()| {
            let look = move || look(&waiting, &shown);
            look();
            let listener = EventListener::new(&window(), "hashchange", move |_| look());
            move || drop(listener)
        });
    }
    let session = shown.model.session();
    let (words, ui) = (session.words(), &session.words().ui);
    if let Some(shared) = &*waiting {
        let open = {
            let (waiting, dispatch, shared) = (waiting.clone(), shown.dispatch.clone(), shared.clone());
            Callback::from(move |_: MouseEvent| {
                waiting.set(None);
                dispatch.emit(Action::OpenShared(Box::new(shared.clone())));
            })
        };
        let keep = Callback::from(move |_: MouseEvent| waiting.set(None));
        return html! {
            <div class="veil">
                <div class="ask" role="alertdialog" aria-modal="true" aria-labelledby="shared-text">
                    <p id="shared-text">{ui.shared_question}</p>
                    <div class="row">
                        <button type="button" class="btn primary" id="shared-yes" onclick={open}>{ui.shared_yes}</button>
                        <button type="button" class="btn" id="shared-no" onclick={keep}>{ui.shared_no}</button>
                    </div>
                </div>
            </div>
        };
    }
    let text = match &session.notice {
        None => return Html::default(),
        Some(Notice::Unreadable(Unreadable::Damaged)) => ui.unreadable_damaged.to_string(),
        Some(Notice::Unreadable(Unreadable::TooLarge)) => ui.unreadable_large.to_string(),
        Some(Notice::Unreadable(Unreadable::NoRecording)) => ui.unreadable_other.to_string(),
        Some(Notice::Replaying(_)) => ui.replaying.to_string(),
        Some(Notice::Replayed(digest)) => (words.replayed)(digest),
        Some(Notice::NotOpened(files)) => {
            let lines = files.iter().map(|(name, why)| format!("{name} {}", refused(*why, &words.editor)));
            lines.collect::<Vec<_>>().join(" ")
        }
        Some(Notice::Differs(had, has, version)) => (words.differs)(had, has, version),
    };
    let dismiss = shown.dispatch.reform(|_: MouseEvent| Action::Dismiss);
    html! {
        <div class="notice" role="status">
            <span>{text}</span>
            <button type="button" class="btn quiet" id="dismiss" onclick={dismiss}>{ui.dismiss}</button>
        </div>
    }
}

/// Why a file of the computer was not opened, and what would help.
fn refused(why: Refused, words: &Editor) -> &'static str {
    match why {
        Refused::Large => words.too_large,
        Refused::NotText => words.not_text,
        Refused::Ending => words.bad_file,
        Refused::Full => words.too_many,
    }
}

/// Reads what the address holds, and takes it out of the address.
fn look(waiting: &UseStateHandle<Option<Shared>>, shown: &Shown) {
    let fragment = browser::fragment();
    if !share::is_shared(&fragment) {
        return;
    }
    browser::forget_fragment();
    let (waiting, shown) = (waiting.clone(), shown.clone());
    spawn_local(async move {
        match share::read(&fragment).await {
            Ok(shared) if shown.model.session().can_undo() => waiting.set(Some(shared)),
            Ok(shared) => shown.dispatch.emit(Action::OpenShared(Box::new(shared))),
            Err(why) => shown.dispatch.emit(Action::Unreadable(why)),
        }
    });
}
