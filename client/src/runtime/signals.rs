//! Signals: those that end the client and the one that continues it become a wake, the one that suspends it is sent
//! as the terminal would.

use std::{
    io::{self, Read},
    os::unix::net::UnixStream,
    thread,
    time::Duration,
};

use rustix::process::{Signal, kill_current_process_group};
use signal_hook::{
    consts::{SIGCONT, SIGHUP, SIGINT, SIGTERM},
    iterator::Signals,
    low_level::{pipe, unregister},
};

use super::{Wake, Wakes};

/// A process that nobody could continue is not stopped at all (POSIX: an orphaned process group); then it goes on
/// after this long.
const NOT_STOPPED: Duration = Duration::from_millis(200);

/// From now on, a request to end the process ends the loop instead, and the loop learns when the process was stopped.
///
/// # Errors
/// The system has no more descriptors or threads to give.
pub fn listen_to_signals(wakes: Wakes) -> io::Result<()> {
    let mut signals = Signals::new([SIGTERM, SIGHUP, SIGINT, SIGCONT])?;
    let listen = move || {
        for signal in &mut signals {
            wakes.send(match signal {
                SIGCONT => Wake::Continued,
                SIGINT => Wake::Interrupt,
                _ => Wake::Stop,
            });
        }
    };
    thread::Builder::new().name("signals".into()).spawn(listen).map(drop)
}

/// Stops this process and its group, as Ctrl+Z does in a terminal that is not raw: the whole job, so that the shell
/// notices also when it was started through another program. Returns when the job goes on.
///
/// # Errors
/// The system has no more descriptors to give, or forbids it.
pub(super) fn stop_process() -> io::Result<()> {
    let (mut continued, tell) = UnixStream::pair()?;
    continued.set_read_timeout(Some(NOT_STOPPED))?;
    let registered = pipe::register(SIGCONT, tell)?;
    kill_current_process_group(Signal::TSTP)?;
    // The signal may reach another thread first; this one must not take the terminal back before it is stopped, too.
    continued.read_exact(&mut [0]).ok();
    unregister(registered);
    Ok(())
}
