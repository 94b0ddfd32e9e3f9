//! `bench compare OTHER`: runs this bench and another build's in turn and says which figures differ.
//!
//! A machine drifts by more than what is looked for. So the two alternate scenario by scenario, and each run is compared
//! with its neighbour.

mod figures;
mod verdict;

use std::{
    env,
    error::Error,
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::{Command, ExitCode, Stdio},
};

use clap::Parser;

use self::{
    figures::{Figures, Sample},
    verdict::Verdict,
};
use super::{client, linux, table::markdown};

/// What can go wrong is reported and nothing else, so one type does.
type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// Compares this build with another commit, run by run.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask bench --against COMMIT")]
struct Args {
    /// The bench of the other build
    #[arg(hide = true)]
    other: PathBuf,

    /// Compares the clients instead of the servers
    #[arg(value_parser = ["client"])]
    client: Option<String>,

    /// Only this scenario; may be repeated
    #[arg(long, value_name = "NAME")]
    scenario: Vec<String>,

    /// Tiny numbers: shows that it works, measures nothing
    #[arg(long)]
    quick: bool,

    /// How many runs of each build
    #[arg(long, value_name = "N", default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..=100))]
    runs: u32,
}

/// The rest of the command line is behind `compare`. Fails where a figure is worse.
pub(super) fn main() -> ExitCode {
    match compare(&Args::parse_from(env::args_os().skip(1))) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            writeln!(io::stderr(), "bench: {error}").ok();
            ExitCode::FAILURE
        }
    }
}

/// Whether no figure is worse.
fn compare(args: &Args) -> Result<bool> {
    let this = env::current_exe()?;
    let mut figures = Figures::default();
    for scenario in scenarios(args) {
        for run in 1..=args.runs {
            writeln!(io::stderr(), "{scenario}: run {run} of {}", args.runs).ok();
            // Who is first changes, so that a machine that slows down steadily favours neither.
            let (before, after) = if run % 2 == 0 {
                let after = measure(&this, &scenario, args)?;
                (measure(&args.other, &scenario, args)?, after)
            } else {
                (measure(&args.other, &scenario, args)?, measure(&this, &scenario, args)?)
            };
            figures.add(before, after);
        }
    }
    let verdicts: Vec<_> = figures.rows().map(|(name, pairs)| (name, Verdict::of(name, pairs))).collect();
    let table = markdown(verdict::HEAD, verdicts.iter().map(|(name, verdict)| verdict.cells(name)));
    io::stdout().lock().write_all(table.as_bytes())?;
    Ok(verdicts.iter().all(|(_, verdict)| !verdict.is_worse()))
}

/// The names of the scenarios to compare.
fn scenarios(args: &Args) -> Vec<String> {
    if !args.scenario.is_empty() {
        return args.scenario.clone();
    }
    let all = if args.client.is_some() { client::scenarios() } else { linux::scenarios() };
    all.into_iter().map(str::to_owned).collect()
}

/// One run of one scenario.
fn measure(bench: &Path, scenario: &str, args: &Args) -> Result<Vec<Sample>> {
    let mut command = Command::new(bench);
    command.args(&args.client).arg("--json");
    if args.client.is_none() {
        command.args(["--runs", "1"]);
    }
    command.args(args.quick.then_some("--quick"));
    command.args(["--scenario", scenario]);
    let ended = command.stdin(Stdio::null()).output()?;
    if !ended.status.success() {
        let reason = String::from_utf8_lossy(&ended.stderr);
        return Err(format!("{} --scenario {scenario} failed: {}", bench.display(), reason.trim_end()).into());
    }
    figures::samples(&ended.stdout)
}
