//! The machine that runs a compiled program: frames and values on stacks of its own, one instruction at a time. Knows no
//! kernel but through what it waits for.

use super::code::{Code, Const, Op, Script, Span};
use super::job::Job;
use super::value::{Fault, Heap, Id, Object, Res, Value, fault};
use crate::base::{Fd, Text};
use crate::process::{Cx, Errno, Reply, Syscall};
use crate::trace::JourneyId;
use std::collections::VecDeque;
use std::sync::Arc;

/// Calls within calls, as `sys.getrecursionlimit()` says.
pub const MAX_FRAMES: usize = 1_000;
/// Values on the stack.
const MAX_STACK: usize = 1 << 18;

/// A running program.
#[derive(Debug, Clone)]
pub struct Machine {
    pub(super) script: Arc<Script>,
    pub(super) heap: Heap,
    pub(super) globals: Vec<Option<Value>>,
    pub(super) stack: Vec<Value>,
    pub(super) frames: Vec<Frame>,
    /// What the kernel is asked for, before the program goes on.
    pub(super) queue: VecDeque<Syscall>,
    /// What the program waits for.
    pub(super) job: Option<Job>,
    /// The line of the shell.
    pub(super) argv: Vec<Text>,
    /// How long sockets wait that are told nothing else, in nanoseconds.
    pub(super) default_timeout: Option<u64>,
    /// The exit status, once the program is over.
    pub(super) ended: Option<i32>,
    /// Ended by Ctrl-C.
    pub(super) interrupted: bool,
    /// The journey of the program itself, once a line had its own.
    pub(super) home: Option<Option<JourneyId>>,
    /// Sockets made since it was looked which are still used.
    pub(super) open_sockets: usize,
    /// Whether nobody wants the value that is waited for.
    pub(super) discards: bool,
    /// A function of ours that goes on with a value.
    pub(super) going: Option<(Box<After>, Value)>,
}

/// A call.
#[derive(Debug, Clone)]
pub struct Frame {
    /// What it runs.
    pub code: usize,
    /// The next instruction.
    pub at: usize,
    /// Where its values begin on the stack.
    pub base: usize,
    /// Its local variables.
    pub scope: Option<Id>,
    /// Loops and handlers that are open.
    pub blocks: Vec<Block>,
    /// A function of ours that called it, and goes on with its value.
    pub after: Option<Box<After>>,
}

/// A function of ours that calls a program's function for each of several values.
#[derive(Debug, Clone)]
pub struct After {
    /// Its name.
    pub name: &'static str,
    /// What it calls.
    pub function: Value,
    /// The values.
    pub items: Vec<Value>,
    /// What it got for each so far.
    pub results: Vec<Value>,
    /// Whether it sorts backwards.
    pub reverse: bool,
    /// The list that is sorted in place.
    pub target: Option<Id>,
}

/// A loop or handler that is open.
#[derive(Debug, Clone)]
pub struct Block {
    /// What it is.
    pub kind: Kind,
    /// How many values were on the stack.
    pub height: usize,
}

/// Kinds of blocks.
#[derive(Debug, Clone)]
pub enum Kind {
    /// A loop.
    Loop,
    /// Exceptions are handled there.
    Try(usize),
    /// Whatever leaves goes there first.
    Finally(usize),
    /// An exception is being handled.
    Handling(Id),
    /// A `finally` part runs; then this goes on.
    Pending(Pending),
}

/// What goes on after a `finally` part.
#[derive(Debug, Clone)]
pub enum Pending {
    /// The next statement.
    Next,
    /// An exception.
    Raise(Id),
    /// The function's end, with a value.
    Return(Value),
    /// `break` or `continue`, there.
    Leave(usize, bool),
}

/// What a call of a function of ours comes to.
#[derive(Debug)]
pub enum Called {
    /// A value.
    Value(Value),
    /// A frame was put on the stack, or the kernel is asked: the value comes later.
    Later,
}

/// Why the machine stopped.
#[derive(Debug)]
pub enum Stop {
    /// It asks the kernel.
    Call(Syscall),
    /// It ran for so long that others should.
    Yield,
    /// It ended, with this exit status.
    Ended(i32),
}

