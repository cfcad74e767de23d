//! Amounts as people in India read them: `₹1,00,000.00`.

use super::Paise;

/// Rupees with two decimals. The last three digits are a group, all before them are groups of two.
pub fn rupees(amount: Paise) -> String {
    let paise = amount.0.unsigned_abs();
    let digits = (paise / 100).to_string();
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        let left = digits.len() - at;
        if at > 0 && (left == 3 || (left > 3 && left % 2 == 1)) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    let sign = if amount.0 < 0 { "-" } else { "" };
    format!("{sign}₹{grouped}.{:02}", paise % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_grouped_by_thousands_lakhs_and_crores() {
        for (paise, told) in [
            (0, "₹0.00"),
            (5, "₹0.05"),
            (99_900, "₹999.00"),
            (123_450, "₹1,234.50"),
            (1_234_567, "₹12,345.67"),
            (10_000_000, "₹1,00,000.00"),
            (12_345_678_900, "₹12,34,56,789.00"),
            (-123_450, "-₹1,234.50"),
            (i64::MIN, "-₹92,23,37,20,36,85,47,758.08"),
        ] {
            assert_eq!(rupees(Paise(paise)), told);
        }
    }
}
