//! `vi`, `vim`, `nano`: whoever is at the terminal edits the file with what they have there; the page opens it in its own
//! editor. Omits: keys, modes and options: the editor is the page's.

use super::{Command, Programs};
use crate::base::{Fd, Text};
use crate::process::{Cx, Errno, Reply, Syscall, Turn};

/// An editor at work.
#[derive(Debug, Clone)]
pub struct Vi {
    argv: Vec<Text>,
    status: i32,
}

impl Vi {
    /// Edits the first word that is no option.
    pub fn new(argv: &[Text]) -> Vi {
        Vi { argv: argv.to_vec(), status: 0 }
    }

    fn fail(&mut self, words: &str) -> Turn<Programs> {
        self.status = 1;
        let name = self.argv.first().map_or("vi", |word| &**word);
        Syscall::Write(Fd(2), format!("{name}: {words}\n").into()).into()
    }
}

impl Command for Vi {
    fn resume(&mut self, cx: &mut Cx<'_, '_>, reply: Reply) -> Turn<Programs> {
        match reply {
            Reply::Start => {
                let file = self.argv.iter().skip(1).find(|word| !word.starts_with(['-', '+'])).cloned();
                match file {
                    Some(file) => Syscall::Edit(
                        super::paths::absolute(cx.environment.get("PWD").map_or("/", |pwd| pwd), &file)
                            .into(),
                    )
                    .into(),
                    None => self.fail("which file? Give its name."),
                }
            }
            Reply::Err(Errno::Enotty) => self.fail("nobody is at a terminal here, so that nobody can edit"),
            Reply::Err(errno) => self.fail(errno.words()),
            _ => Syscall::Exit(self.status).into(),
        }
    }

    fn command(&self) -> Text {
        self.argv.join(" ").into()
    }
}
