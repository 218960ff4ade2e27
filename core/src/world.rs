//! Floor 8: the world: the one exhaustive match over what is due, and read-only views.
