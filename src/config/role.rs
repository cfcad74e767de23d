//! The roles that an operator's token can have.

/// What the holder of an operator's token is there for. What each role may do is decided where requests
/// come in.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, strum::Display, strum::EnumString, strum::VariantNames,
)]
#[strum(serialize_all = "lowercase")]
pub enum Role {
    /// Looks at everything.
    Viewer,
    /// Acts on sagas and orders, too.
    Operator,
    /// Ships and takes back.
    Fulfilment,
    /// Does everything.
    Admin,
}
