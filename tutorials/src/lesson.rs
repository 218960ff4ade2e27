//! A lesson's text: front matter, then a step per `##` heading; fenced blocks that the page and the checker act on.

use serde::Deserialize;

/// A lesson in one language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lesson {
    /// What the front matter says.
    pub about: About,
    /// The prose before the first step: a question worth asking.
    pub opening: String,
    /// The steps, in order.
    pub steps: Vec<Step>,
}

/// A lesson's front matter.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct About {
    /// The title.
    pub title: String,
    /// How long it takes.
    pub minutes: u32,
    /// The seed of its world.
    pub seed: u64,
    /// The manifest file of its folder that is applied at the start; empty for none.
    #[serde(default)]
    pub start: String,
}

/// A step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Its heading.
    pub title: String,
    /// The line of its heading, from 1.
    pub line: usize,
    /// Its blocks and the prose between them, in order.
    pub blocks: Vec<Block>,
}

/// A piece of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// What it is.
    pub kind: BlockKind,
    /// The line on which it begins, from 1.
    pub line: usize,
    /// The pod in which its commands run, as `NAME` or `NAMESPACE/NAME`; empty for the operator's machine. Of a file:
    /// its name.
    pub place: String,
    /// Its text.
    pub text: String,
}

/// What a piece of a step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlockKind {
    /// Markdown.
    Prose,
    /// YAML that the learner puts into the editor with a click.
    Manifest,
    /// Another file that goes into the editor, with its name as the place.
    File,
    /// Commands that the learner runs with a click.
    Sh,
    /// What the commands before it print.
    Out,
    /// A question before something is shown.
    Predict,
    /// A question after it.
    Quiz,
    /// A command and the output that means done.
    Goal,
    /// A command that the learner must have run in this step.
    Did,
    /// Help on demand.
    Hint,
    /// What reaches the goal.
    Solution,
    /// What the stage shows meanwhile.
    Stage,
}

/// A problem of a lesson's text: its line and what is wrong.
pub type TextProblem = (usize, String);

impl BlockKind {
    /// The kind that a fence's word names; other fences are prose.
    fn of_word(word: &str) -> Option<BlockKind> {
        Some(match word {
            "manifest" => BlockKind::Manifest,
            "file" => BlockKind::File,
            "sh" => BlockKind::Sh,
            "out" => BlockKind::Out,
            "predict" => BlockKind::Predict,
            "quiz" => BlockKind::Quiz,
            "goal" => BlockKind::Goal,
            "did" => BlockKind::Did,
            "hint" => BlockKind::Hint,
            "solution" => BlockKind::Solution,
            "stage" => BlockKind::Stage,
            _ => return None,
        })
    }
}

impl Block {
    /// The pod in which its commands run, by namespace and name; `None` for the operator's machine.
    pub fn pod(&self) -> Option<(&str, &str)> {
        let place = self.place.as_str();
        if place.is_empty() { None } else { Some(place.split_once('/').unwrap_or(("default", place))) }
    }
}

impl Step {
    /// The step's blocks of a kind.
    pub fn of(&self, kind: BlockKind) -> impl Iterator<Item = &Block> {
        self.blocks.iter().filter(move |block| block.kind == kind)
    }
}

impl Lesson {
    /// Reads a lesson.
    pub fn parse(text: &str) -> Result<Lesson, TextProblem> {
        let rest =
            text.strip_prefix("---\n").ok_or((1, "must begin with --- and front matter".to_string()))?;
        let end = rest.find("\n---\n").ok_or((1, "the front matter has no closing ---".to_string()))?;
        let about: About = crate::front::read(&rest[..end]).map_err(|(line, message)| (line + 1, message))?;
        let skipped = rest[..end].lines().count() + 2;
        let (opening, steps) = steps(&rest[end + 5..], skipped)?;
        if steps.is_empty() {
            return Err((skipped, "has no step: a step begins with ## and a title".into()));
        }
        Ok(Lesson { about, opening, steps })
    }
}

fn steps(text: &str, skipped: usize) -> Result<(String, Vec<Step>), TextProblem> {
    let (mut opening, mut steps) = (String::new(), Vec::new());
    let mut lines = text.lines().enumerate();
    let mut prose = (0, String::new());
    while let Some((n, line)) = lines.next() {
        let at = n + skipped + 1;
        if let Some(title) = line.strip_prefix("## ") {
            flush(&mut opening, &mut steps, &mut prose);
            steps.push(Step { title: title.trim().into(), line: at, blocks: Vec::new() });
            continue;
        }
        let fence =
            line.strip_prefix("```").map(|info| info.trim().split_once(' ').unwrap_or((info.trim(), "")));
        let fence = fence.and_then(|(word, place)| Some((BlockKind::of_word(word)?, place.trim())));
        let Some((kind, place)) = fence else {
            if prose.1.is_empty() {
                prose.0 = at;
            }
            prose.1.push_str(line);
            prose.1.push('\n');
            continue;
        };
        flush(&mut opening, &mut steps, &mut prose);
        let mut body = String::new();
        loop {
            match lines.next() {
                Some((_, "```")) => break,
                Some((_, line)) => {
                    body.push_str(line);
                    body.push('\n');
                }
                None => return Err((at, "this block has no closing ```".into())),
            }
        }
        let step: &mut Step =
            steps.last_mut().ok_or((at, "this block comes before the first step".to_string()))?;
        step.blocks.push(Block { kind, line: at, place: place.into(), text: body });
    }
    flush(&mut opening, &mut steps, &mut prose);
    Ok((opening, steps))
}

/// Files prose under its step; before the first step it is the lesson's opening.
fn flush(opening: &mut String, steps: &mut [Step], prose: &mut (usize, String)) {
    let (line, text) = std::mem::take(prose);
    if text.trim().is_empty() {
        return;
    }
    match steps.last_mut() {
        Some(step) => step.blocks.push(Block { kind: BlockKind::Prose, line, place: String::new(), text }),
        None => opening.push_str(&text),
    }
}
