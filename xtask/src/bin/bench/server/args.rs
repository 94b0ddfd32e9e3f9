//! The command line of the server's bench.

use clap::Parser;

use super::{Result, postgres, store::Store};
use crate::flags::Selection;

/// First argument of the bench's helper processes: the floor, and the supervisors of the server, of servers on one
/// PostgreSQL, and of the peer.
pub(super) const FLOOR: &str = "floor";
/// See [`FLOOR`].
pub(super) const SUPERVISOR: &str = "supervisor";
/// See [`FLOOR`].
pub(super) const CLUSTER: &str = "cluster";
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

    /// Measure servers on a PostgreSQL that the bench starts, and plain inserts by pgbench beside them
    #[arg(long, value_name = "ENGINE", value_parser = ["postgres"])]
    store: Option<String>,

    /// Number of servers on it; streams and senders take turns [default: 1]
    #[arg(long, value_name = "N", requires = "store", value_parser = clap::value_parser!(u8).range(1..=8))]
    nodes: Option<u8>,

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
    /// # Errors
    /// It is PostgreSQL, and there is none on this machine.
    pub(super) fn store(&self) -> Result<Store> {
        if self.store.is_none() {
            return Ok(Store::Sqlite);
        }
        Ok(Store::Postgres { programs: postgres::find()?, nodes: self.nodes.unwrap_or(1).into() })
    }

    pub(super) fn runs(&self) -> u32 {
        self.runs.unwrap_or(if self.selection.quick { 1 } else { 3 })
    }
}
