//! The demo: a server, two users who chat, and the client. Everything is removed at the end.
//!
//! It has two processes. The foreground process becomes the client, so that nothing else uses the terminal; without a
//! terminal it prints the conversation. The background process runs the server and the two users. It ends when the
//! pipe between the two closes, which happens however the foreground process ends: quit, Ctrl+C or `kill -9`.

mod background;
mod director;
mod opening;
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

use tasks::sibling;

/// Every error is only printed, so one type is enough.
type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// The argument that makes the demo its background process.
const BACKGROUND: &str = "background";

fn main() -> ExitCode {
    let outcome = if env::args().nth(1).as_deref() == Some(BACKGROUND) { background::run() } else { foreground() };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            writeln!(io::stderr(), "demo: {error}").ok();
            ExitCode::FAILURE
        }
    }
}

fn foreground() -> Result<()> {
    writeln!(io::stderr(), "demo: starting a server with a few rooms; bob and carol chat, and you are alice").ok();
    let mut background = start_background()?;
    let (server, state_home) = wait_until_ready(&mut background)?;
    if io::stdin().is_terminal() && io::stdout().is_terminal() {
        become_client(background, &server, &state_home)
    } else {
        let background = Arc::new(Mutex::new(background));
        #[cfg(unix)]
        stop_on_signals(Arc::clone(&background))?;
        let outcome = watch::watch(&server, &state_home);
        stop(&mut lock(&background));
        outcome
    }
}

/// Stops the background process and waits until it has removed everything.
fn stop(background: &mut Child) {
    drop(background.stdin.take());
    let _ = background.wait();
}

/// On SIGHUP, SIGINT or SIGTERM, stops the background process before this process exits.
#[cfg(unix)]
fn stop_on_signals(background: Arc<Mutex<Child>>) -> Result<()> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    let mut signals = signal_hook::iterator::Signals::new([SIGHUP, SIGINT, SIGTERM])?;
    thread::spawn(move || {
        if let Some(signal) = signals.forever().next() {
            // Never released, so that the other thread cannot report that the server is gone.
            let mut background = lock(&background);
            stop(&mut background);
            process::exit(128 + signal);
        }
    });
    Ok(())
}

fn start_background() -> Result<Child> {
    let mut command = Command::new(env::current_exe()?);
    command.arg(BACKGROUND).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0); // Ctrl+C reaches only the foreground process
    Ok(command.spawn()?)
}

/// Waits for the line of the background process and returns the server's address and the client's state directory.
fn wait_until_ready(background: &mut Child) -> Result<(String, PathBuf)> {
    let stdout = background.stdout.as_mut().ok_or("no pipe from the background process")?;
    let mut line = String::new();
    BufReader::new(stdout).read_line(&mut line)?;
    let ready = line.trim_end().strip_prefix("ready ").and_then(|rest| rest.split_once(' '));
    match ready {
        Some((server, state_home)) => Ok((server.to_owned(), state_home.into())),
        None if line.is_empty() => Err("the background process ended before the server was ready".into()),
        None => Err(line.trim_end().into()),
    }
}

fn become_client(background: Child, server: &str, state_home: &Path) -> Result<()> {
    let mut client = Command::new(sibling("quchat", "demo")?);
    client
        .args(["--server", server])
        .env("XDG_STATE_HOME", state_home)
        .env("XDG_CONFIG_HOME", state_home)
        .env_remove("QUCHAT_USER");
    #[cfg(unix)]
    {
        let pipe = background.stdin.as_ref().ok_or("no pipe to the background process")?;
        rustix::io::fcntl_setfd(pipe, rustix::io::FdFlags::empty())?; // the client inherits it and does not use it
        Err(std::os::unix::process::CommandExt::exec(&mut client).into())
    }
    #[cfg(not(unix))]
    {
        client.status()?;
        drop(background);
        Ok(())
    }
}

fn lock(background: &Mutex<Child>) -> MutexGuard<'_, Child> {
    background.lock().unwrap_or_else(PoisonError::into_inner)
}