impl Machine {
    /// Starts a program.
    pub fn new(script: Script, argv: Vec<Text>) -> Machine {
        let globals = vec![None; script.names.len()];
        let frame = Frame { code: 0, at: 0, base: 0, scope: None, blocks: Vec::new(), after: None };
        let mut machine = Machine {
            script: Arc::new(script),
            heap: Heap::default(),
            globals,
            stack: Vec::new(),
            frames: vec![frame],
            queue: VecDeque::new(),
            job: None,
            argv,
            default_timeout: None,
            ended: None,
            interrupted: false,
            home: None,
            open_sockets: 0,
            discards: false,
            going: None,
        };
        let name = machine.script.names.iter().position(|name| &**name == "__name__");
        if let Some(place) = name.and_then(|at| machine.globals.get_mut(at)) {
            *place = Some(Value::Str("__main__".into()));
        }
        machine
    }

    /// Goes on with a reply, for so many instructions at most.
    pub fn resume(&mut self, cx: &mut Cx<'_, '_>, reply: Reply, budget: usize) -> Stop {
        if let Reply::Interrupted(_) = reply {
            self.queue.clear();
            if self.ended.is_none() {
                self.job = None;
                self.arrive(cx);
                self.raise(Fault::New("KeyboardInterrupt", Vec::new()), true);
            }
        } else if let Some(job) = self.job.take() {
            self.answered(cx, job, reply);
        } else if let (Reply::Err(Errno::Epipe), None) = (&reply, self.ended) {
            self.queue.clear();
            self.raise(super::socket::failed(Errno::Epipe), true);
        }
        for _ in 0..budget {
            if let Some(call) = self.queue.pop_front() {
                return Stop::Call(call);
            }
            if let Some(status) = self.ended {
                return Stop::Ended(status);
            }
            self.step(cx);
            if self.heap.is_due() && self.job.is_none() {
                self.collect();
            }
        }
        match self.queue.pop_front() {
            Some(call) => Stop::Call(call),
            None => Stop::Yield,
        }
    }

    fn step(&mut self, cx: &mut Cx<'_, '_>) {
        let Some(frame) = self.frames.last_mut() else { return };
        let script = Arc::clone(&self.script);
        let op = script.codes.get(frame.code).and_then(|code| code.ops.get(frame.at));
        frame.at += 1;
        let Some((op, _)) = op else {
            self.leave(Pending::Return(Value::None));
            return;
        };
        if let Err(fault) = self.perform(cx, *op) {
            self.raise(fault, *op != Op::Reraise);
        }
        while let Some((after, value)) = self.going.take() {
            self.go_on(cx, *after, value);
        }
    }

    fn collect(&mut self) {
        let globals = self.globals.iter().flatten();
        let mut ids: Vec<Id> = Vec::new();
        let mut values: Vec<&Value> = globals.chain(&self.stack).collect();
        for frame in &self.frames {
            ids.extend(frame.scope);
            for block in &frame.blocks {
                match &block.kind {
                    Kind::Handling(id) | Kind::Pending(Pending::Raise(id)) => ids.push(*id),
                    Kind::Pending(Pending::Return(value)) => values.push(value),
                    _ => {}
                }
            }
            if let Some(after) = &frame.after {
                values.push(&after.function);
                values.extend(after.items.iter().chain(&after.results));
                ids.extend(after.target);
            }
        }
        match self.heap.collect(values.into_iter(), &ids) {
            Ok(closed) => self.queue.extend(closed.into_iter().map(Syscall::Close)),
            Err(fault) => self.raise(fault, true),
        }
    }

    /// Frees what is no longer used, sockets above all.
    pub(super) fn tidy(&mut self) {
        self.collect();
    }

    pub(super) fn push(&mut self, value: Value) {
        self.stack.push(value);
    }

    pub(super) fn pop(&mut self) -> Value {
        self.stack.pop().unwrap_or(Value::None)
    }

    /// The last values of the stack.
    pub(super) fn pop_many(&mut self, n: usize) -> Vec<Value> {
        let at = self.stack.len().saturating_sub(n);
        self.stack.split_off(at)
    }

    pub(super) fn name(&self, id: u32) -> Text {
        let name = self.script.names.get(id as usize).cloned().unwrap_or_else(|| "?".into());
        match name.split_once('\0') {
            Some((shown, _)) => shown.into(),
            None => name,
        }
    }

    pub(super) fn code(&self, index: usize) -> Option<&Code> {
        self.script.codes.get(index)
    }

