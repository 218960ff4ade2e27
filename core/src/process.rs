//! Floor 5: processes, descriptors, pipes, files, sockets, and one closed enum of system calls. A program is a value: a
//! state machine with an explicit stack. Knows no program; `shell` has them.

pub mod api_call;
pub mod calls;
pub mod descriptor;
pub mod exit;
pub mod io;
pub mod kernel;
pub mod next;
pub mod program;
pub mod socket;
pub mod stranger;
pub mod syscall;
pub mod tcp;
pub mod terminal;
pub mod udp;

pub use descriptor::Descriptor;
pub use kernel::{ExitNotice, Kernel, NewProcess, Process, Request};
pub use program::{Cx, Environment, Files, Inside, Libc, Program, Root, Spawn, Stdio, Turn, Userland};
pub use socket::{Socket, SocketState};
pub use stranger::Said;
pub use syscall::{Errno, Netlink, OpenMode, Ready, Reply, Signal, Syscall};
pub use terminal::{Chunk, Terminal};
