//! The compiled form of a program: instructions of a stack machine, each with its place in the source. Knows no values
//! but constants.

use crate::base::Text;
use bytes::Bytes;

/// A stretch of the source, in characters; lines count from 1, columns from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Span {
    /// The line where it begins.
    pub line: u32,
    /// The column where it begins.
    pub col: u32,
    /// The line where it ends.
    pub end_line: u32,
    /// The column after its end.
    pub end: u32,
    /// Columns of the operator or bracket that a traceback points at; none when empty.
    pub anchor: (u32, u32),
}

impl Span {
    /// From the beginning of one to the end of another.
    pub fn to(self, other: Span) -> Span {
        Span { end_line: other.end_line, end: other.end, anchor: (0, 0), ..self }
    }
}

/// A constant of the source.
#[derive(Debug, Clone, PartialEq)]
pub enum Const {
    /// `None`
    None,
    /// `True`, `False`
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number with a fraction.
    Float(f64),
    /// A string.
    Str(Text),
    /// Bytes.
    Bytes(Bytes),
    /// Names of keyword arguments.
    Names(Vec<u32>),
}

/// Two-sided operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Binary {
    Add,
    Sub,
    Mul,
    Div,
    FloorDiv,
    Mod,
    Pow,
    Shl,
    Shr,
    And,
    Or,
    Xor,
}

/// Comparisons.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Compare {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    In,
    NotIn,
    Is,
    IsNot,
}

/// One-sided operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Unary {
    Neg,
    Pos,
    Invert,
    Not,
}

/// An instruction. Jumps are relative to the instruction after.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    /// Pushes a constant.
    Const(u32),
    /// A name, before its place is known.
    Load(u32),
    /// As `Load`, to be set.
    Store(u32),
    /// As `Load`, to be deleted.
    Delete(u32),
    /// A local variable: so many functions out, in this slot.
    LoadLocal(u16, u16, u32),
    /// Sets one.
    StoreLocal(u16, u16),
    /// Deletes one.
    DeleteLocal(u16, u16, u32),
    /// Object on top: its attribute.
    Attr(u32),
    /// Value, object: sets the attribute.
    StoreAttr(u32),
    /// Object, index.
    Index,
    /// Value, object, index.
    StoreIndex,
    /// Object, index.
    DeleteIndex,
    /// Start, stop, step become a slice.
    Slice,
    /// One operand.
    Unary(Unary),
    /// Two operands; in place or not.
    Binary(Binary, bool),
    /// Two operands.
    Compare(Compare),
    /// Goes elsewhere.
    Jump(i32),
    /// Goes elsewhere if the top, which is taken, is as said.
    JumpIf(bool, i32),
    /// Goes elsewhere if the top is as said, and keeps it; takes it otherwise.
    JumpIfKeep(bool, i32),
    /// Takes the top away.
    Pop,
    /// The top twice.
    Dup,
    /// The two on top twice.
    Dup2,
    /// Swaps the two on top.
    Swap,
    /// The top goes below the two under it.
    Rot3,
    /// So many values become one; those of a list do, if the number is the largest.
    Tuple(u32),
    /// As `Tuple`.
    List(u32),
    /// As `Tuple`.
    Set(u32),
    /// Pairs of values.
    Dict(u32),
    /// The top goes into the list or set so far below it.
    Append(u32),
    /// What the top holds goes into the list, set or dict below it.
    Extend,
    /// Key and value go into the dict so far below them.
    Insert(u32),
    /// The top's elements, the first on top; the second number is where a starred name stands, plus one.
    Unpack(u32, u32),
    /// An iterator over the top.
    Iter,
    /// The next element, or the end: goes there without the iterator.
    For(i32),
    /// Function, arguments: so many; the last of them are named by a constant (plus one).
    Call(u32, u32),
    /// Function, list of arguments, so many named arguments: their names by a constant (plus one).
    CallSpread(u32, u32),
    /// Value (and format, if so): its text; 0, `s`, `r` or `a`.
    Format(u8, bool),
    /// So many texts become one.
    Join(u32),
    /// So many defaults, then a function of this code.
    Function(u32, u32),
    /// Ends the function.
    Return,
    /// Exceptions are handled there from here on.
    Try(i32),
    /// As `Try`, and whatever leaves goes there first.
    Finally(i32),
    /// The innermost block ends.
    EndBlock,
    /// The `finally` part ends: goes on with what was left.
    EndFinally,
    /// Whether the present exception is of the class on top.
    Matches,
    /// Pushes the present exception.
    Current,
    /// Raises the present exception again.
    Reraise,
    /// Raises: 0 the present exception, 1 the top, 2 the second from the cause on top.
    Raise(u8),
    /// A loop begins.
    Loop,
    /// Goes elsewhere in the innermost loop, or (if so) out of it.
    Leave(i32, bool),
    /// Pushes a module.
    Import(u32),
    /// A part of the module on top, which stays.
    ImportFrom(u32),
    /// The top must be able to be used by `with`.
    Enter,
    /// Closes the top.
    Exit,
}

/// Instructions with their places.
pub type Ops = Vec<(Op, Span)>;

/// A function, or the whole program.
#[derive(Debug, Clone, Default)]
pub struct Code {
    /// Its name, for tracebacks.
    pub name: String,
    /// Its parameters; then its other local names.
    pub locals: Vec<u32>,
    /// How many of `locals` are parameters.
    pub params: usize,
    /// Whether the last parameter takes all further arguments.
    pub rest: bool,
    /// Names that it declares global.
    pub globals: Vec<u32>,
    /// Names that it declares to be an outer function's.
    pub outer: Vec<u32>,
    /// The function around it.
    pub parent: Option<usize>,
    /// Its instructions.
    pub ops: Ops,
}

/// A compiled program.
#[derive(Debug, Clone, Default)]
pub struct Script {
    /// Its file, as in tracebacks.
    pub file: String,
    /// Its lines.
    pub lines: Vec<String>,
    /// Whether tracebacks do not show them.
    pub hides_lines: bool,
    /// Names.
    pub names: Vec<Text>,
    /// Constants.
    pub consts: Vec<Const>,
    /// Functions; the first is the whole program.
    pub codes: Vec<Code>,
}

/// Why a text is no program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// `SyntaxError`, `IndentationError` or `TabError`; empty for what this python3 does not know.
    pub class: &'static str,
    /// CPython's words.
    pub message: String,
    /// Where.
    pub span: Span,
    /// Whether the place is marked.
    pub marked: bool,
}

impl Problem {
    /// A syntax error.
    pub fn new(span: Span, message: impl Into<String>) -> Problem {
        Problem { class: "SyntaxError", message: message.into(), span, marked: true }
    }
}
