//! A browser without JavaScript: it keeps the cookie, fills in forms, and follows where they lead.

use reqwest::header::HeaderMap;
use reqwest::redirect::Policy;
use url::form_urlencoded;

use crate::harness::World;

/// What every answer of the console says.
pub const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
                          img-src 'self'; connect-src 'self'; form-action 'self'; \
                          base-uri 'none'; frame-ancestors 'none'";

pub struct Browser<'a> {
    world: &'a World,
    http: reqwest::Client,
    pub cookie: Option<String>,
}

/// A page, or another answer.
#[derive(Debug)]
pub struct Page {
    pub status: u16,
    pub headers: HeaderMap,
    pub html: String,
}

impl<'a> Browser<'a> {
    pub fn new(world: &'a World) -> Self {
        let http = reqwest::Client::builder().redirect(Policy::none()).build();
        Self { world, http: http.expect("a client"), cookie: None }
    }

    /// Signs in with this token.
    pub async fn signed_in(world: &'a World, token: &str) -> Self {
        let mut browser = Self::new(world);
        let page = browser.post("/console/sign-in", &[("token", token), ("who", "asha")]).await;
        assert_eq!(page.status, 303, "{page:?}");
        browser.keep_cookie(&page);
        browser
    }

    pub fn keep_cookie(&mut self, page: &Page) {
        let set = page.header("set-cookie").expect("a cookie");
        self.cookie = Some(set.split(';').next().expect("a pair").to_owned());
    }

    pub async fn get(&self, path: &str) -> Page {
        self.send(self.http.get(self.world.url(path))).await
    }

    /// Sends a form as a page of ours would.
    pub async fn post(&self, path: &str, form: &[(&str, &str)]) -> Page {
        self.post_with(path, form, &[("sec-fetch-site", "same-origin")]).await
    }

    pub async fn post_with(
        &self,
        path: &str,
        form: &[(&str, &str)],
        headers: &[(&str, &str)],
    ) -> Page {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let request = self.http.post(self.world.url(path)).body(body);
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        let request =
            headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        self.send(request).await
    }

    /// The same, and looks at where it leads.
    pub async fn post_and_follow(&self, path: &str, form: &[(&str, &str)]) -> Page {
        let answer = self.post(path, form).await;
        assert_eq!(answer.status, 303, "{answer:?}");
        self.get(answer.header("location").expect("where to")).await
    }

    pub async fn send(&self, request: reqwest::RequestBuilder) -> Page {
        let request = match &self.cookie {
            Some(cookie) => request.header("cookie", cookie),
            None => request,
        };
        let answer = request.send().await.expect("an answer");
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let page = Page { status, headers, html: answer.text().await.expect("a body") };
        assert_eq!(page.header("content-security-policy"), Some(POLICY), "{page:?}");
        page
    }
}

impl Page {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().expect("text"))
    }

    /// The start tags of the elements with this test id.
    pub fn tags(&self, id: &str) -> Vec<&str> {
        let mark = format!("data-testid=\"{id}\"");
        let found = self.html.match_indices(&mark).map(|(at, _)| {
            let from = self.html[..at].rfind('<').expect("a tag");
            let to = at + self.html[at..].find('>').expect("its end");
            &self.html[from..=to]
        });
        found.collect()
    }

    /// The first of them.
    #[track_caller]
    pub fn tag(&self, id: &str) -> &str {
        let tags = self.tags(id);
        tags.first().unwrap_or_else(|| panic!("no {id} in {}", self.html))
    }

    /// An attribute of the first of them.
    #[track_caller]
    pub fn attribute(&self, id: &str, name: &str) -> String {
        let tag = self.tag(id);
        let (_, rest) = tag.split_once(&format!(" {name}=\"")).unwrap_or_else(|| panic!("{tag}"));
        unescaped(rest.split('"').next().expect("its end"))
    }

    /// The text of each element with this test id, without its tags.
    pub fn texts(&self, id: &str) -> Vec<String> {
        let tags = self.tags(id).into_iter();
        tags.map(|tag| text_of(&self.html[tag.as_ptr() as usize - self.html.as_ptr() as usize..]))
            .collect()
    }

    /// The text of the first of them.
    #[track_caller]
    pub fn text(&self, id: &str) -> String {
        self.texts(id).into_iter().next().unwrap_or_else(|| panic!("no {id} in {}", self.html))
    }

    /// The value of the first hidden field of this name behind this mark.
    #[track_caller]
    pub fn hidden(&self, behind: &str, name: &str) -> String {
        let from = self.html.find(behind).unwrap_or_else(|| panic!("no {behind}"));
        let mark = format!("name=\"{name}\" value=\"");
        let rest = &self.html[from..];
        let at = rest.find(&mark).unwrap_or_else(|| panic!("no {name} behind {behind}"));
        rest[at + mark.len()..].split('"').next().expect("its end").to_owned()
    }

    /// The version that the forms have.
    #[track_caller]
    pub fn version(&self) -> String {
        self.hidden("<form", "version")
    }
}

/// The text of the element that begins here.
fn text_of(html: &str) -> String {
    let name: String =
        html[1..].chars().take_while(|letter| letter.is_ascii_alphanumeric()).collect();
    let (open, close) = (format!("<{name}"), format!("</{name}"));
    let (mut depth, mut at, mut text) = (0_usize, 0_usize, String::new());
    loop {
        let rest = &html[at..];
        let Some(tag) = rest.find('<') else { break };
        text.push_str(&rest[..tag]);
        let rest = &rest[tag..];
        let end = rest.find('>').expect("a tag ends") + 1;
        if rest.starts_with(&close) {
            depth -= 1;
        } else if rest.starts_with(&open) {
            depth += 1;
        }
        at += tag + end;
        if depth == 0 {
            break;
        }
    }
    let words = unescaped(&text);
    words.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn unescaped(text: &str) -> String {
    let pairs = [("&#60;", "<"), ("&#62;", ">"), ("&#34;", "\""), ("&#39;", "'"), ("&#38;", "&")];
    pairs.iter().fold(text.to_owned(), |text, (code, sign)| text.replace(code, sign))
}
