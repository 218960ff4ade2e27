//! `chaos`: tells version and authors to who asks in class CH.
//! Models: CoreDNS plugin/chaos.

use super::{Env, Handler, Plugin, Setup, Step};
use crate::base::Text;
use crate::dns::message::{Class, Message, Rcode, Rdata, Record, RecordType};

/// The plugin.
#[derive(Debug, Clone)]
pub struct Chaos {
    version: Text,
    authors: Vec<Text>,
}

/// `chaos [VERSION] [AUTHORS...]`.
pub fn setup(setup: &mut Setup<'_>) -> Result<Plugin, String> {
    setup.tokens.advance();
    let mut args = setup.tokens.remaining_args().into_iter();
    let version = args.next().unwrap_or_else(|| super::super::coredns::VERSION.into());
    Ok(Chaos { version, authors: args.collect() }.into())
}

impl Handler for Chaos {
    fn ask(&mut self, query: &Message, env: &mut Env<'_, '_>) -> Step {
        let asked = query.question().filter(|q| q.class == Class::CH && q.rtype == RecordType::TXT);
        let Some(question) = asked else { return Step::Next };
        let hostname = env.actor.clone();
        let texts = match &*question.name.to_ascii_lowercase() {
            "version.bind." | "version.server." => std::slice::from_ref(&self.version),
            "authors.bind." => self.authors.as_slice(),
            "hostname.bind." | "id.server." => std::slice::from_ref(&hostname),
            _ => return Step::Next,
        };
        let mut answer = query.reply(Rcode::NOERROR);
        for text in texts {
            let data = Rdata::Txt(vec![text.as_bytes().to_vec().into()]);
            answer.answers.push(Record { class: Class::CH, ..Record::new(question.name.clone(), 0, data) });
        }
        Step::Answer(Box::new(answer))
    }
}
