//! The thread that reads the terminal: it sleeps until there is something to read, and can be told to look away.
//!
//! Owns standard input while the client runs. It must not know what a key means.

use std::{
    fs::File,
    io::{self, Read, Write, stdin},
    os::{
        fd::{AsFd, AsRawFd},
        unix::net::UnixStream,
    },
    panic::{AssertUnwindSafe, catch_unwind},
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    thread,
    time::{Duration, Instant},
};

use crossterm::event as crossterm;
use filedescriptor::{POLLERR, POLLHUP, POLLIN, poll, pollfd};
use rustix::termios::{LocalModes, tcgetattr};
use signal_hook::{consts::SIGWINCH, low_level::pipe};

use super::{
    Wake, Wakes,
    batch::{PASTE_MIN, text},
    decode::Decoder,
    reported::reported,
};

/// Most events kept of one go; more characters than a draft takes, so that what goes on beyond it is of no use.
const BATCH_MAX: usize = 128 * 1024;
/// Most reads of one go.
const READS_MAX: usize = 512;
/// Most bytes of one read: as many as a terminal of Linux holds.
const READ_MAX: usize = 4096;
/// How long to wait for more of a paste without brackets, which the terminal gives in pieces.
const LINGER: Duration = Duration::from_millis(20);
/// No longer than this in all: a key that is held is no paste.
const LINGER_MAX: Duration = Duration::from_secs(2);
/// How long to wait for the thread to look away; it is stuck only where the terminal gives nothing after all.
const PAUSE_MAX: Duration = Duration::from_millis(200);

/// The thread.
pub struct Input {
    control: UnixStream,
    paused: Receiver<()>,
    resume: SyncSender<()>,
    /// It was told to look away.
    away: bool,
}

impl Input {
    /// Starts reading. Until the terminal is in raw mode, what is typed comes line by line.
    ///
    /// # Errors
    /// The system has no more descriptors or threads to give.
    pub fn start(wakes: Wakes) -> io::Result<Self> {
        let (resized, tell_resized) = UnixStream::pair()?;
        resized.set_nonblocking(true)?;
        pipe::register(SIGWINCH, tell_resized)?;
        let (control, told) = UnixStream::pair()?;
        let (tell_paused, paused) = sync_channel(1);
        let (resume, resumed) = sync_channel(1);
        let terminal = File::from(stdin().as_fd().try_clone_to_owned()?);
        let decoder = Decoder::new(Instant::now());
        let reader = Reader { wakes, terminal, decoder, resized, told, paused: tell_paused, resumed };
        thread::Builder::new().name("input".into()).spawn(move || reader.run())?;
        Ok(Self { control, paused, resume, away: false })
    }

    /// Nobody reads the terminal from here on, so that another program may.
    pub fn pause(&mut self) {
        if !self.away && self.control.write_all(b"p").is_ok() {
            self.away = true;
            self.paused.recv_timeout(PAUSE_MAX).ok(); // it will look away after the key it is reading
        }
    }

    /// The terminal is read again.
    pub fn resume(&mut self) {
        if std::mem::take(&mut self.away) {
            self.resume.send(()).ok();
        }
    }
}

struct Reader {
    wakes: Wakes,
    terminal: File,
    decoder: Decoder,
    resized: UnixStream,
    told: UnixStream,
    paused: SyncSender<()>,
    resumed: Receiver<()>,
}

impl Reader {
    fn run(mut self) {
        let wakes = self.wakes.clone();
        stop_after(&wakes, || self.read());
    }

