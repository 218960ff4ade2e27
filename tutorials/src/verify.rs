//! The checker: for every step, in every language, the goal is not met before, is met after the solution, every `out` is
//! what the world prints, a hint is there, and all languages have the same blocks.

use crate::course::{Course, Entry};
use crate::{Block, BlockKind, Goal, LANGUAGES, Lesson, Question, Scene, Step};
use std::collections::BTreeMap;
use std::fmt;
use tidepool_core::base::Duration;
use tidepool_core::recording::script::commands;
use tidepool_core::recording::{Recording, Script};

/// Something wrong with a lesson.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The file, relative to the tutorials' folder.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// What is wrong, and what would be right.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.message)
    }
}

/// Where the editor's files are saved on the operator's machine, and the one that manifests go into.
const HOME: &str = "/home/operator";
const MANIFESTS: &str = "manifests.yaml";
/// How long the cluster may take to reach a goal after the solution, in its own time.
const PATIENCE_SECONDS: u32 = 60;

/// The tutorials' folder as text: relative path to content.
pub type Files = BTreeMap<String, String>;

/// Checks everything; the result is the number of lessons, and what is wrong with them.
pub fn verify(files: &Files) -> (usize, Vec<Problem>) {
    let problem = |file: &str, line, message: String| Problem { file: file.into(), line, message };
    let Some(text) = files.get("course.yaml") else {
        return (0, vec![problem("course.yaml", 1, "there is no course.yaml".into())]);
    };
    let course = match Course::parse(text) {
        Ok(course) => course,
        Err(error) => return (0, vec![problem("course.yaml", 1, error)]),
    };
    let mut problems: Vec<Problem> = course
        .disordered()
        .into_iter()
        .map(|(lesson, need)| {
            problem("course.yaml", 1, format!("{lesson} needs {need}, which does not come before it"))
        })
        .collect();
    for entry in &course.lessons {
        problems.extend(lesson(files, entry));
    }
    (course.lessons.len(), problems)
}

fn lesson(files: &Files, entry: &Entry) -> Vec<Problem> {
    let folder = entry.folder.as_str();
    let mut problems = Vec::new();
    let mut read: Vec<(String, Lesson)> = Vec::new();
    for language in LANGUAGES {
        let file = format!("{folder}/{language}.md");
        let parsed = files
            .get(&file)
            .ok_or((1, "this language is missing".to_string()))
            .and_then(|t| Lesson::parse(t));
        match parsed {
            Ok(lesson) => {
                problems.extend(listed(entry, language, &lesson));
                read.push((file, lesson));
            }
            Err((line, message)) => problems.push(Problem { file, line, message }),
        }
    }
    if let Some(((_, first), others)) = read.split_first() {
        others.iter().for_each(|(file, other)| problems.extend(differences(file, first, other)));
    }
    for (file, lesson) in &read {
        problems.extend(play(files, folder, file, lesson));
    }
    problems
}

/// Where the course's list says something else than the lesson.
fn listed(entry: &Entry, language: &str, lesson: &Lesson) -> Vec<Problem> {
    let mut wrong = Vec::new();
    if entry.titles.get(language) != Some(&lesson.about.title) {
        wrong.push(format!("{}: the title in {language} is not {:?}", entry.folder, lesson.about.title));
    }
    if entry.minutes != lesson.about.minutes {
        wrong.push(format!("{}: it takes {} minutes, says {language}", entry.folder, lesson.about.minutes));
    }
    wrong.into_iter().map(|message| Problem { file: "course.yaml".into(), line: 1, message }).collect()
}

/// Where a language's blocks differ from the first language's.
fn differences(file: &str, first: &Lesson, other: &Lesson) -> Vec<Problem> {
    let problem = |line, message: String| Problem { file: file.into(), line, message };
    if first.steps.len() != other.steps.len() {
        let message =
            format!("has {} steps, and the first language has {}", other.steps.len(), first.steps.len());
        return vec![problem(1, message)];
    }
    let kinds = |step: &Step| -> Vec<BlockKind> {
        step.blocks.iter().map(|block| block.kind).filter(|kind| *kind != BlockKind::Prose).collect()
    };
    let pairs = first.steps.iter().zip(&other.steps);
    let different = pairs.filter(|(a, b)| kinds(a) != kinds(b));
    different
        .map(|(_, b)| problem(b.line, "has other blocks than the first language's step".into()))
        .collect()
}

/// Does the lesson as a learner would who takes every solution.
fn play(files: &Files, folder: &str, file: &str, lesson: &Lesson) -> Vec<Problem> {
    let problem = |line, message: String| Problem { file: file.into(), line, message };
    let start = match lesson.about.start.as_str() {
        "" => "",
        name => match files.get(&format!("{folder}/{name}")) {
            Some(text) => text,
            None => return vec![problem(1, format!("there is no file {name} to start from"))],
        },
    };
    let mut script = match Script::new(Recording::new(lesson.about.seed, start)) {
        Ok(script) => script,
        Err(error) => return vec![problem(1, format!("the start cannot be set up: {error:?}"))],
    };
    let mut problems = Vec::new();
    for step in &lesson.steps {
        problems
            .extend(play_step(&mut script, step).into_iter().map(|(line, message)| problem(line, message)));
    }
    problems
}

