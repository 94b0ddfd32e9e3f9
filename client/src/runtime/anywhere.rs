//! Input where there is no `poll(2)`: a thread that blocks in the terminal's own read.
//!
//! Systems that need this have no job control either, so that nothing ever asks for the terminal back.

use std::{io, thread, time::Duration};

use crossterm::event;

use super::{Wake, Wakes, reported::reported};

/// The thread.
pub struct Input;

impl Input {
    /// Starts reading.
    ///
    /// # Errors
    /// The system has no more threads to give.
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

    /// The read that has begun cannot be taken back; programs with a window of their own do not mind.
    pub fn pause(&mut self) {}

    /// It never stopped.
    pub fn resume(&mut self) {}
}

/// Without job control nobody else has had the terminal.
pub(super) fn is_cooked() -> bool {
    false
}

/// There are no signals to listen to.
///
/// # Errors
/// None.
pub fn listen_to_signals(_: Wakes) -> io::Result<()> {
    Ok(())
}

/// There is no shell to go back to.
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
