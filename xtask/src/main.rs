//! The development tasks of quchat, one file each: `cargo xtask <task>`.
//!
//! Owns the list of tasks. It uses only the standard library, so that `cargo xtask run-server` compiles nothing for the
//! other tasks. Tasks that need more (the demo, the cluster, the bench) are binaries of their own, each behind a feature.

mod bench;
mod cargo;
mod check;
mod ci;
mod cluster;
mod demo;
mod dist;
mod fuzz;
mod run_client;
mod run_server;
mod test;
mod tidy;

use std::{env, ffi::OsString, fmt::Write as _, io, io::Write as _, process::ExitCode};

struct Task {
    name: &'static str,
    help: &'static str,
    run: fn(Vec<OsString>) -> Result<(), TaskError>,
}

const TASKS: &[Task] = &[
    Task { name: "run-server", help: "start the server; flags follow, --help lists them", run: run_server::run },
    Task { name: "run-client", help: "start the client; flags follow, --help lists them", run: run_client::run },
    Task {
        name: "demo",
        help: "start a server, two users who chat, and the client; everything is removed at the end",
        run: demo::run,
    },
    Task {
        name: "cluster",
        help: "start a PostgreSQL, two servers on it and a balancer; keys kill one of them and bring it back",
        run: cluster::run,
    },
    Task {
        name: "bench",
        help: "measure the server, or with `bench client` the client; --against COMMIT compares with that commit, \
               --store postgres measures servers on PostgreSQL",
        run: bench::run,
    },
    Task {
        name: "dist",
        help: "make the packages in target/dist; --programs DIR takes programs that are already built",
        run: dist::run,
    },
    Task { name: "test", help: "run all tests; arguments are passed to cargo test", run: test::run },
    Task {
        name: "fuzz",
        help: "run the tests with random input for minutes; --minutes N and names of targets may follow",
        run: fuzz::run,
    },
    Task { name: "tidy", help: "check the rules of the architecture", run: tidy::run },
    Task { name: "check", help: "run tidy, then check formatting, lints and documentation", run: check::run },
    Task { name: "ci", help: "run check, then test", run: ci::run },
];

/// Why a task failed, and the exit code of xtask.
#[derive(Debug)]
struct TaskError {
    message: String,
    code: u8,
}

impl TaskError {
    fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), code: 1 }
    }

    fn usage(message: impl Into<String>) -> Self {
        Self { message: message.into(), code: 2 }
    }
}

fn main() -> ExitCode {
    let mut args = env::args_os().skip(1);
    let name = args.next();
    let outcome = match name.as_deref().map(|name| name.to_string_lossy()).as_deref() {
        Some("help" | "--help" | "-h") => {
            return if write!(io::stdout(), "{}", list()).is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
        }
        Some(name) => match TASKS.iter().find(|task| task.name == name) {
            Some(task) => (task.run)(args.collect()),
            None => Err(TaskError::usage(format!("unknown task {name:?}\n\n{}", list()))),
        },
        None => Err(TaskError::usage(list())),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            write_stderr(failure.message.trim_end());
            ExitCode::from(failure.code)
        }
    }
}

/// Writes a line to standard error. If that fails, the task continues, and its exit code still reports the outcome.
fn write_stderr(line: &str) {
    writeln!(io::stderr(), "{line}").ok();
}

fn list() -> String {
    let mut out = String::from("cargo xtask <task> [arguments]\n\n");
    for Task { name, help, .. } in TASKS {
        let _ = writeln!(out, "  {name:<12}{help}"); // writing to a String cannot fail
    }
    out
}

/// Refuses arguments of a task that takes none.
fn expect_none(task: &str, args: &[OsString]) -> Result<(), TaskError> {
    match args.first() {
        None => Ok(()),
        Some(arg) => Err(TaskError::usage(format!("cargo xtask {task} takes no arguments; remove {arg:?}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_task_is_listed_once() {
        let list = list();
        for Task { name, help, .. } in TASKS {
            assert_eq!(list.matches(&format!("  {name:<12}{help}\n")).count(), 1, "{name}");
        }
    }

    #[test]
    fn arguments_of_a_task_that_takes_none_are_refused() {
        assert!(expect_none("ci", &[]).is_ok());
        assert_eq!(expect_none("ci", &["--release".into()]).unwrap_err().code, 2);
    }
}
