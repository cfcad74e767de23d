//! The lines of docs/EVENTS.md that verify a signature, as they stand, in each of their languages.

use std::process::Command;

use serde_json::json;

use super::receiver::{Receiver, Seen};
use super::{add, nearby, order, until};
use crate::harness::on_both_with;

/// The block of this language in the section about webhooks that verifies a signature.
fn block(language: &str) -> &'static str {
    let page = include_str!("../../../docs/EVENTS.md");
    let (_, section) = page.split_once("## By webhook").expect("the section");
    let fence = format!("```{language}\n");
    let blocks = section.split(fence.as_str()).skip(1);
    let mut blocks = blocks.filter_map(|rest| rest.split_once("```").map(|(block, _)| block));
    blocks.find(|block| block.contains("whsec_")).expect("a block")
}

/// What the lines of a language print about a request with this body.
fn says(language: &str, secret: &str, seen: &Seen, body: &str) -> Option<String> {
    let lines = block(language);
    let headers = ["webhook-id", "webhook-timestamp", "webhook-signature"];
    let headers: serde_json::Map<_, _> =
        headers.map(|name| (name.to_owned(), json!(seen.header(name)))).into_iter().collect();
    let headers = json!(headers).to_string();
    let (program, flag, lines) = match language {
        "python" => {
            let call = "import json, os\nprint(is_genuine(os.environ['SECRET'], \
                        json.loads(os.environ['HEADERS']), os.environ['BODY'].encode()))";
            ("python3", "-c", format!("{lines}\n{call}"))
        }
        "js" => {
            let call = "const { SECRET, HEADERS, BODY } = process.env;\n\
                        console.log(isGenuine(SECRET, JSON.parse(HEADERS), BODY));";
            ("node", "-e", format!("{lines}\n{call}"))
        }
        _shell => ("sh", "-c", lines.to_owned()),
    };
    let ran = Command::new(program)
        .args([flag, &lines])
        .env("SECRET", secret)
        .env("HEADERS", headers)
        .env("BODY", body)
        .env("ID", seen.header("webhook-id"))
        .env("TIMESTAMP", seen.header("webhook-timestamp"))
        .env("SIGNATURE", seen.header("webhook-signature"))
        .output();
    let ran = match ran {
        Ok(ran) => ran,
        Err(missing) => {
            eprintln!("not shown: the lines for {program}, which is not here: {missing}");
            return None;
        }
    };
    assert!(ran.status.success(), "{language}: {ran:?}");
    Some(String::from_utf8(ran.stdout).expect("UTF-8").trim().to_lowercase())
}

#[tokio::test]
async fn the_lines_in_the_docs_tell_a_genuine_signature_from_a_forged_one() {
    on_both_with(nearby, async |world| {
        let receiver = Receiver::start().await;
        let (id, secret) = add(world, &receiver.url("/all"), &json!({})).await;
        order(world).await;
        until(world, &id, "delivered", 1).await;
        let seen = receiver.seen("/all").remove(0);
        let forged = seen.body.replace("14900", "1");
        for (language, genuine, wrong) in
            [("python", "true", "false"), ("js", "true", "false"), ("sh", "genuine", "forged")]
        {
            for (body, said) in [(&seen.body, genuine), (&forged, wrong)] {
                if let Some(says) = says(language, &secret, &seen, body) {
                    assert_eq!(says, said, "{language}");
                }
            }
        }
    })
    .await;
}
