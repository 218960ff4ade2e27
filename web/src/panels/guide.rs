//! Start here: the first five minutes, with steps that run at a click. Whether a step is done is read from the cluster.

use crate::examples;
use crate::library;
use crate::model::Shown;
use crate::session::{Action, Session, Tab};
use tidepool_tutorials::course::Entry;
use yew::prelude::*;

/// The line of the fourth step.
const CALL: &str = "curl -s http://my-service/";
/// The line of the fifth step. serve-hostname ends its answer without a newline, hence the echo.
const CALLS: &str = "for i in $(seq 12); do curl -s http://my-service/; echo; done | sort | uniq -c";

struct Step {
    title: &'static str,
    text: &'static str,
    run: String,
    is_command: bool,
    done: bool,
    can: bool,
    actions: Vec<Action>,
}

/// The guide.
#[component]
pub fn Guide(shown: &Shown) -> Html {
    let session = shown.model.session();
    let ui = &session.words().ui;
    let steps = steps(&session);
    let next = steps.iter().position(|step| !step.done);
    let step = |(n, step): (usize, &Step)| {
        let (dispatch, actions) = (shown.dispatch.clone(), step.actions.clone());
        let run = Callback::from(move |_: MouseEvent| {
            actions.iter().for_each(|action| dispatch.emit(action.clone()))
        });
        let (is_next, is_last_command) = (next == Some(n), next.is_none() && step.is_command);
        let class = classes!("step", step.done.then_some("done"), is_next.then_some("next"));
        let label = if step.is_command { ui.run } else { step.run.as_str() };
        html! {
            <li class={class} key={n}>
                <span class="tick" aria-hidden="true">{ if step.done { "✓".to_string() } else { (n + 1).to_string() } }</span>
                <div>
                    <h2>{step.title}if step.done { <span class="sr">{format!(" ({})", ui.done)}</span> }</h2>
                    if is_next || is_last_command { <p>{step.text}</p> }
                    if step.is_command && (step.done || is_next) {
                        <div class="run"><code>{&step.run}</code>
                            <button type="button" disabled={!step.can} onclick={run} aria-label={format!("{label} {}", step.run)}>{label}</button>
                        </div>
                    } else {
                        <button type="button" class={classes!("btn", if is_next { "primary" } else { "quiet" })} disabled={!step.can} onclick={run}>{label.to_string()}</button>
                    }
                </div>
            </li>
        }
    };
    html! {
        <aside class="guide" aria-label={ui.guide}>
            <div class="eyebrow">{ui.guide_eyebrow}</div>
            <h1>{ui.guide_title}</h1>
            <p class="lead">{ui.guide_lead}</p>
            <ol class="steps">{ for steps.iter().enumerate().map(step) }</ol>
            <p class="after">{ui.guide_after}</p>
            { lessons(shown, &session) }
        </aside>
    }
}

/// The list of lessons, with those ticked that are done.
fn lessons(shown: &Shown, session: &Session) -> Html {
    let (words, lessons) = (session.words(), &session.lessons);
    let ui = &words.ui;
    let entry = |(n, entry): (usize, &Entry)| {
        let title = entry.titles.get(words.tag).cloned().unwrap_or_else(|| entry.folder.clone());
        let done = lessons.done.contains(&entry.folder);
        let (dispatch, folder) = (shown.dispatch.clone(), entry.folder.clone());
        let begin = Callback::from(move |_: MouseEvent| library::begin(dispatch.clone(), folder.clone()));
        let label = if done { ui.lesson_again } else { ui.begin };
        html! {
            <li class={classes!("step", done.then_some("done"))} key={entry.folder.clone()}>
                <span class="tick" aria-hidden="true">{ if done { "✓".to_string() } else { (n + 1).to_string() } }</span>
                <div>
                    <h2>{&title}if done { <span class="sr">{format!(" ({})", ui.done)}</span> }</h2>
                    <button type="button" class="btn quiet begin" onclick={begin} aria-label={format!("{label}: {title}")}>{label}</button>
                    <p>{(words.minutes)(entry.minutes)}</p>
                </div>
            </li>
        }
    };
    let Some(course) = lessons.course.as_ref().filter(|course| !course.lessons.is_empty()) else {
        return match &lessons.failed {
            Some(why) => {
                html! { <p class="after" role="status">{ui.lesson_failed}{" "}<code>{why}</code></p> }
            }
            None => Html::default(),
        };
    };
    html! {
        <section class="lessons" aria-label={ui.lessons}>
            <h2>{ui.lessons}</h2>
            <p>{ui.lessons_text}</p>
            <ol class="steps">{ for course.lessons.iter().enumerate().map(entry) }</ol>
            if let Some(why) = &lessons.failed { <p class="after" role="status">{ui.lesson_failed}{" "}<code>{why}</code></p> }
        </section>
    }
}

fn steps(session: &Session) -> Vec<Step> {
    let ui = &session.words().ui;
    let service = session.stage.services.iter().any(|service| &*service.name == "my-service");
    let client = session.client().is_some();
    let answered = session.stage.services.iter().any(|s| &*s.name == "my-service" && !s.ready.is_empty());
    let in_editor = session.editor.contains("my-service");
    let is_sound = session.problems.iter().all(|problem| !problem.fatal);
    let total = session.traffic.total();
    let show = Action::Tab(Tab::Manifests);
    let step = |title, text, run: &str, is_command, done, can, actions| Step {
        title,
        text,
        run: run.into(),
        is_command,
        done,
        can,
        actions,
    };
    vec![
        step(
            ui.guide_step1,
            ui.guide_step1_text,
            ui.guide_step1_run,
            false,
            in_editor || service,
            true,
            vec![Action::Edit(examples::PASTED_SERVICE.into()), show.clone()],
        ),
        step(
            ui.guide_step2,
            ui.guide_step2_text,
            ui.guide_step2_run,
            false,
            service,
            in_editor && is_sound,
            vec![Action::Apply],
        ),
        step(
            ui.guide_step3,
            ui.guide_step3_text,
            ui.guide_step3_run,
            false,
            client && answered,
            true,
            vec![Action::Edit(examples::PODS_AND_CLIENT.into()), show, Action::Apply],
        ),
        step(
            ui.guide_step4,
            ui.guide_step4_text,
            CALL,
            true,
            total > 0,
            client,
            vec![Action::RunInClient(CALL.into())],
        ),
        step(
            ui.guide_step5,
            ui.guide_step5_text,
            CALLS,
            true,
            total > 5,
            client,
            vec![Action::RunInClient(CALLS.into())],
        ),
    ]
}
