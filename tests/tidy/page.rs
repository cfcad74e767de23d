//! What is said in comments and pages about other pages: every page, link and promise that is named
//! exists, and the drawing of the rooms in docs/ARCHITECTURE.md is the picture in `src/lib.rs`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use super::room::Picture;
use super::source::root;

/// Where the promises are.
const PROMISES: &str = "docs/PROMISES.md";
/// Folders that hold nothing written by hand.
const SKIPPED: [&str; 2] = ["target", ".git"];

/// A text file.
pub struct Page {
    path: String,
    text: String,
}

impl Page {
    fn of(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned() }
    }

    fn fault(&self, line: usize, rule: &str) -> String {
        format!("{}:{}: {rule}", self.path, line + 1)
    }

    /// Whether it is of these checks themselves, whose examples are wrong on purpose.
    fn is_tidy(&self) -> bool {
        self.path.starts_with("tests/tidy/")
    }

    fn is_code(&self) -> bool {
        self.path.starts_with("src/") || self.path.starts_with("tests/")
    }

    /// Its words, each with its line; what begins a comment is no word.
    fn words(&self) -> Vec<(usize, &str)> {
        let lines = self.text.lines().enumerate();
        let words =
            lines.flat_map(|(at, line)| line.split_whitespace().map(move |word| (at, word)));
        words.filter(|(_, word)| !["//!", "///", "//", "#", "*"].contains(word)).collect()
    }
}

/// Whether a file's name has this extension.
fn is_of(path: &str, extension: &str) -> bool {
    Path::new(path).extension().is_some_and(|found| found == extension)
}

/// Every text file of the project.
pub fn pages() -> Vec<Page> {
    let mut pages = Vec::new();
    walk(root(), &mut pages);
    pages.sort_by(|one, other| one.path.cmp(&other.path));
    pages
}

fn walk(folder: &Path, into: &mut Vec<Page>) {
    for entry in fs::read_dir(folder).expect("a folder can be listed") {
        let path = entry.expect("an entry can be read").path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if path.is_dir() {
            if !SKIPPED.contains(&name) {
                walk(&path, into);
            }
        } else if let Ok(text) = fs::read_to_string(&path) {
            let shown = path.strip_prefix(root()).expect("it is below the root");
            into.push(Page { path: shown.to_string_lossy().replace('\\', "/"), text });
        }
    }
}

/// Promises by number, with their titles; and what is wrong with how they are listed.
fn promises(pages: &[Page]) -> (BTreeMap<usize, String>, Vec<String>) {
    let Some(page) = pages.iter().find(|page| page.path == PROMISES) else {
        return (BTreeMap::new(), vec![format!("{PROMISES} is not there")]);
    };
    let (mut promises, mut faults) = (BTreeMap::new(), Vec::new());
    for (at, line) in page.text.lines().enumerate() {
        let Some((number, title)) =
            line.strip_prefix("### ").and_then(|heading| heading.split_once(". "))
        else {
            continue;
        };
        let number = number.parse().unwrap_or_default();
        if promises.insert(number, title.to_owned()).is_some() || number != promises.len() {
            faults.push(page.fault(at, "promises are numbered 1, 2, 3..."));
        }
        if !page.text.contains(&format!("\n{number}: {title}\n")) {
            faults.push(page.fault(at, &format!("`{number}: {title}` is not in the list above")));
        }
    }
    (promises, faults)
}

/// The numbers that are cited, each with its line: `promise 12`, `promises 1, 2 and 4`,
/// `promises 15 to 19`.
fn citations(page: &Page) -> Vec<(usize, usize)> {
    let words = page.words();
    let mut found = Vec::new();
    for at in 0..words.len() {
        let word = words[at].1.trim_start_matches(['(', '*', '"']);
        if !["promise", "promises", "Promise", "Promises"].contains(&word) {
            continue;
        }
        let (mut last, mut is_range) = (None, false);
        for &(line, word) in &words[at + 1..] {
            let digits =
                word.len() - word.trim_start_matches(|one: char| one.is_ascii_digit()).len();
            let Ok(number) = word[..digits].parse::<usize>() else {
                is_range = word == "to";
                if last.is_some() && ["and", "or", "to"].contains(&word) {
                    continue;
                }
                break;
            };
            let from = last.filter(|_| is_range).map_or(number, |last: usize| last + 1);
            found.extend((from..=number).map(|number| (line, number)));
            (last, is_range) = (Some(number), false);
            if !["", ","].contains(&&word[digits..]) {
                break;
            }
        }
    }
    found
}

