//! All SQL, for SQLite and PostgreSQL alike.
//!
//! The invariants: every write names owner, fence and the revision that it leaves, and one that
//! touches no row has lost its saga; a log entry or an order is only inserted in the transaction
//! of such a write; no transaction is open across an await that is not SQL.

mod account;
mod adrift;
mod audit;
mod await_answer;
mod bulk;
mod bulk_items;
mod bulk_put_back;
mod cancel;
mod cell;
mod checkouts;
mod claim;
mod codec;
mod commit;
mod commit_sql;
mod commit_verifier;
mod connect;
mod connection;
mod console_session;
mod cursor;
mod delivery;
mod delivery_about;
mod delivery_again;
mod delivery_claim;
mod delivery_settle;
mod due;
mod error;
mod executor;
mod failpoint;
mod failure;
mod fates;
mod forget_events;
mod forget_sagas;
mod history;
mod hold;
mod imports;
mod lock;
mod mail_claims;
mod mails;
mod move_order;
mod notes;
mod order;
mod order_sagas;
mod outbox;
mod owed;
mod pool;
mod pool_inner;
mod pooler;
mod positions;
mod primary;
mod probe;
mod records;
mod reports;
mod retention;
mod retention_due;
mod retry;
mod returns;
mod rowset;
mod saga;
mod saga_filter;
mod saga_list;
mod schema;
mod session;
mod shipment_rows;
mod shipments;
mod stamps;
mod summary;
mod take_in;
mod trail;
mod trail_chain;
mod trail_list;
mod transaction;
mod troubles;
mod warning;
mod watched;
mod webhook;
mod webhook_change;
mod write;

use sea_orm::DbBackend;

use pool::Pool;

use crate::saga::Catalogue;

pub use account::{Account, Kept};
pub use bulk::{BulkMove, BulkRun, BulkState};
pub use bulk_items::{BulkItem, BulkResult, Taken};
pub use cancel::Beginning;
pub use checkouts::UNPRICED;
pub use claim::Claimed;
pub use codec::Unreadable;
pub use commit::Committer;
#[doc(hidden)]
pub use commit::encode;
pub use connect::{Access, Options, is_there, open, open_to_read};
pub use console_session::ConsoleSession;
pub use cursor::{Cursor, Lead, MAIL, SEQUENCER};
pub use delivery::{Attempt, Delivery, DeliveryState};
pub use delivery_about::DeliveryAbout;
pub use delivery_again::{TestDelivery, Tested};
pub use delivery_claim::{ClaimedDelivery, DeliveryLease, DueWebhook};
pub use delivery_settle::{AttemptVerdict, Settlement};
pub use due::Due;
pub use error::Error;
pub use executor::ExecutorRecord;
pub use failpoint::{Failpoint, Failpoints, Fault};
pub use forget_events::{ForgottenRows, OldDeliveries};
pub use forget_sagas::{ForgottenSagas, ReadBack};
pub use history::{
    Checkouts, CursorKey, HistoryOf, HistoryPage, HistoryQuery, HistorySort, SortDirection,
};
pub use imports::Counted;
pub use lock::sqlite_file;
pub use mail_claims::{MailClaim, MailEnd};
pub use mails::{Mail, MailState, OwedMails};
pub use notes::Note;
pub use order::{Item, Order};
pub use order_sagas::{ArchivedSaga, OrderRow, OrderSagas};
pub use outbox::{NewEvent, StoredEvent};
pub use owed::OwedAnswer;
pub use positions::Sequenced;
pub use records::{MovedOrder, NewOrder, NewReturn, Records, ReturnDone, ReturnedLine};
pub use retention::{ArchiveMark, ForgettingLead, Forgotten};
pub use retention_due::{ForgettingWalk, MayBeDue, WalkPlace};
pub use returns::{Return, ReturnBeginning, Returnable};
pub use saga::{Found, Inspected, LoggedStep};
pub use saga_filter::{After, Filter, Holds, SagaSort, TroubleFilter};
pub use saga_list::SagaPage;
pub use schema::Schema;
pub use shipment_rows::Shipment;
pub use shipments::{NewShipment, Shipping};
pub use stamps::Stamp;
pub use summary::Summary;
pub use take_in::TakeIn;
pub use trail::{AuditAction, AuditResult, NewAuditEntry, Via};
pub use trail_chain::{AuditEntry, AuditHead};
pub use trail_list::AuditFilter;
pub use troubles::{Group, Out, Troubled};
pub use watched::{AuditScope, BooksAudit, Watched};
pub use webhook::{ListedAt, NewWebhook, Secret, Webhook, WebhookState};
pub use webhook_change::WebhookChange;
pub use write::{Accepted, Base, Fate, Identity, Write};

/// The books. Cheap to clone; clones share the connections.
#[derive(Clone, Debug)]
pub struct Store {
    /// For the log writer and claims, so that readers can't starve them.
    write: Pool,
    /// The same, for what says that we live.
    alive: Pool,
    /// For everything that only looks.
    read: Pool,
    /// The same, for orders: who waits for a locked table leaves room for those who don't need it.
    orders: Pool,
    /// The same, for whoever asks whether we are ready.
    ready: Pool,
    backend: DbBackend,
    /// The tables by which sagas are read.
    catalogue: Catalogue,
    /// Held as long as the store lives: one process drives sagas on an SQLite file.
    lock: Option<std::sync::Arc<lock::FileLock>>,
}

impl Store {
    /// Which database, in a word.
    pub fn database(&self) -> &'static str {
        match self.backend {
            DbBackend::Sqlite => "SQLite",
            _ => "PostgreSQL",
        }
    }

    /// Whether this process has the database to itself.
    pub fn is_exclusive(&self) -> bool {
        self.lock.is_some()
    }

    /// The tables of the kinds of saga that it reads.
    pub fn catalogue(&self) -> Catalogue {
        self.catalogue
    }

    fn statement(&self, sql: &str, values: Vec<sea_orm::Value>) -> sea_orm::Statement {
        sea_orm::Statement::from_sql_and_values(self.backend, sql, values)
    }
}
