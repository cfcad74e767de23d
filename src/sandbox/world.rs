//! What the neighbours own, know and have done, in memory. Only [`World::apply`] changes it. The same
//! entries in the same order make the same world, which is how a sandbox is restored from its file.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    account::{Details, Product, Profile, User},
    effect::Effect,
    ledger::{Ledger, Reads, Record, RecordResult, Repeated, Totals},
    service::{Idempotency, Service},
};

/// One change of the world, as the file keeps it. The names of variants and fields are stored.
#[derive(Clone, Serialize, Deserialize)]
pub(super) enum JournalEntry {
    /// A new world.
    Reset { users: Vec<User>, products: Vec<Product>, kinds: Idempotency },
    /// A user is added, or replaces the one with the same profile id or user id.
    User(User),
    /// The user service creates or changes a profile, or its wallet.
    Profile(User, Details),
    /// A product is added or replaced.
    Product(Product),
    /// It changes which services are idempotent.
    Kinds(Idempotency),
    /// An attempt at an effect was decided.
    Record(Record),
}

/// What the neighbours own, know and have done.
#[derive(Default)]
pub(super) struct World {
    idempotency: Idempotency,
    users: BTreeMap<Uuid, User>,
    details: HashMap<Uuid, Details>,
    profiles: HashMap<Uuid, Uuid>,
    products: BTreeMap<Uuid, Product>,
    records: Vec<Record>,
    keys: HashMap<(Service, Arc<str>), KeyUse>,
    repeated: Vec<(Service, Arc<str>)>,
    payments: HashMap<Uuid, usize>,
    totals: Totals,
}

/// The use of a key: the record that decided it first, and how often the service acted for it.
struct KeyUse {
    first: usize,
    acts: u32,
}

impl World {
    /// Changes the world.
    pub(super) fn apply(&mut self, entry: JournalEntry) {
        match entry {
            JournalEntry::Reset { users, products, kinds } => {
                *self = Self { idempotency: kinds, ..Self::default() };
                for user in users {
                    self.put_user(user);
                }
                for product in products {
                    self.put_product(product);
                }
            }
            JournalEntry::User(user) => {
                // The balance is exactly the one given.
                if let Some(details) = self.details.get_mut(&user.profile_id) {
                    details.hundredths = 0;
                }
                self.put_user(user);
            }
            JournalEntry::Profile(user, details) => {
                self.details.insert(user.profile_id, details);
                self.put_user(user);
            }
            JournalEntry::Product(product) => self.put_product(product),
            JournalEntry::Kinds(idempotency) => self.idempotency = idempotency,
            JournalEntry::Record(record) => self.put_record(record),
        }
    }

    fn put_user(&mut self, user: User) {
        let (user_id, profile_id) = (user.user_id, user.profile_id);
        if let Some(old) = self.profiles.insert(user_id, profile_id)
            && old != profile_id
        {
            self.users.remove(&old);
            self.details.remove(&old);
        }
        if let Some(old) = self.users.insert(profile_id, user)
            && old.user_id != user_id
        {
            self.profiles.remove(&old.user_id);
        }
    }

    fn put_product(&mut self, product: Product) {
        self.products.insert(product.id, product);
    }

    fn put_record(&mut self, record: Record) {
        let at = self.records.len();
        self.totals.count(&record);
        if record.result == RecordResult::Acted {
            self.act(&record, at);
        }
        if let Some(key) = &record.key
            && matches!(record.result, RecordResult::Acted | RecordResult::Refused)
        {
            let name = (record.service, Arc::clone(key));
            let used = self.keys.entry(name.clone()).or_insert(KeyUse { first: at, acts: 0 });
            if record.result == RecordResult::Acted {
                used.acts += 1;
                if used.acts == 2 {
                    self.repeated.push(name);
                }
            }
        }
        self.records.push(record);
    }

    /// Carries out the record's effect. `left` was computed with the decision, and entries are applied in
    /// order, so there is nothing to check again.
    fn act(&mut self, record: &Record, at: usize) {
        let left = record.left.unwrap_or_default();
        match &record.effect {
            Effect::Process(payment) | Effect::Refund(payment) => {
                if let Some(user) = self.users.get_mut(&payment.user_profile_id) {
                    user.wallet = left;
                }
                self.payments.entry(payment.order_id).or_insert(at);
            }
            Effect::Reserve(units) | Effect::Release(units) => {
                if let Some(product) = self.products.get_mut(&units.product_id) {
                    product.stock = left;
                }
            }
        }
    }

    pub(super) fn idempotency(&self) -> Idempotency {
        self.idempotency
    }

    pub(super) fn reads(&mut self) -> &mut Reads {
        &mut self.totals.reads
    }

    pub(super) fn count_unreadable(&mut self) {
        self.totals.unreadable += 1;
    }

    pub(super) fn next_seq(&self) -> u64 {
        self.records.len() as u64 + 1
    }

    pub(super) fn users(&self) -> impl Iterator<Item = Profile<'_>> {
        self.users.values().map(|user| self.profile_of(user))
    }

    pub(super) fn products(&self) -> impl Iterator<Item = &Product> {
        self.products.values()
    }

    pub(super) fn user(&self, user_id: Uuid) -> Option<Profile<'_>> {
        self.profiles.get(&user_id).and_then(|profile_id| self.profile(*profile_id))
    }

    pub(super) fn profile(&self, profile_id: Uuid) -> Option<Profile<'_>> {
        self.users.get(&profile_id).map(|user| self.profile_of(user))
    }

    /// The user with this phone number.
    pub(super) fn user_with_phone(&self, number: &str) -> Option<&User> {
        let has = |profile: &Profile<'_>| profile.details.phone_number.as_deref() == Some(number);
        self.users().find(has).map(|profile| profile.user)
    }

    fn profile_of<'a>(&'a self, user: &'a User) -> Profile<'a> {
        const NONE: &Details = &Details {
            last_name: None,
            phone_number: None,
            address: None,
            created_at: None,
            updated_at: None,
            hundredths: 0,
        };
        Profile { user, details: self.details.get(&user.profile_id).unwrap_or(NONE) }
    }

    pub(super) fn wallet(&self, profile_id: Uuid) -> Option<i64> {
        self.users.get(&profile_id).map(|user| user.wallet)
    }

    pub(super) fn product(&self, id: Uuid) -> Option<&Product> {
        self.products.get(&id)
    }

    /// The record of the first payment or refund for an order.
    pub(super) fn payment(&self, order_id: Uuid) -> Option<&Record> {
        self.payments.get(&order_id).map(|at| &self.records[*at])
    }

    /// The record that decided a key first, if the service remembers keys.
    pub(super) fn remembered(&self, service: Service, key: Option<&Arc<str>>) -> Option<&Record> {
        let key = key.filter(|_| self.idempotency.is_idempotent(service))?;
        self.keys.get(&(service, Arc::clone(key))).map(|used| &self.records[used.first])
    }

    /// The ledger with the records after `since`.
    pub(super) fn ledger(&self, since: u64) -> Ledger {
        let from = usize::try_from(since).unwrap_or(usize::MAX).min(self.records.len());
        let acts = |name| self.keys.get(name).map_or(0, |used| used.acts);
        Ledger {
            users: self.users.values().cloned().collect(),
            products: self.products.values().cloned().collect(),
            records: self.records[from..].to_vec(),
            totals: self.totals,
            repeated: self
                .repeated
                .iter()
                .map(|name| Repeated {
                    service: name.0,
                    key: Arc::clone(&name.1),
                    acts: acts(name),
                })
                .collect(),
        }
    }
}
