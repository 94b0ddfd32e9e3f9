//! The client's bench: the release build of the client in a pseudo-terminal, connected to a scripted server that knows
//! when it sent what. It compares the figures with their goals, and reports when the machine was too busy to do so.

mod args;
mod echo;
mod frames;
mod report;
mod samples;
mod scenarios;
mod screen;
mod scripted_server;
mod session;
mod terminal;
mod usage;
mod wire;

use std::{
    env,
    io::{self, Write as _},
    time::Duration,
};

use self::{
    args::{Args, ECHO},
    report::Report,
    scenarios::{Plan, SCENARIOS},
};
use crate::{Result, flags};

/// How long a scenario waits for anything before it fails. Long enough for a busy machine.
const TIMEOUT: Duration = Duration::from_secs(60);

/// The names of all scenarios.
pub(super) fn scenarios() -> Vec<&'static str> {
    SCENARIOS.iter().map(|scenario| scenario.name).collect()
}

/// Expects `client` as the first argument. A missed goal is no failure.
pub(super) fn run() -> Result<bool> {
    match env::args().nth(2).as_deref() {
        Some(ECHO) => echo::serve()?,
        _ => measure()?,
    }
    Ok(true)
}

fn measure() -> Result<()> {
    let args: Args = flags::parse(env::args_os().skip(1), scenarios());
    let plan = Plan::new(args.selection.quick);
    let mut report = Report::default();
    for scenario in SCENARIOS.iter().filter(|scenario| args.selection.wants(scenario.name)) {
        writeln!(io::stderr(), "{}: {}", scenario.name, scenario.what).ok();
        let rows = (scenario.run)(&plan).map_err(|error| format!("{}: {error}", scenario.name))?;
        report.add(scenario.name, scenario.peer, rows);
    }
    let text = if args.json { report.json() } else { report.table() };
    Ok(io::stdout().lock().write_all(text.as_bytes())?)
}
