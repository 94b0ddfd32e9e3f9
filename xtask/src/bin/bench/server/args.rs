//! The command line of the server's bench.

use clap::Parser;

use crate::flags::Selection;

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
    pub(super) selection: Selection,

    /// Print one JSON object per line instead of a table
    #[arg(long)]
    pub(super) json: bool,

    /// Also measure this program, in the scenarios that it supports
    #[arg(long, value_name = "NAME", value_parser = ["nchan"])]
    pub(super) peer: Option<String>,

    /// Number of messages in the scenarios that need many; each also needs a tenth of it [default: 1000000, quick: 400]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1000..=100_000_000))]
    pub(super) messages: Option<u64>,

    /// Number of runs of each scenario [default: 3, quick: 1]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100))]
    runs: Option<u32>,
}

impl Args {
    pub(super) fn runs(&self) -> u32 {
        self.runs.unwrap_or(if self.selection.quick { 1 } else { 3 })
    }
}
