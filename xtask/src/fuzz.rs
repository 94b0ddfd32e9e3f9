//! `cargo xtask fuzz [--minutes N] [TARGET…]`: runs the tests with random input for minutes, and not only for the few
//! cases of `cargo xtask test`.
//!
//! A target is run in rounds, each with more cases, because proptest takes a number of cases and no time.

use std::{
    ffi::OsString,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use crate::{
    TaskError,
    cargo::{cannot_start, cargo, step},
    write_stderr,
};

/// Tests with random input of one kind.
struct Target {
    name: &'static str,
    package: &'static str,
    /// Which of the package's test programs has them.
    program: &'static [&'static str],
    /// How their names begin.
    tests: &'static str,
}

const SERVER: &str = "quchat-server";
const TARGETS: &[Target] = &[
    Target { name: "requests", package: SERVER, program: &["--test", "api"], tests: "fuzz::requests::" },
    Target { name: "handshakes", package: SERVER, program: &["--test", "api"], tests: "fuzz::handshakes::" },
    Target { name: "tokens", package: SERVER, program: &["--lib"], tests: "auth::jwt::tests::fuzz_" },
    Target { name: "frames", package: "quchat-shared", program: &["--lib"], tests: "sse::tests::fuzz_" },
    Target { name: "links", package: "quchat-shared", program: &["--lib"], tests: "join_link::tests::fuzz_" },
    Target { name: "state", package: "quchat-client", program: &["--lib"], tests: "state::damage::fuzz_" },
];

/// The time for all targets, unless told otherwise.
const MINUTES: u64 = 5;
/// The cases of the first round.
const CASES: u32 = 500;
/// A round has at most so many times the cases of the round before.
const GROWTH: u32 = 8;

pub(crate) fn run(args: Vec<OsString>) -> Result<(), TaskError> {
    let (minutes, targets) = parse(args)?;
    let each = Duration::from_secs(60 * minutes) / u32::try_from(targets.len()).unwrap_or(1);
    for target in &targets {
        let mut build = target.command();
        build.arg("--no-run");
        step(build)?;
    }
    targets.into_iter().try_for_each(|target| fuzz(target, each))
}

/// The minutes and the targets of a command line.
fn parse(args: Vec<OsString>) -> Result<(u64, Vec<&'static Target>), TaskError> {
    let (mut minutes, mut targets, mut args) = (MINUTES, Vec::new(), args.into_iter());
    while let Some(arg) = args.next() {
        let arg = arg.to_string_lossy().into_owned();
        let given = match arg.strip_prefix("--minutes") {
            Some("") => args.next().map(|number| number.to_string_lossy().into_owned()),
            Some(rest) => rest.strip_prefix('=').map(str::to_owned),
            None => {
                let known = TARGETS.iter().find(|target| target.name == arg);
                targets.push(known.ok_or_else(|| TaskError::usage(usage()))?);
                continue;
            }
        };
        minutes = given.and_then(|number| number.parse().ok()).ok_or_else(|| TaskError::usage(usage()))?;
    }
    if targets.is_empty() {
        targets = TARGETS.iter().collect();
    }
    Ok((minutes, targets))
}

fn usage() -> String {
    let names: Vec<_> = TARGETS.iter().map(|target| target.name).collect();
    format!("cargo xtask fuzz [--minutes N] [TARGET…]; the targets are {}", names.join(", "))
}

/// Runs a target in rounds until its time is over, once at least.
fn fuzz(target: &Target, time: Duration) -> Result<(), TaskError> {
    let (begin, mut cases) = (Instant::now(), CASES);
    loop {
        let round = Instant::now();
        target.round(cases)?;
        let (took, left) = (round.elapsed(), time.saturating_sub(begin.elapsed()));
        write_stderr(&format!("+ fuzz {}: {cases} cases in {:.1} s", target.name, took.as_secs_f64()));
        let affordable = f64::from(cases) * left.as_secs_f64() / took.as_secs_f64().max(0.01);
        if affordable < f64::from(CASES) {
            return Ok(());
        }
        cases = cases.saturating_mul(GROWTH).min(affordable as u32); // the cast saturates
    }
}

impl Target {
    /// `cargo test` for the program that has these tests.
    fn command(&self) -> Command {
        let mut test = cargo("test");
        test.args(["--quiet", "--package", self.package]).args(self.program);
        test
    }

    /// Runs so many cases of each test.
    ///
    /// # Errors
    /// A case fails, or there are no such tests. The error has the output.
    fn round(&self, cases: u32) -> Result<(), TaskError> {
        let mut test = self.command();
        test.args(["--", self.tests]).env("PROPTEST_CASES", cases.to_string());
        let ended = test.stdin(Stdio::null()).output().map_err(|error| cannot_start(&test, &error))?;
        let said = [ended.stdout, ended.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
        if !ended.status.success() {
            let kept =
                "if a file in proptest-regressions is new, commit it with the fix: its case runs first from then on";
            return Err(TaskError::new(format!("{said}\nfuzz {} failed; {kept}", self.name)));
        }
        if said.contains("running 0 tests") {
            let reason =
                format!("{} has no tests that begin with {}; correct xtask/src/fuzz.rs", self.package, self.tests);
            return Err(TaskError::new(reason));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cargo::tests::os;

    #[test]
    fn without_a_name_every_target_is_run() {
        let names = |args: &[&str]| {
            let (minutes, targets) = parse(os(args)).unwrap();
            (minutes, targets.iter().map(|target| target.name).collect::<Vec<_>>())
        };
        assert_eq!(names(&[]).1.len(), TARGETS.len());
        assert_eq!(names(&["--minutes", "2", "links"]), (2, vec!["links"]));
        assert_eq!(names(&["frames", "state", "--minutes=0"]), (0, vec!["frames", "state"]));
        for wrong in [&["link"][..], &["--minutes"], &["--minutes", "x"], &["--minute=2"], &["--minutesx"]] {
            assert_eq!(parse(os(wrong)).err().map(|error| error.code), Some(2), "{wrong:?}");
        }
    }
}