fn play_step(script: &mut Script, step: &Step) -> Vec<(usize, String)> {
    let mut problems = form(step);
    let goals: Vec<(usize, Goal)> = step
        .of(BlockKind::Goal)
        .filter_map(|block| Some((block.line, Goal::parse(&block.text).ok()?)))
        .collect();
    for (line, goal) in &goals {
        if met(script, goal) {
            problems.push((*line, "the goal is met before the step begins".into()));
        }
    }
    problems.extend(solved(script.clone(), step, &goals));
    let mut did = did(step);
    let mut printed = String::new();
    for block in &step.blocks {
        match block.kind {
            BlockKind::Manifest | BlockKind::File => write(script, block),
            BlockKind::Sh | BlockKind::Solution => {
                printed = type_all(script, block, &mut did);
            }
            BlockKind::Out if printed.trim_end() != block.text.trim_end() => {
                problems.push((block.line, format!("the world prints something else:\n{printed}")));
            }
            _ => {}
        }
    }
    for (line, goal) in &goals {
        if !met_soon(script, goal) {
            problems.push((*line, "the goal is not met after the solution".into()));
        }
    }
    for (line, _) in did {
        problems.push((line, "no command of this step is what this asks for, with that output".into()));
    }
    problems
}

/// What is not reached when a learner takes nothing of a step but its solution.
fn solved(mut script: Script, step: &Step, goals: &[(usize, Goal)]) -> Vec<(usize, String)> {
    let mut did = did(step);
    if goals.is_empty() && did.is_empty() {
        return Vec::new();
    }
    step.of(BlockKind::Manifest).chain(step.of(BlockKind::File)).for_each(|block| write(&mut script, block));
    for block in step.of(BlockKind::Solution) {
        type_all(&mut script, block, &mut did);
    }
    let unmet = goals.iter().filter(|(_, goal)| !met_soon(&mut script, goal)).map(|(line, _)| *line);
    let unmet: Vec<usize> = unmet.chain(did.into_iter().map(|(line, _)| line)).collect();
    unmet.into_iter().map(|line| (line, "the solution alone does not reach this".into())).collect()
}

/// What is wrong with the blocks themselves.
fn form(step: &Step) -> Vec<(usize, String)> {
    let mut problems = Vec::new();
    for block in &step.blocks {
        let read = match block.kind {
            BlockKind::Goal | BlockKind::Did => Goal::parse(&block.text).map(|_| ()),
            BlockKind::Predict | BlockKind::Quiz => Question::parse(&block.text).map(|_| ()),
            BlockKind::Stage => Scene::parse(&block.text).map(|_| ()),
            BlockKind::File if block.place.is_empty() => Err("a file needs a name: ```file NAME".into()),
            _ => Ok(()),
        };
        problems.extend(read.err().map(|error| (block.line, error)));
    }
    let asks = step.of(BlockKind::Goal).chain(step.of(BlockKind::Did)).next().is_some();
    if asks && step.of(BlockKind::Hint).next().is_none() {
        problems.push((step.line, "a step with a goal needs a hint".into()));
    }
    problems
}

/// The `did` blocks of a step.
fn did(step: &Step) -> Vec<(usize, Goal)> {
    step.of(BlockKind::Did).filter_map(|block| Some((block.line, Goal::parse(&block.text).ok()?))).collect()
}

/// A goal runs on a clone of the world, and so changes nothing.
fn met(script: &Script, goal: &Goal) -> bool {
    let mut clone = script.clone();
    clone.line(&goal.command).is_ok_and(|result| goal.is_met(&result.output, result.status))
}

/// Whether a goal is met once the cluster has had time to do what it was told.
fn met_soon(script: &mut Script, goal: &Goal) -> bool {
    (0..PATIENCE_SECONDS).any(|_| {
        let is_met = met(script, goal);
        if !is_met {
            script.wait(Duration::secs(1));
        }
        is_met
    })
}

/// Saves what a block puts into the editor, as the page does before anything runs.
fn write(script: &mut Script, block: &Block) {
    let name = if block.kind == BlockKind::File { block.place.as_str() } else { MANIFESTS };
    let _ = script.write(&format!("{HOME}/{name}"), &block.text);
}

/// Types a block's commands where they belong, and ticks off what they do.
fn type_all(script: &mut Script, block: &Block, did: &mut Vec<(usize, Goal)>) -> String {
    let mut printed = String::new();
    for command in commands(&block.text) {
        let result = match block.pod() {
            None => script.line(&command),
            Some((namespace, name)) => script.line_in(namespace, name, &command),
        };
        match result {
            Ok(result) => {
                did.retain(|(_, goal)| !(goal.is_command(&command) && goal.is_printed(&result.output)));
                printed.push_str(&result.output);
            }
            Err(error) => printed.push_str(&format!("{error}\n")),
        }
    }
    // A learner takes a moment to look: kube-proxy has written its rules by the time of the next click.
    script.wait(Duration::secs(3));
    printed
}
