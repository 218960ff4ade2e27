//! The top bar: name, undo, reset, language, theme, shortcuts.

use super::share::Share;
use crate::browser;
use crate::model::Shown;
use crate::session::{Action, Session};
use crate::words::{Language, Words};
use yew::prelude::*;

/// What the top bar gets.
#[derive(Properties, PartialEq, Clone)]
pub struct TopProps {
    /// The session.
    pub shown: Shown,
    /// Whether the shortcuts are shown.
    pub help: bool,
    /// Shows or hides them.
    pub on_help: Callback<()>,
}

/// The top bar.
#[component]
pub fn TopBar(props: &TopProps) -> Html {
    let asks = use_state(|| false);
    let Shown { model, dispatch, .. } = props.shown.clone();
    let session = model.session();
    let ui = &session.words().ui;
    let act = |action: Action| {
        let dispatch = dispatch.clone();
        Callback::from(move |_: MouseEvent| dispatch.emit(action.clone()))
    };
    let set_asks = |on: bool| {
        let asks = asks.clone();
        Callback::from(move |_: MouseEvent| asks.set(on))
    };
    let confirm = {
        let (asks, dispatch) = (asks.clone(), dispatch.clone());
        Callback::from(move |_: MouseEvent| {
            asks.set(false);
            dispatch.emit(Action::Reset(browser::seed()));
        })
    };
    let other = Language::ALL.into_iter().find(|language| *language != session.language).unwrap_or_default();
    let theme_label = if session.theme.name() == "light" { ui.theme_to_dark } else { ui.theme_to_light };
    let help = props.on_help.reform(|_: MouseEvent| ());
    html! {
        <header class="top">
            <span class="brand"><img src="/icon.svg" alt="" width="24" height="24" /><span class="word">{"Tidepool"}</span></span>
            { crumb(&session) }
            <span class="grow"></span>
            if !browser::can_store() {
                <span class="warn" role="status">{ui.stored_problem}</span>
            }
            <button type="button" class="btn quiet guide-toggle" aria-pressed={session.guide.to_string()}
                onclick={act(Action::Guide(!session.guide))}>{ui.guide}</button>
            <button type="button" class="btn quiet journey-toggle" aria-pressed={session.journey.to_string()}
                onclick={act(Action::Journey(!session.journey))}>{ui.journey}</button>
            <span class="rule"></span>
            <Share ..props.shown.clone() />
            <button type="button" class="btn" disabled={!session.can_undo()} title={ui.undo_title}
                onclick={act(Action::Undo)}>{ui.undo}</button>
            <button type="button" class="btn" id="reset" title={ui.reset_title} onclick={set_asks(true)}>{ui.reset}</button>
            <button type="button" class="btn" id="language" lang={other.words().tag} aria-label={format!("{}: {}", ui.language, other.words().name)}
                onclick={act(Action::Language(other))}>{other.words().name}</button>
            <button type="button" class="btn icon" id="theme" title={theme_label} aria-label={theme_label}
                onclick={act(Action::Theme(session.theme.other()))}>
                <svg width="15" height="15" viewBox="0 0 16 16" aria-hidden="true"><circle cx="8" cy="8" r="6.2" fill="none" stroke="currentColor" stroke-width="1.5" /><path d="M8 1.8a6.2 6.2 0 0 1 0 12.4Z" fill="currentColor" /></svg>
            </button>
            <button type="button" class="btn icon help-toggle" title={ui.help_title} aria-label={ui.help_title}
                aria-expanded={props.help.to_string()} onclick={help.clone()}>{"?"}</button>
            if *asks {
                <div class="veil">
                    <div class="ask" role="alertdialog" aria-modal="true" aria-labelledby="ask-text">
                        <p id="ask-text">{ui.reset_question}</p>
                        <div class="row">
                            <button type="button" class="btn primary" id="reset-yes" onclick={confirm}>{ui.reset_yes}</button>
                            <button type="button" class="btn" onclick={set_asks(false)}>{ui.reset_no}</button>
                        </div>
                    </div>
                </div>
            }
            if props.help {
                { shortcuts(session.words(), help) }
            }
        </header>
    }
}

/// Where the learner is: the lesson and its place in the course, or what this is.
fn crumb(session: &Session) -> Html {
    let (words, lessons) = (session.words(), &session.lessons);
    let Some(open) = &lessons.open else { return html! { <span class="crumb">{words.ui.tagline}</span> } };
    let place = lessons.course.as_ref().and_then(|course| {
        let at = course.lessons.iter().position(|entry| entry.folder == open.folder())?;
        Some((words.lesson_of)(at + 1, course.lessons.len()))
    });
    let title = open.text(words.tag).map(|lesson| lesson.about.title.clone()).unwrap_or_default();
    html! { <span class="crumb">{place}{" · "}<strong>{title}</strong></span> }
}

fn shortcuts(words: &Words, close: Callback<MouseEvent>) -> Html {
    let ui = &words.ui;
    let keys = [
        ("Space", ui.key_play),
        (".", ui.key_step),
        (",", ui.key_back),
        ("E", ui.key_editor),
        ("T", ui.key_terminal),
        ("Ctrl+Enter", ui.key_apply),
        ("Ctrl+Space", words.editor.key_complete),
        ("F1", words.editor.key_help),
        ("Alt+Enter", words.editor.key_message),
        ("← →", ui.key_tabs),
        ("D", ui.key_theme),
        ("?", ui.key_help),
    ];
    let row = |(key, what): (&str, &str)| html! { <><dt><kbd>{key.to_string()}</kbd></dt><dd>{what.to_string()}</dd></> };
    html! {
        <div class="popover help" role="dialog" aria-label={ui.help_title}>
            <h2>{ui.help_title}</h2>
            <dl>{ for keys.into_iter().map(row) }</dl>
            <button type="button" class="btn" onclick={close}>{ui.close}</button>
        </div>
    }
}
