//! The few calls of `WebDriver` that the tests make. The crates that cover the whole protocol either
//! turn on features of our own dependencies, so that the tests would not run what is shipped, or bring
//! two dozen more crates.

use reqwest::Client;
use serde_json::{Value, json};

/// The protocol's name of an element's only member.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// A browser's session.
pub struct Session {
    client: Client,
    url: String,
}

impl Session {
    /// Tells the driver to start a browser with these arguments.
    pub async fn begin(driver: &str, arguments: &Value) -> Self {
        let client = Client::new();
        let wanted = json!({
            "browserName": "chrome",
            "goog:chromeOptions": {"args": arguments},
            "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
        });
        let asked = client.post(format!("{driver}/session"));
        let begun = value(asked.json(&json!({"capabilities": {"alwaysMatch": wanted}}))).await;
        let id = begun["sessionId"].as_str().expect("a session");
        Self { client, url: format!("{driver}/session/{id}") }
    }

    pub async fn get(&self, path: &str) -> Value {
        value(self.client.get(format!("{}{path}", self.url))).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Value {
        value(self.client.post(format!("{}{path}", self.url)).json(&body)).await
    }

    /// The path of the page's element with this id.
    pub async fn element(&self, id: &str) -> String {
        let found = json!({"using": "css selector", "value": format!("#{id}")});
        let found = self.post("/element", found).await;
        format!("/element/{}", found[ELEMENT].as_str().expect("an element"))
    }

    /// Ends the browser.
    pub async fn end(self) {
        value(self.client.delete(&self.url)).await;
    }
}

async fn value(asked: reqwest::RequestBuilder) -> Value {
    let answer = asked.send().await.expect("the driver answers");
    let is_fine = answer.status().is_success();
    let mut body: Value = answer.json().await.expect("JSON");
    assert!(is_fine, "{body}");
    body["value"].take()
}
