//! Strangers come in: a process is started for each, in the namespace from which its packets shall come.

use super::Rooms;
use super::input::{Errand, InputError, Payload};
use crate::base::{HostId, StrangerId, Text};
use crate::effect::{ContainerId, Out};
use crate::net::Protocol;
use crate::process::{Descriptor, Environment, NewProcess};
use crate::shell::strangers::ask::Ask;
use crate::shell::strangers::relay::Relay;
use crate::shell::{Programs, commands};
use crate::trace::Place;
use bytes::Bytes;

/// Where a stranger's process runs.
struct Home {
    host: HostId,
    container: Option<ContainerId>,
    environment: Environment,
}

impl Rooms {
    /// A stranger wants something.
    pub(super) fn open_stranger(
        &mut self,
        id: StrangerId,
        errand: &Errand,
        out: &mut Out<'_>,
    ) -> Result<(), InputError> {
        if self.kernel.stranger(id).is_some() {
            return Err(InputError::StrangerExists(id));
        }
        let operator = || Home { host: self.operator, container: None, environment: Environment::default() };
        let (program, home): (Programs, Home) = match errand {
            Errand::Api { request: Payload(raw) } => {
                (Ask::new(raw).ok_or(InputError::NotHttp)?.into(), operator())
            }
            Errand::Connect { from, to, udp } => {
                let protocol = if *udp { Protocol::Udp } else { Protocol::Tcp };
                let home = match from {
                    None => operator(),
                    Some((namespace, name)) => {
                        let at = Place::Pod(namespace.as_str().into(), name.as_str().into());
                        let host = self.host_at(&at).ok_or(InputError::NoSuchPlace(at))?;
                        Home { host, container: None, environment: Environment::default() }
                    }
                };
                (Relay::new(protocol, *to).into(), home)
            }
            Errand::Exec { pod, container, command } => {
                let argv: Vec<Text> = command.iter().map(|word| word.as_str().into()).collect();
                let name = argv.first().cloned().unwrap_or_default();
                let home = self.container_home(pod, container)?;
                (commands::program(&argv).ok_or(InputError::NoSuchProgram(name))?, home)
            }
        };
        let new = NewProcess {
            program,
            host: home.host,
            environment: home.environment,
            stdio: [Descriptor::Stranger(id, 0), Descriptor::Stranger(id, 1), Descriptor::Stranger(id, 2)],
            terminal: None,
            container: home.container,
            notice: None,
        };
        let pid = self.kernel.start(new, out);
        self.kernel.add_stranger(id, pid);
        Ok(())
    }

    /// A running container of a pod, by its name.
    fn container_home(&self, pod: &(String, String), container: &str) -> Result<Home, InputError> {
        let at = Place::Pod(pod.0.as_str().into(), pod.1.as_str().into());
        let missing = || InputError::NoSuchContainer(format!("{}/{}", pod.0, pod.1).into(), container.into());
        let host = self.host_at(&at).ok_or_else(missing)?;
        let here = self.kernel.iter().find(|(_, process)| {
            process.host == host
                && process.parent.is_none()
                && process.container.as_ref().is_some_and(|of| &*of.name == container)
        });
        let (_, first) = here.ok_or_else(missing)?;
        Ok(Home { host, container: first.container.clone(), environment: first.environment().clone() })
    }

    /// A stranger sends, or has no more to send.
    pub(super) fn stranger_sends(
        &mut self,
        id: StrangerId,
        bytes: Option<Bytes>,
        out: &mut Out<'_>,
    ) -> Result<(), InputError> {
        self.kernel.stranger(id).ok_or(InputError::NoSuchStranger(id))?;
        self.kernel.stranger_sends(id, bytes, out);
        Ok(())
    }

    /// A stranger has gone away.
    pub(super) fn stranger_leaves(&mut self, id: StrangerId, out: &mut Out<'_>) -> Result<(), InputError> {
        self.kernel.stranger(id).ok_or(InputError::NoSuchStranger(id))?;
        self.kernel.stranger_leaves(id, out);
        Ok(())
    }
}
