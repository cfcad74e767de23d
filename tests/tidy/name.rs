//! One path to each name: what a module lists with `pub use` stands in a module that is private.

use super::source::{Source, name};

/// Modules that still have names with two paths. Remove a line once there are none.
const KNOWN: [&str; 0] = [];

/// Names that can be reached through their module and past it.
pub fn two_paths(sources: &[Source]) -> Vec<String> {
    let mut faults = Vec::new();
    for source in sources.iter().filter(|source| !KNOWN.contains(&source.path.as_str())) {
        let public: Vec<&str> = items(source, "mod").map(|(_, module)| module).collect();
        for (at, module) in items(source, "use").filter(|(_, module)| public.contains(module)) {
            let rule = format!("`{module}` is public: its names have two paths; make it private");
            faults.push(source.fault(at, &rule));
        }
    }
    faults
}

/// The modules that the public items of this sort name first, and where.
fn items<'a>(source: &'a Source, sort: &'a str) -> impl Iterator<Item = (usize, &'a str)> {
    source.words(sort).filter_map(|at| {
        let line = source.code[..at].rsplit('\n').next()?;
        let module = source.code[at + sort.len()..].trim_start().trim_start_matches("self::");
        line.starts_with("pub").then(|| (at, name(module)))
    })
}

#[test]
fn a_name_with_two_paths_is_found() {
    let found = |code| two_paths(&[Source::of("src/a/mod.rs", code)]);
    let fault = ["src/a/mod.rs:2: `b` is public: its names have two paths; make it private"];
    for code in [
        "pub mod b;\npub use b::B;",
        "pub(crate) mod b;\npub(super) use self::b::{B, C};",
        "pub mod b { pub struct B; }\npub use b::B;",
    ] {
        assert_eq!(found(code), fault, "{code}");
    }
    for code in ["mod b;\npub use b::B;", "pub mod b;\nuse b::B;", "pub mod b;\npub use c::B;"] {
        assert!(found(code).is_empty(), "{code}");
    }
}
