//! The command line of the client's bench.

use clap::Parser;

use crate::linux::args::Common;

/// The argument that makes the bench the echo program.
pub(super) const ECHO: &str = "echo";

/// Measures the client in a pseudo-terminal, compared with its goals.
#[derive(Debug, Parser)]
#[command(bin_name = "cargo xtask bench client")]
pub(super) struct Args {
    #[command(flatten)]
    pub(super) common: Common,
}
