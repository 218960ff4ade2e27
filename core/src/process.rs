//! Floor 5: processes, descriptors, pipes, files, sockets, and one closed enum of system calls. A program is a value: a
//! state machine with an explicit stack. Knows no program; `shell` has them.

pub mod program;
pub mod syscall;

pub use program::{Cx, Environment, Files, Program, Spawn, Stdio, Turn};
pub use syscall::{Errno, OpenMode, Ready, Reply, Signal, Syscall};
