//! The terminal's mode: single keys without Enter and without an echo.
//!
//! Ctrl+C stays a signal, and lines are printed as usual. Ctrl+Z does nothing, because a shell that takes the terminal
//! back would not restore this mode later.

use std::io;

use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr};

/// The value that switches a special key off (POSIX `_POSIX_VDISABLE`).
const OFF: u8 = if cfg!(any(target_os = "linux", target_os = "android")) { 0 } else { 0xff };

/// Standard input is in this mode until it is dropped.
pub(crate) struct SingleKeys {
    before: Termios,
}

impl SingleKeys {
    /// `None` if standard input is no terminal.
    pub(crate) fn switch_on() -> Option<Self> {
        let before = tcgetattr(io::stdin()).ok()?;
        let mut mode = before.clone();
        mode.local_modes.remove(LocalModes::ICANON | LocalModes::ECHO);
        mode.special_codes[SpecialCodeIndex::VMIN] = 1;
        mode.special_codes[SpecialCodeIndex::VTIME] = 0;
        mode.special_codes[SpecialCodeIndex::VSUSP] = OFF;
        tcsetattr(io::stdin(), OptionalActions::Now, &mode).ok()?;
        Some(Self { before })
    }
}

impl Drop for SingleKeys {
    fn drop(&mut self) {
        let _ = tcsetattr(io::stdin(), OptionalActions::Flush, &self.before); // fails if the terminal is closed
    }
}
