//! Files that import each other. An import that leads through a `pub use` is an import of the file
//! where the thing itself stands, so a `mod.rs` that only lists what its files have is in no circle.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::source::Source;

/// Circles within one of these are not reported yet. Remove its line once there is none.
const KNOWN: [&str; 2] = ["src/engine/", "src/store/"];

/// The shortest circle through each file that is in one, told at the first of its files.
pub fn circles(sources: &[Source]) -> Vec<String> {
    let imports = Crate::of(sources).imports();
    let mut faults = Vec::new();
    for first in imports.keys() {
        let Some(circle) = circle(first, &imports) else { continue };
        let is_known =
            KNOWN.iter().any(|folder| circle.iter().all(|path| path.starts_with(folder)));
        if !is_known {
            faults
                .push(format!("{} -> {first}: these files import each other", circle.join(" -> ")));
        }
    }
    faults
}

/// The shortest way from a file to itself through files that come after it.
fn circle<'a>(
    first: &'a str,
    imports: &BTreeMap<&'a str, BTreeSet<&'a str>>,
) -> Option<Vec<&'a str>> {
    let mut came_from: BTreeMap<&str, &str> = BTreeMap::new();
    let mut next = VecDeque::from([first]);
    while let Some(path) = next.pop_front() {
        for to in imports.get(path).into_iter().flatten().copied() {
            if to == first {
                let mut circle = vec![path];
                while let Some(before) = came_from.get(circle[circle.len() - 1]) {
                    circle.push(before);
                }
                circle.reverse();
                return Some(circle);
            }
            if to > first && !came_from.contains_key(to) {
                came_from.insert(to, path);
                next.push_back(to);
            }
        }
    }
    None
}

/// Segments of a path; a module's begin below `crate`.
type Segments = Vec<String>;

/// A path that a file names.
struct Named {
    segments: Segments,
    /// What `pub use` calls it for others.
    exported: Option<String>,
}

/// The modules of the crate, by their paths.
struct Crate<'a> {
    modules: BTreeMap<Segments, &'a Source>,
    /// Where the things that a module has by `pub use` stand.
    exports: BTreeMap<(Segments, String), Segments>,
}

impl<'a> Crate<'a> {
    fn of(sources: &'a [Source]) -> Self {
        let sources = sources.iter().filter(|source| !source.is_test());
        let modules = sources.map(|source| (module(source), source)).collect();
        let mut whole = Self { modules, exports: BTreeMap::new() };
        for (module, source) in &whole.modules {
            for Named { segments, exported } in named(source) {
                let Some(name) = exported else { continue };
                if let Some(path) = whole.absolute(module, &segments) {
                    whole.exports.insert((module.clone(), name), path);
                }
            }
        }
        whole
    }

    /// Which files each file imports.
    fn imports(&self) -> BTreeMap<&'a str, BTreeSet<&'a str>> {
        let mut imports = BTreeMap::new();
        for (module, source) in &self.modules {
            let of_file: &mut BTreeSet<&str> = imports.entry(source.path.as_str()).or_default();
            let named = named(source).into_iter().filter(|named| named.exported.is_none());
            for path in named.filter_map(|named| self.absolute(module, &named.segments)) {
                let file = self.file(path);
                of_file.extend(file.filter(|file| *file != source.path));
            }
        }
        imports
    }

    /// The path from the crate's root; `None` for what is not of this crate.
    fn absolute(&self, module: &[String], segments: &[String]) -> Option<Segments> {
        let climbs = segments.iter().take_while(|segment| *segment == "super").count();
        match segments[0].as_str() {
            "crate" => Some(segments[1..].to_vec()),
            "super" => Some([module.get(..module.len() - climbs)?, &segments[climbs..]].concat()),
            _ => {
                let child = [module, &segments[..1]].concat();
                let inside = || [module, segments].concat();
                self.modules.contains_key(&child).then(inside)
            }
        }
    }

    /// The file in which it stands.
    fn file(&self, mut path: Segments) -> Option<&'a str> {
        // More often than a thing is exported anew.
        for _ in 0..8 {
            let is_module = |length: &usize| self.modules.contains_key(&path[..*length]);
            let length = (0..=path.len()).rev().find(is_module)?;
            let (module, inside) = path.split_at(length);
            let export = inside.first().map(|name| (module.to_vec(), name.clone()));
            match export.and_then(|export| self.exports.get(&export)) {
                Some(stands) => path = [stands, &inside[1..]].concat(),
                None => return Some(&self.modules[module].path),
            }
        }
        None
    }
}

