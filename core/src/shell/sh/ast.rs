//! What a command line says, as a tree. Shared (`Arc`), never changed; knows no variables and no processes.

use crate::base::Text;
use std::sync::Arc;

/// Commands in a row.
#[derive(Debug, Clone, Default)]
pub struct List {
    /// The commands, in order.
    pub items: Vec<Item>,
}

/// One command of a list, up to its `;`, `&` or newline.
#[derive(Debug, Clone)]
pub struct Item {
    /// Pipelines joined by `&&` and `||`.
    pub and_or: Arc<AndOr>,
    /// Whether it ended in `&`.
    pub background: bool,
    /// Its text, for `jobs`.
    pub text: Text,
}

/// Pipelines joined by `&&` and `||`, which bind equally from the left.
#[derive(Debug)]
pub struct AndOr {
    /// The first pipeline.
    pub first: Arc<Pipeline>,
    /// The others, each with what stands before it.
    pub rest: Vec<(Connector, Arc<Pipeline>)>,
}

/// What joins two pipelines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Connector {
    /// `&&`
    And,
    /// `||`
    Or,
}

/// Commands whose outputs go to the next one's input.
#[derive(Debug)]
pub struct Pipeline {
    /// Whether `!` stands before it.
    pub negated: bool,
    /// Whether `time` stands before it.
    pub timed: bool,
    /// The commands; at least one.
    pub commands: Vec<Command>,
}

/// A command.
#[derive(Debug, Clone)]
pub enum Command {
    /// Words.
    Simple(Arc<Simple>),
    /// A construct of the language.
    Compound(Arc<Compound>),
}

/// Assignments, words and redirections.
#[derive(Debug)]
pub struct Simple {
    /// The line on which it begins, from 1.
    pub line: u32,
    /// `a=b` before the first word.
    pub assignments: Vec<Assignment>,
    /// The words.
    pub words: Vec<Word>,
    /// The redirections.
    pub redirects: Vec<Redirect>,
}

/// `name=value` or `name+=value`.
#[derive(Debug, Clone)]
pub struct Assignment {
    /// The variable.
    pub name: Text,
    /// Whether the value is appended.
    pub append: bool,
    /// The value.
    pub value: Word,
}

/// A construct with its redirections.
#[derive(Debug)]
pub struct Compound {
    /// The line on which it begins, from 1.
    pub line: u32,
    /// Which one.
    pub kind: Construct,
    /// The redirections.
    pub redirects: Vec<Redirect>,
}

/// The constructs.
#[derive(Debug)]
pub enum Construct {
    /// `{ ...; }`
    Group(Arc<List>),
    /// `( ... )`
    Subshell(Arc<List>),
    /// `for name in words; do ...; done`; without `in`, the words are `"$@"`.
    For(Text, Option<Vec<Word>>, Arc<List>),
    /// `for ((first; while; then)); do ...; done`
    ForArithmetic(Box<[Word; 3]>, Arc<List>),
    /// `while` and `until` (`true`): condition and body.
    Loop(bool, Arc<List>, Arc<List>),
    /// `if`/`elif` with what follows `then`; what follows `else`.
    If(Vec<(Arc<List>, Arc<List>)>, Option<Arc<List>>),
    /// `case word in pattern|pattern) ...;; esac`
    Case(Word, Vec<(Vec<Word>, Arc<List>)>),
    /// `name() command`
    Function(Text, Command),
    /// `[[ ... ]]`
    Test(Test),
    /// `(( ... ))`
    Arithmetic(Word),
}

/// What stands between `[[` and `]]`.
#[derive(Debug)]
pub enum Test {
    /// `word`: not empty.
    Word(Word),
    /// `-f word`
    Unary(Text, Word),
    /// `word == word`
    Binary(Word, Text, Word),
    /// `! test`
    Not(Box<Test>),
    /// `test && test ...`
    And(Vec<Test>),
    /// `test || test ...`
    Or(Vec<Test>),
}

/// A redirection: which descriptor, and to what.
#[derive(Debug)]
pub struct Redirect {
    /// The descriptor.
    pub fd: u32,
    /// Where it goes.
    pub to: Target,
}

/// Where a redirection goes.
#[derive(Debug)]
pub enum Target {
    /// `< word`
    Read(Word),
    /// `> word`
    Write(Word),
    /// `>> word`
    Append(Word),
    /// `&> word`: standard error too; `true` appends.
    Both(Word, bool),
    /// `>& word`, `<& word`: a copy of another descriptor; `-` closes.
    Copy(Word),
    /// `<<`, `<<<`: the text itself.
    Text(Word),
}

/// A word: parts without blanks between.
#[derive(Debug, Clone, Default)]
pub struct Word {
    /// The parts.
    pub parts: Vec<Part>,
}

/// A part of a word.
#[derive(Debug, Clone)]
pub enum Part {
    /// Text as typed: braces, `~` and wildcards in it have their meaning.
    Plain(String),
    /// Text whose characters have no meaning: `'...'`, `\x`.
    Quoted(String),
    /// `"..."`
    Double(Vec<Part>),
    /// `$x`, `${x...}`
    Param(Box<Param>),
    /// `$(...)`, backticks
    Command(Arc<List>),
    /// `$((...))`
    Arithmetic(Vec<Part>),
}

/// A parameter's expansion.
#[derive(Debug, Clone)]
pub struct Param {
    /// The variable's name, a number, or one of `@*#?-$!`.
    pub name: Text,
    /// What is done with its value.
    pub op: ParamOp,
}

/// What is done with a parameter's value. The flag `colon` says that an empty value counts as unset.
#[derive(Debug, Clone)]
pub enum ParamOp {
    /// Nothing.
    Value,
    /// `${#x}`
    Length,
    /// `${x:-word}`
    Default(bool, Word),
    /// `${x:=word}`
    Assign(bool, Word),
    /// `${x:?word}`
    Require(bool, Word),
    /// `${x:+word}`
    Alternate(bool, Word),
    /// `${x#pattern}`; `true` for `##`.
    TrimStart(bool, Word),
    /// `${x%pattern}`; `true` for `%%`.
    TrimEnd(bool, Word),
    /// `${x/pattern/word}`
    Replace(Which, Word, Word),
    /// `${x:offset:length}`
    Slice(Word, Option<Word>),
    /// `${x^^}` and `${x,,}` (`false`)
    Case(bool),
    /// What is none of these, as typed.
    Bad(Text),
}

/// Which matches are replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// `/`: the first.
    First,
    /// `//`: all.
    Every,
    /// `/#`: one at the start.
    Start,
    /// `/%`: one at the end.
    End,
}

impl Word {
    /// A word of plain text.
    pub fn plain(text: &str) -> Word {
        Word { parts: vec![Part::Plain(text.to_string())] }
    }
}
