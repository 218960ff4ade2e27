//! The open lesson, one step at a time: prose, what runs at a click, questions, goals that tick themselves, hints.

use crate::markdown;
use crate::model::Shown;
use crate::session::lesson::Open;
use crate::session::{Action, Session};
use crate::words::Words;
use tidepool_tutorials::{Block, BlockKind, Goal, Lesson, Question};
use yew::prelude::*;

/// The step of the open lesson.
#[component]
pub fn LessonPanel(shown: &Shown) -> Html {
    let session = shown.model.session();
    let words = session.words();
    let ui = &words.ui;
    let Some(open) = session.lessons.open.as_ref() else { return Html::default() };
    let Some((lesson, step)) =
        open.text(words.tag).and_then(|lesson| Some((lesson, lesson.steps.get(open.step)?)))
    else {
        return Html::default();
    };
    let act = |action: Action| shown.dispatch.reform(move |_: MouseEvent| action.clone());
    let mut hints = 0;
    let blocks = step.blocks.iter().enumerate().map(|(n, block)| {
        hints += usize::from(block.kind == BlockKind::Hint);
        let shows = block.kind != BlockKind::Hint || hints <= open.hints;
        if shows { view(shown, &session, open, n, block) } else { Html::default() }
    });
    let blocks: Vec<Html> = blocks.collect();
    let all_hints = step.of(BlockKind::Hint).count();
    let solution = step.blocks.iter().position(|block| block.kind == BlockKind::Solution);
    let is_last = open.step + 1 == open.steps();
    let done = open.is_step_done();
    html! {
        <aside class="guide lesson" aria-label={ui.lesson}>
            <div class="row eyebrow">
                <span>{(words.step_of)(open.step + 1, open.steps())}</span>
                <span class="grow"></span>
                <button type="button" class="btn quiet" id="lesson-close" onclick={act(Action::CloseLesson)}>{ui.lesson_leave}</button>
            </div>
            <progress class="sr" max={open.steps().to_string()} value={(open.step + 1).to_string()}>{ui.lesson}</progress>
            { opening(open, lesson) }
            <h1 id="lesson-step" tabindex="-1">{&step.title}</h1>
            { for blocks }
            { goals(open, step.blocks.as_slice(), words) }
            <div class="row lesson-foot">
                if open.hints < all_hints && !done {
                    <button type="button" class="btn" id="lesson-hint" onclick={act(Action::Hint)}>{ui.hint}</button>
                }
                if let (Some(block), false) = (solution, done) {
                    <button type="button" class="btn" id="lesson-show" onclick={act(Action::RunBlock(block))}>{ui.show_me}</button>
                }
                <span class="grow"></span>
                if open.step > 0 {
                    <button type="button" class="btn quiet" onclick={act(Action::LessonStep(open.step - 1))}>{ui.previous}</button>
                }
                <button type="button" class={classes!("btn", done.then_some("primary"))} id="lesson-next" onclick={act(Action::LessonStep(open.step + 1))}>
                    { if is_last { ui.finish } else { ui.next } }
                </button>
            </div>
        </aside>
    }
}

/// At the first step: the lesson's title and its question.
fn opening(open: &Open, lesson: &Lesson) -> Html {
    if open.step > 0 || lesson.opening.trim().is_empty() {
        return Html::default();
    }
    html! { <div class="prose opening"><h2>{&lesson.about.title}</h2>{ markdown::render(&lesson.opening) }</div> }
}

