//! The signals that stop the server cleanly, the one that reloads its certificate, and those that it ignores.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

/// Becomes true with the signal that would stop a server. A second one ends the process at once.
pub(crate) fn interruption(hangup: Hangup) -> io::Result<Arc<AtomicBool>> {
    let (is_interrupted, runtime) = (Arc::<AtomicBool>::default(), tokio::runtime::Builder::new_current_thread());
    let (interrupted, runtime) = (Arc::clone(&is_interrupted), { runtime }.enable_all().build()?);
    let first = {
        let _entered = runtime.enter();
        shutdown(hangup, || {})?
    };
    thread::Builder::new().name("signals".to_owned()).spawn(move || {
        runtime.block_on(async {
            first.await;
            interrupted.store(true, Ordering::Relaxed);
            if let Ok(second) = shutdown(hangup, || {}) {
                second.await;
                std::process::exit(130);
            }
        });
    })?;
    Ok(is_interrupted)
}

#[cfg(unix)]
pub(crate) use self::unix::{Hangup, ignore_write_signals, shutdown};

/// Does nothing: without signals, a failed write is only an error.
#[cfg(not(unix))]
pub(crate) fn ignore_write_signals() {}

/// Empty: these systems have no SIGHUP.
#[cfg(not(unix))]
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hangup;

#[cfg(not(unix))]
impl Hangup {
    pub(crate) fn decide() -> Self {
        Self
    }

    pub(crate) fn reloads(self, _: bool) -> Self {
        self
    }
}

/// Completes on Ctrl+C.
#[cfg(not(unix))]
pub(crate) fn shutdown(_: Hangup, _: impl Fn()) -> io::Result<impl Future<Output = ()>> {
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
        /// The terminal was closed: stop the server.
        Ends,
        /// The same if the terminal is gone. Otherwise somebody asks for a reload.
        EndsWithTerminal,
        /// The server was started without a terminal, or with `nohup`: reload.
        Reloads,
    }

    impl Hangup {
        /// Ignores SIGHUP for now, unless the process has a terminal and was not started with `nohup`. Call this at the
        /// start: by the time the signal arrives, the terminal is gone.
        pub(crate) fn decide() -> Self {
            let hangup = SignalKind::hangup().as_raw_value();
            let was_ignored = c::signal(hangup, c::SIG_IGN) == c::SIG_IGN;
            if was_ignored || File::open("/dev/tty").is_err() {
                return Self::Reloads;
            }
            c::signal(hangup, c::SIG_DFL);
            Self::Ends
        }

        /// Allows reloading from the terminal that the server was started in, if there is something to reload.
        pub(crate) fn reloads(self, has_files: bool) -> Self {
            if has_files && self == Self::Ends { Self::EndsWithTerminal } else { self }
        }

        /// Whether a SIGHUP that has just arrived stops the server.
        fn ends(self) -> bool {
            match self {
                Self::Ends => true,
                Self::EndsWithTerminal => File::open("/dev/tty").is_err(),
                Self::Reloads => false,
            }
        }
    }

    /// Ignores SIGXFSZ and SIGTTOU, which would end or stop the process. From now on a write beyond the file size limit
    /// (`ulimit -f`) returns an error, and a write from the background of a terminal succeeds (`stty tostop`). The
    /// standard library already ignores SIGPIPE.
    pub(crate) fn ignore_write_signals() {
        for signal in [Signal::XFSZ, Signal::TTOU] {
            c::signal(signal.as_raw(), c::SIG_IGN);
        }
    }

    /// Completes on Ctrl+C, on SIGTERM, or when the terminal is closed. Any other SIGHUP calls `reload`.
    pub(crate) fn shutdown(hangup: Hangup, reload: impl Fn()) -> io::Result<impl Future<Output = ()>> {
        let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        let mut hangups = signal(SignalKind::hangup())?;
        let hung_up = async move {
            while hangups.recv().await.is_some() && !hangup.ends() {
                reload();
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

    #[expect(unsafe_code, reason = "no safe interface returns whether a signal was ignored when the process started")]
    mod c {
        use std::ffi::c_int;

        /// The default action of signal.h; it is 0 on every Unix.
        pub(super) const SIG_DFL: usize = 0;
        /// The ignore action of signal.h; it is 1 on every Unix.
        pub(super) const SIG_IGN: usize = 1;

        // SAFETY: the declaration matches signal.h, where a handler is a pointer. Only the two values above are passed,
        // and they install no code.
        unsafe extern "C" {
            pub(super) safe fn signal(number: c_int, handler: usize) -> usize;
        }
    }
}
