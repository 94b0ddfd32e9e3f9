//! The handle of the store: opens the database, starts its threads, and passes reads and writes to them.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    thread::{self, JoinHandle},
    time::Duration,
};

use quchat_shared::Timestamp;
use tokio::sync::Notify;

use super::{
    Commits, Committed, Error, Hints, Lineage, ReadEvents, ReadUsers, Result, Snapshot, Tx,
    health::Health,
    postgres::{self, Feed, Postgres, Settings},
    readers::Readers,
    sqlite::{self, Check, Sqlite},
    writer::{Watched, Writer},
};
use crate::reply_dispatcher::ReplyDispatcher;

/// The store: one writer and several readers. Clones share them.
#[derive(Clone)]
pub(crate) struct Store {
    writer: Writer,
    readers: Readers,
    health: Health,
    lineage: Lineage,
    /// Notified when something was removed that is still in the files.
    removal: Arc<Notify>,
    commits: Arc<Commits>,
    /// The database file; `None` with PostgreSQL.
    file: Option<PathBuf>,
    /// Ends with the last clone.
    _check: Option<Arc<Check>>,
}

/// How often the files are checked while nobody writes. Each commit checks them, too.
const WATCH_EVERY: Duration = Duration::from_secs(10);
/// How often a database that could not be written is retried.
const RETRY_EVERY: Duration = Duration::from_secs(2);

/// How many reads run at once: one per core, but at least two, because one may wait for the disk.
pub(crate) fn readers() -> usize {
    thread::available_parallelism().map_or(2, usize::from).clamp(2, 8)
}

/// An open database whose threads have not been started.
pub(crate) struct Opened {
    engine: AnyEngine,
    /// The lineage of new events.
    pub(crate) lineage: Lineage,
    /// The id of the newest event.
    pub(crate) head: u64,
    /// Whether a user has registered.
    pub(crate) has_users: bool,
    /// Follows what other servers commit; taken by whoever does. `None` if there are none.
    pub(crate) feed: Option<Feed>,
    /// Notes what becomes of the database.
    pub(crate) health: Health,
}

enum AnyEngine {
    Sqlite(Box<Sqlite>, PathBuf),
    Postgres(Box<Postgres>),
}

impl Opened {
    /// Starts the threads that read and write. `publish` is called after each commit that changed something, in commit
    /// order. The threads end once all clones of the store are gone; then the file is closed, and `lock` dropped. Returns
    /// the thread that ends last.
    ///
    /// # Errors
    /// [`Error::Unusable`]: the file cannot be opened again for reading.
    pub(crate) fn start(
        self,
        replies: ReplyDispatcher,
        lock: impl Send + 'static,
        publish: impl FnMut(Committed) + Send + 'static,
    ) -> Result<(Store, JoinHandle<()>)> {
        let Self { engine, lineage, health, .. } = self;
        match engine {
            AnyEngine::Sqlite(engine, file) => {
                let started = start_sqlite(*engine, &file, lineage, health, replies, lock, publish);
                started.map_err(|error| sqlite::unusable(&file, &error))
            }
            AnyEngine::Postgres(engine) => Ok(start_postgres(*engine, lineage, health, replies, lock, publish)),
        }
    }
}

fn start_sqlite(
    mut engine: Sqlite,
    file: &Path,
    lineage: Lineage,
    health: Health,
    replies: ReplyDispatcher,
    lock: impl Send + 'static,
    publish: impl FnMut(Committed) + Send + 'static,
) -> Result<(Store, JoinHandle<()>)> {
    let readers = (0..readers()).map(|_| engine.another_reader()).collect::<Result<_>>()?;
    let removal = engine.removal()?;
    let (readers, mut others) = Readers::start(readers, &replies);
    let (check, checking) = Check::start(file, engine.is_read_only(), health.clone());
    others.push(checking);
    let commits = Arc::<Commits>::default();
    let counted = Arc::clone(&commits);
    let (writer, thread) = Writer::start(engine, replies, health.clone(), counted, others, lock, publish);
    if !health.is_read_only() {
        tokio::spawn(watch(writer.watched(), health.clone()));
    }
    let (file, check) = (Some(file.to_owned()), Some(Arc::new(check)));
    Ok((Store { writer, readers, health, lineage, removal, commits, file, _check: check }, thread))
}

fn start_postgres(
    engine: Postgres,
    lineage: Lineage,
    health: Health,
    replies: ReplyDispatcher,
    lock: impl Send + 'static,
    publish: impl FnMut(Committed) + Send + 'static,
) -> (Store, JoinHandle<()>) {
    let readers = (0..readers()).map(|_| engine.another_reader()).collect();
    let (readers, others) = Readers::start(readers, &replies);
    let commits = Arc::<Commits>::default();
    let counted = Arc::clone(&commits);
    let (writer, thread) = Writer::start(engine, replies, health.clone(), counted, others, lock, publish);
    tokio::spawn(watch(writer.watched(), health.clone()));
    let removal = Arc::default(); // PostgreSQL removes from its files by itself
    (Store { writer, readers, health, lineage, removal, commits, file: None, _check: None }, thread)
}

impl Store {
    /// Opens the database file, or creates it if it is missing, and begins a lineage of events.
    ///
    /// # Errors
    /// [`Error::Unusable`]: the file cannot be opened, is no database, or comes from a later version.
    pub(crate) fn open(file: &Path, now: Timestamp) -> Result<Opened> {
        let mut engine = Sqlite::open(file)?;
        let mut begin = || Ok((engine.begin_lineage(now)?, engine.head()?, engine.any_user()?));
        let (lineage, head, has_users) = begin().map_err(|error| sqlite::unusable(file, &error))?;
        let engine = AnyEngine::Sqlite(Box::new(engine), file.to_owned());
        Ok(Opened { engine, lineage, head, has_users, feed: None, health: Health::default() })
    }

