//! `cargo xtask bench`: builds a release of the server (`bench client`: of the client), then starts the bench
//! (`src/bin/bench`). With `--against COMMIT` it also builds that commit, and the bench compares the two.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    TaskError,
    cargo::{cannot_start, cargo, cargo_in, hand_over, step, without_separator, workspace},
};

pub(crate) fn run(args: Vec<OsString>) -> Result<(), TaskError> {
    let (against, args) = against(without_separator(args))?;
    let measured = if args.first().is_some_and(|first| first == "client") { "quchat-client" } else { "quchat-server" };
    let Some(commit) = against else {
        return hand_over_to_bench(measured, &args);
    };
    let other = check_out(&commit)?;
    build(&other, measured)?;
    build(workspace(), measured)?;
    let mut compare = Command::new(bench_of(workspace()));
    compare.arg("compare").arg(bench_of(&other)).args(args);
    hand_over(compare)
}

fn hand_over_to_bench(measured: &str, args: &[OsString]) -> Result<(), TaskError> {
    let mut build = cargo("build");
    build.args(["--release", "--package", measured]);
    step(build)?;
    let mut bench = cargo("run");
    bench.args(["--release", "--package", "xtask", "--features", "bench", "--bin", "bench", "--"]).args(args);
    hand_over(bench)
}

/// Splits `--against COMMIT` from the other arguments.
fn against(mut args: Vec<OsString>) -> Result<(Option<String>, Vec<OsString>), TaskError> {
    let Some(at) = args.iter().position(|arg| arg == "--against" || arg.to_string_lossy().starts_with("--against="))
    else {
        return Ok((None, args));
    };
    let flag = args.remove(at).to_string_lossy().into_owned();
    let commit = match flag.split_once('=') {
        Some((_, commit)) => commit.to_owned(),
        None if at < args.len() => args.remove(at).to_string_lossy().into_owned(),
        None => return Err(TaskError::usage("--against needs a commit, for example --against main")),
    };
    Ok((Some(commit), args))
}

/// Checks the commit out under `target/against`, with a `target` of its own. The checkout is kept, so that the next
/// comparison with the same commit builds nothing.
fn check_out(commit: &str) -> Result<PathBuf, TaskError> {
    let revision = format!("{commit}^{{commit}}");
    let mut look_up = git(workspace());
    look_up.args(["rev-parse", "--verify", "--quiet", "--end-of-options", &revision]);
    let found = look_up.output().map_err(|error| cannot_start(&look_up, &error))?;
    if !found.status.success() {
        let message = format!("{commit:?} is not a commit of this repository; give a hash, a branch or a tag");
        return Err(TaskError::usage(message));
    }
    let hash = String::from_utf8_lossy(&found.stdout).trim().to_owned();
    let checkout = workspace().join("target").join("against").join(&hash);
    if !checkout.join(".git").exists() {
        let mut clone = git(workspace());
        clone.args(["clone", "--quiet", "--shared", "--no-checkout", "."]).arg(&checkout);
        step(clone)?;
    }
    let mut switch = git(&checkout);
    switch.args(["checkout", "--quiet", "--force", "--detach", &hash]);
    step(switch)?;
    Ok(checkout)
}

fn git(directory: &Path) -> Command {
    let mut git = Command::new("git");
    git.arg("-C").arg(directory);
    git
}

/// Builds the measured program and the bench one by one, so that neither enables features of the other.
fn build(checkout: &Path, measured: &str) -> Result<(), TaskError> {
    let packages: [&[&str]; 2] = [&[measured], &["xtask", "--features", "bench", "--bin", "bench"]];
    for package in packages {
        let mut build = cargo_in(checkout, "build");
        build.current_dir(checkout); // cargo reads the .cargo/config.toml of the current directory
        build.args(["--release", "--target-dir"]).arg(checkout.join("target")).arg("--package").args(package);
        step(build)?;
    }
    Ok(())
}

/// The bench of a checkout. It starts the program that is in the same directory.
fn bench_of(checkout: &Path) -> PathBuf {
    checkout.join("target/release/bench")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cargo::tests::os;

    #[test]
    fn the_commit_is_split_from_the_other_arguments() {
        let rest = os(&["client", "--scenario", "key"]);
        for with in [
            &["client", "--against", "main", "--scenario", "key"][..],
            &["client", "--against=main", "--scenario", "key"],
        ] {
            let (commit, args) = against(os(with)).unwrap();
            assert_eq!((commit.as_deref(), args), (Some("main"), rest.clone()));
        }
        assert_eq!(against(rest.clone()).unwrap(), (None, rest));
        assert_eq!(against(os(&["--against"])).unwrap_err().code, 2);
    }
}
