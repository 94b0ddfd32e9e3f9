//! The supervisor process of a server. It kills the server and removes its directory when the pipe from the bench
//! closes, which also happens after Ctrl+C or `kill -9`.

use std::{
    env,
    ffi::{OsStr, OsString},
    io::{self, BufRead, BufReader, Write},
    path::Path,
    process::{Child, Command, Stdio},
};

use rustix::process::{Resource, Rlimit, setrlimit};

use crate::{
    Result,
    launch::{built, temp_dir},
};

/// Switches the rate limits off: a scenario does in a second what people do in an hour.
pub(super) const NO_LIMITS: [&str; 2] = ["--limit", "all=off"];
/// More rooms and streams than one user has in any scenario.
const MANY: &str = "100000";

/// Runs one server. The arguments are the number of files that it may open, 0 for as many as the bench, and further
/// arguments of the server. Prints its process id and the line with its address.
pub(super) fn run() -> Result<bool> {
    let mut args = env::args_os().skip(2);
    limit_descriptors(args.next())?;
    let dir = temp_dir()?;
    let server = Server::start(&dir.path().join("server"), args)?;
    server.report()?;
    wait_until_bench_ends()?;
    Ok(true)
}

/// Limits the files that this process and those that it starts may open; 0 changes nothing.
pub(super) fn limit_descriptors(number: Option<OsString>) -> Result<()> {
    let descriptors = number.and_then(|number| number.to_str()?.parse().ok()).unwrap_or(0);
    if descriptors > 0 {
        setrlimit(Resource::Nofile, Rlimit { current: Some(descriptors), maximum: Some(descriptors) })?;
    }
    Ok(())
}

/// Prints the process id of a measured program and the line with its address.
pub(super) fn report(process: u32, line: &str) -> Result<()> {
    write!(io::stdout(), "{process} {line}")?;
    Ok(io::stdout().flush()?)
}

pub(super) fn wait_until_bench_ends() -> Result<()> {
    io::copy(&mut io::stdin().lock(), &mut io::sink())?; // ends when the pipe closes
    Ok(())
}

/// A running server. Killed on drop, before its directory is removed.
pub(super) struct Server {
    process: Child,
    /// The line that it printed, with its address.
    line: String,
}

impl Server {
    /// Starts the release build of the server with its defaults, except for the limits on rooms and streams,
    /// [`NO_LIMITS`] and further arguments.
    pub(super) fn start(data_dir: &Path, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Result<Self> {
        let mut command = Command::new(built("quchat-server")?);
        for (name, _) in env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("QUCHAT_")) {
            command.env_remove(name);
        }
        command.args(["--listen", "127.0.0.1:0", "--log", "error", "--data-dir"]).arg(data_dir);
        command
            .args(NO_LIMITS)
            .args(["--max-rooms", MANY, "--max-rooms-per-user", MANY, "--max-streams-per-user", MANY])
            .args(args);
        let process = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
        let mut this = Self { process, line: String::new() };
        let mut stdout = BufReader::new(this.process.stdout.take().ok_or("no pipe from the server")?);
        stdout.read_line(&mut this.line)?;
        this.process.stdout = Some(stdout.into_inner()); // stays open
        Ok(this)
    }

    pub(super) fn report(&self) -> Result<()> {
        report(self.process.id(), &self.line)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill(); // a clean shutdown would save nothing that is needed
        let _ = self.process.wait();
    }
}
