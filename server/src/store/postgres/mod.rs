//! The storage engine for several servers: one PostgreSQL, which all of them write one after the other.
//!
//! Each server is a node with one writing connection. It commits in groups, under an advisory lock that all nodes share,
//! so the order of commits is the order of event ids and of seqs, as with SQLite. Reads that were announced come with
//! the lock in one flight of statements, and writes go out with the commit in another. Nothing is cached from one group
//! to the next.
//!
//! Only this module uses the database library.

mod bans;
mod columns;
mod connection;
mod consistency;
mod direct_rooms;
mod events;
mod failure;
mod feed;
mod gathered;
mod identity;
mod import;
mod invites;
mod leftovers;
mod lineages;
mod members;
mod mentions;
mod messages;
mod nodes;
mod online;
mod opening;
mod prefetch;
mod presence;
mod purge;
mod reactions;
mod rooms;
mod search;
mod search_terms;
mod sessions;
mod settings;
mod users;

use std::{
    cell::{Cell, RefCell},
    hash::Hash,
    thread,
    time::{Duration, Instant},
};

use quchat_shared::Timestamp;
use tokio_postgres::Row;

pub use self::settings::Settings;
use self::{
    columns::{get, params, uint},
    connection::{Connection, Param, Planned},
    failure::CannotConnect,
    gathered::Gathered,
    nodes::{NUMBER_OF, Node},
    prefetch::Txns,
};
pub(crate) use self::{
    consistency::contradictions,
    feed::{Feed, Heard, Joined, LogView},
    identity::claim_identity,
    import::Import,
    online::{OnlineChange, OnlineChanges, OnlinePosition},
    opening::open,
    settings::PasswordSources,
};
use super::{
    Change, Committed, Error, Hints, Lineage, Result, Time, readers,
    row_cache::{CachedRows, RowCache},
    writer,
};
use crate::clock::Clock;

/// How the planner treats the statements of all connections: each has its index, and statistics of young tables mislead.
const PLANS: &str = "SET jit = off; SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off;
    SET enable_hashjoin = off; SET enable_mergejoin = off; SET max_parallel_workers_per_gather = 0;";
/// With these PostgreSQL notices within eleven seconds that a node is gone, even if the network does not say so.
const SIGNS_OF_LIFE: &str =
    "SET tcp_keepalives_idle = 5; SET tcp_keepalives_interval = 2; SET tcp_keepalives_count = 3;
    SET tcp_user_timeout = '10s';";
/// A node that stops while it holds the lock holds up the others for two seconds.
const WRITER: &str = "SET lock_timeout = '5s'; SET idle_in_transaction_session_timeout = '2s';";
/// PostgreSQL keeps what was deleted as long as a transaction may see it, so one of a node that stops is ended, too.
const READER: &str = "SET default_transaction_isolation = 'repeatable read'; SET default_transaction_read_only = on;
    SET idle_in_transaction_session_timeout = '10s';";
/// How long to wait before the next attempt to connect.
const RETRY: Duration = Duration::from_millis(100);

/// Begins a transaction that writes. Its first statement waits for a lock, and those after it must see what was committed
/// meanwhile, whatever the database or its owner prefers.
const BEGIN_WRITE: &str = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE";
const LOCK: &str = "SELECT pg_advisory_xact_lock($1)";
const HEAD: &str = "SELECT greatest(through, coalesce((SELECT max(id) FROM events), 0)),
    (extract(epoch FROM clock_timestamp()) * 1000)::bigint FROM pruned";
const NOTIFY: &str = "SELECT pg_notify('quchat', $1)";

/// The advisory locks of quchat, which nobody else in this database may use.
mod locks {
    /// Held by the node that writes.
    pub(super) const WRITE: i64 = 0x7175_6368_0001;
    /// Held by whoever migrates the tables.
    pub(super) const MIGRATE: i64 = 0x7175_6368_0002;
    /// Shared by all nodes that serve.
    pub(super) const ALIVE: i64 = 0x7175_6368_0003;
    /// With the number of a node: held while it serves.
    pub(super) const NODE: i32 = 0x7175_6368;
}

/// A connection, and what its open transaction has written and publishes on commit.
pub(crate) struct Postgres {
    settings: Settings,
    /// The lineage that this node follows.
    lineage: Lineage,
    /// `None` after it was lost.
    connection: RefCell<Option<Connection>>,
    /// Only for the writing connection.
    writing: Option<Writing>,
    /// The transaction is open, and no statement in it has failed.
    is_open: Cell<bool>,
    /// A reader begins its transaction with the first statement.
    is_begun: Cell<bool>,
    /// There is no connection, or it was lost while it was used.
    is_lost: Cell<bool>,
    /// Why the last attempt to connect failed, and how long not to try again.
    unreachable: RefCell<Option<(Error, Instant)>>,
    /// The last failure that has not been reported yet.
    failure: RefCell<Option<Error>>,
}

