//! The command line of the client's bench.

use clap::Parser;

use crate::flags::Selection;

/// The argument that makes the bench the echo program.
pub(super) const ECHO: &str = "echo";

/// Measures the client in a pseudo-terminal, compared with its goals.
#[derive(Debug, Parser)]
#[command(bin_name = "cargo xtask bench client")]
pub(super) struct Args {
    #[command(flatten)]
    pub(super) selection: Selection,

    /// Print one JSON object per line instead of a table
    #[arg(long)]
    pub(super) json: bool,
}
