//! The roles that an operator's token can have.

/// The role of an operator's token. `src/auth/right.rs` says what each role may do.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    strum::Display,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantNames,
)]
#[strum(serialize_all = "lowercase")]
pub enum Role {
    /// Reads everything.
    Viewer,
    /// Reads everything, and acts on sagas and orders.
    Operator,
    /// Ships orders and takes goods back.
    Fulfilment,
    /// Does everything.
    Admin,
}
