//! How long files and functions are, and how files begin.

use super::source::{Source, name};

/// The most lines of a file, without its own tests.
const FILE: usize = 300;
/// The most lines of a file of tests.
const TEST_FILE: usize = 500;
/// The most lines of a function, from its name to its closing brace.
const FUNCTION: usize = 70;

/// Files that don't begin with `//!`.
pub fn without_head(sources: &[Source]) -> Vec<String> {
    let bare = sources.iter().filter(|source| !source.text.starts_with("//! "));
    bare.map(|source| source.fault(0, "a file begins with `//!`: what it is and why")).collect()
}

/// Files over the limit.
pub fn long_files(sources: &[Source]) -> Vec<String> {
    let mut faults = Vec::new();
    for source in sources {
        let (counted, limit) = if source.is_test() {
            (source.text.as_str(), TEST_FILE)
        } else {
            (&source.text[..source.tests_at()], FILE)
        };
        let length = counted.lines().count();
        if length > limit {
            let rule = format!("{length} lines without its tests; {limit} is the limit");
            faults.push(source.fault(0, &rule));
        }
    }
    faults
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

/// Where the function's body ends; `None` for a declaration without one.
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
fn what_is_too_long_is_found_and_tests_may_be_long() {
    let body = "    let a = 1;\n".repeat(69);
    let found = |text: String| long_functions(&[Source::of("src/a.rs", &text)]);
    assert_eq!(
        found(format!("fn a() {{\n{body}}}\n")),
        ["src/a.rs:1: `a` has 71 lines; 70 is the limit"]
    );
    assert!(found(format!("fn a() {{{body}}}\n")).is_empty());
    let tests = "\n".repeat(300);
    let of_tests = format!("//! A.\n#[cfg(test)]\nmod tests {{\n{tests}}}\n");
    assert!(long_files(&[Source::of("src/a.rs", &of_tests)]).is_empty());
    let found = long_files(&[Source::of("src/a.rs", &tests), Source::of("src/b.rs", "//! B.\n\n")]);
    assert!(found.is_empty(), "{found:?}");
    let found = long_files(&[Source::of("src/a.rs", &"\n".repeat(301))]);
    assert_eq!(found, ["src/a.rs:1: 301 lines without its tests; 300 is the limit"]);
}

#[test]
fn a_body_ends_with_its_own_brace() {
    assert_eq!(body_end("fn a(b: [u8; 2]) { c({ d }); } fn e() {}"), Some(29));
    assert_eq!(body_end("fn a(b: u8); fn c() {}"), None);
}