/// The state of the writing connection.
struct Writing {
    node: Node,
    /// The number of the last group of this node. The database knows it, too, if it was committed.
    batch: i64,
    cache: RowCache,
    /// Messages by sender and `txn`, as far as they are known; `None` if there is none.
    txns: RefCell<Txns>,
    gathered: RefCell<Gathered>,
    written: Cell<u64>,
    /// The id of the newest event, including those of the open transaction.
    head: u64,
    begun: u64,
    /// The database's time when the transaction began.
    time: i64,
    changes: Vec<Change>,
    /// No answer came to the last commit, and it could not be found out whether it was made.
    is_in_doubt: bool,
    /// The last commit failed because of one of the writes.
    has_refused_write: bool,
}

impl Writing {
    fn of(node: Node) -> Self {
        Self {
            node,
            batch: 0,
            cache: RowCache::default(),
            txns: RefCell::default(),
            gathered: RefCell::default(),
            written: Cell::new(0),
            head: 0,
            begun: 0,
            time: 0,
            changes: Vec::new(),
            is_in_doubt: false,
            has_refused_write: false,
        }
    }

    /// Begins anew, with nothing read or written.
    fn forget(&mut self) {
        self.cache.forget_all();
        self.txns.get_mut().clear();
        self.gathered.get_mut().take();
        self.changes.clear();
        self.written.set(0);
        self.is_in_doubt = false;
        self.has_refused_write = false;
    }
}

impl Postgres {
    fn new(settings: Settings, lineage: Lineage, writing: Option<Writing>) -> Self {
        Self {
            settings,
            lineage,
            connection: RefCell::default(),
            writing,
            is_open: Cell::new(false),
            is_begun: Cell::new(false),
            is_lost: Cell::new(false),
            unreachable: RefCell::default(),
            failure: RefCell::default(),
        }
    }

    /// The statements with which a connection begins.
    fn setup(&self) -> String {
        match &self.writing {
            Some(_) => format!("{PLANS} {SIGNS_OF_LIFE} {WRITER}"),
            None => {
                // A little less than what this node waits, so that it need not connect again.
                let most = self.settings.answer_within.as_millis() * 9 / 10;
                format!("{PLANS} {SIGNS_OF_LIFE} {READER} SET statement_timeout = {most};")
            }
        }
    }

    /// Another connection to the same database, for reading only. It connects when it is used first.
    pub(crate) fn another_reader(&self) -> Self {
        Self::new(self.settings.clone(), self.lineage.clone(), None)
    }

    /// Connects unless there is a connection. At most half of the time goes into attempts that fail: a queue of requests
    /// must not wait for one attempt each.
    fn connect(&self) -> Result<()> {
        let mut connection = self.connection.borrow_mut();
        if connection.as_ref().is_some_and(|connection| !connection.has_ended()) {
            return Ok(());
        }
        *connection = None; // before the next one, so that it never counts twice
        let (mut unreachable, begun) = (self.unreachable.borrow_mut(), Instant::now());
        if let Some((error, until)) = &*unreachable
            && begun < *until
        {
            return Err(error.clone());
        }
        match self.open_connection() {
            Ok(opened) => (*connection, *unreachable) = (Some(opened), None),
            Err(error) => {
                *unreachable = Some((error.clone(), Instant::now() + begun.elapsed()));
                return Err(error);
            }
        }
        Ok(())
    }

    fn open_connection(&self) -> Result<Connection> {
        let connection = Connection::open(&self.settings, &self.setup())?.answering_within(self.settings.answer_within);
        let newest = lineages::join(&connection, &self.lineage.tag())?;
        lineages::wait_for(&self.lineage, &newest.tag)?;
        if let Some(writing) = &self.writing {
            writing.node.register_again(&connection)?;
        }
        Ok(connection)
    }

    /// Uses the connection. Records a failure, even if the caller ignores the error.
    fn with<T>(&self, run: impl FnOnce(&Connection) -> std::result::Result<T, tokio_postgres::Error>) -> Result<T> {
        let connection = self.connection.borrow();
        let Some(connection) = connection.as_ref() else { return Err(self.failed(CannotConnect::Lost.into())) };
        run(connection).map_err(|error| {
            self.is_open.set(false); // PostgreSQL refuses everything until the transaction ends
            self.is_lost.set(connection.is_closed());
            self.failed(error.into())
        })
    }

