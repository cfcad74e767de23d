//! The archive as an auditor reads it, by its format alone; and the books with what it has put back, so that
//! they can be audited as if nothing had been forgotten.

use std::collections::BTreeMap;
use std::path::Path;

use chrono::{DateTime, Utc};
use order_service::saga::SagaId;
use sea_orm::{ConnectionTrait, DbBackend, FromQueryResult as _, QueryResult, Statement};
use serde_json::Value;
use uuid::Uuid;

use super::books::Books;

/// A line of the archive.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// The file that has it.
    pub file: String,
    /// What it says.
    pub value: Value,
}

impl Line {
    fn id(&self, name: &str) -> Uuid {
        uuid(&self.value["saga"][name]).expect("an id")
    }

    pub fn saga(&self) -> SagaId {
        SagaId(self.id("id"))
    }

    pub fn order(&self) -> Uuid {
        self.id("orderId")
    }

    /// What it says of its saga, as a text.
    pub fn text(&self, name: &str) -> &str {
        self.value["saga"][name].as_str().unwrap_or_default()
    }

    /// The last write of its saga.
    pub fn updated_at(&self) -> DateTime<Utc> {
        time(&self.value["saga"]["updatedAt"]).expect("a time")
    }
}

/// Every line that is promised, by saga, in the order of the archive.
pub fn lines(directory: &Path) -> BTreeMap<SagaId, Vec<Line>> {
    let mut lines: BTreeMap<SagaId, Vec<Line>> = BTreeMap::new();
    // A file that was begun has no frame yet.
    for (file, bytes) in promised(directory).into_iter().filter(|(_, bytes)| *bytes > 0) {
        let data = std::fs::read(directory.join(&file)).expect("the file of a manifest");
        let text = zstd::stream::decode_all(&data[..bytes]).expect("whole frames");
        for line in String::from_utf8(text).expect("UTF-8").lines() {
            let value = serde_json::from_str(line).expect("JSON");
            let line = Line { file: file.clone(), value };
            lines.entry(line.saga()).or_default().push(line);
        }
    }
    lines
}

/// Every file with its promised bytes, oldest day first.
pub fn promised(directory: &Path) -> Vec<(String, usize)> {
    let Ok(entries) = std::fs::read_dir(directory) else { return Vec::new() };
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let manifests = paths.filter(|path| path.extension().is_some_and(|it| it == "json"));
    let manifest = |path| -> Value {
        let text = std::fs::read(path).expect("a manifest");
        serde_json::from_slice(&text).expect("a whole manifest")
    };
    let mut promised: Vec<_> = manifests
        .map(manifest)
        .map(|manifest| {
            let bytes = manifest["bytes"].as_u64().expect("a number");
            let file = manifest["file"].as_str().expect("a name").to_owned();
            (file, usize::try_from(bytes).expect("few"))
        })
        .collect();
    promised.sort();
    promised
}

/// How a column is told in JSON.
#[derive(Clone, Copy)]
enum Told {
    Id,
    Text,
    Number,
    Time,
    Json,
}

use Told::{Id, Json, Number, Text, Time};

/// The columns of a saga that its line has, besides its order.
const SAGA: [(&str, Told); 21] = [
    ("id", Id),
    ("kind", Text),
    ("definition_version", Number),
    ("state", Text),
    ("stuck", Json),
    ("held", Json),
    ("cancel_request", Json),
    ("user_id", Id),
    ("total_amount", Number),
    ("context", Json),
    ("idempotency_key", Text),
    ("fingerprint", Text),
    ("attempts", Number),
    ("failing_since", Time),
    ("last_error", Text),
    ("deadline_at", Time),
    ("fence", Number),
    ("revision", Number),
    ("version", Number),
    ("trace_parent", Text),
    ("created_at", Time),
];

/// Those of a log entry.
const STEP: [(&str, Told); 16] = [
    ("seq", Number),
    ("step", Text),
    ("line", Number),
    ("phase", Text),
    ("event", Text),
    ("outcome", Text),
    ("from_state", Text),
    ("generation", Number),
    ("attempt", Number),
    ("idempotency_key", Text),
    ("started_at", Time),
    ("duration_ms", Number),
    ("request", Json),
    ("response", Json),
    ("error", Text),
    ("executor", Text),
];

/// A row to be written: its columns, and their values.
type Row = Vec<(String, sea_orm::Value)>;

