//! The command line.

use clap::{Parser, builder::PossibleValuesParser};

use super::scenarios::SCENARIOS;

/// The argument by which the bench starts the program that only echoes.
pub(super) const ECHO: &str = "echo";

/// Measures the client in a pseudo-terminal.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask bench client")]
pub(super) struct Args {
    /// Tiny numbers: shows that it works, measures nothing
    #[arg(long)]
    pub(super) quick: bool,

    /// One JSON object a line instead of the table
    #[arg(long)]
    pub(super) json: bool,

    /// Only this scenario; may be repeated
    #[arg(long, value_name = "NAME", value_parser = PossibleValuesParser::new(SCENARIOS.iter().map(|s| s.name)))]
    scenario: Vec<String>,
}

impl Args {
    pub(super) fn wants(&self, scenario: &str) -> bool {
        self.scenario.is_empty() || self.scenario.iter().any(|wanted| wanted == scenario)
    }
}
