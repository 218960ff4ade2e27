//! Background jobs: their numbers, and how `jobs` and the shell tell of them.

use crate::base::{Pid, Text};

/// The jobs of a shell.
#[derive(Debug, Clone, Default)]
pub(super) struct Jobs {
    list: Vec<Job>,
}

/// A job.
#[derive(Debug, Clone)]
pub(super) struct Job {
    pub number: u32,
    pub pid: Pid,
    pub text: Text,
    /// Its exit status, once it ended.
    pub ended: Option<i32>,
}

/// What the shell prints when a job begins.
pub(super) fn started(number: u32, pid: Pid) -> String {
    format!("[{number}] {}\n", pid.0)
}

impl Jobs {
    /// Adds a job; gives its number.
    pub fn add(&mut self, pid: Pid, text: Text) -> u32 {
        let number = self.list.last().map_or(1, |job| job.number + 1);
        self.list.push(Job { number, pid, text, ended: None });
        number
    }

    /// A job ended.
    pub fn ended(&mut self, pid: Pid, status: i32) {
        if let Some(job) = self.list.iter_mut().find(|job| job.pid == pid) {
            job.ended = Some(status);
        }
    }

    /// The jobs, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &Job> {
        self.list.iter()
    }

    /// Forgets a job.
    pub fn forget(&mut self, pid: Pid) {
        self.list.retain(|job| job.pid != pid);
    }

    /// The job that `%1`, `%%`, `%+`, `%-` or `%name` names.
    pub fn named(&self, spec: &str) -> Option<&Job> {
        let name = spec.strip_prefix('%')?;
        match name {
            "" | "%" | "+" => self.list.last(),
            "-" => self.list.iter().rev().nth(1).or(self.list.last()),
            _ => match name.parse::<u32>() {
                Ok(number) => self.list.iter().find(|job| job.number == number),
                Err(_) => self.list.iter().find(|job| job.text.starts_with(name)),
            },
        }
    }

    /// The lines for all jobs, or only for those that ended; ended ones are then forgotten.
    pub fn report(&mut self, only_ended: bool) -> String {
        let count = self.list.len();
        let mut lines = String::new();
        for (n, job) in self.list.iter().enumerate() {
            let mark = match count - n {
                1 => '+',
                2 => '-',
                _ => ' ',
            };
            let (state, suffix) = match job.ended {
                None if only_ended => continue,
                None => ("Running".to_string(), " &"),
                Some(0) => ("Done".to_string(), ""),
                Some(130) => ("Interrupt".to_string(), ""),
                Some(137) => ("Killed".to_string(), ""),
                Some(143) => ("Terminated".to_string(), ""),
                Some(status) => (format!("Exit {status}"), ""),
            };
            lines.push_str(&format!("[{}]{mark}  {state:<23} {}{suffix}\n", job.number, job.text));
        }
        self.list.retain(|job| job.ended.is_none());
        lines
    }
}
