//! The server's bench, and what the client's bench shares with it: flags, `/proc`, the start of built programs. It needs
//! Linux: epoll to serve thousands of sockets from one thread, `/proc` for CPU times.

mod api;
pub(super) mod args;
mod cpu;
mod floor;
mod load;
mod peer;
pub(super) mod proc;
pub(super) mod program;
mod report;
mod requesters;
mod scenarios;
mod subscribers;
mod supervisor;
mod tally;
mod target;
mod wire;
mod workload;

use std::{
    error::Error,
    io::{self, Write as _},
    process::ExitCode,
};

use self::{
    args::{Args, FLOOR, PEER, SUPERVISOR},
    report::Report,
    scenarios::{Plan, SCENARIOS},
};

/// Every error is only printed, so one type is enough.
pub(super) type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// The names of all scenarios.
pub(super) fn scenarios() -> Vec<&'static str> {
    SCENARIOS.iter().map(|scenario| scenario.name).collect()
}

pub(super) fn main() -> ExitCode {
    let outcome = match std::env::args().nth(1).as_deref() {
        Some(FLOOR) => floor::serve(),
        Some(SUPERVISOR) => supervisor::run(),
        Some(PEER) => peer::run(),
        _ => measure(),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => {
            writeln!(io::stderr(), "bench: some deliveries were lost, repeated or refused; see the column accounted")
                .ok();
            ExitCode::FAILURE
        }
        Err(error) => {
            writeln!(io::stderr(), "bench: {error}").ok();
            ExitCode::FAILURE
        }
    }
}

/// Returns whether every expected delivery arrived.
fn measure() -> Result<bool> {
    let args: Args = args::parse(std::env::args_os(), scenarios().into_iter());
    if args.peer.is_some() {
        peer::check()?;
    }
    let plan = Plan::new(args.common.quick, args.runs(), args.peer.is_some());
    program::raise_descriptor_limit();
    let mut report = Report::default();
    for scenario in SCENARIOS.iter().filter(|scenario| args.common.wants(scenario.name)) {
        writeln!(io::stderr(), "{}: {}", scenario.name, scenario.what).ok();
        let rows = (scenario.run)(&plan).map_err(|error| format!("{}: {error}", scenario.name))?;
        report.add(scenario.name, rows);
    }
    let text = if args.common.json { report.json() } else { report.table() };
    io::stdout().lock().write_all(text.as_bytes())?;
    Ok(report.is_complete())
}