    fn failed(&self, error: Error) -> Error {
        self.failure.borrow_mut().get_or_insert_with(|| error.clone());
        error
    }

    /// The statements that must go out before the next one.
    fn pending(&self) -> Vec<Planned> {
        match &self.writing {
            Some(writing) => writing.gathered.borrow_mut().take(),
            None if !self.is_begun.replace(true) => vec![Planned::Plain("BEGIN")],
            None => Vec::new(),
        }
    }

    /// Reads rows, after everything that was written before.
    fn query(&self, sql: &'static str, params: Vec<Param>) -> Result<Vec<Row>> {
        let mut flight = self.pending();
        flight.push(Planned::Prepared(sql, params));
        let mut rows = self.with(|connection| connection.flight(flight, None))?;
        Ok(rows.pop().unwrap_or_default())
    }

    fn one<T>(&self, sql: &'static str, params: Vec<Param>, read: impl FnOnce(&Row) -> Result<T>) -> Result<Option<T>> {
        self.query(sql, params)?.first().map(read).transpose()
    }

    fn all<T>(&self, sql: &'static str, params: Vec<Param>, read: impl FnMut(&Row) -> Result<T>) -> Result<Vec<T>> {
        self.query(sql, params)?.iter().map(read).collect()
    }

    fn exists(&self, sql: &'static str, params: Vec<Param>) -> Result<bool> {
        Ok(!self.query(sql, params)?.is_empty())
    }

    /// Writes at once, and returns the number of rows that were changed.
    fn run(&self, sql: &'static str, params: Vec<Param>) -> Result<u64> {
        self.wrote();
        let pending = self.pending();
        self.with(|connection| {
            connection.flight(pending, None)?;
            connection.execute(sql, &params)
        })
    }

    /// Writes at once, and returns the rows that the statement returns.
    fn write_returning<T>(
        &self,
        sql: &'static str,
        params: Vec<Param>,
        read: impl FnMut(&Row) -> Result<T>,
    ) -> Result<Vec<T>> {
        self.wrote();
        self.all(sql, params, read)
    }

    /// Writes with the next statement or with the commit.
    fn later(&self, sql: &'static str, params: Vec<Param>) {
        self.gather(|gathered| gathered.push(sql, params));
    }

    /// As [`Postgres::later`], for rows that are gathered.
    fn gather(&self, add: impl FnOnce(&mut Gathered)) {
        self.wrote();
        if let Some(writing) = &self.writing {
            add(&mut writing.gathered.borrow_mut());
        }
    }

    fn wrote(&self) {
        if let Some(writing) = &self.writing {
            writing.written.update(|written| written + 1);
        }
    }

    /// The row from the cache, if this connection has one; otherwise reads it with `read`.
    fn cached<K: Eq + Hash, T: Clone>(
        &self,
        rows: impl FnOnce(&RowCache) -> &CachedRows<K, T>,
        key: K,
        read: impl FnOnce() -> Result<Option<T>>,
    ) -> Result<Option<T>> {
        match &self.writing {
            Some(writing) => rows(&writing.cache).get(key, read),
            None => read(),
        }
    }

    fn change_cache(&mut self, change: impl FnOnce(&mut RowCache)) {
        if let Some(writing) = &mut self.writing {
            change(&mut writing.cache);
        }
    }

    /// The state of the writing connection.
    fn writing(&mut self) -> &mut Writing {
        self.writing.as_mut().expect("only the writing connection writes")
    }

    /// Finds out whether the last group was committed although its connection was lost. Whoever holds the lock knows that
    /// the old connection commits nothing any more.
    fn resolve(&self, node: i64, batch: i64) -> Result<bool> {
        let until = Instant::now() + self.settings.answer_within;
        loop {
            match self.last_batch(node) {
                Ok(known) => return Ok(known >= batch),
                Err(error) if Instant::now() >= until => return Err(error),
                Err(_) => thread::sleep(RETRY),
            }
        }
    }

    /// The number of the last group of this node that was committed, and that no other can follow.
    fn last_batch(&self, node: i64) -> Result<i64> {
        self.connect()?;
        let number = Planned::Prepared(NUMBER_OF, params![node]);
        let flight = vec![Planned::Plain(BEGIN_WRITE), take_lock(), number, Planned::Plain("COMMIT")];
        let rows = self.with(|connection| connection.flight(flight, None))?;
        get(rows[2].first().ok_or(Error::BrokenRow("this node is not registered"))?, 0)
    }
}