    /// Opens a database that several servers share, and joins them.
    ///
    /// # Errors
    /// [`Error::Unreachable`]. [`Error::Unusable`]: it cannot be trusted, or its tables come from a later version.
    pub(crate) fn open_postgres(settings: &Settings) -> Result<Opened> {
        // The connections run an event loop of their own, which needs a thread without one.
        let open = || thread::scope(|scope| scope.spawn(|| postgres::open(settings)).join());
        let opened = open().map_err(|_| Error::Panicked("opening the database"))??;
        let lineage = opened.feed.lineage().clone();
        Ok(Opened {
            engine: AnyEngine::Postgres(Box::new(opened.engine)),
            lineage,
            head: opened.head,
            has_users: opened.has_users,
            feed: Some(opened.feed),
            health: Health::default(),
        })
    }

    /// Opens a database file that nobody can write. The newest lineage goes on, because there are no new events.
    ///
    /// # Errors
    /// As [`Store::open`]. The log holds changes, or the tables are of an earlier version.
    pub(crate) fn open_read_only(file: &Path) -> Result<Opened> {
        let engine = Sqlite::open_read_only(file)?;
        let begin = || Ok((engine.newest_lineage()?, engine.head()?, engine.any_user()?));
        let (lineage, head, has_users) = begin().map_err(|error| sqlite::unusable(file, &error))?;
        let engine = AnyEngine::Sqlite(Box::new(engine), file.to_owned());
        Ok(Opened { engine, lineage, head, has_users, feed: None, health: Health::read_only() })
    }

    /// Whether nobody can write the database, and never could since the start.
    pub(crate) fn is_read_only(&self) -> bool {
        self.health.is_read_only()
    }

    /// The lineage to which the events of this store belong.
    pub(crate) fn lineage(&self) -> &Lineage {
        &self.lineage
    }

    /// Completes when the writer thread exits. It exits on its own only after a fatal error. Returns the reason, if it
    /// is known.
    pub(crate) async fn ended(&self) -> Option<String> {
        self.writer.ended().await;
        self.health.fatal().map(str::to_owned)
    }

    /// Completes when something was removed that is still in the files, for [`super::Erase`].
    pub(crate) async fn removal(&self) {
        self.removal.notified().await;
    }

    /// Whether the database could be written when that was last tried.
    pub(crate) fn is_writable(&self) -> bool {
        self.health.is_writable()
    }

    /// Whether what other servers do can be read.
    pub(crate) fn is_following(&self) -> bool {
        self.health.is_following()
    }

    /// Whether it could not be read for so long that there may be no streams: sessions may have ended since.
    pub(crate) fn is_cut_off(&self) -> bool {
        self.health.is_cut_off()
    }

    /// How many damages were found since the start.
    pub(crate) fn damages(&self) -> u64 {
        self.health.damages()
    }

    /// The counts of committed transactions.
    pub(crate) fn commits(&self) -> &Commits {
        &self.commits
    }

    /// How many writes and reads wait, each with the most that may.
    pub(crate) fn waiting(&self) -> [(usize, usize); 2] {
        [self.writer.waiting(), self.readers.waiting()]
    }

    /// The lengths of the database file and of its log, in bytes; `None` with PostgreSQL.
    pub(crate) fn file_lengths(&self) -> Option<(u64, u64)> {
        self.file.as_deref().map(sqlite::file_lengths)
    }

    /// Runs `read` on a snapshot.
    pub(crate) async fn read<T, X>(
        &self,
        read: impl FnOnce(&dyn Snapshot) -> std::result::Result<T, X> + Send + 'static,
    ) -> std::result::Result<T, X>
    where
        T: Send + 'static,
        X: From<Error> + Send + 'static,
    {
        self.readers.read(read).await
    }

    /// Runs `write` in the next transaction, and returns its result once it is durable. `write` may run twice, but only
    /// one run is committed.
    pub(crate) async fn write<T, X>(
        &self,
        write: impl Fn(&mut dyn Tx) -> std::result::Result<T, X> + Send + 'static,
    ) -> std::result::Result<T, X>
    where
        T: Send + 'static,
        X: From<Error> + Send + 'static,
    {
        self.write_with(Hints::default(), write).await
    }

    /// As [`Store::write`]. `hints` say what `write` is about to read.
    pub(crate) async fn write_with<T, X>(
        &self,
        hints: Hints,
        write: impl Fn(&mut dyn Tx) -> std::result::Result<T, X> + Send + 'static,
    ) -> std::result::Result<T, X>
    where
        T: Send + 'static,
        X: From<Error> + Send + 'static,
    {
        self.writer.write(hints, write).await
    }
}

/// Checks the files while nobody writes, and notices when the database is writable again. Ends with the store.
async fn watch(writer: Watched, health: Health) {
    loop {
        tokio::time::sleep(if health.is_writable() { WATCH_EVERY } else { RETRY_EVERY }).await;
        let Some(writer) = writer.upgrade() else { return };
        let look = |_: &mut dyn Tx| Ok::<_, Error>(());
        let outcome = match health.is_writable() {
            true => writer.write(Hints::default(), look).await,
            false => writer.write(Hints::default(), |tx| tx.try_out()).await,
        };
        drop(outcome); // the writer has recorded it
    }
}
