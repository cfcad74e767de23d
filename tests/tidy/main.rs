//! Rules for the sources that no compiler checks: which room imports which, how long files and functions
//! are, which words are not used, and that pages, comments and scripts name only what exists.
//!
//! Each failure names the file, the line and the rule.

mod circle;
mod deployment;
mod images;
mod kind;
mod length;
mod name;
mod page;
mod room;
mod source;
mod word;

use source::{Source, sources};

/// Fails with all faults, one a line.
fn none(faults: &[String]) {
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

fn all() -> Vec<Source> {
    sources(&["src", "entity", "migration", "tests", "benches"])
}

#[test]
fn a_room_imports_only_from_below_it() {
    none(&room::upward(&room::Picture::drawn(), &sources(&["src"])));
}

#[test]
fn the_picture_of_the_rooms_has_every_room_and_no_other() {
    none(&room::Picture::drawn().differences(&sources(&["src"])));
}

#[test]
fn the_drawing_of_the_rooms_in_the_pages_is_the_same_picture() {
    none(&page::wrong_drawing(&page::pages(), &room::Picture::drawn()));
}

#[test]
fn no_two_files_import_each_other() {
    none(&circle::circles(&sources(&["src"])));
}

#[test]
fn the_engine_knows_no_kind_of_saga_by_name() {
    none(&kind::kinds_by_name(&sources(&["src"])));
}

#[test]
fn a_name_has_one_path() {
    none(&name::two_paths(&sources(&["src"])));
}

#[test]
fn a_library_with_a_room_of_its_own_is_used_nowhere_else() {
    none(&room::strangers(&sources(&["src"])));
}

#[test]
fn every_module_says_first_what_it_is() {
    none(&length::without_head(&all()));
}

#[test]
fn files_and_functions_are_short() {
    let all = all();
    none(&[length::long_files(&all), length::long_functions(&all)].concat());
}

#[test]
fn words_that_are_not_used_here_are_not_used_here() {
    let all = all();
    none(&[word::forbidden_code(&all), word::forbidden_names(&all)].concat());
}

#[test]
fn an_image_is_made_of_files_that_exist() {
    none(&deployment::missing_copies());
}

#[test]
fn images_can_be_set_and_pinned() {
    none(&images::fixed());
    images::pinned();
}

#[test]
fn the_composed_service_understands_its_environment() {
    deployment::composed_configuration();
}

#[test]
fn the_service_understands_the_platforms_environment_and_what_is_put_over_it() {
    deployment::platform_configuration();
}

#[test]
fn the_mutants_are_listed() {
    none(&deployment::untold_mutants());
}

#[test]
fn cited_promises_exist_and_each_promise_is_cited() {
    none(&page::broken_promises(&page::pages()));
}

#[test]
fn files_and_tests_that_the_pages_name_exist() {
    none(&page::missing_names(&page::pages()));
}

#[test]
fn pages_and_links_that_are_named_exist() {
    let pages = page::pages();
    none(&[page::missing_pages(&pages), page::foreign_words(&pages)].concat());
}

#[test]
fn scripts_can_be_run() {
    none(&deployment::broken_scripts());
}