fn take_lock() -> Planned {
    Planned::Prepared(LOCK, params![locks::WRITE])
}

impl Time for Postgres {
    fn now(&self, clock: &Clock) -> Timestamp {
        self.writing.as_ref().map_or_else(|| clock.now(), |writing| clock.moved(writing.time))
    }
}

impl writer::Engine for Postgres {
    fn begin(&mut self, hints: &[&Hints]) -> Result<()> {
        self.writing().forget();
        self.failure.take();
        self.is_lost.set(true);
        self.connect()?;
        self.is_lost.set(false);
        let mut flight = vec![Planned::Plain(BEGIN_WRITE), take_lock(), Planned::Prepared(HEAD, params![])];
        let prefetch = prefetch::plan(hints, &mut flight);
        let rows = self.with(|connection| connection.flight(flight, None))?;
        let first = rows[2].first().ok_or(Error::BrokenRow("pruned is empty"))?;
        let (head, time) = (uint(first, 0)?, get(first, 1)?);
        let writing = self.writing();
        (writing.head, writing.begun, writing.time) = (head, head, time);
        prefetch.fill(&rows[3..], &mut writing.cache, writing.txns.get_mut())?;
        self.is_open.set(true);
        Ok(())
    }

    fn changes_made(&self) -> u64 {
        self.writing.as_ref().map_or(0, |writing| writing.written.get() + writing.changes.len() as u64)
    }

    fn is_open(&self) -> bool {
        self.is_open.get()
    }

    fn take_failure(&mut self) -> Option<Error> {
        self.failure.take()
    }

    fn commit(&mut self) -> Result<Committed> {
        let has_changes = self.changes_made() > 0;
        let mut flight = self.pending();
        let writing = self.writing();
        let (node, head) = (writing.node.id, writing.head);
        let notify = if has_changes {
            writing.batch += 1;
            flight.push(writing.node.number(writing.batch));
            (writing.head > writing.begun).then(|| Planned::Prepared(NOTIFY, params![format!("{node} {head}")]))
        } else {
            None
        };
        let batch = writing.batch;
        flight.push(Planned::Plain("COMMIT"));
        // COMMIT answers with success after a statement that failed, so the reply of each statement counts.
        if let Err(error) = self.with(|connection| connection.flight(flight, notify)) {
            if !has_changes || !self.is_lost.get() {
                self.writing().has_refused_write = matches!(error, Error::Engine(_));
                return Err(error);
            }
            self.writing().is_in_doubt = true;
            let is_committed = self.resolve(node, batch)?;
            self.writing().is_in_doubt = false;
            if !is_committed {
                self.is_lost.set(true);
                return Err(error);
            }
        }
        self.is_open.set(false);
        self.failure.take();
        let writing = self.writing();
        Ok(Committed { begun: writing.begun, head, changes: std::mem::take(&mut writing.changes) })
    }

    fn has_refused_write(&self) -> bool {
        self.writing.as_ref().is_some_and(|writing| writing.has_refused_write)
    }

    fn has_lost_connection(&self) -> bool {
        self.is_lost.get() && self.writing.as_ref().is_some_and(|writing| !writing.is_in_doubt)
    }

    fn rollback(&mut self) {
        let writing = self.writing();
        writing.head = writing.begun;
        writing.changes.clear();
        writing.gathered.get_mut().take();
        self.is_open.set(false);
        let is_lost = self.connection.borrow().as_ref().is_none_or(Connection::is_closed);
        let end = vec![Planned::Plain("ROLLBACK")];
        if is_lost || self.with(|connection| connection.flight(end, None)).is_err() {
            self.connection.take(); // closing it ends its transaction
        }
        self.failure.take();
    }

    fn maintain(&mut self) {}
}

impl readers::Reader for Postgres {
    fn begin(&mut self) -> Result<()> {
        self.failure.take();
        self.connect()?;
        self.is_begun.set(false);
        self.is_open.set(true);
        Ok(())
    }

    fn is_open(&self) -> bool {
        self.is_open.get()
    }

    fn end(&mut self) -> Option<Error> {
        self.is_open.set(false);
        if self.is_begun.replace(false)
            && let Some(connection) = &*self.connection.borrow()
        {
            connection.send_only("COMMIT"); // whoever waits for what was read need not wait for this
        }
        self.failure.take()
    }
}
