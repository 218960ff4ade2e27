//! The session as panels hold it: shared, looked at through a borrow, changed only by the root's reducer. A world is
//! not copied sixty times a second, so the reducer counts versions instead of making new values.

use crate::browser::Storage;
use crate::session::{Action, Session, Stamps};
use crate::words::Words;
use std::cell::{Ref, RefCell};
use std::rc::Rc;
use yew::prelude::*;

/// The session and its version.
#[derive(Clone)]
pub struct Model {
    session: Rc<RefCell<Session>>,
    version: u64,
}

impl Model {
    /// Over a session.
    pub fn new(session: Session) -> Model {
        Model { session: Rc::new(RefCell::new(session)), version: 0 }
    }

    /// The session, to look at.
    pub fn session(&self) -> Ref<'_, Session> {
        self.session.borrow()
    }

    /// The words of its language.
    pub fn words(&self) -> &'static Words {
        self.session.borrow().words()
    }
}

impl PartialEq for Model {
    fn eq(&self, other: &Model) -> bool {
        self.version == other.version
    }
}

impl Reducible for Model {
    type Action = Action;

    fn reduce(self: Rc<Self>, action: Action) -> Rc<Self> {
        let changed = self.session.borrow_mut().act(action, &mut Storage);
        if !changed {
            return self;
        }
        Rc::new(Model { session: self.session.clone(), version: self.version + 1 })
    }
}

/// Asks something of the session.
pub type Dispatch = Callback<Action>;

/// What every panel gets. It is drawn anew when the stamps that it names have changed.
#[derive(Properties, Clone)]
pub struct Shown {
    /// The session.
    pub model: Model,
    /// Asks something of it.
    pub dispatch: Dispatch,
    /// What the panel depends on.
    pub stamps: Stamps,
}

impl PartialEq for Shown {
    fn eq(&self, other: &Shown) -> bool {
        self.stamps == other.stamps
    }
}
