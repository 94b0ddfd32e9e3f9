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
    io::{self, Write as _},
    process::ExitCode,
    time::Duration,
};

use self::{
    args::{Args, ECHO},
    report::Report,
    scenarios::{Plan, SCENARIOS},
};
use crate::linux::{Result, args::parse};

/// How long a scenario waits for anything before it fails. Long enough for a busy machine.
const TIMEOUT: Duration = Duration::from_secs(60);

/// The names of all scenarios.
pub(super) fn scenarios() -> Vec<&'static str> {
    SCENARIOS.iter().map(|scenario| scenario.name).collect()
}

/// Expects `client` as the first argument.
pub(super) fn main() -> ExitCode {
    let outcome = match std::env::args().nth(2).as_deref() {
        Some(ECHO) => echo::serve(),
        _ => measure(),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            writeln!(io::stderr(), "bench: {error}").ok();
            ExitCode::FAILURE
        }
    }
}

fn measure() -> Result<()> {
    let line = std::env::args_os().skip(1);
    let args: Args = parse(line, scenarios().into_iter());
    let plan = Plan::new(args.common.quick);
    let mut report = Report::default();
    for scenario in SCENARIOS.iter().filter(|scenario| args.common.wants(scenario.name)) {
        writeln!(io::stderr(), "{}: {}", scenario.name, scenario.what).ok();
        let rows = (scenario.run)(&plan).map_err(|error| format!("{}: {error}", scenario.name))?;
        report.add(scenario.name, scenario.peer, rows);
    }
    let text = if args.common.json { report.json() } else { report.table() };
    Ok(io::stdout().lock().write_all(text.as_bytes())?)
}
