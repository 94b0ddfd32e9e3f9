//! The command line of the server's bench, and the flags of both benches.

use std::ffi::OsString;

use clap::{Parser, builder::PossibleValuesParser};

/// First argument of the bench's helper processes: the floor, and the supervisors of the server and of its peer.
pub(super) const FLOOR: &str = "floor";
/// See [`FLOOR`].
pub(super) const SUPERVISOR: &str = "supervisor";
/// See [`FLOOR`].
pub(super) const PEER: &str = "peer";

/// Measures the server, compared with the least that kernel and disk need for the same work.
#[derive(Debug, Parser)]
#[command(bin_name = "cargo xtask bench")]
pub(super) struct Args {
    #[command(flatten)]
    pub(super) common: Common,

    /// Also measure this program, in the scenarios that it supports
    #[arg(long, value_name = "NAME", value_parser = ["nchan"])]
    pub(super) peer: Option<String>,

    /// Number of runs of each scenario [default: 3, quick: 1]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100))]
    runs: Option<u32>,
}

impl Args {
    pub(super) fn runs(&self) -> u32 {
        self.runs.unwrap_or(if self.common.quick { 1 } else { 3 })
    }
}

/// The flags of both benches.
#[derive(Debug, clap::Args)]
pub(crate) struct Common {
    /// Use tiny numbers, which only show that the bench works
    #[arg(long)]
    pub(crate) quick: bool,

    /// Print one JSON object per line instead of a table
    #[arg(long)]
    pub(crate) json: bool,

    /// Run only this scenario; may be repeated
    #[arg(long, value_name = "NAME")]
    scenario: Vec<String>,
}

impl Common {
    pub(crate) fn wants(&self, scenario: &str) -> bool {
        self.scenario.is_empty() || self.scenario.iter().any(|wanted| wanted == scenario)
    }
}

/// Parses the command line of a bench with these scenarios. Exits on `--help` and on errors.
pub(crate) fn parse<A: Parser>(
    line: impl Iterator<Item = OsString>,
    scenarios: impl Iterator<Item = &'static str>,
) -> A {
    let names = PossibleValuesParser::new(scenarios);
    let command = A::command().mut_arg("scenario", |arg| arg.value_parser(names));
    A::from_arg_matches(&command.get_matches_from(line)).unwrap_or_else(|error| error.exit())
}
