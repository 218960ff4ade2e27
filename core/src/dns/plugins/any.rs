//! `any`: answers questions of type ANY with as little as RFC 8482 allows.
//! Models: CoreDNS plugin/any.

use super::{Env, Handler, Plugin, Setup, Step};
use crate::dns::message::{Message, Rcode, Rdata, Record, RecordType};
use bytes::Bytes;

/// The plugin.
#[derive(Debug, Clone)]
pub struct Any;

/// `any`.
pub fn setup(_: &mut Setup<'_>) -> Result<Plugin, String> {
    Ok(Any.into())
}

impl Handler for Any {
    fn ask(&mut self, query: &Message, _: &mut Env<'_, '_>) -> Step {
        let Some(question) = query.question().filter(|q| q.rtype == RecordType::ANY) else {
            return Step::Next;
        };
        let mut data = Vec::new();
        for text in ["ANY obsoleted", "See RFC 8482"] {
            data.extend(u8::try_from(text.len()));
            data.extend_from_slice(text.as_bytes());
        }
        let data = Rdata::Other(RecordType::HINFO, Bytes::from(data));
        let mut answer = query.reply(Rcode::NOERROR);
        answer.answers.push(Record::new(question.name.clone(), 8482, data));
        Step::Answer(Box::new(answer))
    }
}
