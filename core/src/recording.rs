//! Floor 9: seed and inputs: recording, replay, checkpoints.
