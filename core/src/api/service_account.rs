//! ServiceAccount.

use super::Kind;

/// The kind.
pub static SERVICE_ACCOUNT: Kind = Kind {
    kind: "ServiceAccount",
    plural: "serviceaccounts",
    singular: "serviceaccount",
    short: &["sa"],
    ..Kind::PLAIN
};
