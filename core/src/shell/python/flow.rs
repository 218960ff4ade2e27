//! What leaves the straight way: exceptions, `return`, `break`, `continue`, and the `finally` parts on the way out.

use super::class;
use super::code::Op;
use super::machine::{After, Block, Called, Kind, Machine, Pending};
use super::value::{Exception, Fault, Id, Object, Res, Value, fault, type_error};
use crate::process::Cx;

/// Lines that one exception's story has.
const MAX_TRACE: usize = 2_000;

impl Machine {
    /// The exception that is being handled.
    fn handled(&self) -> Option<Id> {
        let blocks = self.frames.iter().rev().flat_map(|frame| frame.blocks.iter().rev());
        blocks.into_iter().find_map(|block| match &block.kind {
            Kind::Handling(id) | Kind::Pending(Pending::Raise(id)) => Some(*id),
            _ => None,
        })
    }

    pub(super) fn exception(&self, id: Id) -> Option<&Exception> {
        match self.heap.get(id) {
            Object::Exception(exception) => Some(exception),
            _ => None,
        }
    }

    fn exception_mut(&mut self, id: Id) -> Option<&mut Exception> {
        match self.heap.get_mut(id) {
            Some(Object::Exception(exception)) => Some(exception),
            _ => None,
        }
    }

    /// Puts an exception on the heap.
    pub(super) fn make(&mut self, fault: Fault) -> Id {
        match fault {
            Fault::Raised(id) => id,
            Fault::New(class, args) => {
                let exception =
                    Exception { class, args, trace: Vec::new(), context: None, cause: None, library: "" };
                self.heap.put_id(Object::Exception(exception))
            }
        }
    }

    /// Raises; `here`: the present line becomes part of its story.
    pub(super) fn raise(&mut self, fault: Fault, here: bool) {
        let id = self.make(fault);
        let handled = self.handled().filter(|handled| *handled != id);
        if let Some(exception) = self.exception_mut(id)
            && exception.context.is_none()
            && exception.cause.is_none()
        {
            exception.context = handled;
        }
        let mut noted = here;
        while let Some(frame) = self.frames.last_mut() {
            let (code, at) = (frame.code, frame.at.saturating_sub(1));
            if noted
                && let Some(Object::Exception(exception)) = self.heap.get_mut(id)
                && exception.trace.len() < MAX_TRACE
            {
                exception.trace.insert(0, (code, at));
            }
            noted = true;
            while let Some(Block { kind, height }) = frame.blocks.pop() {
                let next = match kind {
                    Kind::Try(to) => (to, Kind::Handling(id)),
                    Kind::Finally(to) => (to, Kind::Pending(Pending::Raise(id))),
                    Kind::Loop | Kind::Handling(_) | Kind::Pending(_) => continue,
                };
                self.stack.truncate(height);
                frame.at = next.0;
                frame.blocks.push(Block { kind: next.1, height });
                return;
            }
            self.stack.truncate(frame.base);
            self.frames.pop();
        }
        self.uncaught(id);
    }

    /// `return`, `break`, `continue`: through the `finally` parts on the way.
    pub(super) fn leave(&mut self, pending: Pending) {
        let Some(frame) = self.frames.last_mut() else { return };
        while let Some(Block { kind, height }) = frame.blocks.pop() {
            match (kind, &pending) {
                (Kind::Loop, Pending::Leave(to, is_break)) => {
                    if *is_break {
                        self.stack.truncate(height);
                    } else {
                        frame.blocks.push(Block { kind: Kind::Loop, height });
                    }
                    frame.at = *to;
                    return;
                }
                (Kind::Finally(to), _) => {
                    frame.at = to;
                    frame.blocks.push(Block { kind: Kind::Pending(pending), height });
                    return;
                }
                _ => {}
            }
        }
        let Pending::Return(value) = pending else { return };
        let Some(frame) = self.frames.pop() else { return };
        self.stack.truncate(frame.base);
        match frame.after {
            Some(after) => self.going = Some((after, value)),
            None if self.frames.is_empty() => self.ended = Some(0),
            None => self.push(value),
        }
    }

    pub(super) fn end_block(&mut self) {
        let Some(frame) = self.frames.last_mut() else { return };
        let Some(Block { kind, height }) = frame.blocks.pop() else { return };
        if let Kind::Finally(_) = kind {
            frame.blocks.push(Block { kind: Kind::Pending(Pending::Next), height });
        }
    }

