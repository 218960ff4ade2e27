//! Typed ids: no naked number crosses a module. Each is an index or a count that never repeats within a world.

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident($repr:ty);)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        pub struct $name(pub $repr);

        impl crate::base::Canon for $name {
            fn canon(&self, out: &mut crate::base::Encoder) {
                self.0.canon(out);
            }
        }
    )*};
}

ids! {
    /// A machine of the cluster. Index into the world's nodes, in order of joining.
    NodeId(u32);
    /// A network namespace: a pod's sandbox, a node's own, or a machine outside. Never reused.
    HostId(u32);
    /// A process. Never reused.
    Pid(u64);
    /// A descriptor of one process: 0 in, 1 out, 2 err, then sockets, pipes, files and watches.
    Fd(u32);
    /// A socket. Never reused.
    SockId(u64);
    /// A terminal of the page, or of a script.
    TerminalId(u32);
    /// A real program outside of the world for which a process runs in it. Chosen by whoever opens it.
    StrangerId(u32);
}
