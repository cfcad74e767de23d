//! The keys that decide where webhooks go, and how often.

use super::{from_environment, from_file, refusal};

#[test]
fn lists_are_an_array_or_plain_values_and_what_is_wrong_in_them_is_named() {
    for text in ["5s, 5m", r#"["5s", "5m"]"#, "['5s', '5m']"] {
        let config = from_environment(&[("ORDER_SERVICE__WEBHOOKS__SCHEDULE", text)]);
        let schedule = config.expect(text).webhooks.schedule;
        assert!(schedule.iter().map(|pause| pause.as_secs()).eq([5, 300]), "{text}");
    }
    let none = from_environment(&[("ORDER_SERVICE__WEBHOOKS__SCHEDULE", "[]")]);
    assert!(none.expect("never again").webhooks.schedule.is_empty());
    let lines = [
        refusal(from_file("webhooks.schedule = ['5s', 5]")),
        refusal(from_file("webhooks.schedule = ['0s']")),
        refusal(from_file("webhooks.schedule = '5s'")),
        refusal(from_file("webhooks.timeout = '0s'")),
        refusal(from_file("webhooks.allow_networks = ['10.0.0.0/33']")),
        refusal(from_file("webhooks.allow_networks = ['localhost']")),
        refusal(from_file("webhooks.allow_http = 'perhaps'")),
    ];
    insta::assert_snapshot!(lines.join("\n").replace(" (in order-service.toml)", ""), @r#"
    configuration: `webhooks.schedule.1` must be a duration with its unit, not 5: write "5s" for seconds
    configuration: `webhooks.schedule` must be at least 1ms, not 0s
    configuration: `webhooks.schedule` must be a list, not `5s`
    configuration: `webhooks.timeout` must be at least 1ms, not 0s
    configuration: `webhooks.allow_networks` must list networks such as 10.0.0.0/8, not `10.0.0.0/33`
    configuration: `webhooks.allow_networks` must list networks such as 10.0.0.0/8, not `localhost`
    configuration: `webhooks.allow_http` must be true or false, not `perhaps`
    "#);
}
