//! The writer of one stream: owns its socket and the queue of chunks that its reader has not taken yet.
//!
//! A producer pushes chunks and flushes. A flush writes as much as the socket accepts at once, without waking a task.
//! The rest waits in a bounded queue for the stream's own task, which also notices when the reader is gone. Producers
//! never wait for a slow reader: if its queue is full, the stream is closed. The writer knows how an HTTP body is
//! delimited and that streams consist of frames. It knows nothing else about HTTP or events.

mod chunk;

use std::{
    collections::VecDeque,
    future::poll_fn,
    io::{self, ErrorKind, IoSlice},
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    task::{Context, Poll, Waker, ready},
};

use quchat_shared::UserId;

pub(crate) use self::chunk::{Chunk, Coding};
use crate::{
    budget::{Backlog, Budget, Full, Key, Stream},
    idle_timeout::IdleTimeout,
    metrics::Counter,
    socket::Socket,
};

/// Most bytes that wait for one reader; the number of frames is bounded separately.
const BYTES_MAX: usize = 8 * 1024 * 1024;
/// Most chunks in one write.
const SLICES_MAX: usize = 32;
/// Most bytes that a reader may send after its request. They are ignored, and read only to notice the end of the
/// connection.
const RECEIVED_MAX: u32 = 64 * 1024;

/// The outcome of a push or a flush.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Pushed {
    /// It waits for a flush; nothing else is queued before it.
    Unflushed,
    /// It was written, or is queued.
    Accepted,
    /// The queue is full: the reader is too slow.
    Full,
    /// The reader is gone, or the stream has ended.
    Closed,
}

/// The reader is gone, or accepted nothing within the write timeout.
#[derive(Debug)]
pub(crate) struct Gone;

/// Shared by the writers of all streams: the memory budget, and the last frame for slow readers.
pub(crate) struct StreamContext {
    /// Charged with waiting bytes.
    pub(crate) budget: Budget,
    /// The `bye` frame for a reader that is too slow.
    pub(crate) slow_bye: Chunk,
    /// Streams that were ended because their reader was too slow.
    pub(crate) cut: Counter,
}

/// Writes one stream. Shared by the stream's own task and its producers.
pub(crate) struct StreamWriter {
    context: Arc<StreamContext>,
    /// Waiting bytes count towards this user's share of the memory budget.
    user: UserId,
    state: Mutex<State>,
}

struct State {
    /// `None` once the reader is gone.
    socket: Option<Socket>,
    coding: Coding,
    /// The queue. The first chunk may be partly written.
    waiting: VecDeque<Chunk>,
    /// How many bytes of the first chunk are written.
    written: usize,
    /// The number of frames in the queue.
    frames: u32,
    bytes: usize,
    /// Reports the size of the queue to the budget, while the socket accepts nothing.
    backlog: Option<Backlog>,
    /// Only the stream's task may write: the stream has not caught up yet, or the socket is full.
    is_held: bool,
    /// Nothing may be added to the queue any more.
    has_ended: bool,
    /// Bytes that the reader has sent since its request.
    received: u32,
    /// The reader has closed its sending half, and may be gone. It still gets the queue and the end of the stream.
    has_left: bool,
    task: Option<Waker>,
}

impl StreamWriter {
    /// The stream begins with `head`. It is held until [`StreamWriter::ended`] is polled for the first time.
    pub(crate) fn new(
        socket: impl Into<Socket>,
        coding: Coding,
        head: Chunk,
        user: UserId,
        context: Arc<StreamContext>,
    ) -> Arc<Self> {
        let state = State {
            socket: Some(socket.into()),
            coding,
            written: 0,
            frames: head.frames(),
            bytes: weight(&head),
            waiting: VecDeque::from([head]),
            backlog: None,
            is_held: true,
            has_ended: false,
            received: 0,
            has_left: false,
            task: None,
        };
        Arc::new(Self { context, user, state: Mutex::new(state) })
    }

    /// Adds a chunk. While the stream is held, at most `frames_max` frames may wait.
    pub(crate) fn push(&self, chunk: &Chunk, frames_max: usize) -> Pushed {
        self.lock().push_below(chunk, frames_max, BYTES_MAX)
    }

    /// Adds a chunk that may be left out: it may not take the last half of the queue.
    pub(crate) fn push_ephemeral(&self, chunk: &Chunk, frames_max: usize) -> Pushed {
        self.lock().push_below(chunk, frames_max / 2, BYTES_MAX / 2)
    }

    /// Flushes what was pushed with [`StreamWriter::push_ephemeral`]. A few such chunks may wait beyond the bound.
    pub(crate) fn flush_ephemeral(self: &Arc<Self>) {
        self.lock().flush(self, usize::MAX);
    }

    /// Writes as much of the queue as the socket accepts. The rest waits for the task; it may have at most `frames_max`
    /// frames.
    pub(crate) fn flush(self: &Arc<Self>, frames_max: usize) -> Pushed {
        self.lock().flush(self, frames_max)
    }

