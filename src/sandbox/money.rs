//! Sums in a wallet: decimals of two places, as the user service keeps them. What the payment
//! service moves is whole.

use std::fmt;

/// A sum in hundredths of the one unit of money.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Money(i128);

impl Money {
    /// So many units and hundredths on top.
    pub(super) fn of(units: i64, hundredths: u8) -> Self {
        Self(i128::from(units) * 100 + i128::from(hundredths))
    }

    /// Units, rounded down, and the hundredths on top; `None` where they are too many.
    pub(super) fn parts(self) -> Option<(i64, u8)> {
        let units = i64::try_from(self.0.div_euclid(100)).ok()?;
        Some((units, u8::try_from(self.0.rem_euclid(100)).ok()?))
    }

    pub(super) fn plus(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }

    pub(super) fn minus(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }

    pub(super) fn is_positive(self) -> bool {
        self.0 > 0
    }

    /// Reads a JSON number, rounded to hundredths as the column rounds it.
    pub(super) fn read(number: &serde_json::Number) -> Option<Self> {
        if let Some(units) = number.as_i64() {
            return Some(Self::of(units, 0));
        }
        let hundredths = (number.as_f64()? * 100.0).round();
        // Above this a float has no hundredths; as text it is whole, and no cast is needed.
        let is_exact = hundredths.abs() < 9e15;
        is_exact.then(|| format!("{hundredths:.0}").parse().ok().map(Self)).flatten()
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let hundredths = self.0.unsigned_abs();
        write!(f, "{sign}{}.{:02}", hundredths / 100, hundredths % 100)
    }
}
