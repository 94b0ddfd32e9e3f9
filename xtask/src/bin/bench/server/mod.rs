//! The server's bench: one thread drives a release build of the server with thousands of sockets, and the floor under
//! the same load. It compares the figures and checks that every delivery arrived once.

mod addresses;
mod api;
mod archive;
mod args;
mod cluster;
mod cpu;
mod database;
mod filling;
mod floor;
mod hello;
mod load;
mod peer;
mod postgres;
mod program;
mod report;
mod requesters;
mod scenarios;
mod store;
mod subscribers;
mod supervisor;
mod tally;
mod target;
mod texts;
mod wire;
mod workload;

use std::{
    env,
    io::{self, Write as _},
};

use self::{
    args::{Args, CLUSTER, FLOOR, PEER, SUPERVISOR},
    report::Report,
    scenarios::{Plan, SCENARIOS, SCENARIOS_OF_NODES},
};
use crate::{Result, flags};

/// The names of the scenarios that need only one server.
pub(super) fn scenarios() -> Vec<&'static str> {
    SCENARIOS.iter().map(|scenario| scenario.name).collect()
}

/// Returns whether every expected delivery arrived.
pub(super) fn run() -> Result<bool> {
    match env::args().nth(1).as_deref() {
        Some(FLOOR) => floor::serve(),
        Some(SUPERVISOR) => supervisor::run(),
        Some(CLUSTER) => cluster::run(),
        Some(PEER) => peer::run(),
        _ => measure(),
    }
}

fn measure() -> Result<bool> {
    let names = SCENARIOS.iter().chain(SCENARIOS_OF_NODES).map(|scenario| scenario.name);
    let args: Args = flags::parse(env::args_os(), names.collect());
    let store = args.store()?;
    let selected = scenarios::selected(&args.selection, &store)?;
    if args.peer.is_some() {
        peer::check()?;
    }
    program::raise_descriptor_limit();
    writeln!(io::stderr(), "the server runs with {}", supervisor::NO_LIMITS.join(" ")).ok();
    let mut report = Report::new(&store);
    let plan = Plan::new(&args, store);
    for scenario in selected {
        writeln!(io::stderr(), "{}: {}", scenario.name, scenario.what).ok();
        let rows = (scenario.run)(&plan).map_err(|error| format!("{}: {error}", scenario.name))?;
        report.add(scenario.name, rows);
    }
    let text = if args.json { report.json() } else { report.table() };
    io::stdout().lock().write_all(text.as_bytes())?;
    if !report.is_complete() {
        writeln!(io::stderr(), "bench: some deliveries were lost, repeated or refused; see the column deliveries").ok();
    }
    Ok(report.is_complete())
}
