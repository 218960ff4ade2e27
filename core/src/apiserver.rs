//! Floor 5: the API server: typed requests over the store, and their HTTP codec. The only reader of the store.