/// `src/store/claim.rs` is `store::claim`, `src/store/mod.rs` is `store`.
fn module(source: &Source) -> Segments {
    let inside = source.path.trim_start_matches("src/").trim_end_matches(".rs");
    let inside = inside.trim_end_matches("/mod");
    let segments = inside.split('/').map(str::to_owned);
    segments.filter(|segment| segment != "lib").collect()
}

/// The paths in a file's `use` items, and those in its code that begin with `crate` or `super`.
fn named(source: &Source) -> Vec<Named> {
    let code = &source.code[..source.tests_at()];
    let mut all = Vec::new();
    let mut items = Vec::new();
    for at in source.words("use").filter(|at| *at < code.len()) {
        let Some(end) = code[at..].find(';') else { continue };
        items.push(at..at + end);
        let is_public = code[..at].rsplit('\n').next().is_some_and(|line| line.contains("pub"));
        for tree in expanded(&code[at + 3..at + end]) {
            let (path, alias) = tree.split_once(" as ").unwrap_or((&tree, ""));
            let mut segments: Segments =
                path.split("::").map(|name| name.trim().to_owned()).collect();
            segments.retain(|segment| segment != "self");
            let name =
                if alias.is_empty() { segments.last().cloned() } else { Some(alias.trim().into()) };
            all.push(Named { segments, exported: name.filter(|_| is_public) });
        }
    }
    for at in ["crate", "super"].into_iter().flat_map(|word| source.words(word)) {
        let is_item = items.iter().any(|item| item.contains(&at));
        let goes_on = code[..at.min(code.len())].ends_with("::")
            || code[..at.min(code.len())].ends_with("(in ");
        if at >= code.len() || is_item || goes_on {
            continue;
        }
        let is_path = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == ':';
        let path = code[at..].split(|letter| !is_path(letter)).next().unwrap_or_default();
        let segments: Segments = path.split("::").map(str::to_owned).collect();
        if segments.len() > 1 {
            all.push(Named { segments, exported: None });
        }
    }
    all
}

/// Each path of a `use` item, without braces.
fn expanded(tree: &str) -> Vec<String> {
    let Some((before, group)) = tree.split_once('{') else { return vec![tree.trim().to_owned()] };
    let group = group.rsplit_once('}').map_or(group, |(group, _)| group);
    let (mut depth, mut parts) = (0_u32, vec![String::new()]);
    for letter in group.chars() {
        match letter {
            ',' if depth == 0 => parts.push(String::new()),
            _ => {
                depth = depth + u32::from(letter == '{') - u32::from(letter == '}');
                parts.last_mut().expect("it begins with one").push(letter);
            }
        }
    }
    let parts = parts.iter().map(|part| part.trim()).filter(|part| !part.is_empty());
    parts.flat_map(|part| expanded(&format!("{}{part}", before.trim()))).collect()
}

#[test]
fn files_that_import_each_other_are_found() {
    let found = |files: &[(&str, &str)]| {
        let sources = files.iter().map(|(path, code)| Source::of(path, code));
        circles(&sources.collect::<Vec<_>>())
    };
    let index = (
        "src/api/mod.rs",
        "mod a; mod b; mod c;\n\npub use a::{A, self};\npub(crate) use b::B as D;\n",
    );
    let circle = ["src/api/a.rs -> src/api/b.rs -> src/api/a.rs: these files import each other"];
    let b = |code| [index, ("src/api/a.rs", "use super::b::{B, C};"), ("src/api/b.rs", code)];
    for code in [
        "use super::a;",
        "use super::{c::C, a::A as D};",
        "use std::fmt;\nuse crate::api::{\n    A,\n};",
        "fn b() { crate::api::A::new() }",
        "fn b() -> super::a::A {}",
    ] {
        assert_eq!(found(&b(code)), circle, "{code}");
    }
    for code in [
        "use super::c::A;",
        "// use super::a;",
        "#[cfg(test)]\nmod tests {\n    use super::super::a;\n}",
        "use super::X;",
    ] {
        assert!(found(&b(code)).is_empty(), "{code}");
    }
    let a = ("src/api/a.rs", "use super::D;");
    assert_eq!(found(&[index, a, ("src/api/b.rs", "use super::A;")]), circle, "by other names");
    let long = [
        ("src/x.rs", "use crate::y::Y;"),
        ("src/y.rs", "use crate::z::Z;"),
        ("src/z.rs", "use crate::x::X;"),
        ("src/w.rs", "use crate::x::X;"),
    ];
    assert_eq!(found(&long).len(), 1);
}