/// Promises that are cited and do not exist, or exist and are cited by neither code nor tests.
pub fn broken_promises(pages: &[Page]) -> Vec<String> {
    let (promises, mut faults) = promises(pages);
    let mut cited = BTreeSet::new();
    for page in pages.iter().filter(|page| !page.is_tidy()) {
        for (line, number) in citations(page) {
            if !promises.contains_key(&number) {
                faults.push(page.fault(line, &format!("{PROMISES} has no promise {number}")));
            }
            if page.is_code() {
                cited.insert(number);
            }
        }
    }
    let uncited = promises.iter().filter(|(number, _)| !cited.contains(number));
    faults.extend(uncited.map(|(number, title)| {
        format!("{PROMISES}: neither src/ nor tests/ cites promise {number} ({title})")
    }));
    faults
}

/// What pages name in backticks and that does not exist: files, mutants, and the names of tests,
/// indexes and metrics.
pub fn missing_names(pages: &[Page]) -> Vec<String> {
    let is_there = |name: &str| {
        if let Some(mutant) =
            name.split_once('-').filter(|(number, _)| number.parse::<u8>().is_ok())
        {
            let (number, word) = mutant;
            return root().join(format!("tests/mutants/{number}-{word}.patch")).exists();
        }
        let is_path = name.contains('/') || is_of(name, "rs");
        if is_path && (is_of(name, "rs") || name.starts_with("tests/") || name.starts_with("src/"))
        {
            let inside = format!("/{name}");
            return root().join(name).exists()
                || pages.iter().any(|page| page.path.ends_with(&inside));
        }
        // The name of a test, an index or a metric.
        let name = name.trim_start_matches("order_service_");
        let is_name = name.chars().all(|one| one.is_ascii_lowercase() || one == '_');
        let is_long = name.matches('_').count() > 2;
        !(is_name && is_long)
            || pages.iter().any(|page| is_of(&page.path, "rs") && page.text.contains(name))
    };
    let mut faults = Vec::new();
    for page in pages.iter().filter(|page| is_of(&page.path, "md")) {
        for (at, line) in page.text.lines().enumerate() {
            for name in line.split('`').skip(1).step_by(2).filter(|name| !is_there(name)) {
                faults.push(page.fault(at, &format!("there is no `{name}`")));
            }
        }
    }
    faults
}

/// Pages that are named and are not in the repository, and links that lead nowhere.
pub fn missing_pages(pages: &[Page]) -> Vec<String> {
    let mut faults = Vec::new();
    for page in pages.iter().filter(|page| !page.is_tidy()) {
        let folder = page.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        for (line, word) in page.words() {
            for name in names_of_pages(word) {
                let near =
                    if folder.is_empty() { name.clone() } else { format!("{folder}/{name}") };
                let places = [name.clone(), near, format!("docs/{name}")];
                if !places.iter().any(|place| root().join(place).exists()) {
                    faults.push(page.fault(line, &format!("there is no page {name}")));
                }
            }
        }
        if is_of(&page.path, "md") {
            let links = page.text.lines().enumerate();
            let links = links.flat_map(|(at, line)| links_of(line).map(move |link| (at, link)));
            let dead = links.filter(|(_, link)| !leads_somewhere(page, folder, link));
            faults
                .extend(dead.map(|(at, link)| page.fault(at, &format!("`{link}` leads nowhere"))));
        }
    }
    faults
}

/// `docs/PROOF.md` of `(docs/PROOF.md,`.
fn names_of_pages(word: &str) -> Vec<String> {
    let is_inside = |one: char| one.is_ascii_alphanumeric() || "_-./".contains(one);
    let names = word.split(|one| !is_inside(one)).map(|name| name.trim_end_matches('.'));
    let names = names.filter(|name| is_of(name, "md"));
    names.map(|name| name.trim_start_matches('/').to_owned()).collect()
}

/// The targets of `[...](target)`.
fn links_of(line: &str) -> impl Iterator<Item = &str> {
    line.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(target, _)| target)
}

fn leads_somewhere(page: &Page, folder: &str, link: &str) -> bool {
    if link.starts_with("http://") || link.starts_with("https://") {
        return true;
    }
    let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
    let there = root().join(folder).join(file);
    if anchor.is_empty() {
        return there.exists();
    }
    let text = if file.is_empty() { Ok(page.text.clone()) } else { fs::read_to_string(there) };
    text.is_ok_and(|text| {
        let headings = text.lines().filter(|line| line.starts_with('#'));
        headings.map(|line| anchor_of(line.trim_start_matches('#').trim())).any(|one| one == anchor)
    })
}

