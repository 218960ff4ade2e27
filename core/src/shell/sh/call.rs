//! A function that runs: its parameters and its local variables, until it returns.

use super::ast::Command;
use super::flow;
use super::machine::{Core, Frame, Next};
use crate::base::Text;
use std::sync::Arc;

/// How deep functions may call each other.
pub(super) const MAX_DEPTH: usize = 1_000;

/// A call of a function.
#[derive(Debug, Clone)]
pub(super) struct Call {
    body: Option<Command>,
    params: Arc<[Text]>,
    tested: bool,
}

impl Call {
    /// Calls a function with words; the first is its name.
    pub fn frame(core: &mut Core, body: Command, argv: &[Text], tested: bool) -> Frame {
        let params = std::mem::replace(&mut core.state.params, argv.get(1..).unwrap_or_default().into());
        core.locals.push(Vec::new());
        Frame::Call(Call { body: Some(body), params, tested })
    }

    pub fn step(mut self, core: &mut Core) -> Next {
        if let Some(body) = self.body.take() {
            let frame = flow::command(&body, self.tested);
            return Next::Push(Frame::Call(self), frame);
        }
        let status = core.state.status;
        self.abandon(core);
        Next::Done(status)
    }

    pub fn abandon(self, core: &mut Core) {
        core.state.params = self.params;
        let locals = core.locals.pop().unwrap_or_default();
        core.restore(locals);
    }
}