    /// Where the present instruction stands.
    pub(super) fn here(&self) -> Span {
        let frame = self.frames.last();
        let op = frame.and_then(|frame| self.code(frame.code)?.ops.get(frame.at.checked_sub(1)?));
        op.map_or(Span::default(), |(_, span)| *span)
    }

    pub(super) fn write(&mut self, fd: u32, bytes: impl Into<bytes::Bytes>) {
        let bytes = bytes.into();
        if !bytes.is_empty() {
            self.queue.push_back(Syscall::Write(Fd(fd), bytes));
        }
    }

    fn jump(&mut self, by: i32) {
        if let Some(frame) = self.frames.last_mut() {
            frame.at = target(frame.at, by);
        }
    }

    fn block(&mut self, kind: Kind) {
        let height = self.stack.len();
        if let Some(frame) = self.frames.last_mut() {
            frame.blocks.push(Block { kind, height });
        }
    }

    /// A place ahead in the present function.
    fn ahead(&self, by: i32) -> usize {
        self.frames.last().map_or(0, |frame| target(frame.at, by))
    }

    fn perform(&mut self, cx: &mut Cx<'_, '_>, op: Op) -> Res<()> {
        if self.stack.len() > MAX_STACK {
            return Err(Fault::New("MemoryError", Vec::new()));
        }
        match op {
            Op::Const(n) => {
                let value = self.constant(n);
                self.push(value);
            }
            Op::Load(_)
            | Op::Store(_)
            | Op::Delete(_)
            | Op::LoadLocal(..)
            | Op::StoreLocal(..)
            | Op::DeleteLocal(..) => {
                self.variable(op)?;
            }
            Op::Pop | Op::Dup | Op::Dup2 | Op::Swap | Op::Rot3 => self.shuffle(op),
            Op::Jump(by) => self.jump(by),
            Op::JumpIf(when, by) => {
                let value = self.pop();
                if self.heap.truth(&value) == when {
                    self.jump(by);
                }
            }
            Op::JumpIfKeep(when, by) => {
                let value = self.pop();
                if self.heap.truth(&value) == when {
                    self.push(value);
                    self.jump(by);
                }
            }
            Op::For(by) => self.turn(by)?,
            Op::Call(n, names) => self.call_op(cx, n as usize, names)?,
            Op::CallSpread(n, names) => self.call_spread(cx, n as usize, names)?,
            Op::Function(code, defaults) => {
                let defaults = self.pop_many(defaults as usize);
                let scope = self.frames.last().and_then(|frame| frame.scope);
                let function = self.heap.put(Object::Function(code as usize, defaults, scope));
                self.push(function);
            }
            Op::Return => {
                let value = self.pop();
                self.leave(Pending::Return(value));
            }
            Op::Loop => self.block(Kind::Loop),
            Op::Try(by) => self.block(Kind::Try(self.ahead(by))),
            Op::Finally(by) => self.block(Kind::Finally(self.ahead(by))),
            Op::Leave(by, is_break) => self.leave(Pending::Leave(self.ahead(by), is_break)),
            Op::EndBlock => self.end_block(),
            Op::EndFinally => self.end_finally(),
            Op::Matches | Op::Current | Op::Reraise | Op::Raise(_) => self.exception_op(op)?,
            Op::Import(name) => {
                let module = self.import(name)?;
                self.push(module);
            }
            Op::ImportFrom(name) => {
                let part = self.import_from(cx, name)?;
                self.push(part);
            }
            _ => self.compute(cx, op)?,
        }
        Ok(())
    }

    fn constant(&self, n: u32) -> Value {
        match self.script.consts.get(n as usize) {
            None | Some(Const::None | Const::Names(_)) => Value::None,
            Some(Const::Bool(b)) => Value::Bool(*b),
            Some(Const::Int(n)) => Value::Int(*n),
            Some(Const::Float(x)) => Value::Float(*x),
            Some(Const::Str(text)) => Value::Str(text.clone()),
            Some(Const::Bytes(bytes)) => Value::Bytes(bytes.as_ref().into()),
        }
    }

    fn shuffle(&mut self, op: Op) {
        let n = self.stack.len();
        match op {
            Op::Pop => drop(self.stack.pop()),
            Op::Dup => self.stack.extend(self.stack.last().cloned()),
            Op::Dup2 if n >= 2 => self.stack.extend_from_within(n - 2..),
            Op::Swap if n >= 2 => self.stack.swap(n - 1, n - 2),
            Op::Rot3 if n >= 3 => {
                if let Some(three) = self.stack.get_mut(n - 3..) {
                    three.rotate_right(1);
                }
            }
            _ => {}
        }
    }

