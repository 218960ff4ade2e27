//! Floor 7: the programs that pods and terminals run: one file per command, one list.
