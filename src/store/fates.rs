//! What became of writes that touched no row.

use std::collections::{HashMap, HashSet};

use sea_orm::{ConnectionTrait, DbErr};
use uuid::Uuid;

use super::Store;
use super::rowset::{self, source_of_ids};
use super::write::{Base, Fate, Write};

/// What a saga's row says of its writers.
struct Standing {
    owner: Option<Uuid>,
    fence: i64,
    revision: i64,
    is_to_be_cancelled: bool,
}

impl Store {
    /// What touched no row is lost, unless the row says that an earlier try of this very write
    /// landed: only its owner writes under its fence, and each write raises the revision.
    pub(super) async fn fates(
        &self,
        writes: &[&Write],
        touched: &HashSet<Uuid>,
    ) -> Result<Vec<Fate>, DbErr> {
        let untouched: Vec<_> =
            writes.iter().copied().filter(|write| !touched.contains(&write.saga.id.0)).collect();
        let rows =
            if untouched.is_empty() { HashMap::new() } else { self.rows(&untouched).await? };
        let fate = |write: &&Write| {
            let landed = |row: &Standing| {
                row.fence == write.saga.fence && row.revision >= write.saga.revision
            };
            match (&write.base, rows.get(&write.saga.id.0)) {
                _ if touched.contains(&write.saga.id.0) => Fate::Written,
                (_, Some(row)) if landed(row) => Fate::Written,
                (Base::Owned { owner, fence, revision }, Some(row))
                    if row.is_to_be_cancelled
                        && (row.owner, row.fence, row.revision)
                            == (Some(*owner), *fence, *revision) =>
                {
                    Fate::CancelAsked
                }
                // The id is our own: only we can have inserted it.
                (Base::New(_), Some(_)) => Fate::TakenUp,
                (Base::New(_), None) => Fate::Repeats,
                (Base::Owned { .. }, _) => Fate::Lost,
            }
        };
        Ok(writes.iter().map(fate).collect())
    }

    /// How these sagas' rows stand, where they are.
    async fn rows(&self, writes: &[&Write]) -> Result<HashMap<Uuid, Standing>, DbErr> {
        let ids: Vec<_> = writes.iter().map(|write| write.saga.id.0).collect();
        let sql = format!(
            "SELECT saga_instance.id, saga_instance.owner, saga_instance.fence, \
             saga_instance.revision, saga_instance.cancel_request IS NOT NULL \
             FROM {} JOIN saga_instance ON saga_instance.id = r.id",
            source_of_ids(self.backend)
        );
        let mut rows = HashMap::new();
        // On the writing side: it is this pool's commits that are asked about.
        for row in self.write.query_all_raw(self.statement(&sql, vec![rowset::ids(&ids)])).await? {
            let standing = Standing {
                owner: row.try_get_by_index(1)?,
                fence: row.try_get_by_index(2)?,
                revision: row.try_get_by_index(3)?,
                is_to_be_cancelled: row.try_get_by_index(4)?,
            };
            rows.insert(row.try_get_by_index(0)?, standing);
        }
        Ok(rows)
    }
}