    fn read(&mut self) -> io::Result<()> {
        let watch = |fd: &dyn AsRawFd| pollfd { fd: fd.as_raw_fd(), events: POLLIN, revents: 0 };
        let mut watched = [watch(&self.terminal), watch(&self.resized), watch(&self.told)];
        loop {
            let due = self.decoder.due().map(|due| due.saturating_duration_since(Instant::now()));
            wait(&mut watched, due)?;
            let [keys, resized, told] = watched.map(|fd| fd.revents);
            if told != 0 {
                self.told.read_exact(&mut [0])?;
                self.paused.try_send(()).ok();
                self.resumed.recv().map_err(io::Error::other)?;
                self.decoder = Decoder::new(Instant::now());
                continue; // whoever had the terminal has read what was there
            }
            if resized != 0 {
                while self.resized.read(&mut [0; 64]).is_ok_and(|count| count > 0) {}
                self.wakes.send(Wake::Resized);
            }
            let mut batch = Vec::new();
            if keys & POLLIN != 0 {
                self.read_batch(&mut batch)?;
            } else if self.decoder.due().is_some_and(|due| due <= Instant::now()) {
                self.decoder.expire(&mut batch);
            }
            let batch: Vec<_> = batch.into_iter().filter_map(reported).collect();
            if !batch.is_empty() && !self.wakes.send(Wake::Input(batch)) {
                return Ok(());
            }
            if keys & (POLLHUP | POLLERR) != 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }

    /// Everything there is to read now.
    fn read_batch(&mut self, batch: &mut Vec<crossterm::Event>) -> io::Result<()> {
        let begun = Instant::now();
        let mut bytes = [0; READ_MAX];
        for _ in 0..READS_MAX {
            match self.terminal.read(&mut bytes) {
                Ok(0) if is_cooked() => return Ok(()), // Ctrl+D, typed before the terminal was ours
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(len) => self.decoder.feed(&bytes[..len], Instant::now(), batch),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
            if batch.len() > BATCH_MAX {
                let beyond = batch.split_off(BATCH_MAX);
                batch.extend(beyond.into_iter().filter(|event| !is_text(event)));
            }
            let in_paste = batch.len() >= PASTE_MIN && batch.last().is_some_and(is_text);
            let linger = if in_paste && begun.elapsed() < LINGER_MAX { LINGER } else { Duration::ZERO };
            if !self.is_readable(linger)? {
                break;
            }
        }
        Ok(())
    }

    fn is_readable(&self, within: Duration) -> io::Result<bool> {
        let mut watched = [pollfd { fd: self.terminal.as_raw_fd(), events: POLLIN, revents: 0 }];
        wait(&mut watched, Some(within))?;
        Ok(watched[0].revents & POLLIN != 0)
    }
}

/// Reads. If the terminal is gone, or a panic ends it, the client ends: it would be deaf for ever.
fn stop_after(wakes: &Wakes, read: impl FnOnce() -> io::Result<()>) {
    if !matches!(catch_unwind(AssertUnwindSafe(read)), Ok(Ok(()))) {
        wakes.send(Wake::Stop);
    }
}

/// Whether the terminal collects lines, as a shell leaves it, and not single keys.
pub(super) fn is_cooked() -> bool {
    tcgetattr(stdin()).is_ok_and(|modes| modes.local_modes.contains(LocalModes::ICANON))
}

/// Until one of them can be read, or for so long.
fn wait(watched: &mut [pollfd], longest: Option<Duration>) -> io::Result<()> {
    // it counts in whole milliseconds, and must not come too early
    let longest = longest.map(|longest| if longest.is_zero() { longest } else { longest + Duration::from_millis(1) });
    watched.iter_mut().for_each(|fd| fd.revents = 0);
    loop {
        match poll(watched, longest) {
            Ok(_) => return Ok(()),
            Err(filedescriptor::Error::Poll(error)) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(io::Error::other(error)),
        }
    }
}

/// Whether it is a key that types, as those of a paste are.
fn is_text(event: &crossterm::Event) -> bool {
    reported(event.clone()).as_ref().and_then(text).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_that_can_hear_no_more_ends() {
        let (wakes, woken) = Wakes::channel();
        stop_after(&wakes, || panic!("half an escape sequence"));
        stop_after(&wakes, || Err(io::ErrorKind::UnexpectedEof.into()));
        assert_eq!(woken.try_iter().filter(|wake| matches!(wake, Wake::Stop)).count(), 2);
        stop_after(&wakes, || Ok(())); // the loop is over already
        assert!(woken.try_recv().is_err());
    }
}
