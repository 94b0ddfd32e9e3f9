//! The demo: a server, two people talking and the client, all thrown away at the end.
//!
//! Two processes. The one in front becomes the client (or prints the conversation where there is no terminal), so
//! that the terminal is the client's alone. The one backstage holds server, directory and cast; it ends when the pipe
//! between the two closes, which happens however the front ends: quit, Ctrl+C or `kill -9`.

mod backstage;
mod director;
mod script;
mod watch;

use std::{
    env,
    error::Error,
    io::{self, BufRead, BufReader, IsTerminal, Write},
    path::{Path, PathBuf},
    process::{self, Child, Command, ExitCode, Stdio},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
};

/// What can go wrong is told and nothing else, so one type does.
type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// The argument by which the front starts its other half.
const BACKSTAGE: &str = "backstage";

fn main() -> ExitCode {
    let outcome = if env::args().nth(1).as_deref() == Some(BACKSTAGE) { backstage::run() } else { front() };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            writeln!(io::stderr(), "demo: {error}").ok();
            ExitCode::FAILURE
        }
    }
}

fn front() -> Result<()> {
    writeln!(io::stderr(), "demo: a server of its own, a few rooms, bob and carol; you are alice").ok();
    let mut other_half = start_backstage()?;
    let (server, state_home) = wait_until_ready(&mut other_half)?;
    if io::stdin().is_terminal() && io::stdout().is_terminal() {
        become_client(other_half, &server, &state_home)
    } else {
        let other_half = Arc::new(Mutex::new(other_half));
        #[cfg(unix)]
        end_in_order(Arc::clone(&other_half))?;
        let outcome = watch::watch(&server, &state_home);
        curtain(&mut lock(&other_half));
        outcome
    }
}

/// Ends backstage and waits until it has cleared everything away.
fn curtain(other_half: &mut Child) {
    drop(other_half.stdin.take());
    let _ = other_half.wait();
}

/// On Ctrl+C and its kin: whoever waits for this process finds nothing left.
#[cfg(unix)]
fn end_in_order(other_half: Arc<Mutex<Child>>) -> Result<()> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    let mut signals = signal_hook::iterator::Signals::new([SIGHUP, SIGINT, SIGTERM])?;
    thread::spawn(move || {
        if let Some(signal) = signals.forever().next() {
            let mut other_half = lock(&other_half); // for good: that the server is gone is nothing to complain of now
            curtain(&mut other_half);
            process::exit(128 + signal);
        }
    });
    Ok(())
}

fn start_backstage() -> Result<Child> {
    let mut command = Command::new(env::current_exe()?);
    command.arg(BACKSTAGE).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0); // Ctrl+C is for the front
    Ok(command.spawn()?)
}

/// Backstage says one line: `ready`, the server's address and the client's state directory, or what went wrong.
fn wait_until_ready(other_half: &mut Child) -> Result<(String, PathBuf)> {
    let said = other_half.stdout.as_mut().ok_or("no pipe from backstage")?;
    let mut line = String::new();
    BufReader::new(said).read_line(&mut line)?;
    let ready = line.trim_end().strip_prefix("ready ").and_then(|rest| rest.split_once(' '));
    match ready {
        Some((server, state_home)) => Ok((server.to_owned(), state_home.into())),
        None if line.is_empty() => Err("backstage ended without a word".into()),
        None => Err(line.trim_end().into()),
    }
}

fn become_client(other_half: Child, server: &str, state_home: &Path) -> Result<()> {
    let mut client = Command::new(sibling("quchat")?);
    client
        .args(["--server", server])
        .env("XDG_STATE_HOME", state_home)
        .env("XDG_CONFIG_HOME", state_home)
        .env_remove("QUCHAT_USER");
    #[cfg(unix)]
    {
        let pipe = other_half.stdin.as_ref().ok_or("no pipe to backstage")?;
        rustix::io::fcntl_setfd(pipe, rustix::io::FdFlags::empty())?; // the client inherits it and never looks at it
        Err(std::os::unix::process::CommandExt::exec(&mut client).into())
    }
    #[cfg(not(unix))]
    {
        client.status()?;
        drop(other_half);
        Ok(())
    }
}

fn lock(other_half: &Mutex<Child>) -> MutexGuard<'_, Child> {
    other_half.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A program of the workspace, built beside this one.
fn sibling(name: &str) -> Result<PathBuf> {
    let path = env::current_exe()?.with_file_name(format!("{name}{}", env::consts::EXE_SUFFIX));
    if path.exists() { Ok(path) } else { Err(format!("{} is not built: run cargo xtask demo", path.display()).into()) }
}
