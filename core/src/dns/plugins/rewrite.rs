//! `rewrite`: changes questions on their way down and answers on their way up.
//! Models: CoreDNS plugin/rewrite.
//! Omits: `edns0` and `cname` rules, which are refused.

pub mod rule;

use super::{Back, Env, Handler, Memo, Outcome, Plugin, Setup, Step};
use crate::base::Text;
use crate::dns::message::{Message, Question, Rcode, Rdata};
use rule::{Answer, Rule, Target};

/// The plugin.
#[derive(Debug, Clone, Default)]
pub struct Rewrite {
    rules: Vec<Rule>,
}

/// What was done to a question, for the way up.
#[derive(Debug, Clone)]
pub struct Rewritten {
    original: Question,
    /// Whether the client sees its own question again.
    revert: bool,
    /// What to do with the answer, in the order in which the rules matched.
    answers: Vec<Answer>,
}

/// `rewrite [continue|stop] FIELD ...`, or a block of such.
pub fn setup(setup: &mut Setup<'_>) -> Result<Plugin, String> {
    let mut rewrite = Rewrite::default();
    while setup.tokens.advance() {
        let mut args = setup.tokens.remaining_args();
        // The lines of a block are one rule, word after word.
        while setup.tokens.next_block() {
            args.push(setup.tokens.val().into());
            args.extend(setup.tokens.remaining_args());
        }
        rewrite.rules.push(Rule::new(&args)?);
    }
    Ok(rewrite.into())
}

impl Handler for Rewrite {
    fn ask(&mut self, query: &Message, _: &mut Env<'_, '_>) -> Step {
        let Some(original) = query.question() else { return Step::Next };
        let mut question = original.clone();
        let mut done = Rewritten { original: original.clone(), revert: false, answers: Vec::new() };
        let mut touched = false;
        for rule in &self.rules {
            let Some(answers) = rule.apply(&mut question) else { continue };
            touched = true;
            if crate::dns::message::record::labels(&question.name).is_none() {
                let words = format!("invalid name after rewrite: {}", question.name);
                return Step::Fail(Rcode::SERVFAIL, words);
            }
            done.revert |= rule.stop || !answers.is_empty();
            done.answers.extend(answers);
            if rule.stop {
                break;
            }
        }
        if !touched {
            return Step::Next;
        }
        Step::Rewrite(Box::new(question), Memo::Rewritten(Box::new(done)))
    }

    fn reply(&mut self, memo: Memo, query: &Message, mut outcome: Outcome, _: &mut Env<'_, '_>) -> Back {
        let Memo::Rewritten(done) = memo else { return Back::On(outcome) };
        // A failure that nobody wrote is written here, when a rule has another code for it.
        if let Outcome::Unwritten(failed, _) = &outcome
            && done
                .answers
                .iter()
                .any(|change| matches!(change.target, Target::Rcode(from, _) if from == *failed))
        {
            outcome = Outcome::Written(Box::new(query.reply(*failed)));
        }
        if let Outcome::Written(answer) = &mut outcome {
            if done.revert {
                answer.questions = vec![done.original.clone()];
            }
            for change in done.answers.iter().rev() {
                if let Target::Rcode(from, to) = change.target
                    && answer.rcode == from
                {
                    answer.rcode = to;
                }
                for record in answer.records_mut() {
                    match &change.target {
                        Target::Name => {
                            if let Some(name) = change.apply(&record.name) {
                                record.name = name;
                            }
                        }
                        Target::Value => change_value(&mut record.data, change),
                        Target::Ttl(least, most) => record.ttl = record.ttl.clamp(*least, *most),
                        Target::Rcode(..) => {}
                    }
                }
            }
        }
        Back::On(outcome)
    }
}

fn change_value(data: &mut Rdata, change: &Answer) {
    let change = |name: &mut Text| {
        if let Some(new) = change.apply(name) {
            *name = new;
        }
    };
    match data {
        Rdata::Cname(name) | Rdata::Ns(name) | Rdata::Ptr(name) => change(name),
        Rdata::Mx(_, name) | Rdata::Srv(_, _, _, name) => change(name),
        Rdata::Soa(soa) => {
            let mut changed = (**soa).clone();
            change(&mut changed.mname);
            *soa = std::sync::Arc::new(changed);
        }
        Rdata::A(_) | Rdata::Aaaa(_) | Rdata::Txt(_) | Rdata::Other(..) => {}
    }
}
