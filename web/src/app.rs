//! The frame of the page: the top bar and the regions. Holds the one reducer and starts the one timer; knows what each
//! region depends on, not what is in it.

use crate::browser::{self, Frames};
use crate::canvas::{self, Palette};
use crate::library;
use crate::model::{Model, Shown};
use crate::panels::{
    self, Arrival, Bench, Between, Guide, Inspector, Journey, LessonPanel, StagePanel, Tape, TopBar,
};
use crate::session::{Action, Session, Stamps, Tab};
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::JsCast;
use web_sys::{HtmlCanvasElement, KeyboardEvent};
use yew::prelude::*;

/// The page.
#[component]
pub fn App() -> Html {
    let model = use_reducer(|| Model::new(Session::new(browser::remembered(), browser::seed())));
    let dispatch = {
        let model = model.dispatcher();
        use_callback((), move |action: Action, ()| model.dispatch(action))
    };
    {
        let (shared, dispatch) = ((*model).clone(), dispatch.clone());
        use_effect_with((), move |()| {
            let mut palette = Palette::default();
            let frames = Frames::start(move |ms| {
                if browser::is_hidden() {
                    return;
                }
                dispatch.emit(Action::Frame(ms));
                let canvas = gloo::utils::document().get_element_by_id("marks");
                if let Some(canvas) = canvas.and_then(|element| element.dyn_into::<HtmlCanvasElement>().ok())
                {
                    canvas::draw(&canvas, &shared.session(), &mut palette);
                }
            });
            move || drop(frames)
        });
    }
    {
        let (shared, dispatch) = ((*model).clone(), dispatch.clone());
        use_effect_with((), move |()| {
            let resumes = shared.session().lessons.resumes.clone();
            library::load_course(dispatch, resumes);
        });
    }
    use_effect_with((), |()| panels::restore());
    let help = use_state(|| false);
    let keys = keyboard(&model, &dispatch, &help);
    let session = model.session();
    let (stamps, ui) = (session.stamps, &session.words().ui);
    let shown = |stamps: Stamps| Shown { model: (*model).clone(), dispatch: dispatch.clone(), stamps };
    let view = Stamps { view: stamps.view, ..Stamps::default() };
    let classes = classes!(
        "app",
        (!session.guide).then_some("no-guide"),
        (!session.journey).then_some("no-journey"),
        session.is_catching_up().then_some("catching-up")
    );
    let story = session.current.or(session.pick().map(|(event, _)| event)).map_or(0, |event| event.0 + 1);
    let on_stage = Stamps { stage: stamps.stage, log: story, terminal: session.traffic.total(), ..view };
    let on_clock = Stamps { clock: stamps.clock, ..view };
    let on_journey = Stamps { log: stamps.log, ..view };
    let on_guide = Stamps {
        stage: stamps.stage,
        editor: stamps.editor,
        lesson: stamps.lesson,
        log: session.traffic.total(),
        ..view
    };
    let on_inspector = Stamps { stage: stamps.stage, log: session.rules_written(), ..view };
    let toggle_help = {
        let help = help.clone();
        Callback::from(move |()| help.set(!*help))
    };
    html! {
        <div class={classes} onkeydown={keys} aria-busy={session.is_catching_up().to_string()}>
            <a class="skip" href="#stage">{ui.skip_to_stage}</a>
            <TopBar shown={shown(Stamps { terminal: u64::from(session.can_undo()), lesson: stamps.lesson, ..view })} help={*help} on_help={toggle_help} />
            if session.guide && session.lessons.open.is_some() {
                <LessonPanel ..shown(Stamps { lesson: stamps.lesson, ..view }) />
            } else if session.guide {
                <Guide ..shown(on_guide) />
            }
            <main class="stage" id="stage" tabindex="-1" aria-label={ui.stage}>
                <StagePanel ..shown(on_stage) />
                <canvas id="marks" aria-hidden="true"></canvas>
                <Tape ..shown(on_clock) />
                <Inspector ..shown(on_inspector) />
            </main>
            if session.journey {
                <Journey ..shown(on_journey) />
            }
            <section class="handles" aria-label={ui.sizes}>
                { panels::handle(Between::Guide, session.words()) }
                { panels::handle(Between::Journey, session.words()) }
                { panels::handle(Between::Bench, session.words()) }
            </section>
            <Arrival ..shown(view) />
            <Bench ..shown(bench_stamps(&session)) />
        </div>
    }
}

/// What the workbench depends on: its tab decides.
fn bench_stamps(session: &Session) -> Stamps {
    let all = session.stamps;
    let none = Stamps { view: all.view, ..Stamps::default() };
    match session.tab {
        Tab::Manifests | Tab::Terminal => {
            Stamps { editor: all.editor, terminal: all.terminal, stage: all.stage, ..none }
        }
        Tab::Objects => Stamps { stage: session.world().revision(), ..none },
        Tab::Rules | Tab::Dns | Tab::Traffic | Tab::Log => Stamps { log: all.log, stage: all.stage, ..none },
    }
}

/// The shortcuts that work everywhere but in text fields.
fn keyboard(
    model: &UseReducerHandle<Model>,
    dispatch: &Callback<Action>,
    help: &UseStateHandle<bool>,
) -> Callback<KeyboardEvent> {
    let (model, dispatch, help) = ((**model).clone(), dispatch.clone(), help.clone());
    Callback::from(move |event: KeyboardEvent| {
        if event.key() == "Escape" {
            help.set(false);
        }
        let in_field = event
            .target()
            .and_then(|target| target.dyn_into::<web_sys::Element>().ok())
            .is_some_and(|element| {
                matches!(element.tag_name().as_str(), "INPUT" | "TEXTAREA" | "SELECT")
                    || element.shadow_root().is_some()
            });
        if in_field || event.ctrl_key() || event.meta_key() || event.alt_key() || event.is_composing() {
            return;
        }
        let on_button = event
            .target()
            .and_then(|target| target.dyn_into::<web_sys::Element>().ok())
            .is_some_and(|element| matches!(element.tag_name().as_str(), "BUTTON" | "A" | "SUMMARY"));
        let playing = model.session().is_playing();
        match event.key().as_str() {
            " " if !on_button => dispatch.emit(Action::Play(!playing)),
            "." => dispatch.emit(Action::StepHop),
            "," => dispatch.emit(Action::BackHop),
            "t" => browser::focus(".prompt input"),
            "e" => browser::focus(".editor-host, .editor textarea"),
            "d" => {
                let other = model.session().theme.other();
                dispatch.emit(Action::Theme(other));
            }
            "?" => help.set(!*help),
            _ => return,
        }
        event.prevent_default();
    })
}

/// A shared cell for what a panel keeps between two drawings.
pub type Kept<T> = Rc<RefCell<T>>;
