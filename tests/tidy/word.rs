//! Words that must not be used: shortcuts in code, and names that say nothing.

use super::source::{Source, name};

/// Names of modules that say nothing, or for which this project has another word.
const EMPTY_NAMES: [&str; 17] = [
    "base",
    "common",
    "helper",
    "helpers",
    "job",
    "jobs",
    "manager",
    "misc",
    "orchestrator",
    "rollback",
    "shared",
    "task",
    "tasks",
    "util",
    "utils",
    "worker",
    "workflow",
];

/// Prefixes of function names that say nothing.
const EMPTY_BEGINNINGS: [&str; 3] = ["do_", "handle_", "process_"];

/// What must not be in code, what is allowed only in tests, and what to do instead.
const ANYWHERE: [(&str, &str); 2] = [
    ("#[allow(", "expect it, with the reason: `#[expect(.., reason = \"..\")]`"),
    ("#![allow(", "expect it, with the reason: `#![expect(.., reason = \"..\")]`"),
];
const OUTSIDE_TESTS: [(&str, &str); 4] = [
    (".unwrap()", "say by `expect` which invariant holds"),
    ("todo!(", "what is not there is an issue, not code"),
    ("unimplemented!(", "what is not there is an issue, not code"),
    ("dbg!(", "log it, or don't"),
];

/// Shortcuts in code.
pub fn forbidden_code(sources: &[Source]) -> Vec<String> {
    let mut faults = Vec::new();
    for source in sources {
        let mut look = |code: &str, (what, rule): (&str, &str)| {
            let found = code.match_indices(what);
            faults.extend(found.map(|(at, _)| source.fault(at, &format!("`{what}`: {rule}"))));
        };
        for rule in ANYWHERE {
            look(&source.code, rule);
        }
        for rule in OUTSIDE_TESTS {
            look(&source.code[..source.tests_at()], rule);
        }
    }
    faults
}

/// Modules and functions whose names say nothing.
pub fn forbidden_names(sources: &[Source]) -> Vec<String> {
    let mut faults = Vec::new();
    for source in sources {
        let path = source.path.trim_end_matches(".rs");
        for part in path.split('/').filter(|part| EMPTY_NAMES.contains(part)) {
            faults.push(source.fault(0, &format!("`{part}` is no name for a module")));
        }
        for at in source.words("mod") {
            let called = name(source.code[at + 3..].trim_start());
            if EMPTY_NAMES.contains(&called) {
                faults.push(source.fault(at, &format!("`{called}` is no name for a module")));
            }
        }
        for at in source.words("fn") {
            let called = name(source.code[at + 2..].trim_start());
            if EMPTY_BEGINNINGS.iter().any(|beginning| called.starts_with(beginning)) {
                faults.push(source.fault(at, &format!("`{called}`: say what is done")));
            }
        }
    }
    faults
}

#[test]
fn a_shortcut_is_found_outside_tests_and_an_empty_name_everywhere() {
    let text = "#[allow(dead_code)]\nfn handle_a() { b.unwrap() } // .unwrap()\n\
                #[cfg(test)]\nmod tests {\n fn c() { d.unwrap() }\n}\n";
    let sources = [Source::of("src/a.rs", text), Source::of("src/util/mod.rs", "mod jobs;")];
    assert_eq!(
        forbidden_code(&sources),
        [
            "src/a.rs:1: `#[allow(`: expect it, with the reason: `#[expect(.., reason = \"..\")]`",
            "src/a.rs:2: `.unwrap()`: say by `expect` which invariant holds",
        ]
    );
    assert_eq!(
        forbidden_names(&sources),
        [
            "src/a.rs:2: `handle_a`: say what is done",
            "src/util/mod.rs:1: `util` is no name for a module",
            "src/util/mod.rs:1: `jobs` is no name for a module",
        ]
    );
}
