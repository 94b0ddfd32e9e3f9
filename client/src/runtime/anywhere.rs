//! Terminal input on systems without `poll(2)`: a thread that blocks in a read of the terminal.
//!
//! These systems have no job control either, so the terminal never has to be released to a shell.

use std::{io, thread, time::Duration};

use crossterm::event;

use super::{Wake, Wakes, reported::reported};

pub struct Input;

impl Input {
    /// Starts the reading thread.
    ///
    /// # Errors
    /// The system cannot create a thread.
    pub fn start(wakes: Wakes) -> io::Result<Self> {
        let read = move || {
            while let Ok(event) = event::read() {
                let mut batch = Vec::from_iter(reported(event));
                while let (true, Ok(true)) = (batch.len() < 64 * 1024, event::poll(Duration::ZERO)) {
                    batch.extend(event::read().ok().and_then(reported));
                }
                if !wakes.send(Wake::Input(batch)) {
                    return;
                }
            }
            wakes.send(Wake::Stop);
        };
        thread::Builder::new().name("input".into()).spawn(read).map(|_| Self)
    }

    /// Does nothing: a read that has begun cannot be cancelled. Programs with their own window do not need it.
    pub fn pause(&mut self) {}

    /// Does nothing: the thread never pauses.
    pub fn resume(&mut self) {}
}

/// Without job control no other program has used the terminal.
pub(super) fn is_cooked() -> bool {
    false
}

/// Does nothing: there are no signals.
///
/// # Errors
/// None.
pub fn listen_to_signals(_: Wakes) -> io::Result<()> {
    Ok(())
}

/// Does nothing: there is no shell to return to.
///
/// # Errors
/// None.
pub(super) fn stop_process() -> io::Result<()> {
    Ok(())
}

/// See [`stop_process`].
///
/// # Errors
/// None.
pub(super) fn stop_alone() -> io::Result<()> {
    Ok(())
}
