//! How long files and functions are, and how files begin.

use super::source::{Source, name};

/// Lines of a file, its own tests not counted.
const FILE: usize = 300;
/// Lines of a function, from its name to its closing brace.
const FUNCTION: usize = 70;

/// Files that don't begin with `//!`.
pub fn without_head(sources: &[Source]) -> Vec<String> {
    let bare = sources.iter().filter(|source| !source.text.starts_with("//! "));
    bare.map(|source| source.fault(0, "a file begins with `//!`: what it is and why")).collect()
}

/// Files over the limit.
pub fn long_files(sources: &[Source]) -> Vec<String> {
    let length = |source: &Source| {
        let tests = source.tests_at();
        let counted = if tests == 0 { source.text.len() } else { tests };
        source.text[..counted].lines().count()
    };
    let long = sources.iter().map(|source| (source, length(source)));
    long.filter(|(_, length)| *length > FILE)
        .map(|(source, length)| {
            source.fault(0, &format!("{length} lines; {FILE} is the limit without tests"))
        })
        .collect()
}

/// Functions over the limit.
pub fn long_functions(sources: &[Source]) -> Vec<String> {
    let mut faults = Vec::new();
    for source in sources {
        for at in source.words("fn") {
            let called = name(source.code[at + 2..].trim_start());
            let Some(end) = body_end(&source.code[at..]).filter(|_| !called.is_empty()) else {
                continue;
            };
            let length = source.line(at + end) - source.line(at) + 1;
            if length > FUNCTION {
                let rule = format!("`{called}` has {length} lines; {FUNCTION} is the limit");
                faults.push(source.fault(at, &rule));
            }
        }
    }
    faults
}

/// The end of the body that follows; `None` for a declaration without one.
fn body_end(code: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, letter) in code.char_indices() {
        match letter {
            ';' if depth == 0 => return None,
            '{' | '(' | '[' => depth += 1,
            '}' if depth == 1 => return Some(at),
            '}' | ')' | ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    None
}

#[test]
fn a_body_ends_with_its_own_brace() {
    assert_eq!(body_end("fn a(b: [u8; 2]) { c({ d }); } fn e() {}"), Some(29));
    assert_eq!(body_end("fn a(b: u8); fn c() {}"), None);
}
