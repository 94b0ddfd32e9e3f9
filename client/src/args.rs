//! The command line. Secrets never come this way.

use clap::Parser;

/// Chat in the terminal. Press F1 for the keys.
#[derive(Debug, Parser)]
#[command(name = "quchat", version)]
pub(crate) struct Args {
    /// The server: host, host:port or http(s)://host [default: the last one, or localhost:7878]
    #[arg(long, env = "QUCHAT_SERVER", value_name = "ADDR")]
    pub(crate) server: Option<String>,
    /// The name to sign in with [default: the last one]
    #[arg(long, env = "QUCHAT_USER", value_name = "NAME")]
    pub(crate) name: Option<String>,
}
