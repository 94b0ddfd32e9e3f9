//! The thread that reads the terminal: it sleeps until there is something to read, and can be told to look away.
//!
//! Owns standard input while the client runs. It must not know what a key means.

use std::{
    io::{self, Read, Write, stdin},
    os::{fd::AsRawFd, unix::net::UnixStream},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    thread,
    time::{Duration, Instant},
};

use crossterm::event;
use filedescriptor::{POLLERR, POLLHUP, POLLIN, poll, pollfd};
use rustix::termios::{LocalModes, tcgetattr};
use signal_hook::{consts::SIGWINCH, low_level::pipe};
use tuirealm::event::Event;

use super::{
    Wake, Wakes,
    batch::{PASTE_MIN, text},
    reported::reported,
};
use crate::update::Action;

/// Most events kept of one go; more characters than a draft takes, so that what goes on beyond it is of no use.
const BATCH_MAX: usize = 128 * 1024;
/// Most events read in one go.
const READ_MAX: usize = 16 * BATCH_MAX;
/// How long to look for one more event. Not zero: crossterm would not even look at what it has read already.
const GLANCE: Duration = Duration::from_micros(50);
/// The same within a paste without brackets, which the terminal gives in pieces.
const LINGER: Duration = Duration::from_millis(20);
/// No longer than this in all: a key that is held is no paste.
const LINGER_MAX: Duration = Duration::from_secs(2);
/// How long to wait for the thread to look away; it is stuck only within half an escape sequence.
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
        let reader = Reader { wakes, resized, told, paused: tell_paused, resumed };
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
        let mut watched = [watch(&stdin()), watch(&self.resized), watch(&self.told)];
        loop {
            wait(&mut watched)?;
            let [keys, resized, told] = watched.map(|fd| fd.revents);
            if told != 0 {
                self.told.read_exact(&mut [0])?;
                self.paused.try_send(()).ok();
                self.resumed.recv().map_err(io::Error::other)?;
                continue; // whoever had the terminal has read what was there
            }
            if resized != 0 {
                while self.resized.read(&mut [0; 64]).is_ok_and(|count| count > 0) {}
                self.wakes.send(Wake::Resized);
            }
            if keys & POLLIN != 0 {
                let batch = read_batch()?;
                if !batch.is_empty() && !self.wakes.send(Wake::Input(batch)) {
                    return Ok(());
                }
            }
            if keys & (POLLHUP | POLLERR) != 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
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

fn wait(watched: &mut [pollfd]) -> io::Result<()> {
    loop {
        match poll(watched, None) {
            Ok(_) => return Ok(()),
            Err(filedescriptor::Error::Poll(error)) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(io::Error::other(error)),
        }
    }
}

/// SIGWINCH has a pipe of its own; what crossterm makes of it comes with the next key.
fn is_resize(event: &event::Event) -> bool {
    matches!(event, event::Event::Resize(..))
}

/// Everything there is to read now.
fn read_batch() -> io::Result<Vec<Event<Action>>> {
    let (mut batch, mut read, mut glances) = (Vec::new(), 0, 0);
    let begun = Instant::now();
    // Two glances: one might not have looked, if this thread lost its turn in the middle of it.
    while glances < 2 && read < READ_MAX {
        let in_paste = batch.len() >= PASTE_MIN && batch.last().is_some_and(|last| text(last).is_some());
        if event::poll(if in_paste && begun.elapsed() < LINGER_MAX { LINGER } else { GLANCE })? {
            let event = Some(event::read()?).filter(|event| !is_resize(event)).and_then(reported);
            batch.extend(event.filter(|event| batch.len() < BATCH_MAX || text(event).is_none()));
            read += 1;
            glances = 0;
        } else {
            glances += 1;
        }
    }
    Ok(batch)
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
