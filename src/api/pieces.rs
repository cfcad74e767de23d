//! Pieces of an order's lines, as a body names them.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};
use utoipa::ToSchema;
use utoipa::openapi::{RefOr, Schema};

use super::number::Quantity;
use crate::order::MAX_LINES;
use crate::web::{Field, Problem, WholeNumber};

/// A number of pieces of one line.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct PiecesBody {
    /// The line of the order, counted from 0.
    #[schema(value_type = Place, inline)]
    line: Place,
    /// How many pieces.
    #[schema(value_type = Quantity, inline)]
    quantity: Quantity,
}

/// The number of a line, counted from 0.
#[derive(Clone, Copy, Debug)]
struct Place(u16);

impl Place {
    const RULE: WholeNumber = WholeNumber {
        min: 0,
        max: MAX_LINES as u64 - 1,
        digits: "^0*[0-9]{1,2}$",
        rule: "must be a whole number from 0 to 99",
    };
}

impl<'de> Deserialize<'de> for Place {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Self::RULE.read(from).map(Self)
    }
}

impl utoipa::PartialSchema for Place {
    fn schema() -> RefOr<Schema> {
        Self::RULE.schema().into()
    }
}

impl ToSchema for Place {}

/// The pieces of each line; those of a line that is named twice are added up. 400 if no line is named.
pub(super) fn pieces(
    lines: &Field<Option<Vec<Field<PiecesBody>>>>,
) -> Result<BTreeMap<u16, u32>, Problem> {
    let lines = lines.value()?.as_deref().unwrap_or_default();
    if lines.is_empty() {
        return Err(Problem::bad_request("lines must not be empty"));
    }
    if lines.len() > MAX_LINES {
        let rule = format!("lines must not have more than {MAX_LINES} entries");
        return Err(Problem::bad_request(rule));
    }
    let mut pieces: BTreeMap<u16, u32> = BTreeMap::new();
    for line in lines {
        let PiecesBody { line, quantity } = line.value()?;
        // Can't overflow: at most 100 lines of at most 1,000,000 pieces.
        *pieces.entry(line.0).or_default() += quantity.0;
    }
    Ok(pieces)
}
