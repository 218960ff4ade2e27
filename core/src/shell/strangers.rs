//! Programs that act for strangers, real programs outside of the world: descriptor 0 is what the stranger sends,
//! descriptor 1 is what it hears. Nobody types them, so they are in no list of commands.

pub mod ask;
pub mod relay;
