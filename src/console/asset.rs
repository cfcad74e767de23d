//! The stylesheet, the script and the icon. Each is served under a name that has its digest in it, so that a
//! browser may keep it for ever, and asks for the new one after an update.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

use crate::web::Problem;

/// The addresses of the files.
#[derive(Debug)]
pub(super) struct Assets {
    pub(super) style: String,
    pub(super) script: String,
    pub(super) icon: String,
}

struct File {
    stem: &'static str,
    extension: &'static str,
    media_type: &'static str,
    text: &'static str,
}

const STYLE: File = File {
    stem: "console",
    extension: "css",
    media_type: "text/css; charset=utf-8",
    text: include_str!("../../templates/console/console.css"),
};
const SCRIPT: File = File {
    stem: "console",
    extension: "js",
    media_type: "text/javascript; charset=utf-8",
    text: include_str!("../../templates/console/console.js"),
};
const ICON: File = File {
    stem: "icon",
    extension: "svg",
    media_type: "image/svg+xml",
    text: include_str!("../../templates/console/icon.svg"),
};

/// The addresses, which are the same in every process of this build.
pub(super) static ASSETS: LazyLock<Assets> = LazyLock::new(|| {
    let address = |file: &File| format!("/console/assets/{}", file.name());
    Assets { style: address(&STYLE), script: address(&SCRIPT), icon: address(&ICON) }
});

impl File {
    fn name(&self) -> String {
        let digest = base16ct::lower::encode_string(&Sha256::digest(self.text)[..8]);
        format!("{}-{digest}.{}", self.stem, self.extension)
    }
}

/// `GET /console/assets/{file}`. Anybody may have these.
pub(super) async fn asset(Path(name): Path<String>) -> Result<Response, Problem> {
    let file = [STYLE, SCRIPT, ICON].into_iter().find(|file| file.name() == name);
    let file = file.ok_or_else(|| Problem::not_found("Not found"))?;
    let headers = [
        (header::CONTENT_TYPE, file.media_type),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
    ];
    Ok((StatusCode::OK, headers, file.text).into_response())
}
