//! Which room imports which. The order of the rooms is read from the picture in `src/lib.rs`, so that the
//! picture stays true.

use super::source::{Source, name, sources};

/// Libraries that only these rooms may use. A room may be one file; `main` is the binary.
const KNOWN_TO: [(&str, &[&str]); 16] = [
    ("sea_orm", &["store"]),
    ("entity", &["store"]),
    ("migration", &["store"]),
    ("sqlx", &["sandbox"]),
    ("lapin", &["amqp", "broker", "intake", "config"]),
    ("lettre", &["mail", "config"]),
    ("askama", &["mail", "console"]),
    ("reqwest", &["neighbours", "auth", "webhooks", "cli", "app", "telemetry"]),
    ("jsonwebtoken", &["auth", "config"]),
    ("axum", &["web", "auth", "api", "operator", "console", "sandbox", "app"]),
    ("tower_http", &["web", "api", "operator", "console", "sandbox"]),
    ("utoipa", &["web", "auth", "api", "operator", "app"]),
    ("figment", &["config"]),
    ("backoff", &["pacing"]),
    ("rand", &["clock", "sandbox"]),
    ("clap", &["cli", "main"]),
];

/// The rooms from the highest storey down. Rooms on one storey don't import each other.
pub struct Picture {
    storeys: Vec<Vec<String>>,
    /// Rooms beside the others: they import none of them, and only the two highest storeys import these.
    beside: Vec<String>,
}

/// How many of the highest storeys may import the rooms beside the others.
const HIGHEST: usize = 2;

impl Picture {
    /// The picture in `src/lib.rs`: between the fences, each line is `LEVEL  room, room  purpose`.
    pub fn drawn() -> Self {
        let lib = sources(&["src"]).into_iter().find(|source| source.path == "src/lib.rs");
        let lib = lib.expect("src/lib.rs is there");
        let lines = lib.text.lines().map_while(|line| line.strip_prefix("//!"));
        let fenced = lines.skip_while(|line| line.trim() != "```text").skip(1);
        let (mut storeys, mut beside) = (Vec::new(), Vec::new());
        for line in fenced.take_while(|line| line.trim() != "```") {
            let (level, rest) = line.split_at_checked(4).unwrap_or((line, ""));
            let rooms = rest.split("  ").next().unwrap_or_default().split(", ");
            let rooms: Vec<String> =
                rooms.filter(|room| !room.is_empty()).map(str::to_owned).collect();
            if level.contains('-') {
                beside.extend(rooms);
            } else if !rooms.is_empty() {
                storeys.push(rooms);
            }
        }
        Self { storeys, beside }
    }

    /// The rooms of each line, from the highest down, without those beside the others.
    pub fn rows(&self) -> Vec<String> {
        self.storeys.iter().map(|rooms| rooms.join(", ")).collect()
    }

    /// The storey of a room; 0 is the highest.
    fn storey(&self, room: &str) -> Option<usize> {
        self.storeys.iter().position(|rooms| rooms.iter().any(|other| other == room))
    }

    fn may_import(&self, from: &str, to: &str) -> bool {
        let is_beside = |room: &str| self.beside.iter().any(|other| other == room);
        match (self.storey(from), self.storey(to)) {
            (Some(from), Some(to)) => from < to,
            (Some(from), None) => is_beside(to) && from < HIGHEST,
            // A room that is not in the picture is reported by `differences`.
            (None, _) => !is_beside(from),
        }
    }

    /// Rooms that are in the picture only, or in `src` only.
    pub fn differences(&self, sources: &[Source]) -> Vec<String> {
        let mut there: Vec<&str> = sources.iter().map(room).collect();
        there.retain(|room| !["lib", "main"].contains(room));
        there.dedup();
        let drawn = || self.storeys.iter().flatten().chain(&self.beside).map(String::as_str);
        let built = there.iter().filter(|room| !drawn().any(|other| other == **room));
        let built = built.map(|room| format!("src/{room} is not in the picture of src/lib.rs"));
        let gone = drawn().filter(|room| !there.contains(room));
        built.chain(gone.map(|room| format!("src/lib.rs draws {room}, which is gone"))).collect()
    }
}

/// Imports of a room that is not below the importing one.
pub fn upward(picture: &Picture, sources: &[Source]) -> Vec<String> {
    let mut faults = Vec::new();
    for source in sources.iter().filter(|source| !["lib", "main"].contains(&room(source))) {
        let from = room(source);
        for (at, to) in imports(source) {
            if from != to && !picture.may_import(from, to) {
                let rule = format!("`{from}` imports `{to}`, which is not below it (src/lib.rs)");
                faults.push(source.fault(at, &rule));
            }
        }
        faults.extend(climbs(source));
    }
    faults
}

