//! Reads the page of metrics that this process writes.
//!
//! The cells of `prometheus-client` can't be walked: what they hold leaves them only as the page. So the page is
//! what is exported, too, and the two can't differ. Only what our own page has is understood: counters, gauges
//! and histograms, without exemplars and timestamps.

/// A metric with all of its samples.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Family<'a> {
    /// With its unit as suffix, and without the `_total` of counters.
    pub(super) name: &'a str,
    pub(super) help: &'a str,
    /// `counter`, `gauge` or `histogram`.
    pub(super) kind: &'a str,
    /// Empty where it has none.
    pub(super) unit: &'a str,
    pub(super) samples: Vec<Sample<'a>>,
}

/// One line.
#[derive(Debug, PartialEq)]
pub(super) struct Sample<'a> {
    /// What follows the family's name: `_total`, `_bucket`, `_sum`, `_count` or nothing.
    pub(super) suffix: &'a str,
    pub(super) labels: Vec<(&'a str, String)>,
    pub(super) value: &'a str,
}

/// The families of a page, in its order. A line that can't be read is left out.
pub(super) fn families(page: &str) -> Vec<Family<'_>> {
    let mut families: Vec<Family<'_>> = Vec::new();
    for line in page.lines() {
        if let Some(said) = line.strip_prefix("# ") {
            let mut words = said.splitn(3, ' ');
            let (about, name) = (words.next(), words.next().unwrap_or_default());
            let text = words.next().unwrap_or_default();
            match (about, families.last_mut()) {
                // It comes first.
                (Some("HELP"), _) => {
                    families.push(Family { name, help: text, ..Family::default() });
                }
                (Some("TYPE"), Some(family)) => family.kind = text,
                (Some("UNIT"), Some(family)) => family.unit = text,
                _ => {}
            }
        } else if let Some(family) = families.last_mut()
            && let Some(sample) = sample(line, family.name)
        {
            family.samples.push(sample);
        }
    }
    families
}

/// A line such as `NAME_total{state="Paid"} 3`.
fn sample<'a>(line: &'a str, name: &str) -> Option<Sample<'a>> {
    let rest = line.strip_prefix(name)?;
    let (suffix, rest) = rest.split_at(rest.find(['{', ' '])?);
    let (labels, rest) = match rest.strip_prefix('{') {
        Some(rest) => labels(rest)?,
        None => (Vec::new(), rest),
    };
    Some(Sample { suffix, labels, value: rest.strip_prefix(' ')? })
}

/// Labels up to the brace that closes them, and what follows it.
fn labels(mut rest: &str) -> Option<(Vec<(&str, String)>, &str)> {
    let mut labels = Vec::new();
    loop {
        if let Some(after) = rest.strip_prefix('}') {
            return Some((labels, after));
        }
        let (key, quoted) = rest.strip_prefix(',').unwrap_or(rest).split_once("=\"")?;
        let (value, after) = value(quoted)?;
        labels.push((key, value));
        rest = after;
    }
}

/// A label's value up to the quote that ends it, and what follows that.
fn value(quoted: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut letters = quoted.chars();
    loop {
        match letters.next()? {
            '"' => return Some((value, letters.as_str())),
            '\\' => match letters.next()? {
                'n' => value.push('\n'),
                other => value.push(other),
            },
            other => value.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use prometheus_client::encoding::text::encode;
    use prometheus_client::metrics::counter::Counter;
    use prometheus_client::metrics::family::Family as Cells;
    use prometheus_client::metrics::gauge::Gauge;
    use prometheus_client::registry::{Registry, Unit};

    use super::*;

    #[test]
    fn what_is_written_is_read_whatever_a_label_says() {
        let mut registry = Registry::with_prefix("order_service");
        let counted: Cells<Vec<(&str, &str)>, Counter> = Cells::default();
        let awkward = "a \"b\", c=\"d\"} 7\\n\n\\";
        counted.get_or_create(&vec![("one", awkward), ("two", "")]).inc_by(3);
        registry.register("counted", "How many, and why", counted);
        let age: Gauge<f64, std::sync::atomic::AtomicU64> = Gauge::default();
        age.set(1.5);
        registry.register_with_unit("age", "How old", Unit::Seconds, age);
        let mut page = String::new();
        encode(&mut page, &registry).expect("a string takes everything");
        let labels = vec![("one", awkward.to_owned()), ("two", String::new())];
        let counted = Family {
            name: "order_service_counted",
            help: "How many, and why.",
            kind: "counter",
            unit: "",
            samples: vec![Sample { suffix: "_total", labels, value: "3" }],
        };
        let age = Family {
            name: "order_service_age_seconds",
            help: "How old.",
            kind: "gauge",
            unit: "seconds",
            samples: vec![Sample { suffix: "", labels: Vec::new(), value: "1.5" }],
        };
        assert_eq!(families(&page), [counted, age]);
    }
}
