//! The tokens in the `OpenAPI` document.

use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Components, OpenApi};

/// Describes the two kinds of bearer tokens, under the names that the routes refer to.
pub fn describe(document: &mut OpenApi) {
    let bearer = || HttpBuilder::new().scheme(HttpAuthScheme::Bearer);
    let operator = bearer().description(Some(
        "An operator's token: `operator.token`, or one of `operator.tokens`, whose role decides what it \
         is good for.",
    ));
    let user = bearer().bearer_format("JWT").description(Some(
        "A user's token, where `users.auth` is `jwt`. With it a user sees no orders but their own; an \
         operator's token is good for reading any order.",
    ));
    let components = document.components.get_or_insert_with(Components::new);
    components.add_security_scheme("operatorToken", SecurityScheme::Http(operator.build()));
    components.add_security_scheme("userToken", SecurityScheme::Http(user.build()));
}
