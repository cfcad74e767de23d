//! Texts that others wrote, so that they can be shown: neighbours' answers, operators' notes and names, what
//! carriers and webhooks said. A page and a terminal show them alike, without what would steer either.

/// The text without control characters, line ends and tabs aside, and without those that turn the direction of
/// writing or can't be seen.
pub fn plain(text: &str) -> String {
    text.chars().filter(|one| !is_hostile(*one)).collect()
}

/// The same on one line, with single spaces.
pub fn one_line(text: &str) -> String {
    plain(text).split_whitespace().collect::<Vec<_>>().join(" ")
}

fn is_hostile(one: char) -> bool {
    let is_control = one.is_control() && !matches!(one, '\n' | '\t');
    is_control
        || matches!(one, '\u{061c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_steers_a_terminal_or_turns_the_writing_is_left_out() {
        let hostile = "a\u{1b}[31mb\u{7}c\r\u{9b}2Jd\u{202e}e\u{2066}f\u{200f}\n\tg\u{0}";
        assert_eq!(plain(hostile), "a[31mbc2Jdef\n\tg");
        assert_eq!(one_line(" a\r\n\u{9d}b\t c "), "a b c");
        assert_eq!(plain("₹1,000.00 für राम 👩\u{200d}🌾"), "₹1,000.00 für राम 👩\u{200d}🌾");
    }
}
