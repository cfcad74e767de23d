//! Rust files as text, once as written and once without the contents of comments and literals.

use std::fs;
use std::path::{Path, PathBuf};

/// A source file.
pub struct Source {
    /// Relative to the root of the project, with `/`.
    pub path: String,
    /// As written.
    pub text: String,
    /// The same, with comments and the contents of literals replaced by blanks of the same length.
    pub code: String,
}

impl Source {
    /// A source file with this name and text, for tests.
    pub fn of(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned(), code: blanked(text) }
    }

    /// The line number of an offset, from 1.
    pub fn line(&self, offset: usize) -> usize {
        1 + self.text[..offset].matches('\n').count()
    }

    /// A fault in the form `src/saga/key.rs:7: RULE`.
    pub fn fault(&self, offset: usize, rule: &str) -> String {
        format!("{}:{}: {rule}", self.path, self.line(offset))
    }

    /// Whether the whole file is tests.
    pub fn is_test(&self) -> bool {
        self.path.contains("tests/") || self.path.ends_with("/tests.rs")
    }

    /// The offset at which its tests begin, or its end.
    pub fn tests_at(&self) -> usize {
        if self.is_test() {
            return 0;
        }
        let mut from = 0;
        while let Some(found) = self.code[from..].find("#[cfg(test)]") {
            let at = from + found;
            let rest = self.code[at..].trim_start_matches("#[cfg(test)]").trim_start();
            // `mod tests;` names another file.
            let opens = rest.find(['{', ';']).is_some_and(|at| rest[at..].starts_with('{'));
            if rest.starts_with("mod ") && opens {
                return at;
            }
            from = at + 1;
        }
        self.text.len()
    }

    /// The offsets of a word in the code.
    pub fn words<'a>(&'a self, word: &'a str) -> impl Iterator<Item = usize> + 'a {
        self.code.match_indices(word).map(|(at, _)| at).filter(move |at| {
            let before = self.code[..*at].chars().next_back();
            let after = self.code[at + word.len()..].chars().next();
            !before.is_some_and(is_letter) && !after.is_some_and(is_letter)
        })
    }
}

/// The identifier with which this code begins.
pub fn name(code: &str) -> &str {
    &code[..code.find(|letter| !is_letter(letter)).unwrap_or(code.len())]
}

fn is_letter(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

/// The root of the project.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every Rust file in these folders. Folders that don't exist are left out.
pub fn sources(folders: &[&str]) -> Vec<Source> {
    let mut paths = Vec::new();
    for folder in folders {
        walk(&root().join(folder), &mut paths);
    }
    paths.sort();
    paths.iter().map(|path| read(path)).collect()
}

fn read(path: &Path) -> Source {
    let text = fs::read_to_string(path).expect("a source file is text");
    let shown = path.strip_prefix(root()).expect("it is below the root");
    Source::of(&shown.to_string_lossy().replace('\\', "/"), &text)
}

fn walk(folder: &Path, into: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries {
        let path = entry.expect("a folder can be listed").path();
        if path.is_dir() {
            walk(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            into.push(path);
        }
    }
}

/// The code with blanks for comments and for the contents of literals. Newlines and offsets stay.
fn blanked(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut code = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let end = literal_end(bytes, at);
        for byte in &mut code[at..end] {
            if *byte != b'\n' {
                *byte = b' ';
            }
        }
        at = end.max(at + 1);
    }
    String::from_utf8(code).expect("what is blanked is blanked whole")
}

/// The end of the comment or literal that begins at `at`; `at` if none does.
fn literal_end(bytes: &[u8], at: usize) -> usize {
    let rest = &bytes[at..];
    let after_letter = at > 0 && (bytes[at - 1].is_ascii_alphanumeric() || bytes[at - 1] == b'_');
    match rest {
        [b'/', b'/', ..] => at + find(rest, b"\n").unwrap_or(rest.len()),
        [b'/', b'*', ..] => at + find(rest, b"*/").map_or(rest.len(), |end| end + 2),
        [b'"', ..] => at + 1 + quoted(&rest[1..], b'"'),
        [b'r', b'"' | b'#', ..] if !after_letter => at + raw(rest),
        // A character, not a lifetime: `'a'` or `'\n'`, of at most four bytes where it is not ASCII.
        [b'\'', b'\\', ..] => at + 1 + quoted(&rest[1..], b'\''),
        [b'\'', _, ..] => {
            let close = (2..=5).find(|end| rest.get(*end) == Some(&b'\''));
            let is_one = |end: usize| {
                std::str::from_utf8(&rest[1..end]).is_ok_and(|text| text.chars().count() == 1)
            };
            close.filter(|end| is_one(*end)).map_or(at, |end| at + end + 1)
        }
        _ => at,
    }
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

/// The length up to and with the closing quote.
fn quoted(bytes: &[u8], quote: u8) -> usize {
    let mut at = 0;
    while at < bytes.len() && bytes[at] != quote {
        at += if bytes[at] == b'\\' { 2 } else { 1 };
    }
    (at + 1).min(bytes.len())
}

/// The length of `r"..."` or `r#"..."#`; 0 for `r#name`.
fn raw(bytes: &[u8]) -> usize {
    let hashes = bytes[1..].iter().take_while(|byte| **byte == b'#').count();
    if bytes.get(1 + hashes) != Some(&b'"') {
        return 0;
    }
    let close = [b"\"".as_slice(), &vec![b'#'; hashes]].concat();
    let inside = 2 + hashes;
    inside + find(&bytes[inside..], &close).map_or(bytes.len() - inside, |end| end + close.len())
}

#[test]
fn what_is_in_comments_and_quotes_is_blank() {
    let text = "a // b\n\"c\\\"d\" 'e' '\\'' &'f r#\"g\"h\"# r#i '₹' /* j */ k";
    let code = blanked(text);
    assert_eq!(code.len(), text.len());
    assert_eq!(code.split_whitespace().collect::<Vec<_>>(), ["a", "&'f", "r#i", "k"]);
}
