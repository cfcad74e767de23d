//! `GET /docs`: Swagger UI for `/openapi.json`, served from this binary. `/swagger`, where the .NET
//! service has it, redirects there.
//!
//! The invariant: the page loads nothing from other hosts, which its Content-Security-Policy enforces.

use std::sync::{Arc, LazyLock};

use axum::extract::Path;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use utoipa_swagger_ui::Config;

use crate::web::{Problem, Segment};

const POLICY: &str = "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'";

/// Without "none", Swagger UI would send the document to an online validator.
static CONFIG: LazyLock<Arc<Config<'static>>> =
    LazyLock::new(|| Arc::new(Config::new(["/openapi.json"]).validator_url("none")));

/// The page. It refers to its files by addresses relative to `/docs/`.
pub(super) async fn page() -> Result<Response, Problem> {
    let (page, media_type) = file("index.html")?;
    let page = String::from_utf8_lossy(&page).replacen("<head>", "<head><base href=\"/docs/\">", 1);
    Ok(answer(page.into_bytes(), media_type))
}

/// Redirects from the old address to the page.
pub(super) async fn moved() -> Response {
    (StatusCode::FOUND, [(header::LOCATION, "/docs")]).into_response()
}

/// A file of the page.
pub(super) async fn asset(name: Segment) -> Result<Response, Problem> {
    let Path(name) = name.map_err(|_not_text| Problem::not_found("Not found"))?;
    let (bytes, media_type) = file(&name)?;
    Ok(answer(bytes, media_type))
}

fn file(name: &str) -> Result<(Vec<u8>, HeaderValue), Problem> {
    let found = utoipa_swagger_ui::serve(name, CONFIG.clone());
    let found = found.map_err(|_not_utf8| Problem::internal())?;
    let file = found.ok_or_else(|| Problem::not_found("Not found"))?;
    let media_type = HeaderValue::try_from(file.content_type);
    Ok((file.bytes.into_owned(), media_type.map_err(|_bad| Problem::internal())?))
}

fn answer(bytes: Vec<u8>, media_type: HeaderValue) -> Response {
    let policy = HeaderValue::from_static(POLICY);
    let headers = [(header::CONTENT_TYPE, media_type), (header::CONTENT_SECURITY_POLICY, policy)];
    (headers, bytes).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_loads_nothing_from_outside() {
        for name in ["index.html", "swagger-initializer.js"] {
            let (bytes, _) = file(name).expect("it is part of the binary");
            let text = String::from_utf8(bytes).expect("text");
            assert!(!text.contains("http://") && !text.contains("https://"), "{text}");
        }
        let (initializer, _) = file("swagger-initializer.js").expect("it is part of the binary");
        let text = String::from_utf8_lossy(&initializer).into_owned();
        assert!(text.contains("/openapi.json") && text.contains("\"none\""), "{text}");
    }
}
