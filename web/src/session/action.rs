//! What a person, or the clock, asks of the session.

use super::FileAction;
use super::lesson::Loaded;
use crate::flights::Lens;
use crate::layout::Size;
use crate::pace::Pace;
use crate::share::{Shared, Unreadable};
use crate::words::Language;
use std::rc::Rc;
use tidepool_core::base::{Instant, ObjectRef, Text};
use tidepool_core::trace::{EventId, JourneyId};
use tidepool_tutorials::course::Course;

/// What is asked.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// So many milliseconds have passed for the learner.
    Frame(f64),
    /// Play, or pause.
    Play(bool),
    /// One hop forward.
    StepHop,
    /// One hop back.
    BackHop,
    /// To a point in time that has been.
    Seek(Instant),
    /// Another pace.
    Pace(Pace),
    /// Another speed: an index of `pace::SPEEDS`.
    Speed(usize),
    /// A line for a terminal.
    Type(u32, String),
    /// Ctrl-C in a terminal.
    Interrupt(u32),
    /// A new terminal: on the operator's machine, or in a pod (namespace, name).
    OpenTerminal(Option<(String, String)>),
    /// A terminal is no longer wanted.
    CloseTerminal(u32),
    /// Look at a terminal.
    ShowTerminal(u32),
    /// A line for a terminal in the client pod, which is opened if need be.
    RunInClient(String),
    /// Other manifests, in place of the shown ones.
    Edit(String),
    /// Something with the editor's files.
    File(FileAction),
    /// A problem's fix: their indices.
    Fix(usize, usize),
    /// kubectl apply.
    Apply,
    /// A new cluster with a seed.
    Reset(u64),
    /// Take the last input back.
    Undo,
    /// The stage has this size now.
    StageSize(Size),
    /// Follow a request, or none.
    Follow(Option<JourneyId>),
    /// Look at a hop, or at none; asked again, it is let go.
    Hop(Option<EventId>),
    /// List all hops, or the main ones.
    AllHops(bool),
    /// Look through a lens.
    Lens(Lens),
    /// Show what programs believe, or what happens.
    Belief(bool),
    /// Choose something on the stage, or nothing.
    Select(Option<Selected>),
    /// Something on the stage is under the pointer, or has the focus; or nothing.
    Hover(Option<Selected>),
    /// A hop is under the pointer, or none.
    HoverHop(Option<EventId>),
    /// The editor's cursor is in this line, from 1; 0 when the keyboard is elsewhere.
    Caret(u32),
    /// Show the document that made what is chosen.
    ShowSource,
    /// Look at an object whole.
    Object(Option<ObjectRef>),
    /// Look at a node's rules.
    Node(Text),
    /// Show a tab.
    Tab(Tab),
    /// Show or hide the guide.
    Guide(bool),
    /// Show or hide the journey.
    Journey(bool),
    /// Motion is unwanted, or welcome.
    Still(bool),
    /// A shared recording is opened.
    OpenShared(Box<Shared>),
    /// A link could not be opened.
    Unreadable(Unreadable),
    /// A notice was read.
    Dismiss,
    /// Which lessons there are.
    Course(Rc<Course>),
    /// A lesson could not be loaded: why.
    LessonFailed(String),
    /// A lesson begins, with a world of its own.
    BeginLesson(Loaded),
    /// A lesson goes on at a step after a reload.
    ResumeLesson(Loaded, usize),
    /// The lesson is left.
    CloseLesson,
    /// To a step of the lesson; past the last one it is finished.
    LessonStep(usize),
    /// Do what a block of the step says: its index.
    RunBlock(usize),
    /// An answer is chosen: the block, and which.
    Answer(usize, usize),
    /// Another hint.
    Hint,
    /// Another language.
    Language(Language),
    /// Another theme.
    Theme(Theme),
}

/// Something that can be chosen on the stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selected {
    /// A pod, by namespace and name.
    Pod(Text, Text),
    /// A Service, by namespace and name.
    Service(Text, Text),
    /// A node.
    Node(Text),
}

impl Selected {
    /// Its name in the picture: `pod/NAMESPACE/NAME`, `service/NAMESPACE/NAME`, `node/NAME`.
    pub fn id(&self) -> String {
        match self {
            Selected::Pod(namespace, name) => format!("pod/{namespace}/{name}"),
            Selected::Service(namespace, name) => format!("service/{namespace}/{name}"),
            Selected::Node(name) => format!("node/{name}"),
        }
    }

    /// What a name in the picture stands for.
    pub fn of_id(id: &str) -> Option<Selected> {
        let mut parts = id.splitn(3, '/');
        match (parts.next()?, parts.next()?, parts.next()) {
            ("pod", namespace, Some(name)) => Some(Selected::Pod(namespace.into(), name.into())),
            ("service", namespace, Some(name)) => Some(Selected::Service(namespace.into(), name.into())),
            ("node", name, None) => Some(Selected::Node(name.into())),
            _ => None,
        }
    }
}

/// A tab of the workbench.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tab {
    /// The editor.
    #[default]
    Manifests,
    /// The terminals.
    Terminal,
    /// What the API server holds.
    Objects,
    /// A node's rules and connections.
    Rules,
    /// Questions and answers.
    Dns,
    /// Who answered how often.
    Traffic,
    /// Everything that happened.
    Log,
}

impl Tab {
    /// The tabs, in order.
    pub const ALL: [Tab; 7] =
        [Tab::Manifests, Tab::Terminal, Tab::Objects, Tab::Rules, Tab::Dns, Tab::Traffic, Tab::Log];

    /// A name for ids and classes.
    pub fn id(self) -> &'static str {
        match self {
            Tab::Manifests => "manifests",
            Tab::Terminal => "terminal",
            Tab::Objects => "objects",
            Tab::Rules => "rules",
            Tab::Dns => "dns",
            Tab::Traffic => "traffic",
            Tab::Log => "log",
        }
    }
}

/// Light or dark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Theme {
    /// Dark ink on light paper.
    #[default]
    Light,
    /// The reverse.
    Dark,
}

impl Theme {
    /// The theme of a name; light when it is none.
    pub fn of_name(name: &str) -> Theme {
        if name == "dark" { Theme::Dark } else { Theme::Light }
    }

    /// Its name, as in `data-theme`.
    pub fn name(self) -> &'static str {
        match self {
            Theme::Light => "light",
            Theme::Dark => "dark",
        }
    }

    /// The other one.
    pub fn other(self) -> Theme {
        match self {
            Theme::Light => Theme::Dark,
            Theme::Dark => Theme::Light,
        }
    }
}
