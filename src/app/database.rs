//! What the log says at start of the database: which it is, and what about it may lose orders.

use std::borrow::Cow;
use std::fs;
use std::path::Path;

use tracing::{info, warn};

use crate::config::DatabaseUrl;
use crate::store::{Store, sqlite_file};

/// Where Linux lists what is mounted, for this process.
const MOUNTS: &str = "/proc/self/mountinfo";

/// Names the database, and warns where its file goes with the container.
pub(super) fn tell(url: &DatabaseUrl) {
    info!(database = %url, "keeps its books here");
    let ignored = url.ignored().join(", ");
    if !ignored.is_empty() {
        warn!("`database.url`: these parameters are not known here, and change nothing: {ignored}");
    }
    let (true, Ok(mounts)) = (url.is_sqlite(), fs::read_to_string(MOUNTS)) else { return };
    let file = sqlite_file(url.reveal());
    let directory = file.parent().filter(|directory| !directory.as_os_str().is_empty());
    let Ok(directory) = directory.unwrap_or(Path::new(".")).canonicalize() else { return };
    if let Some(fate) = fate_of(&directory, &mounts) {
        warn!(
            directory = %directory.display(),
            "the database is a file {fate}. Set DATABASE_URL=postgres://USER:PASSWORD@HOST:5432/DATABASE, \
             or mount a volume at this directory"
        );
    }
}

/// What ends a file in this directory, in words; `None` where nothing is known to.
fn fate_of(directory: &Path, mounts: &str) -> Option<&'static str> {
    let mount = mounts.lines().filter_map(mount_of);
    let around = mount.filter(|(point, _)| directory.starts_with(point.as_ref()));
    // Of two at one point, the later one hides the earlier.
    let (_, kind) =
        around.max_by_key(|(point, _)| Path::new(point.as_ref()).components().count())?;
    match kind {
        "overlay" | "fuse.fuse-overlayfs" | "aufs" => {
            Some("in the container's own layer, and is lost with the container")
        }
        "tmpfs" | "ramfs" => Some("in memory, and is lost when the machine or the container stops"),
        _on_a_disk => None,
    }
}

/// The mount point and the file system's type of a line of `mountinfo`.
fn mount_of(line: &str) -> Option<(Cow<'_, str>, &str)> {
    let (mount, kind) = line.split_once(" - ")?;
    let point = mount.split(' ').nth(4)?;
    let point = if point.contains('\\') {
        // A space in a name would end the column.
        Cow::Owned(point.replace(r"\040", " "))
    } else {
        Cow::Borrowed(point)
    };
    Some((point, kind.split(' ').next()?))
}

/// Warns where PostgreSQL is configured to report commits before they are durable.
pub(super) async fn warn_of_weak_durability(store: &Store) {
    let setting = async |name| store.postgres_setting(name).await.ok().flatten();
    match setting("synchronous_commit").await.as_deref() {
        Some("off") => {
            warn!(
                "PostgreSQL's synchronous_commit is off: a crash of it can lose what was answered"
            );
        }
        Some("local")
            if setting("synchronous_standby_names")
                .await
                .is_some_and(|names| !names.is_empty()) =>
        {
            warn!(
                "PostgreSQL's synchronous_commit is `local`, so no commit waits for the standby that \
                 synchronous_standby_names names: a failover to it can lose what was answered"
            );
        }
        _as_durable_as_it_can_be => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOUNTS: &str = r"
521 420 0:61 / / rw,relatime master:190 - overlay overlay rw,lowerdir=/var/lib/docker/overlay2
522 521 0:64 / /proc rw,nosuid - proc proc rw
530 521 254:1 /volumes/books /var/lib/order-service rw,relatime - ext4 /dev/vda1 rw
531 521 0:70 / /run rw - tmpfs tmpfs rw
532 521 254:1 /v2 /var/lib/two\040words rw - xfs /dev/vdb rw";

    #[test]
    fn a_file_in_the_containers_layer_or_in_memory_does_not_last() {
        let fate = |directory: &str| fate_of(Path::new(directory), MOUNTS);
        assert!(fate("/home/order").is_some_and(|fate| fate.contains("layer")));
        assert!(fate("/var/lib/order-service-2").is_some_and(|fate| fate.contains("layer")));
        assert!(fate("/run/order").is_some_and(|fate| fate.contains("memory")));
        assert_eq!(fate("/var/lib/order-service"), None);
        assert_eq!(fate("/var/lib/order-service/books"), None);
        assert_eq!(fate("/var/lib/two words"), None);
        assert_eq!(fate_of(Path::new("/"), "nonsense"), None);
    }
}
