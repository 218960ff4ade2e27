//! `sleep`.

use super::{Command, Programs};
use crate::base::{Duration, Fd, Text};
use crate::process::{Cx, Reply, Syscall, Turn};

/// The longest time, some three hundred years.
const FOREVER: Duration = Duration(1 << 63);

/// A `sleep`.
#[derive(Debug, Clone)]
pub struct Sleep {
    argv: Vec<Text>,
    status: i32,
}

impl Sleep {
    /// Sleeps for the sum of its words.
    pub fn new(argv: &[Text]) -> Sleep {
        Sleep { argv: argv.to_vec(), status: 0 }
    }
}

/// A time: `5`, `0.5`, `1m`, `2h`, `1d`, `infinity`.
pub fn duration(word: &str) -> Option<Duration> {
    if word == "infinity" || word == "inf" {
        return Some(FOREVER);
    }
    let (number, unit) = match word.char_indices().last()? {
        (at, 's') => (word.get(..at)?, 1),
        (at, 'm') => (word.get(..at)?, 60),
        (at, 'h') => (word.get(..at)?, 3_600),
        (at, 'd') => (word.get(..at)?, 86_400),
        _ => (word, 1),
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(fraction) || (whole.is_empty() && fraction.is_empty()) {
        return None;
    }
    let seconds = if whole.is_empty() { 0 } else { whole.parse::<u64>().unwrap_or(u64::MAX) };
    let fraction: String = fraction.chars().chain("000000000".chars()).take(9).collect();
    let nanos = seconds.saturating_mul(1_000_000_000).saturating_add(fraction.parse().unwrap_or(0));
    Some(Duration(nanos.saturating_mul(unit).min(FOREVER.0)))
}

impl Command for Sleep {
    fn resume(&mut self, _: &mut Cx<'_, '_>, reply: Reply) -> Turn<Programs> {
        let Reply::Start = reply else { return Syscall::Exit(self.status).into() };
        let words = self.argv.get(1..).unwrap_or_default();
        let mut total = Duration::ZERO;
        let mut complaint = String::new();
        for word in words {
            match duration(word) {
                Some(time) => total = total + time,
                None => complaint.push_str(&format!("sleep: invalid time interval '{word}'\n")),
            }
        }
        if words.is_empty() {
            complaint = "sleep: missing operand\n".into();
        }
        if complaint.is_empty() {
            return Syscall::Sleep(total).into();
        }
        self.status = 1;
        complaint.push_str("Try 'sleep --help' for more information.\n");
        Syscall::Write(Fd(2), complaint.into()).into()
    }

    fn command(&self) -> Text {
        self.argv.join(" ").into()
    }
}
