//! Writes log lines to standard error through a bounded queue and a thread.
//!
//! Logging never blocks and never fails. If the disk is full or nobody reads the pipe, lines are dropped and counted,
//! and nothing else happens. This file must not know what is logged.

use std::{
    io::{self, Write},
    mem,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use tracing_subscriber::fmt::{
    format::Writer,
    time::{FormatTime, SystemTime},
};

/// Most bytes in the queue.
const QUEUE_MAX: usize = 256 * 1024;
/// How long the process waits at its end for the last lines.
const FLUSH_TIMEOUT: Duration = Duration::from_millis(500);

/// Queues log lines. Clones share the queue.
#[derive(Clone)]
pub(crate) struct Log(Arc<Queue>);

#[derive(Default)]
struct Queue {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// Complete lines, not yet taken by the thread.
    waiting: Vec<u8>,
    /// The thread is writing lines that it has taken from the queue.
    writing: bool,
    /// Lines dropped since the last one that was written.
    lost: u64,
    /// Lines are JSON objects.
    is_json: bool,
}

impl Log {
    /// Starts the thread. If the system refuses it, every line is lost.
    pub(crate) fn start() -> Self {
        let queue = Arc::new(Queue::default());
        let taken = Arc::clone(&queue);
        thread::Builder::new().name("log".into()).spawn(move || taken.drain(&mut io::stderr())).ok();
        Self(queue)
    }

    /// From now on every line is a JSON object.
    pub(crate) fn write_json(&self) {
        self.0.lock().is_json = true;
    }

    /// Queues `text` and a line break.
    pub(crate) fn line(&self, text: &str) {
        let is_json = self.0.lock().is_json;
        let line = if is_json { object("ERROR", text, &[]) } else { format!("{text}\n") };
        self.0.push(line.as_bytes());
    }

    /// Waits until every line is written, at most [`FLUSH_TIMEOUT`]: the reader may have stopped reading.
    pub(crate) fn flush(&self) {
        let is_busy = |state: &mut State| state.writing || !state.waiting.is_empty();
        drop(self.0.changed.wait_timeout_while(self.0.lock(), FLUSH_TIMEOUT, is_busy));
    }
}

/// Each call writes one or more complete lines.
impl Write for Log {
    fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
        self.0.push(lines);
        Ok(lines.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, lines: &[u8]) {
        let mut state = self.lock();
        if state.waiting.len() + lines.len() > QUEUE_MAX {
            state.lost += count(lines);
            return;
        }
        state.waiting.extend_from_slice(lines);
        drop(state);
        self.changed.notify_all();
    }

    /// Writes queued lines. Never returns.
    fn drain(&self, sink: &mut impl Write) {
        let mut torn = false;
        loop {
            let (lines, lost, is_json) = self.take();
            let mut text = Vec::new();
            if torn {
                text.push(b'\n');
            }
            if lost > 0 {
                text.extend_from_slice(notice(lost, is_json).as_bytes());
            }
            let ahead = text.len();
            text.extend_from_slice(&lines);
            let written = write(sink, &text);
            torn = text[..written].last().map_or(torn, |&last| last != b'\n');
            if written < text.len() {
                let unreported = if written < ahead { lost } else { 0 };
                self.lock().lost += unreported + count(&text[written.max(ahead)..]);
            }
        }
    }

    /// Waits for lines. Returns them, the number of lines lost before them, and whether they are JSON.
    fn take(&self) -> (Vec<u8>, u64, bool) {
        let mut state = self.lock();
        state.writing = false;
        self.changed.notify_all();
        let is_empty = |state: &mut State| state.waiting.is_empty();
        state = self.changed.wait_while(state, is_empty).unwrap_or_else(PoisonError::into_inner);
        state.writing = true;
        (mem::take(&mut state.waiting), mem::take(&mut state.lost), state.is_json)
    }
}

fn count(lines: &[u8]) -> u64 {
    lines.iter().map(|&byte| u64::from(byte == b'\n')).sum()
}

/// The log line that reports lost lines.
fn notice(lost: u64, is_json: bool) -> String {
    let text = "log lines were lost here";
    if is_json { object("WARN", text, &[("lines", lost)]) } else { format!("{}  WARN {text} lines={lost}\n", now()) }
}

/// A line as the JSON format writes it.
fn object(level: &str, message: &str, fields: &[(&str, u64)]) -> String {
    let mut object = serde_json::Map::new();
    for (key, value) in [("timestamp", now().trim()), ("level", level), ("message", message)] {
        object.insert(key.to_owned(), value.into());
    }
    object.extend(fields.iter().map(|(key, value)| ((*key).to_owned(), (*value).into())));
    format!("{}\n", serde_json::Value::Object(object))
}

fn now() -> String {
    let mut text = String::new();
    SystemTime.format_time(&mut Writer::new(&mut text)).ok(); // writing to a String cannot fail
    text
}

/// Writes as much as the sink accepts. Returns the number of bytes.
fn write(sink: &mut impl Write, bytes: &[u8]) -> usize {
    let mut done = 0;
    while done < bytes.len() {
        match sink.write(&bytes[done..]) {
            Ok(0) => break,
            Ok(written) => done += written,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            // Another process that shares the terminal or pipe made it non-blocking.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock && wait_for_stderr().is_ok() => {}
            Err(_) => break, // the error cannot be reported anywhere
        }
    }
    done
}

#[cfg(unix)]
fn wait_for_stderr() -> io::Result<()> {
    use rustix::event::{PollFd, PollFlags, poll};
    let stderr = io::stderr();
    Ok(poll(&mut [PollFd::new(&stderr, PollFlags::OUT)], None).map(drop)?)
}

#[cfg(not(unix))]
fn wait_for_stderr() -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, Sender, channel};

    use super::*;

    /// A sink whose writes return what the test sends, and which passes on what was written.
    struct Sink(Receiver<io::Result<usize>>, Sender<String>);

    impl Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let written = self.0.recv().unwrap_or(Ok(usize::MAX))?.min(bytes.len());
            self.1.send(String::from_utf8_lossy(&bytes[..written]).into_owned()).ok();
            Ok(written)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn start() -> (Log, Sender<io::Result<usize>>, Receiver<String>) {
        let ((outcomes, next), (arrive, arrived)) = (channel(), channel());
        let log = Log(Arc::default());
        let queue = Arc::clone(&log.0);
        thread::spawn(move || queue.drain(&mut Sink(next, arrive)));
        (log, outcomes, arrived)
    }

    fn full() -> io::Result<usize> {
        Err(io::ErrorKind::StorageFull.into())
    }

    #[test]
    fn lost_lines_are_reported_before_the_next_line() {
        let (log, outcomes, arrived) = start();
        for line in ["one", "two"] {
            log.line(line);
            outcomes.send(full()).unwrap();
            log.flush();
        }
        log.line("three");
        outcomes.send(Ok(usize::MAX)).unwrap();
        let text = arrived.recv().unwrap();
        assert!(text.ends_with("WARN log lines were lost here lines=2\nthree\n"), "{text}");
        log.line("four");
        outcomes.send(Ok(usize::MAX)).unwrap();
        assert_eq!(arrived.recv().unwrap(), "four\n", "they are reported once");
    }

    #[test]
    fn a_partly_written_line_is_ended_before_the_next_one() {
        let (log, outcomes, arrived) = start();
        log.line("one");
        outcomes.send(Ok(2)).unwrap();
        outcomes.send(full()).unwrap();
        assert_eq!(arrived.recv().unwrap(), "on");
        log.flush();
        log.line("two");
        outcomes.send(Ok(usize::MAX)).unwrap();
        let text = arrived.recv().unwrap();
        assert!(text.starts_with('\n') && text.ends_with("lines=1\ntwo\n"), "{text}");
    }

    #[test]
    fn without_a_reader_the_queue_is_bounded_and_every_line_is_counted() {
        let (log, outcomes, arrived) = start();
        let line = "x".repeat(1023);
        for _ in 0..10_000 {
            log.line(&line);
        }
        assert!(log.0.lock().waiting.len() <= QUEUE_MAX);
        drop(outcomes); // from here on every write succeeds
        while !log.0.lock().waiting.is_empty() {
            thread::yield_now();
        }
        log.line("again");
        let mut text = String::new();
        while !text.ends_with("again\n") {
            text.push_str(&arrived.recv().unwrap());
        }
        let lost = |line: &str| line.split_once("lines=").map(|(_, lost)| lost.parse::<usize>().unwrap());
        assert_eq!(text.lines().filter_map(lost).sum::<usize>() + text.matches(&line).count(), 10_000);
    }
}
