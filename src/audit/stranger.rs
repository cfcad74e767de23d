//! Ids that somebody else knows: is there one that the payment service has recorded, and that is in no
//! books?
//!
//! The payment service tells of a payment only to who knows its order's id. So a charge for a checkout
//! that the books have lost is found only if its id comes from elsewhere: from an export of the payment
//! service's own, or from what clients were answered.

use std::collections::BTreeSet;

use futures::{StreamExt, stream};

use super::payment;
use super::report::{About, Finding, Report, Verdict};
use super::run::{AT_ONCE, Audit};
use crate::neighbours::Recorded;
use crate::order::OrderId;
use crate::store::Error;

/// Ids looked for in the books at a time.
const BATCH: usize = 500;

impl Audit {
    /// Looks each of these ids up in the books, and asks the payment service about those that are not
    /// there.
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
            let mut asked = stream::iter(asked).buffered(AT_ONCE);
            while let Some((id, recorded)) = asked.next().await {
                self.judge(id, &recorded, report).await?;
                progress(report);
            }
        }
        Ok(())
    }

    /// It may have come into the books meanwhile.
    async fn judge(
        &self,
        id: OrderId,
        recorded: &Recorded,
        report: &mut Report,
    ) -> Result<(), Error> {
        let verdict = match recorded {
            Recorded::NoAnswer(_) => Verdict::NotCompared,
            Recorded::Status(_) if self.store.known(&[id]).await?.is_empty() => Verdict::Differs,
            Recorded::Status(_) | Recorded::Nothing => {
                report.payments += 1;
                return Ok(());
            }
        };
        report.payments += u64::from(verdict == Verdict::Differs);
        let (books, neighbour) = ("nothing of this id".to_owned(), Some(payment::said(recorded)));
        report.add(Finding { id, verdict, about: About::Payment, books, neighbour });
        Ok(())
    }
}
