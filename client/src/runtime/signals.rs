//! Signals: those that end, suspend or continue the client become a wake; the one that stops it is sent as the terminal
//! would.

use std::{
    io::{self, Read},
    os::unix::net::UnixStream,
    sync::Arc,
    thread,
    time::Duration,
};

use rustix::process::{Signal, getpid, kill_current_process_group, kill_process};
use signal_hook::{
    consts::{SIGCONT, SIGHUP, SIGINT, SIGTERM, SIGTSTP, SIGXFSZ},
    flag,
    iterator::Signals,
    low_level::{pipe, unregister},
};

use super::{Wake, Wakes};

/// A process that nobody could continue is not stopped at all (POSIX: an orphaned process group); then it goes on
/// after this long.
const NOT_STOPPED: Duration = Duration::from_millis(200);

/// From now on, a request to end or to suspend the process is the loop's, which learns also when the process was
/// stopped and goes on.
///
/// # Errors
/// The system has no more descriptors or threads to give.
pub fn listen_to_signals(wakes: Wakes) -> io::Result<()> {
    let mut signals = Signals::new([SIGTERM, SIGHUP, SIGINT, SIGCONT, SIGTSTP])?;
    // Caught, so that a write beyond the largest size of a file (`ulimit -f`) is an error and does not end the process.
    flag::register(SIGXFSZ, Arc::default())?;
    let listen = move || {
        for signal in &mut signals {
            wakes.send(match signal {
                SIGCONT => Wake::Continued,
                SIGTSTP => Wake::Suspend,
                SIGINT => Wake::Interrupt,
                _ => Wake::Stop,
            });
        }
    };
    thread::Builder::new().name("signals".into()).spawn(listen).map(drop)
}

/// Stops this process alone: whoever has the terminal looks after it.
///
/// # Errors
/// The system forbids it.
pub(super) fn stop_alone() -> io::Result<()> {
    Ok(kill_process(getpid(), Signal::TTIN)?)
}

/// Stops this process and its group, as Ctrl+Z does in a terminal that is not raw: the whole job, so that the shell
/// notices also when it was started through another program. Returns when the job goes on.
///
/// SIGTSTP asks this process to do what it does here, so that it cannot stop it, too. SIGTTIN is its like: it stops
/// whoever does not handle it, unless nobody could continue them.
///
/// # Errors
/// The system has no more descriptors to give, or forbids it.
pub(super) fn stop_process() -> io::Result<()> {
    let (mut continued, tell) = UnixStream::pair()?;
    continued.set_read_timeout(Some(NOT_STOPPED))?;
    let registered = pipe::register(SIGCONT, tell)?;
    kill_current_process_group(Signal::TTIN)?;
    // The signal may reach another thread first; this one must not take the terminal back before it is stopped, too.
    continued.read_exact(&mut [0]).ok();
    unregister(registered);
    Ok(())
}