/// A heading as browsers are told to find it.
fn anchor_of(heading: &str) -> String {
    let kept = heading.chars().filter(|one| one.is_alphanumeric() || " -_".contains(*one));
    kept.map(|one| if one == ' ' { '-' } else { one.to_ascii_lowercase() }).collect()
}

/// Names of pages that were never in the repository.
const FOREIGN: [&str; 3] = ["CONTRACT.md", "SAGA.md", "the seed"];

/// Mentions of what no reader can find.
pub fn foreign_words(pages: &[Page]) -> Vec<String> {
    let mut faults = Vec::new();
    for page in pages.iter().filter(|page| !page.is_tidy()) {
        for (at, line) in page.text.lines().enumerate() {
            for word in FOREIGN.iter().filter(|word| line.contains(**word)) {
                faults.push(page.fault(at, &format!("`{word}` is nothing that a reader can find")));
            }
        }
    }
    faults
}

/// How the drawing in docs/ARCHITECTURE.md differs from the picture in `src/lib.rs`.
pub fn wrong_drawing(pages: &[Page], picture: &Picture) -> Vec<String> {
    let architecture = pages.iter().find(|page| page.path == "docs/ARCHITECTURE.md");
    let drawn = rows_drawn(architecture.map_or("", |page| &page.text));
    let wanted = picture.rows();
    if drawn == wanted {
        return Vec::new();
    }
    vec![format!("docs/ARCHITECTURE.md draws {drawn:?}, and src/lib.rs has {wanted:?}")]
}

/// The rooms in the first drawing: between the box's upper and lower edge, a row of rooms a line.
fn rows_drawn(text: &str) -> Vec<String> {
    let lines = text.lines().skip_while(|line| !line.trim_start().starts_with('┌'));
    let inside = lines.take_while(|line| !line.trim_start().starts_with('└'));
    let cells = inside.filter_map(|line| line.split('│').nth(1));
    cells.map(|cell| cell.trim().to_owned()).filter(|cell| !cell.is_empty()).collect()
}

#[test]
fn citations_are_found_in_all_their_forms() {
    let text = "//! (promise 3) promises 1, 2 and 4. A promise\n/// 12; promises 7 to 9: Promise 5, or 6\n";
    let found: Vec<_> =
        citations(&Page::of("src/a.rs", text)).into_iter().map(|one| one.1).collect();
    assert_eq!(found, [3, 1, 2, 4, 12, 7, 8, 9, 5, 6]);
    assert!(citations(&Page::of("src/a.rs", "a promise of 3")).is_empty());
}

#[test]
fn a_promise_that_is_not_there_and_one_that_nobody_cites_are_found() {
    let list = "\n1: One\n2: Two\n\n### 1. One\n### 2. Two\n";
    let pages = [Page::of(PROMISES, list), Page::of("src/a.rs", "// promises 1 and 3")];
    assert_eq!(
        broken_promises(&pages),
        [
            "src/a.rs:1: docs/PROMISES.md has no promise 3",
            "docs/PROMISES.md: neither src/ nor tests/ cites promise 2 (Two)",
        ]
    );
    let pages = [Page::of(PROMISES, "\n2: One\n\n### 2. One\n"), Page::of("src/a.rs", "promise 2")];
    assert_eq!(broken_promises(&pages), ["docs/PROMISES.md:4: promises are numbered 1, 2, 3..."]);
}

#[test]
fn a_page_and_a_link_that_are_not_there_are_found() {
    let text =
        "[a](PROMISES.md#promises) NOWHERE.md\n[b](#c)\n# C\n[d](PROOF.md#e), docs/PROOF.md.\n";
    let page = Page::of("docs/A.md", text);
    assert_eq!(
        missing_pages(&[page]),
        ["docs/A.md:1: there is no page NOWHERE.md", "docs/A.md:4: `PROOF.md#e` leads nowhere"]
    );
}

#[test]
fn a_drawing_is_read_row_by_row() {
    let text = "  │ HTTP │\n ┌───┐\n5 │ cli │ the shell\n  │ app │\n ├───┤\n4 │ api, web │\n └─┬─┘\n │ SQL │";
    assert_eq!(rows_drawn(text), ["cli", "app", "api, web"]);
}
