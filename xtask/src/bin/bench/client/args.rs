//! The command line of the client's bench.

use clap::{Parser, builder::PossibleValuesParser};

use super::scenarios::SCENARIOS;

/// The argument that makes the bench the echo program.
pub(super) const ECHO: &str = "echo";

/// Measures the client in a pseudo-terminal, compared with its goals.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask bench client")]
pub(super) struct Args {
    /// Use tiny numbers, which only show that the bench works
    #[arg(long)]
    pub(super) quick: bool,

    /// Print one JSON object per line instead of a table
    #[arg(long)]
    pub(super) json: bool,

    /// Run only this scenario; may be repeated
    #[arg(long, value_name = "NAME", value_parser = PossibleValuesParser::new(SCENARIOS.iter().map(|s| s.name)))]
    scenario: Vec<String>,
}

impl Args {
    pub(super) fn wants(&self, scenario: &str) -> bool {
        self.scenario.is_empty() || self.scenario.iter().any(|wanted| wanted == scenario)
    }
}
