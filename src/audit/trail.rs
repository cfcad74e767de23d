//! Checks the chain of the audit trail: that no entry was changed, removed, added or moved, and that none
//! is missing at its end (promise 63).

use super::report::{About, Finding, FindingKind, Report};
use super::run::Audit;
use crate::store::{AuditEntry, Error, Store};

/// Entries that are read at a time.
const PAGE: u64 = 500;

impl Audit {
    /// Goes through the whole chain. Entries that are added meanwhile are left to the next audit.
    pub async fn check_trail(&self, report: &mut Report) -> Result<(), Error> {
        let Some(head) = self.store.audit_head().await? else {
            report.add(differs("the end of the chain is not noted"));
            return Ok(());
        };
        if head.last_seq != head.entries {
            let (last, noted) = (head.last_seq, head.entries);
            report.add(differs(format!("ends with entry {last}; {noted} were noted")));
        }
        let mut chain = Chain::default();
        while chain.seq < head.entries {
            let page = self.store.audit_chain(chain.seq, PAGE).await?;
            let page = page.into_iter().filter(|entry| entry.seq <= head.entries);
            let page: Vec<_> = page.collect();
            if page.is_empty() {
                // It is said already that the end is missing.
                return Ok(());
            }
            for entry in page {
                chain.follow(entry, report);
            }
        }
        if chain.hash != head.hash {
            let last = chain.seq;
            report.add(differs(format!("entry {last}: its hash is not the one that was noted")));
        }
        Ok(())
    }
}

/// How far the chain has been followed.
struct Chain {
    seq: i64,
    hash: String,
}

impl Default for Chain {
    fn default() -> Self {
        Self { seq: 0, hash: Store::NO_HASH.to_owned() }
    }
}

impl Chain {
    /// Takes the next entry. After a fault it goes on from what the entry says, so that each is found once.
    fn follow(&mut self, entry: AuditEntry, report: &mut Report) {
        let AuditEntry { seq, .. } = entry;
        report.audit_entries += 1;
        if seq != self.seq + 1 {
            report.add(differs(match (self.seq + 1, seq - 1) {
                (first, last) if first == last => format!("entry {first} is missing"),
                (first, last) => format!("entries {first} to {last} are missing"),
            }));
        } else if entry.hash != entry.hash_behind(&self.hash) {
            report.add(differs(format!("entry {seq}: its hash is not that of what it says")));
        }
        (self.seq, self.hash) = (seq, entry.hash);
    }
}

fn differs(books: impl Into<String>) -> Finding {
    let (kind, about) = (FindingKind::Differs, About::Trail);
    Finding { id: None, kind, about, books: books.into(), neighbour: None }
}
