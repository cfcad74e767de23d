//! The images that docker/ stands on: each can be set, and `scripts/pin` knows them all.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use super::source::root;

/// Images in the compose files and bases in the Dockerfile that can't be set from outside.
pub fn fixed() -> Vec<String> {
    let mut faults = Vec::new();
    for (file, key) in
        [("compose.yaml", "image: "), ("platform.yaml", "image: "), ("Dockerfile", "FROM ")]
    {
        let path = format!("docker/{file}");
        let text = fs::read_to_string(root().join(&path)).expect("readable");
        let of_line = |line: &str| line.trim().strip_prefix(key).map(str::to_owned);
        let images = (1..).zip(text.lines()).filter_map(|(at, line)| Some((at, of_line(line)?)));
        for (at, image) in images.filter(|(_, image)| image != "order-service") {
            if !image.starts_with("${") {
                faults.push(format!("{path}:{at}: `{image}` can't be set"));
            }
        }
    }
    faults
}

/// Runs `scripts/pin` with a docker of ours, which answers the same digest for every image.
pub fn pinned() {
    use std::os::unix::fs::PermissionsExt as _;

    let directory = tempfile::tempdir().expect("a directory");
    let docker = directory.path().join("docker");
    let answers = "#!/bin/sh\n[ \"$1 $2 $3\" = 'buildx imagetools inspect' ] && echo sha256:0f\n";
    fs::write(&docker, answers).expect("written");
    fs::set_permissions(&docker, fs::Permissions::from_mode(0o755)).expect("executable");
    let path = format!("{}:{}", directory.path().display(), std::env::var("PATH").expect("a PATH"));
    let run = Command::new(root().join("scripts/pin")).env("PATH", path).output().expect("it runs");
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    let printed = String::from_utf8(run.stdout).expect("text");
    let lines: BTreeSet<&str> = printed.lines().collect();
    let names: Vec<_> = lines.iter().filter_map(|line| Some(line.split_once('=')?.0)).collect();
    let expected = [
        "DEBIAN_IMAGE",
        "GRAFANA_IMAGE",
        "HAPROXY_IMAGE",
        "POSTGRES_IMAGE",
        "PROMETHEUS_IMAGE",
        "RABBITMQ_IMAGE",
        "RUST_IMAGE",
    ];
    // Where a name had two defaults, it would be there twice.
    assert_eq!(names, expected, "{printed}");
    assert!(lines.iter().all(|line| line.ends_with("@sha256:0f")), "{printed}");
    assert!(lines.contains("POSTGRES_IMAGE=postgres:17@sha256:0f"), "{printed}");
}
