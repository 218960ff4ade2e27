//! Floor 6: controllers and the scheduler: one file each, one list. They know the cluster through their own caches only.
