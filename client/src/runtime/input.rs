//! The thread that reads the terminal. It sleeps until there is input, and it can be paused.
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

/// Most events of one batch. This is more characters than a draft holds, so dropping the rest loses nothing.
const BATCH_MAX: usize = 128 * 1024;
/// Most reads of one batch.
const READS_MAX: usize = 512;
/// Most bytes of one read: the capacity of a Linux terminal's buffer.
const READ_MAX: usize = 4096;
/// How long to wait for more of an unmarked paste, which the terminal delivers in pieces.
const LINGER: Duration = Duration::from_millis(20);
/// The limit for all these waits together: a held key is not a paste.
const LINGER_MAX: Duration = Duration::from_secs(2);
/// How long to wait for the thread to pause. It takes longer only if a read of the terminal blocks after all.
const PAUSE_MAX: Duration = Duration::from_millis(200);

pub struct Input {
    control: UnixStream,
    paused: Receiver<()>,
    resume: SyncSender<()>,
    /// The thread was asked to pause.
    away: bool,
}

impl Input {
    /// Starts reading. Until the terminal is in raw mode, input arrives line by line.
    ///
    /// # Errors
    /// The system cannot create descriptors or a thread.
    pub fn start(wakes: Wakes) -> io::Result<Self> {
        let (resized, tell_resized) = UnixStream::pair()?;
        resized.set_nonblocking(true)?;
        pipe::register(SIGWINCH, tell_resized)?;
        let (control, pause_requested) = UnixStream::pair()?;
        let (tell_paused, paused) = sync_channel(1);
        let (resume, resumed) = sync_channel(1);
        let terminal = File::from(stdin().as_fd().try_clone_to_owned()?);
        let decoder = Decoder::new(Instant::now());
        let reader = Reader { wakes, terminal, decoder, resized, pause_requested, paused: tell_paused, resumed };
        thread::Builder::new().name("input".into()).spawn(move || reader.run())?;
        Ok(Self { control, paused, resume, away: false })
    }

    /// Stops reading, so that another program can use the terminal.
    pub fn pause(&mut self) {
        if !self.away && self.control.write_all(b"p").is_ok() {
            self.away = true;
            self.paused.recv_timeout(PAUSE_MAX).ok(); // it pauses after the key that it is reading
        }
    }

    /// Reads the terminal again.
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
    pause_requested: UnixStream,
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
        let mut watched = [watch(&self.terminal), watch(&self.resized), watch(&self.pause_requested)];
        loop {
            let due = self.decoder.due().map(|due| due.saturating_duration_since(Instant::now()));
            wait(&mut watched, due)?;
            let [keys, resized, pause_requested] = watched.map(|fd| fd.revents);
            if pause_requested != 0 {
                self.pause_requested.read_exact(&mut [0])?;
                self.paused.try_send(()).ok();
                self.resumed.recv().map_err(io::Error::other)?;
                self.decoder = Decoder::new(Instant::now());
                continue; // the other program has read the input
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

    /// Reads everything that is available now.
    fn read_batch(&mut self, batch: &mut Vec<crossterm::Event>) -> io::Result<()> {
        let begun = Instant::now();
        let mut bytes = [0; READ_MAX];
        for _ in 0..READS_MAX {
            match self.terminal.read(&mut bytes) {
                Ok(0) if is_cooked() => return Ok(()), // Ctrl+D from before raw mode
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

/// Runs `read`. If the terminal is gone or `read` panics, the client ends, because it would never get input again.
fn stop_after(wakes: &Wakes, read: impl FnOnce() -> io::Result<()>) {
    if !matches!(catch_unwind(AssertUnwindSafe(read)), Ok(Ok(()))) {
        wakes.send(Wake::Stop);
    }
}

/// Whether the terminal is in line mode, as a shell leaves it, instead of raw mode.
pub(super) fn is_cooked() -> bool {
    tcgetattr(stdin()).is_ok_and(|modes| modes.local_modes.contains(LocalModes::ICANON))
}

/// Waits until one of them is readable, or for at most `longest`.
fn wait(watched: &mut [pollfd], longest: Option<Duration>) -> io::Result<()> {
    // poll counts in whole milliseconds and must not return too early
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

/// Whether the event types text, as those of a paste do.
fn is_text(event: &crossterm::Event) -> bool {
    reported(event.clone()).as_ref().and_then(text).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_client_ends_when_its_input_thread_fails() {
        let (wakes, woken) = Wakes::channel();
        stop_after(&wakes, || panic!("half an escape sequence"));
        stop_after(&wakes, || Err(io::ErrorKind::UnexpectedEof.into()));
        assert_eq!(woken.try_iter().filter(|wake| matches!(wake, Wake::Stop)).count(), 2);
        stop_after(&wakes, || Ok(())); // the loop has ended
        assert!(woken.try_recv().is_err());
    }
}
