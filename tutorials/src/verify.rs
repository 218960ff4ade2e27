//! The checker: for every step, in every language, the goal is not met before, is met after the solution, every `out` is
//! what the world prints, a hint is there, and all languages have the same blocks.

use crate::{BlockKind, Goal, LANGUAGES, Lesson, Step, course::Course};
use std::collections::BTreeMap;
use std::fmt;
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
        problems.extend(lesson(files, &entry.folder));
    }
    (course.lessons.len(), problems)
}

fn lesson(files: &Files, folder: &str) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut read: Vec<(String, Lesson)> = Vec::new();
    for language in LANGUAGES {
        let file = format!("{folder}/{language}.md");
        let parsed = files
            .get(&file)
            .ok_or((1, "this language is missing".to_string()))
            .and_then(|t| Lesson::parse(t));
        match parsed {
            Ok(lesson) => read.push((file, lesson)),
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
    let mut problems = Vec::new();
    let goals: Vec<(usize, Result<Goal, String>)> =
        step.of(BlockKind::Goal).map(|block| (block.line, Goal::parse(&block.text))).collect();
    for (line, goal) in &goals {
        match goal {
            Err(error) => problems.push((*line, error.clone())),
            Ok(goal) if met(script, goal) => {
                problems.push((*line, "the goal is met before the step begins".into()))
            }
            Ok(_) => {}
        }
    }
    if !goals.is_empty() && step.of(BlockKind::Hint).next().is_none() {
        problems.push((step.line, "a step with a goal needs a hint".into()));
    }
    let mut printed = String::new();
    for block in &step.blocks {
        match block.kind {
            BlockKind::Sh | BlockKind::Solution => printed = type_all(script, &block.text),
            BlockKind::Out if printed.trim_end() != block.text.trim_end() => {
                problems.push((block.line, format!("the world prints something else:\n{printed}")));
            }
            _ => {}
        }
    }
    for (line, goal) in &goals {
        if let Ok(goal) = goal
            && !met(script, goal)
        {
            problems.push((*line, "the goal is not met after the solution".into()));
        }
    }
    problems
}

/// A goal runs on a clone of the world, and so changes nothing.
fn met(script: &Script, goal: &Goal) -> bool {
    let mut clone = script.clone();
    clone.line(&goal.command).is_ok_and(|result| goal.is_met(&result.output, result.status))
}

fn type_all(script: &mut Script, text: &str) -> String {
    let results = commands(text).into_iter().filter_map(|command| script.line(&command).ok());
    results.map(|result| result.output).collect()
}
