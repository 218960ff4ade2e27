//! `date`: the world's time, in UTC. Omits: `-d`, setting.

use super::print::Printed;
use crate::base::{Instant, Text};
use crate::process::Cx;

const DAYS: [&str; 7] = ["Thursday", "Friday", "Saturday", "Sunday", "Monday", "Tuesday", "Wednesday"];
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// `date`, `date +format`, `date -u`, `date -Iseconds`, `date -R`
pub fn run(cx: &mut Cx<'_, '_>, argv: &[Text]) -> Printed {
    let mut pattern = "%a %b %e %H:%M:%S UTC %Y";
    for word in argv.iter().skip(1) {
        match &**word {
            "-u" | "--utc" => {}
            "-R" | "--rfc-email" => pattern = "%a, %d %b %Y %H:%M:%S +0000",
            "-I" | "--iso-8601" => pattern = "%Y-%m-%d",
            "-Iseconds" | "-Is" | "--iso-8601=seconds" => pattern = "%Y-%m-%dT%H:%M:%S+00:00",
            word => match word.strip_prefix('+') {
                Some(format) => pattern = format,
                None if word.starts_with('-') => {
                    let what = format!("date: invalid option -- '{}'", word.trim_start_matches('-'));
                    return Printed::fail(1, &format!("{what}\nTry 'date --help' for more information."));
                }
                None => return Printed::fail(1, &format!("date: invalid date '{word}'")),
            },
        }
    }
    Printed::out(format!("{}\n", format(cx.out.now, pattern)))
}

/// A time as `strftime` prints it.
pub fn format(now: Instant, pattern: &str) -> String {
    let ((year, month, day), second) = now.civil();
    let (h, m, s) = (second / 3_600, second / 60 % 60, second % 60);
    let days = now.unix_seconds() / 86_400;
    let weekday = DAYS.get((days % 7) as usize).copied().unwrap_or_default();
    let name = MONTHS.get(month as usize - 1).copied().unwrap_or_default();
    let short = |name: &str| name.get(..3).unwrap_or_default().to_string();
    let mut out = String::new();
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        out.push_str(&match chars.next() {
            Some('Y') => year.to_string(),
            Some('y') => format!("{:02}", year % 100),
            Some('m') => format!("{month:02}"),
            Some('d') => format!("{day:02}"),
            Some('e') => format!("{day:2}"),
            Some('H') => format!("{h:02}"),
            Some('I') => format!("{:02}", (h + 11) % 12 + 1),
            Some('M') => format!("{m:02}"),
            Some('S') => format!("{s:02}"),
            Some('N') => format!("{:09}", now.0 % 1_000_000_000),
            Some('p') => if h < 12 { "AM" } else { "PM" }.to_string(),
            Some('s') => now.unix_seconds().to_string(),
            Some('F') => format!("{year}-{month:02}-{day:02}"),
            Some('T') => format!("{h:02}:{m:02}:{s:02}"),
            Some('R') => format!("{h:02}:{m:02}"),
            Some('D') => format!("{month:02}/{day:02}/{:02}", year % 100),
            Some('a') => short(weekday),
            Some('A') => weekday.to_string(),
            Some('b' | 'h') => short(name),
            Some('B') => name.to_string(),
            Some('Z') => "UTC".to_string(),
            Some('z') => "+0000".to_string(),
            Some('u') => ((days + 3) % 7 + 1).to_string(),
            Some('n') => "\n".to_string(),
            Some('t') => "\t".to_string(),
            Some('%') => "%".to_string(),
            Some(other) => format!("%{other}"),
            None => "%".to_string(),
        });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Duration;

    /// 2026-01-01 is a Thursday.
    #[test]
    fn dates_as_strftime_prints_them() {
        let now = Instant::ZERO + Duration::secs(13 * 3_600 + 5);
        assert_eq!(
            format(now, "%a %b %e %H:%M:%S %Y|%F %T|%I%p|%s"),
            "Thu Jan  1 13:00:05 2026|2026-01-01 13:00:05|01PM|1767272405"
        );
    }
}