/// Uses of a library outside the rooms that may use it.
pub fn strangers(sources: &[Source]) -> Vec<String> {
    let mut faults = Vec::new();
    for source in sources {
        let here = room(source);
        for (library, rooms) in KNOWN_TO {
            for at in source.words(library) {
                let (before, after) = (&source.code[..at], &source.code[at + library.len()..]);
                let is_path = after.starts_with("::") && !before.trim_end().ends_with("::");
                if is_path && !rooms.contains(&here) {
                    let rule = format!("only {} may use `{library}`", rooms.join(", "));
                    faults.push(source.fault(at, &rule));
                }
                // The demo makes its orders as a client would.
                let is_only_named = (library, here) == ("reqwest", "app")
                    && source.path != "src/app/scenes.rs"
                    && name(&after[2..]) != "Error";
                if is_path && is_only_named {
                    faults.push(source.fault(at, "`app` only names `reqwest::Error`"));
                }
            }
        }
    }
    faults
}

/// The room of a file.
fn room(source: &Source) -> &str {
    let inside = source.path.strip_prefix("src/").unwrap_or(&source.path);
    inside.split('/').next().unwrap_or(inside).trim_end_matches(".rs")
}

/// The rooms named after `crate::`, also in braces.
fn imports(source: &Source) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    for at in source.words("crate") {
        let Some(path) = source.code[at..].strip_prefix("crate::") else { continue };
        match path.trim_start().strip_prefix('{') {
            Some(inside) => found.extend(first_names(inside).map(|name| (at, name))),
            None => found.push((at, name(path))),
        }
    }
    found
}

/// The first name of each path in a group.
fn first_names(group: &str) -> impl Iterator<Item = &str> {
    let (mut depth, mut fresh, mut names) = (0_u32, true, Vec::new());
    for (at, letter) in group.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => fresh = true,
            _ if fresh && !letter.is_whitespace() => {
                names.push(name(&group[at..]));
                fresh = false;
            }
            _ => {}
        }
    }
    names.into_iter()
}

/// Paths by `super::super::` that lead out of the room, and would evade the check above.
fn climbs(source: &Source) -> Vec<String> {
    let folders = source.path.matches('/').count() - 1;
    let is_index = source.path.ends_with("/mod.rs");
    let depth = folders + usize::from(!is_index);
    let mut faults = Vec::new();
    for at in source.words("super") {
        let steps = source.code[at..].split("::").take_while(|part| *part == "super").count();
        let inner = usize::from(at > source.tests_at() && source.tests_at() > 0);
        if steps >= depth + inner {
            faults.push(source.fault(at, "names another room by `super::`; write `crate::`"));
        }
    }
    faults
}

#[test]
fn names_in_a_group_are_those_it_begins_with() {
    let names: Vec<_> = first_names("api, order::{a, b::c}, store::{self}}; more::x").collect();
    assert_eq!(names, ["api", "order", "store"]);
}

#[test]
fn an_import_of_what_is_not_below_is_found() {
    let rooms = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let storeys =
        vec![rooms(&["app"]), rooms(&["cli"]), rooms(&["api", "desk"]), rooms(&["order"])];
    let picture = Picture { storeys, beside: rooms(&["sandbox"]) };
    let found = |path, text| upward(&picture, &[Source::of(path, text)]);
    assert!(
        found("src/api/a.rs", "use crate::order::A; use super::b; use crate::api::c;").is_empty()
    );
    assert!(found("src/app.rs", "use crate::{api::{self, B}, sandbox};").is_empty());
    for (path, text) in [
        ("src/order.rs", "//! `crate::api`\n\nfn a() { crate::api::b() }"),
        ("src/api/a.rs", "\n\nuse crate::desk::B;"),
        ("src/api/a.rs", "\n\nuse crate::{order, cli};"),
        ("src/desk/mod.rs", "\n\nuse crate::sandbox;"),
        ("src/sandbox/a/b.rs", "\n\nuse crate::order;"),
        ("src/api/a.rs", "\n\nuse super::super::desk;"),
        ("src/order.rs", "\n\nuse super::api;"),
    ] {
        let found = found(path, text);
        assert_eq!(found.len(), 1, "{path} {text} {found:?}");
        assert!(found[0].starts_with(&format!("{path}:3: ")), "{found:?}");
    }
}

#[test]
fn a_library_outside_its_room_is_found() {
    let found = |path, text| strangers(&[Source::of(path, text)]).len();
    assert_eq!(found("src/api/a.rs", "use sea_orm::Database; // axum::x"), 1);
    assert_eq!(found("src/app/a.rs", "fn a(_: reqwest::Error) { reqwest::Client::new() }"), 1);
    assert_eq!(found("src/store/a.rs", "use sea_orm::sqlx::A; use entity::orders;"), 0);
}