    pub(super) fn end_finally(&mut self) {
        let Some(frame) = self.frames.last_mut() else { return };
        match frame.blocks.pop().map(|block| block.kind) {
            Some(Kind::Pending(Pending::Raise(id))) => self.raise(Fault::Raised(id), false),
            Some(Kind::Pending(pending @ (Pending::Return(_) | Pending::Leave(..)))) => self.leave(pending),
            _ => {}
        }
    }

    pub(super) fn exception_op(&mut self, op: Op) -> Res<()> {
        match op {
            Op::Matches => {
                let class = self.pop();
                let matches = self.matches(&class)?;
                self.push(Value::Bool(matches));
            }
            Op::Current => {
                let value = self.handled().map_or(Value::None, Value::Ref);
                self.push(value);
            }
            Op::Reraise => {
                let Some(id) = self.handled() else { return Ok(()) };
                return Err(Fault::Raised(id));
            }
            Op::Raise(0) => {
                let Some(id) = self.handled() else {
                    return Err(fault("RuntimeError", "No active exception to reraise"));
                };
                self.raise(Fault::Raised(id), false);
            }
            Op::Raise(n) => {
                let cause = if n == 2 { Some(self.pop()) } else { None };
                let value = self.pop();
                let id = self.raisable(value, "exceptions must derive from BaseException")?;
                if let Some(cause) = cause {
                    self.chain(id, cause)?;
                }
                return Err(Fault::Raised(id));
            }
            _ => {}
        }
        Ok(())
    }

    fn chain(&mut self, id: Id, cause: Value) -> Res<()> {
        let cause = match cause {
            Value::None => id,
            cause => self.raisable(cause, "exception causes must derive from BaseException")?,
        };
        if let Some(exception) = self.exception_mut(id) {
            // An exception that is its own cause shows none.
            exception.cause = Some(cause);
        }
        Ok(())
    }

    /// The exception that a value is or makes.
    fn raisable(&mut self, value: Value, words: &str) -> Res<Id> {
        match value {
            Value::Type(class) if class::exception(class).is_some() => {
                Ok(self.make(Fault::New(class, Vec::new())))
            }
            Value::Ref(id) if self.exception(id).is_some() => Ok(id),
            _ => type_error(words),
        }
    }

    /// Whether the present exception is of a class, or of one of several.
    fn matches(&self, class: &Value) -> Res<bool> {
        let Some(exception) = self.handled().and_then(|id| self.exception(id)) else { return Ok(false) };
        let classes = match self.heap.of(class) {
            Some(Object::Tuple(classes)) => classes.as_slice(),
            _ => std::slice::from_ref(class),
        };
        let mut found = false;
        for class in classes {
            match class {
                Value::Type(class) if class::exception(class).is_some() => {
                    found |= class::is_subclass(exception.class, class);
                }
                _ => {
                    return type_error(
                        "catching classes that do not inherit from BaseException is not allowed",
                    );
                }
            }
        }
        Ok(found)
    }

    /// A function of ours goes on with what a program's function gave.
    pub(super) fn go_on(&mut self, cx: &mut Cx<'_, '_>, mut after: After, value: Value) {
        after.results.push(value);
        match self.call_each(cx, after) {
            Ok(Called::Value(value)) => self.push(value),
            Ok(Called::Later) => {}
            Err(fault) => self.raise(fault, true),
        }
    }

    /// Nothing handles an exception: the program is over.
    fn uncaught(&mut self, id: Id) {
        let class = self.exception(id).map_or("", |exception| exception.class);
        if class == "SystemExit" {
            let arg = self.exception(id).and_then(|exception| exception.args.first().cloned());
            self.ended = Some(match arg {
                None | Some(Value::None) => 0,
                Some(Value::Int(n)) => (n & 0xff) as i32,
                Some(Value::Bool(b)) => i32::from(b),
                Some(other) => {
                    let words = self.heap.str(&other).unwrap_or_default();
                    self.write(2, format!("{words}\n"));
                    1
                }
            });
            return;
        }
        let text = super::traceback::print(self, id);
        self.write(2, text);
        self.interrupted = class == "KeyboardInterrupt";
        self.ended = Some(if self.interrupted { 130 } else { 1 });
    }
}