    /// Ends the stream after the queue and, if there is one, the chunk `last`.
    pub(crate) fn end(&self, last: Option<&Chunk>) {
        self.lock().end(last);
    }

    /// Drops the waiting frames and ends the stream with [`StreamContext::slow_bye`]. The stream's own chunks stay in
    /// the queue.
    pub(crate) fn cut(&self) {
        self.context.cut.add(1);
        self.lock().cut(&self.context.slow_bye, |chunk| chunk.frames() == 0);
    }

    /// Closes the socket and drops the queue.
    pub(crate) fn close(&self) {
        self.lock().close();
    }

    /// Completes when the queue is written. Called by the stream's task while the stream is held.
    ///
    /// # Errors
    /// The stream has ended, or its reader is gone.
    pub(crate) async fn written(self: &Arc<Self>, write_timeout: &mut IdleTimeout) -> Result<(), Gone> {
        poll_fn(|cx| {
            let mut state = self.lock();
            ready!(state.poll_written(self, cx, write_timeout))?;
            Poll::Ready(if state.has_ended { Err(Gone) } else { Ok(()) })
        })
        .await
    }

    /// Writes the queue, then releases the hold. From then on producers write, and the task writes the rest that the
    /// socket does not accept at once. Completes when the stream has ended. Called by the stream's task.
    pub(crate) async fn ended(self: &Arc<Self>, write_timeout: &mut IdleTimeout) -> Result<(), Gone> {
        poll_fn(|cx| self.poll_ended(cx, write_timeout)).await
    }