    fn variable(&mut self, op: Op) -> Res<()> {
        match op {
            Op::Load(name) => {
                let set = self.globals.get(name as usize).cloned().flatten();
                let value = match set {
                    Some(value) => value,
                    None => {
                        let shown = self.name(name);
                        match super::builtin::named(&shown) {
                            Some(value) => value,
                            None => return Err(self.unknown_name(&shown)),
                        }
                    }
                };
                self.push(value);
            }
            Op::Store(name) => {
                let value = self.pop();
                if let Some(place) = self.globals.get_mut(name as usize) {
                    *place = Some(value);
                }
            }
            Op::Delete(name) => {
                let taken = self.globals.get_mut(name as usize).and_then(Option::take);
                if taken.is_none() {
                    return Err(self.unknown_name(&self.name(name)));
                }
            }
            Op::LoadLocal(depth, slot, name) => {
                let value = self.local(depth, slot).and_then(|place| place.clone());
                match value {
                    Some(value) => self.push(value),
                    None => return Err(self.unbound(depth, name)),
                }
            }
            Op::StoreLocal(depth, slot) => {
                let value = self.pop();
                if let Some(place) = self.local(depth, slot) {
                    *place = Some(value);
                }
            }
            Op::DeleteLocal(depth, slot, name) => {
                let taken = self.local(depth, slot).and_then(Option::take);
                taken.ok_or_else(|| self.unbound(depth, name))?;
            }
            _ => {}
        }
        Ok(())
    }

    fn unbound(&self, depth: u16, name: u32) -> Fault {
        let name = self.name(name);
        if depth > 0 {
            let words = format!(
                "cannot access free variable '{name}' where it is not associated with a value in enclosing scope"
            );
            return fault("NameError", words);
        }
        let words = format!("cannot access local variable '{name}' where it is not associated with a value");
        fault("UnboundLocalError", words)
    }

    fn local(&mut self, depth: u16, slot: u16) -> Option<&mut Option<Value>> {
        let mut at = self.frames.last()?.scope?;
        for _ in 0..depth {
            let Object::Scope(_, Some(parent)) = self.heap.get(at) else { return None };
            at = *parent;
        }
        match self.heap.get_mut(at) {
            Some(Object::Scope(values, _)) => values.get_mut(usize::from(slot)),
            _ => None,
        }
    }

    /// A `NameError`, with CPython's guesses.
    fn unknown_name(&self, name: &str) -> Fault {
        let mut words = format!("name '{name}' is not defined");
        let known = self.script.names.iter().zip(&self.globals).filter(|(_, value)| value.is_some());
        let known = known.map(|(known, _)| &**known).filter(|known| !known.contains('\0'));
        let frame = self.frames.last();
        let scope = frame.and_then(|frame| frame.scope).map(|id| self.heap.get(id));
        let locals = frame.and_then(|frame| self.code(frame.code)).map(|code| code.locals.as_slice());
        let set = match scope {
            Some(Object::Scope(values, _)) => values.as_slice(),
            _ => &[],
        };
        let locals = locals.unwrap_or_default().iter().zip(set).filter(|(_, value)| value.is_some());
        let locals = locals.filter_map(|(name, _)| self.script.names.get(*name as usize)).map(|name| &**name);
        let known = locals.chain(known).chain(super::builtin::NAMES.iter().copied());
        if let Some(close) = super::hint::closest(name, known) {
            words.push_str(&format!(". Did you mean: '{close}'?"));
        } else if super::module::is_standard(name) {
            words.push_str(&format!(". Did you forget to import '{name}'?"));
        }
        fault("NameError", words)
    }

    /// The next turn of a loop.
    fn turn(&mut self, by: i32) -> Res<()> {
        let Some(Value::Ref(id)) = self.stack.last() else { return Ok(()) };
        let next = self.heap.advance(*id)?;
        match next {
            Some(value) => self.push(value),
            None => {
                self.pop();
                self.jump(by);
            }
        }
        Ok(())
    }
}

fn target(at: usize, by: i32) -> usize {
    at.saturating_add_signed(by as isize)
}
