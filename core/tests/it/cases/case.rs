//! Reads a case: a header of comments and settings, then blocks of a command, `----`, and what it prints.

/// A case.
#[derive(Debug, Default)]
pub struct Case {
    /// The seed: `seed 7`.
    pub seed: u64,
    /// The cluster file: the lines between `cluster <<<` and `>>>`.
    pub cluster: String,
    /// The blocks, in order.
    pub blocks: Vec<Block>,
}

/// A command and what it prints.
#[derive(Debug)]
pub struct Block {
    /// The number of its first line, from 1.
    pub line: usize,
    /// The command, possibly of several lines.
    pub command: String,
    /// What it prints.
    pub expected: String,
}

/// Reads a case. It must say in its header where its expectations come from.
pub fn parse(text: &str) -> Result<Case, String> {
    let mut case = Case { seed: 7, ..Case::default() };
    let has_source =
        text.lines().any(|line| line.starts_with("# source:") || line.starts_with("# unverified"));
    if !has_source {
        return Err("a case needs a line `# source: ...` or `# unverified: ...`".into());
    }
    let mut lines = text.lines().enumerate().peekable();
    while let Some((n, line)) = lines.next() {
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(seed) = line.strip_prefix("seed ").filter(|_| case.blocks.is_empty()) {
            case.seed = seed.trim().parse().map_err(|_| format!("line {}: seed needs a number", n + 1))?;
            continue;
        }
        if line == "cluster <<<" {
            let body: Vec<&str> =
                lines.by_ref().map(|(_, line)| line).take_while(|line| *line != ">>>").collect();
            case.cluster = body.join("\n");
            continue;
        }
        let mut command = vec![line];
        loop {
            match lines.next() {
                Some((_, "----")) => break,
                Some((_, more)) => command.push(more),
                None => return Err(format!("line {}: the command has no ----", n + 1)),
            }
        }
        let doubled = lines.next_if(|(_, line)| *line == "----").is_some();
        let mut expected = String::new();
        while let Some((_, line)) = lines.next() {
            let ends = if doubled {
                line == "----" && lines.next_if(|(_, next)| *next == "----").is_some()
            } else {
                line.is_empty()
            };
            if ends {
                break;
            }
            expected.push_str(line);
            expected.push('\n');
        }
        case.blocks.push(Block { line: n + 1, command: command.join("\n"), expected });
    }
    Ok(case)
}