    /// As [`StreamWriter::ended`], for a hand-written future that must be as small as possible.
    pub(crate) fn poll_ended(
        self: &Arc<Self>,
        cx: &mut Context<'_>,
        write_timeout: &mut IdleTimeout,
    ) -> Poll<Result<(), Gone>> {
        let mut state = self.lock();
        ready!(state.poll_written(self, cx, write_timeout))?;
        if state.has_ended {
            return Poll::Ready(Ok(()));
        }
        state.is_held = false;
        state.wakes(cx);
        Poll::Pending
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Stream for StreamWriter {
    fn evict(&self, backlog: Key) {
        let mut state = self.lock();
        if state.backlog.as_ref().is_none_or(|current| current.key() != backlog) {
            return;
        }
        if state.has_ended {
            state.close();
        } else {
            state.cut(&self.context.slow_bye, |chunk| !chunk.is_charged());
        }
    }
}

impl State {
    fn push_below(&mut self, chunk: &Chunk, frames_max: usize, bytes_max: usize) -> Pushed {
        if self.socket.is_none() || self.has_ended {
            return Pushed::Closed;
        }
        // The queue of a stream that is not held is written before the next push.
        if self.is_held {
            let (frames, bytes) = ((self.frames + chunk.frames()) as usize, self.bytes + weight(chunk));
            if frames > frames_max || bytes > bytes_max || !chunk.may_wait() {
                return Pushed::Full;
            }
        }
        let is_first = !self.is_held && self.waiting.is_empty();
        self.append(chunk);
        if is_first {
            Pushed::Unflushed
        } else if self.report().is_err() {
            Pushed::Full
        } else {
            Pushed::Accepted
        }
    }

    fn append(&mut self, chunk: &Chunk) {
        self.waiting.push_back(chunk.clone());
        self.frames += chunk.frames();
        self.bytes += weight(chunk);
    }

    fn end(&mut self, last: Option<&Chunk>) {
        if !self.has_ended {
            self.finish(last);
            self.wake();
        }
    }

    /// Adds the end of the stream to the queue.
    fn finish(&mut self, last: Option<&Chunk>) {
        last.into_iter().chain([&Chunk::end()]).for_each(|chunk| self.append(chunk));
        self.has_ended = true;
        self.is_held = true;
    }

    /// Drops the queue, except a chunk that is partly written and those for which `stays` is true. Ends the stream with
    /// `last`.
    fn cut(&mut self, last: &Chunk, stays: impl Fn(&Chunk) -> bool) {
        let mut is_begun = self.written > 0;
        self.waiting.retain(|chunk| std::mem::take(&mut is_begun) || stays(chunk));
        self.waiting.shrink_to_fit();
        self.frames = self.waiting.iter().map(Chunk::frames).sum();
        self.bytes = self.waiting.iter().map(weight).sum();
        self.backlog = None;
        self.end(Some(last));
    }

    fn flush(&mut self, writer: &Arc<StreamWriter>, frames_max: usize) -> Pushed {
        if self.is_held {
            return Pushed::Accepted; // the task writes
        }
        match self.write() {
            Ok(()) => Pushed::Accepted,
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                self.is_held = true;
                self.wake();
                let may_wait = self.waiting.iter().all(Chunk::may_wait) && self.fall_behind(writer).is_ok();
                if self.frames as usize > frames_max || self.bytes > BYTES_MAX || !may_wait {
                    Pushed::Full
                } else {
                    Pushed::Accepted
                }
            }
            Err(_) => {
                self.close();
                Pushed::Closed
            }
        }
    }

    /// Registers the stream with the budget as behind, and reports the size of its queue.
    fn fall_behind(&mut self, writer: &Arc<StreamWriter>) -> Result<(), Full> {
        let open = || writer.context.budget.open_backlog(writer.user, Arc::downgrade(writer) as Weak<dyn Stream>);
        self.backlog.get_or_insert_with(open);
        self.report()
    }

    fn report(&mut self) -> Result<(), Full> {
        let in_socket = self.socket.as_ref().map_or(0, Socket::waiting);
        self.backlog.as_mut().map_or(Ok(()), |backlog| backlog.set(self.bytes + in_socket, self.waiting.len()))
    }

    /// Writes until the queue is empty.
    fn write(&mut self) -> io::Result<()> {
        let Some(socket) = &mut self.socket else { return Err(ErrorKind::NotConnected.into()) };
        while let Some(first) = self.waiting.front() {
            let first = &first.wire(self.coding)[self.written..];
            let len = if self.waiting.len() == 1 {
                socket.try_write(first)?
            } else {
                let mut slices = [IoSlice::new(first); SLICES_MAX];
                let rest = self.waiting.iter().skip(1).map(|chunk| IoSlice::new(chunk.wire(self.coding)));
                let len = 1 + slices.iter_mut().skip(1).zip(rest).map(|(slice, chunk)| *slice = chunk).count();
                socket.try_write_vectored(&slices[..len])?
            };
            self.written += len;
            while let Some(first) = self.waiting.front() {
                let len = first.wire(self.coding).len();
                if self.written < len {
                    break;
                }
                self.written -= len;
                self.frames -= first.frames();
                self.bytes -= weight(first);
                self.waiting.pop_front();
            }
        }
        if self.has_ended {
            socket.end();
        }
        socket.try_flush()?;
        self.waiting = VecDeque::new(); // frees the memory: a stream is idle nearly always
        self.backlog = None;
        Ok(())
    }

    /// Changes with every byte that the kernel accepts.
    fn progress(&self) -> (usize, usize, usize) {
        (self.waiting.len(), self.written, self.socket.as_ref().map_or(0, Socket::waiting))
    }

    /// Completes when the queue is empty. The task is also woken when the reader leaves.
    fn poll_written(
        &mut self,
        writer: &Arc<StreamWriter>,
        cx: &mut Context<'_>,
        write_timeout: &mut IdleTimeout,
    ) -> Poll<Result<(), Gone>> {
        loop {
            self.poll_gone(cx)?;
            let before = self.progress();
            let outcome = self.write();
            if before != self.progress() {
                write_timeout.reset();
            }
            match outcome {
                Ok(()) => {
                    write_timeout.reset();
                    return Poll::Ready(if self.has_left { Err(Gone) } else { Ok(()) });
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => self.fall_behind(writer).map_err(|Full| Gone)?,
                Err(_) => return Poll::Ready(Err(Gone)),
            }
            match self.socket.as_ref().map(|socket| socket.poll_write_ready(cx)) {
                Some(Poll::Ready(Ok(()))) => {}
                Some(Poll::Pending) => {
                    self.wakes(cx); // `end` wakes the task
                    return write_timeout.poll(cx).map(|()| Err(Gone));
                }
                _ => return Poll::Ready(Err(Gone)),
            }
        }
    }

    /// Reads and ignores what the reader sends. When the reader closes its sending half, the stream ends.
    fn poll_gone(&mut self, cx: &mut Context<'_>) -> Result<(), Gone> {
        let socket = self.socket.as_mut().ok_or(Gone)?;
        if self.has_left {
            return Ok(()); // only a write can show more
        }
        while let Poll::Ready(discarded) = socket.poll_discard(cx) {
            match discarded {
                Ok(0) => {
                    self.has_left = true;
                    if !self.has_ended {
                        self.finish(None); // the task writes
                    }
                    return Ok(());
                }
                Ok(len) => self.received += u32::try_from(len).unwrap_or(RECEIVED_MAX),
                Err(_) => return Err(Gone),
            }
            if self.received > RECEIVED_MAX {
                return Err(Gone);
            }
        }
        Ok(())
    }

    fn close(&mut self) {
        self.socket = None;
        self.waiting = VecDeque::new();
        self.backlog = None;
        self.written = 0;
        self.frames = 0;
        self.bytes = 0;
        self.wake();
    }

    /// Sets the task that [`State::wake`] wakes.
    fn wakes(&mut self, cx: &Context<'_>) {
        match &mut self.task {
            Some(waker) => waker.clone_from(cx.waker()),
            none => *none = Some(cx.waker().clone()),
        }
    }

    fn wake(&mut self) {
        if let Some(task) = self.task.take() {
            task.wake();
        }
    }
}

/// How many bytes a chunk counts against the bound.
fn weight(chunk: &Chunk) -> usize {
    chunk.wire(Coding::Chunked).len()
}

#[cfg(test)]
mod tests;
