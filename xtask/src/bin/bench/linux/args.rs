//! The command line.

use clap::{Parser, builder::PossibleValuesParser};

use super::scenarios::SCENARIOS;

/// The arguments by which the bench starts its other processes: the floor, and who keeps the server or its peer.
pub(super) const FLOOR: &str = "floor";
/// See [`FLOOR`].
pub(super) const KEEPER: &str = "keeper";
/// See [`FLOOR`].
pub(super) const PEER: &str = "peer";

/// Measures the server beside the floor.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask bench")]
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

    /// Measures somebody else beside it, where one sender speaks and all that is asked of them is to pass it on
    #[arg(long, value_name = "NAME", value_parser = ["nchan"])]
    pub(super) peer: Option<String>,

    /// How often each figure is measured [default: 3, quick: 1]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100))]
    runs: Option<u32>,
}

impl Args {
    pub(super) fn runs(&self) -> u32 {
        self.runs.unwrap_or(if self.quick { 1 } else { 3 })
    }

    pub(super) fn wants(&self, scenario: &str) -> bool {
        self.scenario.is_empty() || self.scenario.iter().any(|wanted| wanted == scenario)
    }
}