fn view(shown: &Shown, session: &Session, open: &Open, n: usize, block: &Block) -> Html {
    let ui = &session.words().ui;
    let run = shown.dispatch.reform(move |_: MouseEvent| Action::RunBlock(n));
    match block.kind {
        BlockKind::Prose => html! { <div class="prose" key={n}>{ markdown::render(&block.text) }</div> },
        BlockKind::Hint => {
            html! { <div class="prose note" key={n} role="status"><strong>{ui.hint}</strong>{ markdown::render(&block.text) }</div> }
        }
        BlockKind::Sh => runs(n, block, ui.run, run),
        BlockKind::Solution if open.solved => runs(n, block, ui.run, run),
        BlockKind::Manifest | BlockKind::File => manifest(n, block, ui.into_editor, run),
        BlockKind::Out => {
            html! { <pre class="out" key={n} tabindex="0" aria-label={ui.prints}>{block.text.trim_end().to_string()}</pre> }
        }
        BlockKind::Predict | BlockKind::Quiz => question(shown, open, n, block, ui.before_you_look),
        BlockKind::Goal | BlockKind::Did | BlockKind::Solution | BlockKind::Stage => Html::default(),
    }
}

fn runs(n: usize, block: &Block, label: &str, run: Callback<MouseEvent>) -> Html {
    let text = block.text.trim_end().to_string();
    let first = text.lines().next().unwrap_or_default().to_string();
    html! {
        <div class="run" key={n}>
            <div class="lines">
                if !block.place.is_empty() { <span class="place">{format!("{} $", block.place)}</span> }
                <pre><code>{text}</code></pre>
            </div>
            <button type="button" onclick={run} aria-label={format!("{label}: {first}")}>{label.to_string()}</button>
        </div>
    }
}

/// YAML keeps its lines: the button stands below it.
fn manifest(n: usize, block: &Block, label: &str, run: Callback<MouseEvent>) -> Html {
    html! {
        <div class="run manifest" key={n}>
            <pre tabindex="0"><code>{block.text.trim_end().to_string()}</code></pre>
            <button type="button" onclick={run}>{label.to_string()}</button>
        </div>
    }
}

fn question(shown: &Shown, open: &Open, n: usize, block: &Block, before: &str) -> Html {
    let Ok(question) = Question::parse(&block.text) else { return Html::default() };
    let chosen = open.chosen.get(&n).copied();
    let answer = |(at, (right, text)): (usize, &(bool, String))| {
        let choose = shown.dispatch.reform(move |_: MouseEvent| Action::Answer(n, at));
        let state = chosen.map(|chosen| match (*right, chosen == at) {
            (true, _) => "right",
            (false, true) => "wrong",
            (false, false) => "other",
        });
        let mark = match state {
            Some("right") => "✓ ",
            Some("wrong") => "✗ ",
            _ => "",
        };
        html! {
            <button type="button" class={classes!("answer", state)} aria-pressed={(chosen == Some(at)).to_string()}
                disabled={chosen.is_some()} onclick={choose}>{mark}{ markdown::inline(text) }</button>
        }
    };
    html! {
        <div class="question" key={n}>
            if block.kind == BlockKind::Predict { <div class="eyebrow">{before.to_string()}</div> }
            <div class="asked">{ markdown::render(&question.text) }</div>
            <div class="answers" role="group">{ for question.answers.iter().enumerate().map(answer) }</div>
            if chosen.is_some() { <div class="because" role="status">{ markdown::render(&question.because) }</div> }
        </div>
    }
}

fn goals(open: &Open, blocks: &[Block], words: &Words) -> Html {
    let asks = blocks.iter().filter(|block| matches!(block.kind, BlockKind::Goal | BlockKind::Did));
    let goal = |(n, block): (usize, &Block)| {
        let Ok(goal) = Goal::parse(&block.text) else { return Html::default() };
        let met = open.met.get(n) == Some(&true);
        html! {
            <li class={classes!("step", met.then_some("done"))} key={n}>
                <span class="tick" aria-hidden="true">{ if met { "✓" } else { "" } }</span>
                <div>
                    <h2>{goal.label}<span class="sr">{format!(" ({})", if met { words.ui.done } else { words.ui.not_yet })}</span></h2>
                    <code>{goal.command.lines().next().unwrap_or_default().to_string()}</code>
                </div>
            </li>
        }
    };
    let goals: Vec<Html> = asks.enumerate().map(goal).collect();
    if goals.is_empty() {
        Html::default()
    } else {
        html! { <ul class="steps goals" aria-live="polite">{goals}</ul> }
    }
}
