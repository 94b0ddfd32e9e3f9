//! Signals: requests to end, suspend or continue the client wake the loop. To stop, the client signals its process
//! group as the terminal would.

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

/// A process in an orphaned process group is not stopped at all (POSIX), since nobody could continue it. It resumes
/// after this time.
const NOT_STOPPED: Duration = Duration::from_millis(200);

/// Handles the signals from now on: requests to end or suspend go to the loop, which also learns when the process was
/// stopped and continued.
///
/// # Errors
/// The system cannot create descriptors or a thread.
pub fn listen_to_signals(wakes: Wakes) -> io::Result<()> {
    let mut signals = Signals::new([SIGTERM, SIGHUP, SIGINT, SIGCONT, SIGTSTP])?;
    // Caught, so that a write beyond the file size limit (`ulimit -f`) fails instead of ending the process.
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

/// Stops only this process; the program that has the terminal handles the rest.
///
/// # Errors
/// The system forbids it.
pub(super) fn stop_alone() -> io::Result<()> {
    Ok(kill_process(getpid(), Signal::TTIN)?)
}

/// Stops this process and its group, as Ctrl+Z does in a terminal that is not raw. The whole job stops, so that the
/// shell notices even if another program started the client. Returns when the job continues.
///
/// This process handles SIGTSTP, so SIGTSTP cannot stop it. SIGTTIN does: it stops every process that does not handle
/// it, unless nobody could continue the process.
///
/// # Errors
/// The system cannot create descriptors, or forbids it.
pub(super) fn stop_process() -> io::Result<()> {
    let (mut continued, tell) = UnixStream::pair()?;
    continued.set_read_timeout(Some(NOT_STOPPED))?;
    let registered = pipe::register(SIGCONT, tell)?;
    kill_current_process_group(Signal::TTIN)?;
    // Another thread may get the signal first. This one must not take the terminal back before it is stopped, too.
    continued.read_exact(&mut [0]).ok();
    unregister(registered);
    Ok(())
}
