//! The scenarios of the server's bench, one file each.

mod attack;
mod connect;
mod crowd;
mod delete_room;
mod fanout;
mod history;
mod idle;
mod inbox;
mod latency;
mod nodes;
mod react;
mod resume;
mod search;
mod send;
mod signin;

use std::{cell::Cell, time::Duration};

use super::{Result, archive::Archive, args::Args, program::Kind, report::Row, store::Store};
use crate::flags::Selection;

pub(super) struct Scenario {
    pub(super) name: &'static str,
    pub(super) what: &'static str,
    pub(super) run: fn(&Plan) -> Result<Vec<Row>>,
}

pub(super) const SCENARIOS: &[Scenario] = &[
    Scenario { name: "fanout", what: "one sender, many subscribers", run: fanout::run },
    Scenario { name: "idle", what: "idle streams", run: idle::run },
    Scenario { name: "send", what: "many senders, one subscriber", run: send::run },
    Scenario { name: "latency", what: "time from send to delivery at a low, steady rate", run: latency::run },
    Scenario { name: "connect", what: "many streams opened at once", run: connect::run },
    Scenario { name: "crowd", what: "a busy room while other users have idle streams", run: crowd::run },
    Scenario { name: "resume", what: "many clients that resume far behind, all at once", run: resume::run },
    Scenario { name: "history", what: "pages of a long room and a list of many rooms", run: history::run },
    Scenario { name: "delete-room", what: "a large room is deleted while others send", run: delete_room::run },
    Scenario { name: "search", what: "searches over many messages", run: search::run },
    Scenario { name: "inbox", what: "mentions of a user among many messages", run: inbox::run },
    Scenario { name: "react", what: "many users react to one message before many streams", run: react::run },
    Scenario { name: "signin", what: "sign-ins while others send messages", run: signin::run },
    Scenario { name: "attack", what: "hostile connections while others send messages", run: attack::run },
];

/// Scenarios that need several nodes, and so PostgreSQL.
pub(super) const SCENARIOS_OF_NODES: &[Scenario] =
    &[Scenario { name: "nodes", what: "how much later another node delivers", run: nodes::run }];

/// Returns the scenarios to run.
///
/// # Errors
/// One that was asked for is not possible with this store.
pub(super) fn selected(selection: &Selection, store: &Store) -> Result<Vec<&'static Scenario>> {
    let needs_nodes = |name: &String| SCENARIOS_OF_NODES.iter().any(|scenario| scenario.name == name);
    let of_nodes = match (store, selection.scenario.iter().find(|&name| needs_nodes(name))) {
        (Store::Postgres { .. }, _) => SCENARIOS_OF_NODES,
        (Store::Sqlite, None) => &[],
        (Store::Sqlite, Some(name)) => return Err(format!("the scenario {name} needs --store postgres").into()),
    };
    Ok(SCENARIOS.iter().chain(of_nodes).filter(|scenario| selection.wants(scenario.name)).collect())
}

/// How much to measure.
pub(super) struct Plan {
    is_quick: bool,
    runs: u32,
    messages: Option<u64>,
    store: Store,
    /// Left by a scenario for the next one that needs it.
    archive: Cell<Option<Archive>>,
    /// The programs to compare, in the order in which they are measured.
    kinds: &'static [Kind],
}

impl Plan {
    pub(super) fn new(args: &Args, store: Store) -> Self {
        let kinds: &[Kind] =
            if args.peer.is_some() { &[Kind::Server, Kind::Floor, Kind::Peer] } else { &[Kind::Server, Kind::Floor] };
        Self {
            is_quick: args.selection.quick,
            runs: args.runs(),
            messages: args.messages,
            store,
            archive: Cell::default(),
            kinds,
        }
    }

    /// `full` for a measurement, `quick` for a run that only shows that the bench works.
    pub(super) fn pick<T>(&self, full: T, quick: T) -> T {
        if self.is_quick { quick } else { full }
    }

    /// The number of messages where there are many.
    fn messages(&self) -> u64 {
        self.messages.unwrap_or(self.pick(1_000_000, 400))
    }

    /// The number of rooms of the archive.
    fn rooms(&self) -> u64 {
        self.pick(200, 5)
    }

    /// The archive of an earlier scenario, or one without messages.
    fn take_archive(&self) -> Result<Archive> {
        self.archive.take().map_or_else(|| Archive::start(&self.store, self.rooms()), Ok)
    }

    /// Leaves the archive to the next scenario that needs it.
    fn keep_archive(&self, archive: Archive) {
        self.archive.set(Some(archive));
    }
}

/// A percentile in ms; NaN without delays.
fn percentile(delays: &[Duration], percent: usize) -> f64 {
    percentile_of(delays.iter().map(|delay| delay.as_secs_f64() * 1e3).collect(), percent)
}

/// A percentile; NaN without figures.
fn percentile_of(mut figures: Vec<f64>, percent: usize) -> f64 {
    figures.sort_unstable_by(f64::total_cmp);
    let last = figures.len().saturating_sub(1);
    figures.get(last * percent / 100).copied().unwrap_or(f64::NAN)
}
