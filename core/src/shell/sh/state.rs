//! What a shell remembers: variables, parameters, functions, options. Cheap to clone: a subshell is a clone.

use super::ast::Command;
use crate::base::{FlatMap, Pid, Text};
use crate::process::Environment;
use std::sync::Arc;

/// A shell's memory.
#[derive(Debug, Clone)]
pub struct State {
    vars: Arc<FlatMap<Text, Var>>,
    /// `$1` and so on.
    pub params: Arc<[Text]>,
    /// `$0`
    pub name: Text,
    /// The functions.
    pub functions: Arc<FlatMap<Text, Command>>,
    /// `set -e` and others.
    pub options: Options,
    /// `$?`
    pub status: i32,
    /// `$!`
    pub last_background: Option<Pid>,
    /// `$$`
    pub pid: Pid,
    /// The line of the command that runs, for messages.
    pub line: u32,
}

/// A variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Var {
    /// Its value.
    pub value: Text,
    /// Whether children get it.
    pub exported: bool,
    /// Whether it may not change.
    pub readonly: bool,
}

/// What `set` turns on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Options {
    /// `-e`: a failing command ends the shell.
    pub errexit: bool,
    /// `-x`: commands are printed before they run.
    pub xtrace: bool,
    /// `-u`: an unset variable is an error.
    pub nounset: bool,
    /// `-f`: wildcards have no meaning.
    pub noglob: bool,
    /// `-o pipefail`: a pipeline fails with its last failing command.
    pub pipefail: bool,
}

impl State {
    /// The memory of a shell that begins.
    pub fn new(name: Text, params: Arc<[Text]>) -> State {
        State {
            vars: Arc::default(),
            params,
            name,
            functions: Arc::default(),
            options: Options::default(),
            status: 0,
            last_background: None,
            pid: Pid::default(),
            line: 1,
        }
    }

    /// Takes over the environment.
    pub fn import(&mut self, environment: &Environment) {
        for (name, value) in environment.vars.iter() {
            self.set(name, value.clone());
            self.export(name);
        }
    }

    /// A variable's value.
    pub fn get(&self, name: &str) -> Option<&Text> {
        self.vars.get(name).map(|var| &var.value)
    }

    /// A variable.
    pub fn var(&self, name: &str) -> Option<&Var> {
        self.vars.get(name)
    }

    /// All variables.
    pub fn vars(&self) -> impl Iterator<Item = (&Text, &Var)> {
        self.vars.iter()
    }

    /// Sets a variable; one that is exported stays so. `false`: it may not change.
    pub fn set(&mut self, name: &str, value: impl Into<Text>) -> bool {
        let vars = Arc::make_mut(&mut self.vars);
        match vars.get_mut(name) {
            Some(var) if var.readonly => return false,
            Some(var) => var.value = value.into(),
            None => {
                let var = Var { value: value.into(), exported: false, readonly: false };
                vars.insert(name.into(), var);
            }
        }
        true
    }

    /// Lets children see a variable.
    pub fn export(&mut self, name: &str) {
        self.mark(name, |var| var.exported = true);
    }

    /// Forbids to change a variable.
    pub fn freeze(&mut self, name: &str) {
        self.mark(name, |var| var.readonly = true);
    }

    fn mark(&mut self, name: &str, change: impl FnOnce(&mut Var)) {
        let unset = Var { value: "".into(), exported: false, readonly: false };
        change(Arc::make_mut(&mut self.vars).entry(name.into()).or_insert(unset));
    }

    /// Forgets a variable. `false`: it may not change.
    pub fn unset(&mut self, name: &str) -> bool {
        if self.vars.get(name).is_some_and(|var| var.readonly) {
            return false;
        }
        if self.vars.contains_key(name) {
            Arc::make_mut(&mut self.vars).remove(name);
        }
        true
    }

    /// Puts a variable back to what it was.
    pub fn restore(&mut self, name: &Text, var: Option<Var>) {
        let vars = Arc::make_mut(&mut self.vars);
        match var {
            Some(var) => vars.insert(name.clone(), var),
            None => vars.remove(name),
        };
    }

    /// What children get: exported variables, and these besides.
    pub fn environment(&self, extra: &[(Text, Text)]) -> Environment {
        let exported = self.vars.iter().filter(|(_, var)| var.exported);
        let mut vars: FlatMap<Text, Text> =
            exported.map(|(name, var)| (name.clone(), var.value.clone())).collect();
        vars.extend(extra.iter().cloned());
        Environment { vars: Arc::new(vars) }
    }

    /// The working directory.
    pub fn cwd(&self) -> &str {
        self.get("PWD").map_or("/", |cwd| cwd)
    }

    /// The directories' and fields' separators for splitting.
    pub fn ifs(&self) -> Text {
        self.get("IFS").cloned().unwrap_or_else(|| " \t\n".into())
    }

    /// `$-`
    pub fn flags(&self) -> String {
        let options = [
            ('e', self.options.errexit),
            ('f', self.options.noglob),
            ('u', self.options.nounset),
            ('x', self.options.xtrace),
        ];
        options.iter().filter(|(_, on)| *on).map(|(flag, _)| *flag).collect()
    }
}
