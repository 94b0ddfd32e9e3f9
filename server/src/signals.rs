//! The signals that end the server in order, and those that must not end it.

use std::io;

#[cfg(unix)]
pub(crate) use self::unix::{Hangup, fail_writes_quietly, shutdown};

/// Systems without signals report a failed write as an error and in no other way.
#[cfg(not(unix))]
pub(crate) fn fail_writes_quietly() {}

/// Whether the server outlives its terminal; systems without SIGHUP have nothing to decide.
#[cfg(not(unix))]
pub(crate) struct Hangup;

#[cfg(not(unix))]
impl Hangup {
    pub(crate) fn decide() -> Self {
        Self
    }
}

/// Done when the process is asked to end: Ctrl+C.
#[cfg(not(unix))]
pub(crate) fn shutdown(_: Hangup) -> io::Result<impl Future<Output = ()>> {
    Ok(async {
        let _ = tokio::signal::ctrl_c().await;
    })
}

#[cfg(unix)]
mod unix {
    use std::fs::File;

    use rustix::process::Signal;
    use tokio::signal::unix::{SignalKind, signal};

    use super::io;

    /// What SIGHUP means to this process.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(crate) enum Hangup {
        /// The terminal is gone, and the server with it.
        Ends,
        /// There is no terminal, or `nohup` was asked to let the server outlive it.
        Ignored,
    }

    impl Hangup {
        /// Ignores SIGHUP for good, unless there is a terminal and nobody asked to outlive it. The terminal is looked
        /// for at the start: when the signal comes, it is gone.
        pub(crate) fn decide() -> Self {
            let hangup = SignalKind::hangup().as_raw_value();
            let was_ignored = c::signal(hangup, c::SIG_IGN) == c::SIG_IGN;
            if was_ignored || File::open("/dev/tty").is_err() {
                return Self::Ignored;
            }
            c::signal(hangup, c::SIG_DFL);
            Self::Ends
        }
    }

    /// From now on, a write beyond the largest size of a file (`ulimit -f`) is an error, and a write from the
    /// background of a terminal is done (`stty tostop`). The signals that come with them would end or stop the process.
    /// The standard library does the same for a write to a closed pipe.
    pub(crate) fn fail_writes_quietly() {
        for signal in [Signal::XFSZ, Signal::TTOU] {
            c::signal(signal.as_raw(), c::SIG_IGN);
        }
    }

    /// Done when the process is asked to end: Ctrl+C, SIGTERM, or the end of its terminal.
    pub(crate) fn shutdown(hangup: Hangup) -> io::Result<impl Future<Output = ()>> {
        let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        let mut hung_up = match hangup {
            Hangup::Ends => Some(signal(SignalKind::hangup())?),
            Hangup::Ignored => None,
        };
        let hung_up = async move {
            match &mut hung_up {
                Some(signal) => signal.recv().await,
                None => std::future::pending().await,
            }
        };
        Ok(async move {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
                _ = hung_up => {}
            }
        })
    }

    #[expect(unsafe_code, reason = "no safe interface says whether a signal was ignored when the process was started")]
    mod c {
        use std::ffi::c_int;

        /// The default action of signal.h; it is 0 on every Unix.
        pub(super) const SIG_DFL: usize = 0;
        /// What signal.h has to ignore a signal; it is 1 on every Unix.
        pub(super) const SIG_IGN: usize = 1;

        // SAFETY: the declaration is that of signal.h, where a handler is a pointer. Only the two values above are
        // passed, and they install no code.
        unsafe extern "C" {
            pub(super) safe fn signal(number: c_int, handler: usize) -> usize;
        }
    }
}
