//! `whoami`: tells a client its own address and port.
//! Models: CoreDNS plugin/whoami.

use super::{Env, Handler, Plugin, Setup, Step};
use crate::dns::message::{Message, Rcode, Rdata, Record};

/// The plugin.
#[derive(Debug, Clone)]
pub struct Whoami;

/// `whoami`.
pub fn setup(_: &mut Setup<'_>) -> Result<Plugin, String> {
    Ok(Whoami.into())
}

impl Handler for Whoami {
    fn ask(&mut self, query: &Message, env: &mut Env<'_, '_>) -> Step {
        let Some(question) = query.question() else { return Step::Next };
        let client = env.client;
        let proto = if client.tcp { "tcp" } else { "udp" };
        let mut answer = query.reply(Rcode::NOERROR);
        answer.aa = true;
        let service =
            if &*question.name == "." { format!("_{proto}.") } else { format!("_{proto}.{}", question.name) };
        answer.additionals = vec![
            Record::address(question.name.clone(), 0, client.address.ip()),
            Record::new(service, 0, Rdata::Srv(0, 0, client.address.port(), ".".into())),
        ];
        Step::Answer(Box::new(answer))
    }
}