fn row_of(columns: &[(&str, Told)], value: &Value) -> Row {
    let cell = |(column, told): &(&str, Told)| {
        let value = &value[camel(column)];
        (column.to_string(), told.cell(value))
    };
    columns.iter().map(cell).collect()
}

impl Told {
    fn cell(self, value: &Value) -> sea_orm::Value {
        match self {
            Self::Id => uuid(value).into(),
            Self::Text => value.as_str().map(str::to_owned).into(),
            Self::Number => value.as_i64().into(),
            Self::Time => time(value).into(),
            Self::Json => (!value.is_null()).then(|| value.clone()).into(),
        }
    }
}

fn uuid(value: &Value) -> Option<Uuid> {
    value.as_str()?.parse().ok()
}

fn time(value: &Value) -> Option<DateTime<Utc>> {
    value.as_str()?.parse().ok()
}

/// A column's name as JSON has it.
fn camel(column: &str) -> String {
    let mut words = column.split('_');
    let mut name = words.next().unwrap_or_default().to_owned();
    for word in words {
        name.push_str(&word[..1].to_uppercase());
        name.push_str(&word[1..]);
    }
    name
}

impl Books {
    fn write(&self, table: &str, row: Row) {
        let (columns, values): (Vec<_>, Vec<_>) = row.into_iter().unzip();
        let places: Vec<_> = (1..=values.len()).map(|at| format!("${at}")).collect();
        let shown = format!("{values:?}");
        let sql =
            format!("INSERT INTO {table} ({}) VALUES ({})", columns.join(", "), places.join(", "));
        let statement = Statement::from_sql_and_values(DbBackend::Sqlite, sql, values);
        let written = self.runtime.block_on(self.connection.execute_raw(statement));
        written.unwrap_or_else(|error| panic!("{table} can be written: {error}: {shown}"));
    }

    /// Puts a saga back that was forgotten.
    pub fn put_back(&self, line: &Line) {
        let saga = &line.value["saga"];
        let mut row = row_of(&SAGA, saga);
        row.push(("updated_at".to_owned(), line.updated_at().into()));
        let is_about = line.order() != line.saga().0;
        row.push(("order_id".to_owned(), is_about.then(|| line.order()).into()));
        self.write("saga_instance", row);
        for step in line.value["steps"].as_array().expect("its log") {
            let mut row = row_of(&STEP, step);
            row.push(("saga_id".to_owned(), line.saga().0.into()));
            self.write("step_log", row);
        }
        // It counts again.
        let state = line.text("state").to_owned();
        let row: Row = vec![
            ("writer".to_owned(), line.saga().0.into()),
            ("state".to_owned(), state.into()),
            ("sagas".to_owned(), 1_i64.into()),
        ];
        self.write("saga_tally", row);
    }

    /// Puts an event back that was forgotten, as somebody was told it.
    pub fn put_event_back(&self, event: &Value, position: i64, version: i64) {
        let data = &event["data"];
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let row: [(&str, sea_orm::Value); 9] = [
            ("id", uuid(&event["id"]).into()),
            ("order_id", uuid(&event["subject"]).into()),
            ("kind", text(&event["type"]).into()),
            ("payload", Some(data.clone()).into()),
            ("created_at", time(&event["time"]).into()),
            ("user_id", uuid(&data["userId"]).into()),
            ("version", data["version"].as_i64().unwrap_or(version).into()),
            ("status", text(&data["status"]).into()),
            ("position", position.into()),
        ];
        let row = row.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        self.write("outbox", row);
    }

    /// Every row of sagas and their logs, as texts, by saga.
    pub fn all_rows(&self) -> BTreeMap<SagaId, Vec<String>> {
        let mut rows: BTreeMap<SagaId, Vec<String>> = BTreeMap::new();
        let text = |row: &QueryResult, model: String| {
            let id = row.try_get_by_index(0).expect("an id");
            (SagaId(id), model)
        };
        for row in self.query("SELECT id, * FROM saga_instance", vec![]) {
            let model = entity::saga_instance::Model::from_query_result(&row, "").expect("a saga");
            let (id, text) = text(&row, format!("{model:?}"));
            rows.entry(id).or_default().push(text);
        }
        for row in self.query("SELECT saga_id, * FROM step_log ORDER BY saga_id, seq", vec![]) {
            let model = entity::step_log::Model::from_query_result(&row, "").expect("an entry");
            let (id, text) = text(&row, format!("{model:?}"));
            rows.entry(id).or_default().push(text);
        }
        rows
    }
}
