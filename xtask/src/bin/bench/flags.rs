//! The flags that the benches and their comparison share.

use std::ffi::OsString;

use clap::{Parser, builder::PossibleValuesParser};

/// Which scenarios to run, and at what size.
#[derive(Debug, clap::Args)]
pub(super) struct Selection {
    /// Use tiny numbers, which only show that the bench works
    #[arg(long)]
    pub(super) quick: bool,

    /// Run only this scenario; may be repeated
    #[arg(long, value_name = "NAME")]
    pub(super) scenario: Vec<String>,
}

impl Selection {
    pub(super) fn wants(&self, scenario: &str) -> bool {
        self.scenario.is_empty() || self.scenario.iter().any(|wanted| wanted == scenario)
    }
}

/// Parses the command line of a bench with these scenarios. Exits on `--help` and on errors.
pub(super) fn parse<A: Parser>(line: impl Iterator<Item = OsString>, scenarios: Vec<&'static str>) -> A {
    let names = PossibleValuesParser::new(scenarios);
    let command = A::command().mut_arg("scenario", |arg| arg.value_parser(names));
    A::from_arg_matches(&command.get_matches_from(line)).unwrap_or_else(|error| error.exit())
}
