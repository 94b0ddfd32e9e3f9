//! Starts cargo and other programs for the tasks. It knows no task.

use std::{
    env,
    ffi::{OsStr, OsString},
    path::Path,
    process::{Command, ExitStatus},
};

use crate::{TaskError, write_stderr};

/// The top directory of the workspace.
pub(crate) fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask is a directory of the workspace")
}

/// `cargo <subcommand> --manifest-path …`. Callers add their arguments.
///
/// It runs in the current directory, so that relative paths in those arguments stay valid.
pub(crate) fn cargo(subcommand: &str) -> Command {
    cargo_in(workspace(), subcommand)
}

/// The same for another checkout of quchat.
pub(crate) fn cargo_in(checkout: &Path, subcommand: &str) -> Command {
    let mut command =
        Command::new(env::var_os("CARGO").filter(|path| !path.is_empty()).unwrap_or_else(|| "cargo".into()));
    command.arg(subcommand).arg("--manifest-path").arg(checkout.join("Cargo.toml"));
    // The outer cargo sets these for xtask. Build scripts that depend on them would run again whenever `cargo` and
    // `cargo xtask` alternate.
    for (name, _) in env::vars_os().filter(|(name, _)| describes_a_package(name)) {
        command.env_remove(name);
    }
    command
}

fn describes_a_package(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")
}

/// Prints a command, runs it and waits for it. If it fails, the error has its exit code.
pub(crate) fn step(mut command: Command) -> Result<(), TaskError> {
    write_stderr(&format!("+ {}", line(&command)));
    let status = command.status().map_err(|e| cannot_start(&command, &e))?;
    if status.success() { Ok(()) } else { Err(failed(&command, status)) }
}

/// Replaces this process with `command`, so that terminal, signals and exit code are the program's own. Where the
/// system cannot do that, runs it and returns its exit code.
pub(crate) fn hand_over(mut command: Command) -> Result<(), TaskError> {
    #[cfg(unix)]
    {
        let error = std::os::unix::process::CommandExt::exec(&mut command);
        Err(cannot_start(&command, &error))
    }
    #[cfg(not(unix))]
    {
        let status = command.status().map_err(|e| cannot_start(&command, &e))?;
        if status.success() { Ok(()) } else { Err(TaskError { message: String::new(), ..failed(&command, status) }) }
    }
}

/// Runs the release build of a program of the workspace with the arguments of the task.
pub(crate) fn run_program(package: &str, args: Vec<OsString>) -> Result<(), TaskError> {
    let mut command = cargo("run");
    command.args(["--release", "--package", package, "--"]).args(without_separator(args));
    hand_over(command)
}

/// Drops a leading `--`: `run-server -- --listen …` and `run-server --listen …` are the same.
pub(crate) fn without_separator(mut args: Vec<OsString>) -> Vec<OsString> {
    if args.first().is_some_and(|first| first == "--") {
        args.remove(0);
    }
    args
}

/// The command as you would type it.
fn line(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let args = command.get_args().map(|arg| arg.to_string_lossy().into_owned());
    // It is the same in every command and makes the line hard to read.
    let args = args.filter(|arg| arg != "--manifest-path" && !arg.ends_with("Cargo.toml"));
    [program].into_iter().chain(args).collect::<Vec<_>>().join(" ")
}

pub(crate) fn cannot_start(command: &Command, error: &std::io::Error) -> TaskError {
    let program = command.get_program().to_string_lossy();
    TaskError::new(format!("cannot start {program}: {error}; is it installed and in PATH?"))
}

pub(crate) fn failed(command: &Command, status: ExitStatus) -> TaskError {
    let code = status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1);
    TaskError { message: format!("{} failed ({status})", line(command)), code }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn os(args: &[&str]) -> Vec<OsString> {
        args.iter().map(Into::into).collect()
    }

    #[test]
    fn one_leading_separator_is_dropped_and_later_ones_are_kept() {
        assert_eq!(without_separator(os(&["--", "--listen", "x"])), os(&["--listen", "x"]));
        assert_eq!(without_separator(os(&["--listen", "--"])), os(&["--listen", "--"]));
        assert_eq!(without_separator(os(&["--", "--"])), os(&["--"]));
    }

    #[test]
    fn a_step_is_shown_as_you_would_type_it() {
        let mut command = cargo("test");
        command.args(["--workspace", "--", "resume"]);
        assert_eq!(line(&command), "cargo test --workspace -- resume");
    }
}
