//! A goal: a command and the output that means done, in the terminal's own language. There is no other predicate.

/// A goal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Goal {
    /// What is to be true, for the learner: the lines before the command that begin with `#`.
    pub label: String,
    /// The command.
    pub command: String,
    /// How its output is looked at.
    pub wanted: Wanted,
}

/// What the output must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// Exactly this text (`----`).
    Exact(String),
    /// This text somewhere in it (`---- contains`).
    Contains(String),
    /// So many lines: least and most (`---- lines 3` or `---- lines 3..5`).
    Lines(usize, usize),
    /// A number: least and most (`---- number 3` or `---- number 3..5`).
    Number(usize, usize),
}

impl Goal {
    /// Reads a goal block: the command, a line `----` with the way of looking, the text.
    pub fn parse(text: &str) -> Result<Goal, String> {
        let split =
            text.lines().position(|line| line.starts_with("----")).ok_or("a goal needs a line ----")?;
        let lines: Vec<&str> = text.lines().collect();
        let (labels, commands): (Vec<&str>, Vec<&str>) =
            lines[..split].iter().partition(|line| line.starts_with('#'));
        let label =
            labels.iter().map(|line| line.trim_start_matches('#').trim()).collect::<Vec<_>>().join(" ");
        let command = commands.join("\n").trim().to_string();
        if label.is_empty() {
            return Err("a goal needs a line `# what is to be true` before its command".into());
        }
        if command.is_empty() {
            return Err("a goal needs a command before ----".into());
        }
        let body = lines[split + 1..].join("\n");
        let way = lines[split].trim_start_matches('-').trim();
        let wanted = match way.split_once(' ') {
            None if way.is_empty() && body.is_empty() => {
                return Err("a goal needs the output that means done".into());
            }
            None if way.is_empty() => Wanted::Exact(body),
            None if way == "contains" && !body.is_empty() => Wanted::Contains(body),
            Some(("lines", range)) => range_of(range).map(|(least, most)| Wanted::Lines(least, most))?,
            Some(("number", range)) => range_of(range).map(|(least, most)| Wanted::Number(least, most))?,
            _ => {
                return Err(format!(
                    "{way:?} is no way of looking: use nothing, contains, lines N..M, or number N..M"
                ));
            }
        };
        Ok(Goal { label, command, wanted })
    }

    /// Whether an output means done. A command that failed is never done.
    pub fn is_met(&self, output: &str, status: i32) -> bool {
        status == 0 && self.is_printed(output)
    }

    /// Whether an output is the wanted one, however the command ended: what a learner types may fail on purpose.
    pub fn is_printed(&self, output: &str) -> bool {
        let output = output.trim_end();
        match &self.wanted {
            Wanted::Exact(text) => output == text.trim_end(),
            Wanted::Contains(text) => output.contains(text.trim_end()),
            Wanted::Lines(least, most) => (*least..=*most).contains(&output.lines().count()),
            Wanted::Number(least, most) => {
                output.trim().parse().is_ok_and(|number| (*least..=*most).contains(&number))
            }
        }
    }

    /// Whether a command that was typed is the one of a `did` block, where `*` stands for anything.
    pub fn is_command(&self, typed: &str) -> bool {
        matches(self.command.trim(), typed.trim())
    }
}

/// Whether a text is what a pattern says; `*` stands for anything. Linear in the text for each star.
fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

fn range_of(range: &str) -> Result<(usize, usize), String> {
    let number = |text: &str| text.trim().parse::<usize>().map_err(|_| format!("{text:?} is no number"));
    match range.split_once("..") {
        Some((least, most)) => Ok((number(least)?, number(most)?)),
        None => number(range).map(|n| (n, n)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_goal_is_a_command_and_what_it_prints() {
        let goal = Goal::parse("# It is there\nkubectl get svc -o name\n---- contains\nservice/web\n")
            .expect("a goal");
        assert!(goal.is_met("service/kubernetes\nservice/web\n", 0));
        assert!(!goal.is_met("service/kubernetes\n", 0));
        assert!(!goal.is_met("service/web\n", 1));
        assert_eq!(Goal::parse("# x\nx\n---- lines 2..3").map(|g| g.wanted), Ok(Wanted::Lines(2, 3)));
        let count = Goal::parse("# x\nx\n---- number 3..5").expect("a number");
        assert!(count.is_met(" 4\n", 0) && !count.is_met("6", 0) && !count.is_met("many", 0));
        let did = Goal::parse("# Call it\ncurl*my-service*\n---- contains\nweb").expect("a pattern");
        assert!(did.is_command("curl -s http://my-service/") && !did.is_command("echo curl my-service"));
        assert!(Goal::parse("# x\nx").is_err() && Goal::parse("# x\nx\n---- sometimes\ny").is_err());
        assert!(Goal::parse("x\n----\ny").is_err(), "what is to be true must be said");
    }
}
