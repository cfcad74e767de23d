//! The commands in README.md are run against a demo, and have to print what it says.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use order_service::sandbox::sample::{ASHA, MEENA};
use serde_json::Value;

const README: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");

/// A demo on free ports, as a process of its own.
struct Demo {
    child: Child,
    api: String,
    payment: String,
    printed: String,
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _buried = self.child.wait();
    }
}

impl Demo {
    fn start(file: &Path) -> Self {
        Self::start_with(file, &[])
    }

    fn start_with(file: &Path, flags: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_order-service"))
            .args(["demo", "--listen", "127.0.0.1:0", "--file"])
            .arg(file)
            .args(flags)
            .current_dir(file.parent().expect("in a directory"))
            .env("RUST_LOG", "warn")
            .stdout(Stdio::piped())
            .spawn()
            .expect("the binary");
        let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let mut printed = String::new();
        while !printed.contains("Ctrl-c stops it") {
            printed += &lines.next().expect("more lines").expect("text");
            printed += "\n";
        }
        let after = |name: &str| {
            let line = printed.lines().find(|line| line.trim_start().starts_with(name));
            let url = line.and_then(|line| line.split_whitespace().nth(1)).expect("a URL");
            url.to_owned()
        };
        Self { api: after("API"), payment: after("payment"), child, printed }
    }

    fn run(&self, line: &str) -> String {
        let line = line
            .replace("http://127.0.0.1:5004", &self.api)
            .replace("http://127.0.0.1:5003", &self.payment);
        let output = Command::new("sh").args(["-c", &line]).output().expect("sh");
        assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("text")
    }
}

/// The commands of the README's console blocks, each with what it prints.
fn commands(readme: &str) -> Vec<(String, String)> {
    let mut commands: Vec<(String, String)> = Vec::new();
    let blocks = readme.split("```console\n").skip(1);
    for line in blocks.flat_map(|block| block.split("```").next().unwrap_or_default().lines()) {
        match line.strip_prefix("$ ") {
            Some(command) => commands.push((command.to_owned(), String::new())),
            None => commands.last_mut().expect("a command first").1 += line,
        }
    }
    commands
}

/// Ids of checkouts and traces differ from run to run.
fn without_ids(text: &str) -> String {
    let mut words: Vec<String> = Vec::new();
    for word in
        text.trim().split_inclusive(|letter: char| !letter.is_ascii_hexdigit() && letter != '-')
    {
        let (id, end) =
            word.split_at(word.trim_end_matches(|letter: char| !letter.is_ascii_hexdigit()).len());
        let fresh = (id.len() == 36 && id.starts_with('0')) || id.len() == 32;
        words.push(if fresh { format!("ID{end}") } else { word.to_owned() });
    }
    words.concat()
}

#[test]
fn the_lines_in_the_readme_print_what_it_says() {
    let directory = tempfile::tempdir().expect("a directory");
    let demo = Demo::start(&directory.path().join("demo.db"));
    let readme = std::fs::read_to_string(README).expect("README.md");
    let commands = commands(&readme);
    assert!(commands.len() >= 5, "the README has its lines");
    for (command, says) in commands {
        assert_eq!(without_ids(&demo.run(&command)), without_ids(&says), "{command}");
    }
}

