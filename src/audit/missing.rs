//! Looks for payments whose orders are missing from the books.
//!
//! The payment service can only be asked about a payment by its order's id. So if the books have lost a
//! checkout, its charge is found only if the id comes from elsewhere: from an export of the payment service,
//! or from the answers that clients got.

use std::collections::BTreeSet;

use futures::{StreamExt, stream};

use super::payment;
use super::report::{About, Finding, FindingKind, Report};
use super::run::{Audit, CONCURRENCY};
use crate::neighbours::Recorded;
use crate::order::OrderId;
use crate::store::Error;

/// How many ids are looked up in the books at a time.
const BATCH: usize = 500;

impl Audit {
    /// Looks up each of these ids in the books, and asks the payment service about those that are not there.
    pub async fn look_for(
        &self,
        ids: &BTreeSet<OrderId>,
        report: &mut Report,
        mut progress: impl FnMut(&Report),
    ) -> Result<(), Error> {
        let ids: Vec<OrderId> = ids.iter().copied().collect();
        for batch in ids.chunks(BATCH) {
            let known = self.store.known(batch).await?;
            let unknown: Vec<OrderId> =
                batch.iter().copied().filter(|id| !known.contains(id)).collect();
            report.ids += batch.len() as u64;
            report.unknown_ids += unknown.len() as u64;
            let asked = unknown.into_iter().map(async |id| (id, self.ask(id).await));
            let mut asked = stream::iter(asked).buffered(CONCURRENCY);
            while let Some((id, recorded)) = asked.next().await {
                self.add_recorded(id, &recorded, report).await?;
                progress(report);
            }
        }
        Ok(())
    }

    /// Adds the payment service's answer to the report. A recorded payment is a difference, unless its order
    /// has been written to the books in the meantime.
    async fn add_recorded(
        &self,
        id: OrderId,
        recorded: &Recorded,
        report: &mut Report,
    ) -> Result<(), Error> {
        let kind = match recorded {
            Recorded::NoAnswer(_) => FindingKind::NotCompared,
            Recorded::Status(_) if self.store.known(&[id]).await?.is_empty() => {
                FindingKind::Differs
            }
            Recorded::Status(_) | Recorded::Nothing => {
                report.payments += 1;
                return Ok(());
            }
        };
        report.payments += u64::from(kind == FindingKind::Differs);
        let (books, neighbour) = ("nothing of this id".to_owned(), Some(payment::said(recorded)));
        let id = Some(id);
        report.add(Finding { id, kind, about: About::Payment, books, neighbour });
        Ok(())
    }
}
