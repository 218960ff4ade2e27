//! A question with its answers: `predict` before something is shown, `quiz` after it.

/// A question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// What is asked, as Markdown.
    pub text: String,
    /// The answers: whether each is right, and its text.
    pub answers: Vec<(bool, String)>,
    /// What is said once one is chosen, as Markdown.
    pub because: String,
}

impl Question {
    /// Reads a block: the question, answers that begin with `+` (right) or `-` (wrong), a line `----`, and why.
    pub fn parse(text: &str) -> Result<Question, String> {
        let (asked, because) = text.split_once("\n----\n").ok_or("a question needs a line ---- and why")?;
        let mut question =
            Question { text: String::new(), answers: Vec::new(), because: because.trim().into() };
        for line in asked.lines() {
            let answer = |rest: &str| rest.trim().to_string();
            match (line.strip_prefix("+ "), line.strip_prefix("- ")) {
                (Some(rest), _) => question.answers.push((true, answer(rest))),
                (_, Some(rest)) => question.answers.push((false, answer(rest))),
                _ if question.answers.is_empty() => {
                    question.text.push_str(line);
                    question.text.push('\n');
                }
                _ => {
                    return Err(format!("{line:?} is neither an answer, which begins with + or -, nor ----"));
                }
            }
        }
        let right = question.answers.iter().filter(|(right, _)| *right).count();
        if question.text.trim().is_empty() || question.because.is_empty() {
            return Err("a question needs a text, and why its answer is right".into());
        }
        if right != 1 || question.answers.len() < 2 {
            return Err("a question needs two answers or more, one of them right (+)".into());
        }
        Ok(question)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_has_one_right_answer_and_a_reason() {
        let question = Question::parse("Who?\n- a pod\n+ no one\n----\nIt is a rule.\n").expect("a question");
        assert_eq!(question.answers, [(false, "a pod".into()), (true, "no one".into())]);
        for text in [
            "Who?\n+ no one\n----\nWhy.",
            "Who?\n- a\n- b\n----\nWhy.",
            "Who?\n+ a\n- b",
            "+ a\n- b\n----\nx",
        ] {
            assert!(Question::parse(text).is_err(), "{text}");
        }
    }
}
