//! The supervisor process of a server. It kills the server and removes its directory when the pipe from the bench
//! closes, which also happens after Ctrl+C or `kill -9`.

use std::{
    env,
    io::{self, BufRead, BufReader, Write},
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

/// Runs the release build of the server with its defaults, except for the limits on rooms and streams, and
/// [`NO_LIMITS`]. The arguments are the number of files that it may open, 0 for as many as the bench, and further
/// arguments of the server. Prints its process id and the line with its address.
pub(super) fn run() -> Result<bool> {
    let mut args = env::args_os().skip(2);
    let descriptors = args.next().and_then(|number| number.to_str()?.parse().ok()).unwrap_or(0);
    if descriptors > 0 {
        setrlimit(Resource::Nofile, Rlimit { current: Some(descriptors), maximum: Some(descriptors) })?;
    }
    let dir = temp_dir()?;
    let mut command = Command::new(built("quchat-server")?);
    for (name, _) in env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("QUCHAT_")) {
        command.env_remove(name);
    }
    command.args(["--listen", "127.0.0.1:0", "--log", "error", "--data-dir"]).arg(dir.path().join("server"));
    command
        .args(NO_LIMITS)
        .args(["--max-rooms", MANY, "--max-rooms-per-user", MANY, "--max-streams-per-user", MANY])
        .args(args);
    let mut server = KillOnDrop(command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?);
    let mut stdout = BufReader::new(server.0.stdout.take().ok_or("no pipe from the server")?);
    let mut line = String::new();
    stdout.read_line(&mut line)?;
    report_and_wait(server.0.id(), &line)?;
    Ok(true)
}

/// Prints the process id of the measured program and the line with its address, then waits until the bench ends.
pub(super) fn report_and_wait(process: u32, line: &str) -> Result<()> {
    write!(io::stdout(), "{process} {line}")?;
    io::stdout().flush()?;
    io::copy(&mut io::stdin().lock(), &mut io::sink())?; // ends when the pipe closes
    Ok(())
}

/// Killed on drop, before its directory is removed.
struct KillOnDrop(Child);

impl Drop for KillOnDrop {
    fn drop(&mut self) {
        let _ = self.0.kill(); // a clean shutdown would save nothing that is needed
        let _ = self.0.wait();
    }
}
