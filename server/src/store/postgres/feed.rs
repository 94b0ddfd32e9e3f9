//! What other nodes commit: one connection that hears of their commits and reads them, and whose locks say that this node
//! is alive.

use std::{cell::Ref, time::Duration};

use tokio::sync::Notify;

use super::{
    Postgres,
    columns::{params, uint},
    connection::{Connection, Param, Planned},
    failure::CannotConnect,
    lineages, locks,
    nodes::Node,
    settings::Settings,
};
use crate::store::{Error, Lineage, LogPage, LoggedRow, Result, Snapshot, readers::Reader};

const NODE_LOCK: &str = "SELECT pg_advisory_lock($1::bigint::int, $2::bigint::int)";
const LISTEN: &str = "LISTEN quchat; LISTEN quchat_online; LISTEN quchat_typing;";
pub(super) const TELL: &str = "SELECT pg_notify($1, $2)";
/// Ends an earlier connection of this node, if PostgreSQL does not know yet that the network has lost it.
const END_EARLIER: &str = "SELECT pg_terminate_backend(pid) FROM pg_locks
    WHERE locktype = 'advisory' AND granted AND objsubid = 2 AND classid::bigint = $1 AND objid::bigint = $2
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND pid <> pg_backend_pid()";

/// The connection that follows the log.
pub(crate) struct Feed {
    pub(super) reader: Postgres,
    pub(super) node: Node,
    lineage: Lineage,
    /// The tag of the lineage that the connection has joined.
    joined: String,
    /// The version of the newest rows about who has a stream on this node.
    pub(super) online: i64,
}

/// Where the log stands after connecting.
pub(crate) struct Joined {
    pub(crate) is_new_lineage: bool,
    /// The newest event when it began, or an earlier one if there was another between.
    pub(crate) base: u64,
    pub(crate) head: u64,
}

/// What other nodes have told.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    /// The newest event that one of them has committed; 0 if nothing was heard of any.
    pub(crate) head: u64,
    /// Somebody has come to one of them, or gone.
    pub(crate) has_moved: bool,
    /// Who is typing there, as it was passed to [`Feed::tell_typing`].
    pub(crate) typing: Vec<String>,
}

/// The log and everything else as of one moment.
pub(crate) struct LogView<'a>(&'a Postgres);

impl LogView<'_> {
    pub(crate) fn snapshot(&self) -> &dyn Snapshot {
        self.0
    }

    /// The first `limit` rows of the log after `after`, up to `through`.
    pub(crate) fn between(&self, after: u64, through: u64, limit: u32) -> Result<LogPage> {
        self.0.log_between(after, through, limit)
    }

    /// All rows after `after`, up to `through`, that take a right from somebody or change what earlier rows show.
    pub(crate) fn losses_between(&self, after: u64, through: u64) -> Result<Vec<LoggedRow>> {
        self.0.losses_between(after, through)
    }
}

impl Feed {
    /// Connects for the first time.
    pub(super) fn open(settings: Settings, node: Node) -> Result<(Self, Joined)> {
        let lineage = Lineage::draw()?;
        let reader = Postgres::new(settings, lineage.clone(), None);
        let mut this = Self { reader, node, lineage, joined: String::new(), online: 0 };
        let joined = this.connect(Duration::MAX)?;
        this.adopt_lineage();
        Ok((this, joined))
    }

    /// The lineage of new events. It changes when all nodes were gone.
    pub(crate) fn lineage(&self) -> &Lineage {
        &self.lineage
    }

    /// Connects anew, within this time: hears, is alive, and knows the lineage. Before [`Feed::adopt_lineage`] streams that
    /// would miss something must be ended.
    pub(crate) fn connect(&mut self, within: Duration) -> Result<Joined> {
        self.reader.connection.take();
        let setup = format!("{} {LISTEN}", self.reader.setup());
        // Half of the usual limit, because streams end if nothing was read for too long.
        let limit = self.reader.settings.answer_within / 2;
        let connection = Connection::open_within(within, &self.reader.settings, &setup)?.answering_within(limit);
        let joined = self.join(&connection)?;
        self.reader.connection.replace(Some(connection));
        Ok(joined)
    }

    fn join(&mut self, connection: &Connection) -> Result<Joined> {
        self.node.register_again(connection)?; // before the lock that goes with the number
        let of_node = || params![i64::from(locks::NODE), self.node.id];
        let flight = vec![Planned::Prepared(END_EARLIER, of_node()), Planned::Prepared(NODE_LOCK, of_node())];
        connection.flight(flight, None)?;
        let newest = lineages::join(connection, &self.lineage.tag())?;
        let rows = connection.query(super::HEAD, params![])?;
        let head = uint(rows.first().ok_or(Error::BrokenRow("pruned is empty"))?, 0)?;
        self.joined = newest.tag;
        Ok(Joined { is_new_lineage: self.joined != self.lineage.tag(), base: newest.base.unwrap_or(head), head })
    }

    /// Goes on in the lineage that was joined, as far as the rest of this node is concerned. Writes and reads wait for it.
    pub(crate) fn adopt_lineage(&self) {
        self.lineage.adopt(self.joined.clone());
    }

    /// Waits until another node has told something or `wake` is notified, at most so long.
    ///
    /// # Errors
    /// The connection is gone.
    pub(crate) fn wait(&self, at_most: Duration, wake: &Notify) -> Result<Heard> {
        let (mut heard, own) = (Heard::default(), self.node.id.to_string());
        for (channel, payload) in self.connection()?.wait(at_most, wake) {
            let Some((node, what)) = payload.split_once(' ').filter(|&(node, _)| node != own) else { continue };
            match channel.as_str() {
                "quchat" => heard.head = heard.head.max(what.parse().unwrap_or(0)),
                "quchat_online" => heard.has_moved = true,
                "quchat_typing" => heard.typing.push(what.to_owned()),
                _ => tracing::debug!(channel, node, "unknown notification"),
            }
        }
        Ok(heard)
    }

    /// Tells the other nodes who is typing here, in up to 7,900 bytes.
    pub(crate) fn tell_typing(&self, typing: &str) -> Result<()> {
        self.connection()?.query(TELL, self.notification("quchat_typing", typing))?;
        Ok(())
    }

    /// The parameters of [`TELL`].
    pub(super) fn notification(&self, channel: &'static str, what: &str) -> Vec<Param> {
        params![channel, format!("{} {what}", self.node.id)]
    }

    /// The connection, unless it is gone.
    pub(super) fn connection(&self) -> Result<Ref<'_, Connection>> {
        let connection = Ref::filter_map(self.reader.connection.borrow(), |connection| {
            connection.as_ref().filter(|connection| !connection.is_closed())
        });
        connection.map_err(|_| CannotConnect::Lost.into())
    }

    /// Reads as of one moment.
    pub(crate) fn look<T>(&mut self, read: impl FnOnce(&LogView<'_>) -> Result<T>) -> Result<T> {
        self.reader.is_open.set(true);
        let outcome = read(&LogView(&self.reader));
        match self.reader.end() {
            Some(error) if outcome.is_ok() => Err(error),
            _ => outcome,
        }
    }
}
