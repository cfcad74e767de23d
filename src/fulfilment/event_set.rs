//! A shipment's reports as a set.

use chrono::{DateTime, Utc};

use super::carrier::{CarrierEvent, CarrierStatus};

/// What a set makes of new reports.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Merged {
    /// Those that were not in it.
    pub new: Vec<CarrierEvent>,
    /// Those that were, with what stands of them now.
    pub changed: Vec<CarrierEvent>,
}

/// Takes new reports into a set. Of two with the same identity and other content, the greater by time,
/// word, place and description stays, whichever came first.
pub fn merge(known: &[CarrierEvent], reported: Vec<CarrierEvent>) -> Merged {
    let mut merged = Merged::default();
    for event in reported {
        let is_same = |other: &&mut CarrierEvent| other.identity == event.identity;
        if let Some(new) = merged.new.iter_mut().find(is_same) {
            keep_greater(new, &event);
        } else if let Some(changed) = merged.changed.iter_mut().find(is_same) {
            keep_greater(changed, &event);
        } else if let Some(before) = known.iter().find(|other| other.identity == event.identity) {
            let mut kept = before.clone();
            if keep_greater(&mut kept, &event) {
                merged.changed.push(kept);
            }
        } else {
            merged.new.push(event);
        }
    }
    merged
}

/// Whether the other one replaced the first, which keeps its id and when it was received.
fn keep_greater(kept: &mut CarrierEvent, other: &CarrierEvent) -> bool {
    let is_greater = content(other) > content(kept);
    if is_greater {
        let (id, received_at) = (kept.id, kept.received_at);
        *kept = CarrierEvent { id, received_at, ..other.clone() };
    }
    is_greater
}

fn content(
    event: &CarrierEvent,
) -> (DateTime<Utc>, CarrierStatus, &Option<String>, &Option<String>) {
    (event.at, event.status, &event.location, &event.description)
}

/// Where the shipment is: what was reported for the latest moment. What has arrived stays there; an unknown
/// word counts only where nothing else is known.
pub fn state(events: &[CarrierEvent]) -> CarrierStatus {
    if events.iter().any(|event| event.status == CarrierStatus::Delivered) {
        return CarrierStatus::Delivered;
    }
    let known = events.iter().filter(|event| event.status != CarrierStatus::Other);
    let latest = known.max_by_key(|event| (event.at, event.status)).map(|event| event.status);
    let unknown = || (!events.is_empty()).then_some(CarrierStatus::Other);
    latest.or_else(unknown).unwrap_or(CarrierStatus::LabelCreated)
}

/// When it arrived, by the earliest report that says so.
pub fn delivered_at(events: &[CarrierEvent]) -> Option<DateTime<Utc>> {
    let arrived = events.iter().filter(|event| event.status == CarrierStatus::Delivered);
    arrived.map(|event| event.at).min()
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    fn moment(minute: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::minutes(minute)
    }

    fn report(event_id: Option<&str>, word: &str, minute: i64) -> CarrierEvent {
        let received = (Uuid::nil(), DateTime::UNIX_EPOCH);
        CarrierEvent::reported(received, event_id, (word, moment(minute)), None, None)
    }

    fn of(reports: &[(&str, i64)]) -> CarrierStatus {
        let reports: Vec<_> = reports.iter().map(|(word, at)| report(None, word, *at)).collect();
        state(&reports)
    }

    #[test]
    fn the_latest_report_says_where_it_is_and_what_arrived_stays() {
        assert_eq!(of(&[]), CarrierStatus::LabelCreated);
        assert_eq!(of(&[("in_transit", 2), ("picked_up", 1)]), CarrierStatus::InTransit);
        assert_eq!(of(&[("delivered", 2), ("exception", 3)]), CarrierStatus::Delivered);
        assert_eq!(of(&[("returned", 9), ("delivered", 2)]), CarrierStatus::Delivered);
        assert_eq!(of(&[("in_transit", 1), ("delayed", 1)]), CarrierStatus::Delayed);
        assert_eq!(of(&[("lost_in_space", 9)]), CarrierStatus::Other);
        assert_eq!(of(&[("lost_in_space", 9), ("picked_up", 1)]), CarrierStatus::PickedUp);
    }

    #[test]
    fn a_word_that_nobody_knows_is_kept_as_it_was_said() {
        let received = (Uuid::nil(), DateTime::UNIX_EPOCH);
        let said = |word, more: Option<&str>| {
            let more = more.map(str::to_owned);
            let event = CarrierEvent::reported(received, None, (word, moment(1)), None, more);
            (event.status, event.description)
        };
        let other = |said: &str| (CarrierStatus::Other, Some(said.to_owned()));
        assert_eq!(said("CUSTOMS", None), other("CUSTOMS"));
        assert_eq!(said("CUSTOMS", Some("held")), other("CUSTOMS: held"));
        assert_eq!(said("other", None), other("other"));
        assert_eq!(said("picked_up", None), (CarrierStatus::PickedUp, None));
    }

    /// Takes reports in one after the other.
    fn set_of(reports: &[CarrierEvent]) -> Vec<CarrierEvent> {
        let mut set: Vec<CarrierEvent> = Vec::new();
        for report in reports {
            let merged = merge(&set, vec![report.clone()]);
            for changed in merged.changed {
                let same = set.iter_mut().find(|event| event.identity == changed.identity);
                *same.expect("it was known") = changed;
            }
            set.extend(merged.new);
        }
        set.sort_by(|one, other| one.identity.cmp(&other.identity));
        set
    }

    fn reports() -> impl Strategy<Value = Vec<CarrierEvent>> {
        let words = prop::sample::select(vec![
            "label_created",
            "in_transit",
            "delayed",
            "delivered",
            "exception",
            "CUSTOMS",
        ]);
        let ids = prop::option::of(prop::sample::select(vec!["a", "b", "c"]));
        let one = (ids, words, 0_i64..4).prop_map(|(id, word, at)| report(id, word, at));
        prop::collection::vec(one, 0..8)
    }

    proptest! {
        #[test]
        fn no_order_of_arrival_and_no_duplicate_changes_the_set(
            (reports, shuffled) in reports().prop_flat_map(|reports| {
                let twice: Vec<_> = reports.iter().chain(&reports).cloned().collect();
                (Just(reports), Just(twice).prop_shuffle())
            })
        ) {
            let (once, again) = (set_of(&reports), set_of(&shuffled));
            prop_assert_eq!(&once, &again);
            prop_assert_eq!(state(&once), state(&again));
            let together = merge(&[], shuffled).new;
            prop_assert_eq!(together.len(), once.len());
        }

        #[test]
        fn what_has_arrived_never_leaves_again(reports in reports(), more in reports()) {
            let before = set_of(&reports);
            let all: Vec<_> = reports.iter().chain(&more).cloned().collect();
            let keeps_ids = more.iter().all(|event| !event.identity.starts_with("id:"));
            if state(&before) == CarrierStatus::Delivered && keeps_ids {
                prop_assert_eq!(state(&set_of(&all)), CarrierStatus::Delivered);
            }
        }
    }
}
