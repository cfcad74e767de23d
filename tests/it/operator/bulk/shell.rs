//! The shell: `bulk`, `sagas groups`, and the filters that both share.

use order_service::sandbox::Call;
use serde_json::Value;

use super::{many_parked, steady};
use crate::books::{Ran, run_with};
use crate::harness::{Books, TOKEN, World};

async fn shell(world: &World, words: &[&str]) -> Ran {
    let url = world.url("");
    let flags = ["--url", &url, "--token", TOKEN];
    run_with(world, &[words, &flags].concat(), &[]).await
}

async fn said(world: &World, words: &[&str]) -> String {
    let ran = shell(world, words).await;
    assert_eq!(ran.code, Some(0), "{words:?}: {ran:?}");
    ran.stdout
}

#[tokio::test]
async fn the_shell_finds_a_group_prepares_starts_and_follows_a_run() {
    let world = steady(World::build(Books::Sqlite)).start().await;
    let ids = many_parked(&world, Call::Process, 3).await;
    let groups = said(&world, &["sagas", "groups"]).await;
    assert!(groups.contains("charge_payment") && groups.contains("₹447.00"), "{groups}");
    let json = said(&world, &["sagas", "groups", "--json"]).await;
    let groups: Value = serde_json::from_str(&json).expect("JSON");
    let group = groups["items"][0]["id"].as_str().expect("an id");
    let listed = said(&world, &["sagas", "list", "--group", group, "--sort", "-createdAt"]).await;
    assert!(ids.iter().all(|id| listed.contains(&id.to_string())), "{listed}");
    for filter in [
        &["--step", "charge_payment", "--sort", "money"][..],
        &["--neighbour", "payment", "--holds", "money", "--min-amount", "14900"],
        &["--order", &ids[0].to_string()],
        &["--key", "process-0"],
    ] {
        let listed = said(&world, &[&["sagas", "list"], filter].concat()).await;
        assert!(listed.contains(&ids[0].to_string()), "{filter:?}: {listed}");
    }
    let reason = ["--reason", "they are back", "--operator", "ravi"];
    let prepare = ["bulk", "prepare", "retry", "--group", group, "--canary", "2", "--json"];
    let run = said(&world, &[&prepare[..], &reason[..]].concat()).await;
    let run: Value = serde_json::from_str(&run).expect("JSON");
    assert_eq!((&run["count"], &run["who"]), (&3.into(), &"ravi".into()));
    let id = run["id"].as_str().expect("an id");
    let shown = said(&world, &["bulk", "show", id]).await;
    assert!(shown.contains("PREPARED") && shown.contains("tries charge_payment now"), "{shown}");
    assert!(said(&world, &["bulk", "list"]).await.contains(id));
    let refused = shell(&world, &["bulk", "resume", id]).await;
    assert_eq!(refused.code, Some(1));
    assert!(refused.stderr.contains("allowed now: start, stop"), "{refused:?}");
    assert!(said(&world, &["bulk", "start", id]).await.starts_with("running"));
    let followed = said(&world, &["bulk", "show", id, "--follow"]).await;
    assert!(followed.contains("done: 3 done") && followed.contains("DONE"), "{followed}");
    world.finish().await;
}
