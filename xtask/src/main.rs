//! The chores of quchat, one file each: `cargo xtask <task>`.
//!
//! Owns the list of tasks. It stays light, the standard library only: whoever just runs the server compiles
//! nothing for the other chores. What needs more (the demo, the bench) is a binary of its own behind a feature.

mod bench;
mod cargo;
mod check;
mod ci;
mod demo;
mod run_client;
mod run_server;
mod test;
mod tidy;

use std::{env, ffi::OsString, fmt::Write as _, io, io::Write as _, process::ExitCode};

/// One chore.
struct Task {
    name: &'static str,
    help: &'static str,
    run: fn(Vec<OsString>) -> Result<(), TaskError>,
}

const TASKS: &[Task] = &[
    Task { name: "run-server", help: "the server; flags follow, --help lists them", run: run_server::run },
    Task { name: "run-client", help: "the client; flags follow, --help lists them", run: run_client::run },
    Task {
        name: "demo",
        help: "a server, two people talking and the client, all thrown away at the end",
        run: demo::run,
    },
    Task {
        name: "bench",
        help: "the server beside the floor; `bench client`: the client beside its goals; --against COMMIT compares",
        run: bench::run,
    },
    Task { name: "test", help: "every test; arguments go on to cargo test", run: test::run },
    Task { name: "tidy", help: "the rules of the architecture", run: tidy::run },
    Task { name: "check", help: "tidy, formatting, lints and documentation", run: check::run },
    Task { name: "ci", help: "check, then test", run: ci::run },
];

/// Why a task did not work out, and the exit code that says so.
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
            None => Err(TaskError::usage(format!("there is no task {name:?}\n\n{}", list()))),
        },
        None => Err(TaskError::usage(list())),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            complain(failure.message.trim_end());
            ExitCode::from(failure.code)
        }
    }
}

/// Writes a line to standard error. If that is not possible, the task goes on, and its exit code says the rest.
fn complain(line: &str) {
    writeln!(io::stderr(), "{line}").ok();
}

fn list() -> String {
    let mut out = String::from("cargo xtask <task> [arguments]\n\n");
    for Task { name, help, .. } in TASKS {
        let _ = writeln!(out, "  {name:<12}{help}"); // a String takes everything
    }
    out
}

/// For tasks that take no arguments.
fn expect_none(task: &str, args: &[OsString]) -> Result<(), TaskError> {
    match args.first() {
        None => Ok(()),
        Some(arg) => Err(TaskError::usage(format!("cargo xtask {task} takes no arguments, not even {arg:?}"))),
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
    fn a_task_without_arguments_says_so_instead_of_ignoring_them() {
        assert!(expect_none("ci", &[]).is_ok());
        assert_eq!(expect_none("ci", &["--release".into()]).unwrap_err().code, 2);
    }
}
