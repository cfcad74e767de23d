//! Amounts in wallets: decimals with two places, as the user service keeps them. The payment service moves
//! whole units only.

use std::fmt;

/// An amount in hundredths of a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Money(i128);

impl Money {
    /// This many units and hundredths.
    pub(super) fn of(units: i64, hundredths: u8) -> Self {
        Self(i128::from(units) * 100 + i128::from(hundredths))
    }

    /// Units, rounded down, and the rest in hundredths; `None` if the units don't fit 64 bits.
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

    /// Reads a JSON number, rounded to hundredths like the database column of the real service.
    pub(super) fn read(number: &serde_json::Number) -> Option<Self> {
        if let Some(units) = number.as_i64() {
            return Some(Self::of(units, 0));
        }
        let hundredths = (number.as_f64()? * 100.0).round();
        // A larger float has no hundredths. Going through text avoids a lossy cast.
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