#[test]
fn the_lines_that_the_demo_prints_work_as_they_stand() {
    let directory = tempfile::tempdir().expect("a directory");
    let demo = Demo::start(&directory.path().join("demo.db"));
    let joined = demo.printed.replace("\\\n", " ");
    let lines = joined
        .lines()
        .map(str::trim)
        .filter(|line| line.starts_with("curl") || line.contains(" sagas list "));
    let (as_they_stand, with_ids): (Vec<_>, Vec<_>) =
        lines.partition(|line| !line.contains("/ID/") && !line.contains("/SHIPMENT/"));
    let printed: Vec<String> = as_they_stand.iter().map(|line| demo.run(line)).collect();
    let statuses: Vec<&str> = printed.iter().filter_map(|answer| answer.lines().next()).collect();
    assert_eq!(statuses[0], "HTTP/1.1 201 Created", "{}", demo.printed);
    assert_eq!(statuses[1], "HTTP/1.1 409 Conflict");
    assert!(statuses[2].contains("faults"));
    assert_eq!(statuses[3], "HTTP/1.1 202 Accepted");
    assert!(statuses[4].contains("\"state\":\"Priced\""), "{}", statuses[4]);
    assert!(printed[5].contains("Priced"), "{}", printed[5]);
    assert!(printed[6].contains("order.confirmed"), "{}", printed[6]);
    assert_eq!(statuses[9], "HTTP/1.1 202 Accepted", "{printed:?}");
    assert!(statuses[10].contains("\"faults\":[]"), "{printed:?}");
    let id_of = |printed: &str| {
        let body = printed.lines().last().unwrap_or_default();
        let body: Value = serde_json::from_str(body).expect("JSON");
        body["id"].as_str().expect("an id").to_owned()
    };
    let [cancel, ship, report, track, follow] = with_ids[..] else { panic!("{with_ids:?}") };
    let order = id_of(&printed[0]);
    let shipped = demo.run(&ship.replace("/ID/", &format!("/{order}/")));
    let report = report.replace("/SHIPMENT/", &format!("/{}/", id_of(&shipped)));
    assert!(demo.run(&report).contains("\"state\":\"delivered\""));
    let tracked = demo.run(&track.replace("/ID/", &format!("/{order}/")));
    assert!(tracked.contains("\"status\":\"Delivered\""), "{tracked}");
    let followed = demo.run(&follow.replace("/ID/", &format!("/{order}/")));
    assert!(followed.contains("event: end"), "{followed}");
    // Of somebody who can still afford it.
    let another = as_they_stand[0].replace(&ASHA.to_string(), &MEENA.to_string());
    let another = id_of(&demo.run(&another));
    let cancelled = demo.run(&cancel.replace("/ID/", &format!("/{another}/")));
    assert!(cancelled.contains("\"status\":\"Cancelled\""), "{cancelled}");
}

#[test]
fn a_new_demo_has_three_orders_to_look_at_which_stand_as_it_says() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("demo.db");
    let demo = Demo::start(&file);
    let scenes = |printed: &str| -> Vec<String> {
        let links = printed.lines().filter_map(|line| line.split_once("/console/orders/"));
        links.map(|(_, rest)| rest.split(' ').next().unwrap_or_default().to_owned()).collect()
    };
    let [on_its_way, in_doubt, refund_fails] = &scenes(&demo.printed)[..] else {
        panic!("{}", demo.printed)
    };
    let token = "-H 'Authorization: Bearer demo'";
    let get = |path: String| -> Value {
        let answer = demo.run(&format!("curl -s http://127.0.0.1:5004/api{path} {token}"));
        serde_json::from_str(&answer).expect("JSON")
    };
    let tracked = get(format!("/orders/{on_its_way}/tracking"));
    assert_eq!(tracked["status"], "Shipped", "{tracked}");
    let doubtful = get(format!("/operator/sagas/{in_doubt}"));
    assert_eq!(doubtful["stuck"]["kind"], "InDoubt", "{doubtful}");
    assert_eq!(doubtful["atRisk"]["money"], 24_950, "{doubtful}");
    let failing = get(format!("/operator/sagas/{refund_fails}"));
    assert_eq!(failing["atRisk"]["money"], 204_800, "{failing}");
    assert!(failing["lastError"].as_str().is_some_and(|why| why.contains("500")), "{failing}");
    drop(demo);
    let again = Demo::start(&file);
    assert_eq!(scenes(&again.printed), Vec::<String>::new(), "they are made once");
    assert!(again.printed.contains(&format!("{in_doubt}  Paid")), "{}", again.printed);
    let empty = Demo::start_with(&directory.path().join("empty.db"), &["--empty"]);
    assert_eq!(scenes(&empty.printed), Vec::<String>::new());
}

#[test]
fn a_demo_that_was_killed_says_what_it_resumes_and_goes_on_with_it() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("demo.db");
    let demo = Demo::start_with(&file, &["--empty"]);
    let slow = r#"-H 'Content-Type: application/json' -d '{"call":"process","fault":"slow","millis":60000}'"#;
    demo.run(&format!("curl -s http://127.0.0.1:5003/_sandbox/faults {slow}"));
    let cart = r#"{"userId":"11111111-1111-1111-1111-111111111111","items":[{"productId":"aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa","quantity":1}]}"#;
    let create = |wait: u32| {
        format!(
            "curl -s http://127.0.0.1:5004/api/orders/create -H 'Content-Type: application/json' \
             -H 'Idempotency-Key: k' -H 'Prefer: wait={wait}' -d '{cart}'"
        )
    };
    let pending = demo.run(&create(1));
    assert!(pending.contains("Pending"), "{pending}");
    drop(demo);
    let demo = Demo::start(&file);
    assert!(demo.printed.contains("Resumes 1 checkouts"), "{}", demo.printed);
    let done = demo.run(&create(30));
    assert!(done.contains("\"totalAmount\":14900"), "{done}");
}
