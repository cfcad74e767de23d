//! The machine, the engine and the saga part of the store know no kind of saga by name: not in code,
//! and not in comments, which would be read as if they did.

use order_service::checkout::DEFINITIONS;

use super::source::Source;

/// Files of the store that are about sagas of any kind. The others are about orders and what clients
/// and audits read of them, or about the database itself.
const STORE: [&str; 13] = [
    "src/store/codec.rs",
    "src/store/codec/read.rs",
    "src/store/codec/written.rs",
    "src/store/claim.rs",
    "src/store/commit.rs",
    "src/store/commit_sql.rs",
    "src/store/due.rs",
    "src/store/executor.rs",
    "src/store/hold.rs",
    "src/store/operator.rs",
    "src/store/orphan.rs",
    "src/store/saga.rs",
    "src/store/write.rs",
];

/// What a checkout is about.
const SUBJECTS: [&str; 9] =
    ["cart", "charge", "checkout", "payer", "payment", "product", "profile", "refund", "wallet"];

/// Lines that name what shows outside: metrics keep the names that dashboards know.
const SHOWN: [&str; 2] = ["\"checkout_duration\"", "\"checkouts_shed\""];

/// Words of the checkout where no kind may be named.
pub fn kinds_by_name(sources: &[Source]) -> Vec<String> {
    let words = of_the_checkout();
    let mut faults = Vec::new();
    for source in sources.iter().filter(|source| is_of_any_kind(&source.path)) {
        let mut offset = 0;
        for line in source.text[..source.tests_at()].split_inclusive('\n') {
            let is_shown = SHOWN.iter().any(|shown| line.contains(shown));
            let lower = line.to_lowercase();
            for word in words.iter().filter(|word| !is_shown && lower.contains(word.as_str())) {
                faults
                    .push(source.fault(offset, &format!("`{word}` is a word of one kind of saga")));
            }
            offset += line.len();
        }
    }
    faults
}

fn is_of_any_kind(path: &str) -> bool {
    let is_room = path.starts_with("src/saga/") || path.starts_with("src/engine/");
    (is_room || STORE.contains(&path)) && !path.contains("/tests/")
}

/// The names of its steps, its states on the way to the goal, and what it is about.
fn of_the_checkout() -> Vec<String> {
    let mut words: Vec<String> = SUBJECTS.map(str::to_owned).to_vec();
    for definition in DEFINITIONS {
        let stages = definition.stages.iter();
        let on_the_way = stages.take(definition.stages.len() - 1).map(|stage| stage.reaches);
        // `paid` and the like are parts of other words.
        words.extend(on_the_way.filter(|word| word.len() > 6).map(str::to_lowercase));
        let actions = definition
            .actions()
            .flat_map(|(_, action)| [Some(action.step), action.undo()].into_iter().flatten());
        words.extend(actions.map(|step| step.word().to_owned()));
    }
    words
}
