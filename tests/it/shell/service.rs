//! The shell at a service: what is wrong with its arguments.

use crate::books::{Ran, run};
use crate::harness::{TOKEN, World, on_both};

async fn shell(world: &World, words: &[&str]) -> Ran {
    let url = world.url("/");
    run(world, &[words, &["--url", &url, "--token", TOKEN]].concat()).await
}

#[tokio::test]
async fn what_the_service_finds_wrong_with_an_argument_exits_with_2_and_its_words() {
    on_both(async |world| {
        for (words, said) in [
            (&["sagas", "list", "--state", "foo"][..], "state must be"),
            (&["sagas", "show", "nix"], "id is not a UUID"),
            (&["sagas", "retry", "nix", "--reason", "x"], "id is not a UUID"),
            (&["bulk", "show", "nix"], "id is not a UUID"),
            (&["orders", "show", "nix"], "id is not a UUID"),
            (&["trail", "--result", "foo"], "result must be"),
        ] {
            let ran = shell(world, words).await;
            assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{words:?}: {ran:?}");
            assert!(ran.stderr.starts_with(said), "{words:?}: {ran:?}");
            assert_eq!(ran.stderr.lines().count(), 1, "{ran:?}");
        }
        let nobody = shell(world, &["sagas", "show", "00000000-0000-0000-0000-000000000009"]).await;
        assert_eq!(nobody.code, Some(1), "{nobody:?}");
    })
    .await;
}
