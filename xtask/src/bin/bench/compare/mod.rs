//! `bench compare OTHER`: runs this bench and that of another build in turn, and reports which figures differ.
//!
//! The speed of a machine drifts by more than two builds differ. So the builds alternate, and each run is compared with
//! the run of the other build next to it. Scenarios that the other build does not have are left out.

mod figures;
mod verdict;

use std::{
    env,
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use clap::Parser;

use self::{
    figures::{Figures, Sample},
    verdict::Verdict,
};
use crate::{Result, flags::Selection, table::markdown};

/// Compares this build with another commit, run by run.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask bench --against COMMIT")]
struct Args {
    /// The executable of the other build's bench
    #[arg(hide = true)]
    other: PathBuf,

    /// Compare the clients instead of the servers
    #[arg(value_parser = ["client"])]
    client: Option<String>,

    #[command(flatten)]
    selection: Selection,

    /// Number of runs of each build
    #[arg(long, value_name = "N", default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..=100))]
    runs: u32,
}

/// The names of the scenarios of both benches.
pub(super) struct Scenarios {
    pub(super) server: Vec<&'static str>,
    pub(super) client: Vec<&'static str>,
}

/// Expects `compare` as the first argument. Returns whether no figure is worse.
pub(super) fn run(all: &Scenarios) -> Result<bool> {
    let args = Args::parse_from(env::args_os().skip(1));
    let this = env::current_exe()?;
    let mut figures = Figures::default();
    for scenario in selected(&args, all) {
        if !has(&args.other, &scenario, &args)? {
            writeln!(io::stderr(), "{scenario}: left out, the other build does not have it").ok();
            continue;
        }
        for run in 1..=args.runs {
            writeln!(io::stderr(), "{scenario}: run {run} of {}", args.runs).ok();
            // The builds take turns in being first, so that a machine that slows down steadily favours neither.
            let (before, after) = if run % 2 == 0 {
                let after = measure(&this, &scenario, &args)?;
                (measure(&args.other, &scenario, &args)?, after)
            } else {
                (measure(&args.other, &scenario, &args)?, measure(&this, &scenario, &args)?)
            };
            figures.add(before, after);
        }
    }
    if figures.rows().next().is_none() {
        return Err("the builds have no figure in common; see cargo xtask bench --help for the scenarios".into());
    }
    let verdicts: Vec<_> = figures.rows().map(|(name, pairs)| (name, Verdict::of(name, pairs))).collect();
    let table = markdown(verdict::HEAD, verdicts.iter().map(|(name, verdict)| verdict.cells(name)));
    io::stdout().lock().write_all(table.as_bytes())?;
    Ok(verdicts.iter().all(|(_, verdict)| !verdict.is_worse()))
}

/// The names of the scenarios to compare.
fn selected(args: &Args, all: &Scenarios) -> Vec<String> {
    if !args.selection.scenario.is_empty() {
        return args.selection.scenario.clone();
    }
    let all = if args.client.is_some() { &all.client } else { &all.server };
    all.iter().map(|&name| name.to_owned()).collect()
}

/// Whether a build has this scenario. Its bench reads the whole command line before it answers `--help`.
fn has(bench: &Path, scenario: &str, args: &Args) -> Result<bool> {
    Ok(run_bench(bench, args, &["--scenario", scenario, "--help"])?.status.success())
}

/// Runs one scenario once.
fn measure(bench: &Path, scenario: &str, args: &Args) -> Result<Vec<Sample>> {
    let once = if args.client.is_none() { &["--runs", "1"][..] } else { &[] };
    let quick = if args.selection.quick { &["--quick"][..] } else { &[] };
    let ended = run_bench(bench, args, &[&["--json", "--scenario", scenario], once, quick].concat())?;
    if !ended.status.success() {
        let reason = String::from_utf8_lossy(&ended.stderr);
        return Err(format!("{} --scenario {scenario} failed: {}", bench.display(), reason.trim_end()).into());
    }
    figures::samples(&ended.stdout)
}

fn run_bench(bench: &Path, args: &Args, options: &[&str]) -> Result<Output> {
    Ok(Command::new(bench).args(&args.client).args(options).stdin(Stdio::null()).output()?)
}
