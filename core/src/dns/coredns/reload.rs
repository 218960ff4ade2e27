//! The Corefile is looked at again from time to time, and taken when it has changed.
//! Models: CoreDNS plugin/reload.
//! Omits: closing ports that a new Corefile does not name any more.

use super::{CoreDns, Socket, Todo};
use crate::base::{Duration, Purpose, Text};
use crate::process::Cx;
use sha2::{Digest, Sha512};

impl CoreDns {
    /// The line that says which Corefile runs, when `reload` is in it.
    pub(super) fn configuration(&self) -> Option<Text> {
        self.interval()?;
        let digest = data_encoding::HEXLOWER.encode(&Sha512::digest(self.corefile.as_bytes()));
        Some(format!("[INFO] plugin/reload: Running configuration SHA512 = {digest}").into())
    }

    /// Looks at the Corefile when it is time, and plans when it is time again.
    pub(super) fn look_again(&mut self, cx: &mut Cx<'_, '_>) {
        let due = self.recheck.is_some_and(|at| at <= cx.out.now);
        if due {
            self.reload(cx);
        }
        if self.serving && (due || self.recheck.is_none()) {
            // At random around the interval, so that replicas do not reload together.
            self.recheck = self.interval().map(|(interval, jitter)| {
                let actor = cx.hostname();
                let drawn = cx.out.below(Purpose::Program, &actor, 2 * jitter.0 + 1);
                cx.out.now + Duration::nanos((interval.0 + drawn).saturating_sub(jitter.0))
            });
        }
    }

    fn interval(&self) -> Option<(Duration, Duration)> {
        self.server.blocks.iter().find_map(|block| block.reload)
    }

    /// Takes a changed Corefile; keeps the old one when the new one is refused.
    fn reload(&mut self, cx: &mut Cx<'_, '_>) {
        let printed = self.lines.len();
        match self.read(cx) {
            Ok((text, _)) if text == self.corefile => self.lines.truncate(printed),
            Ok((text, server)) => {
                self.lines.insert(printed, "[INFO] Reloading".into());
                let (before, watching) = (self.server.addresses(), self.kubernetes().next().is_some());
                (self.server, self.corefile, self.unlooped) = (server, text, true);
                for at in self.server.addresses().difference(&before) {
                    self.todo.push_back(Todo::Listen(Socket::Udp(*at)));
                    self.todo.push_back(Todo::Listen(Socket::Tcp(*at)));
                }
                if !watching && self.kubernetes().next().is_some() {
                    self.todo.push_back(Todo::Watch);
                }
                self.lines.extend(self.configuration());
                self.lines.push("[INFO] Reloading complete".into());
            }
            Err(refused) => {
                self.lines.insert(printed, "[INFO] Reloading".into());
                self.failed_reloads += 1;
                self.lines.push(format!("[ERROR] Restart failed: {refused}").into());
                let line = format!("[ERROR] plugin/reload: Corefile changed but reload failed: {refused}");
                self.lines.push(line.into());
            }
        }
    }
}
