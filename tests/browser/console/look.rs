//! Whether a page can be read and used by everybody: contrasts from the styles as they apply, and names,
//! roles and headings from the page as it is.

use serde_json::{Value, json};

use crate::browser::Browser;

/// Texts whose contrast with what is behind them is too low, by the formula of WCAG 2.
const CONTRAST: &str = r#"
const parse = (text) => {
    const [r, g, b, a = 1] = text.match(/[\d.]+/g).map(Number);
    return { r, g, b, a };
};
const light = ({ r, g, b }) => {
    const part = (value) => (value /= 255) <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
    return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
};
const behind = (element) => {
    for (let one = element; one; one = one.parentElement) {
        const colour = parse(getComputedStyle(one).backgroundColor);
        if (colour.a === 1) return colour;
    }
    return { r: 255, g: 255, b: 255 };
};
const faults = [];
const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (texts.nextNode()) {
    const element = texts.currentNode.parentElement;
    if (!texts.currentNode.data.trim() || !element.checkVisibility() || element.closest("script, style")) continue;
    const style = getComputedStyle(element);
    const pair = [light(parse(style.color)), light(behind(element))].sort((a, b) => b - a);
    const ratio = (pair[0] + 0.05) / (pair[1] + 0.05);
    if (ratio < 4.5) faults.push(`${texts.currentNode.data.trim()}: ${ratio.toFixed(2)}`);
}
return faults;
"#;

/// Fields without a name, buttons and links without words, headings out of order, and the like.
const ORDER: &str = r#"
const faults = [];
const all = (selector) => [...document.querySelectorAll(selector)];
const say = (element, fault) => faults.push(`${fault}: ${element.outerHTML.slice(0, 120)}`);
for (const one of ["main", "h1", "title"]) if (all(one).length !== 1) faults.push(`${all(one).length} ${one}`);
if (document.documentElement.lang !== "en") faults.push("no language");
for (const field of all("input:not([type=hidden]), select, textarea")) {
    if (!field.labels?.length && !field.ariaLabel) say(field, "no label");
}
for (const one of all("button, a, summary, label, th, legend")) {
    if (!one.textContent.trim() && !one.ariaLabel) say(one, "no words");
}
for (const one of all("th")) if (!one.scope) say(one, "no scope");
for (const one of all("svg, img")) if (one.ariaHidden !== "true" && !one.alt) say(one, "no text for it");
for (const one of all("details")) if (one.firstElementChild.tagName !== "SUMMARY") say(one, "no summary");
for (const one of all("time")) if (!one.dateTime) say(one, "no time for machines");
for (const one of all("nav, form[role], section")) if (!one.ariaLabel && !one.querySelector("h2, input[aria-label]")) say(one, "no name");
for (const one of all("fieldset")) if (!one.querySelector("legend")) say(one, "no legend");
for (const one of all("[tabindex]")) if (one.tabIndex > 0) say(one, "out of the order of focus");
const ids = all("[id]").map((one) => one.id);
if (new Set(ids).size !== ids.length) faults.push("an id twice");
let level = 0;
for (const heading of all("h1, h2, h3, h4")) {
    const own = Number(heading.tagName[1]);
    if (own > level + 1) say(heading, "a level is skipped");
    level = own;
}
const skip = document.querySelector("a.skip");
if (!skip || !document.querySelector(skip.hash)) faults.push("nowhere to skip to");
return faults;
"#;

/// Every text has enough contrast.
pub async fn can_be_read(browser: &Browser, what: &str) {
    assert_eq!(browser.script(CONTRAST).await, json!([]), "{what}");
}

/// A screen reader finds its way.
pub async fn is_in_order(browser: &Browser, what: &str) {
    assert_eq!(browser.script(ORDER).await, Value::Array(Vec::new()), "{what}");
}

/// What does not fit into the window, and which of our words are broken though there is room: nothing, on a page
/// that can be read.
pub async fn fits(browser: &Browser, what: &str) -> Vec<String> {
    let wide = browser.script(WIDE).await;
    let broken = browser.script(BROKEN).await;
    let said = |faults: &Value| format!("{what}: {faults}");
    [wide, broken].iter().filter(|faults| **faults != json!([])).map(said).collect()
}

/// The page's width and its window's where it is wider, and what sticks out.
const WIDE: &str = r#"
const page = document.documentElement;
if (page.scrollWidth <= page.clientWidth) return [];
const out = [...document.querySelectorAll("main *")].filter((one) => one.getBoundingClientRect().right > page.clientWidth);
return [page.scrollWidth, page.clientWidth, ...out.slice(0, 3).map((one) => one.outerHTML.slice(0, 80))];
"#;

/// Words of our own that are broken over several lines: names of neighbours, states, headers of columns.
const BROKEN: &str = r#"
const broken = [];
for (const one of document.querySelectorAll(".columns dt, .rows th, .rows td.number, [data-testid=saga-state]")) {
    const words = document.createTreeWalker(one, NodeFilter.SHOW_TEXT);
    while (words.nextNode()) {
        for (const { 0: word, index } of words.currentNode.data.matchAll(/\S+/g)) {
            const range = document.createRange();
            range.setStart(words.currentNode, index);
            range.setEnd(words.currentNode, index + word.length);
            const lines = new Set([...range.getClientRects()].map((line) => Math.round(line.top)));
            if (word.length < 16 && lines.size > 1) broken.push(`${word}: ${lines.size}`);
        }
    }
}
return broken;
"#;
