//! Drives hyper's side of a connection, with one timeout for an idle peer, one for an incomplete head and one for a
//! body. hyper itself has a single timeout for everything between two requests.

use std::{
    future::poll_fn,
    pin::Pin,
    task::{Poll, ready},
    time::Duration,
};

use super::{
    detach::PendingStream,
    phase::{Phase, PhaseTracker},
};
use crate::idle_timeout::IdleTimeout;

/// How driving a connection ended.
pub(super) enum Outcome<T> {
    /// The connection has ended.
    Ended(T),
    /// The head of a stream is complete, and the socket can be detached.
    StreamReady,
    /// The peer sent no request in time.
    TimedOut,
}

/// How long each phase may last.
#[derive(Clone, Copy)]
pub(super) struct Timeouts {
    pub(super) idle: Duration,
    pub(super) head: Duration,
    /// `None` leaves the deadline to the reader of the body.
    pub(super) body: Option<Duration>,
}

/// Drives a connection until one of the [`Outcome`]s.
pub(super) async fn drive<C: Future + Unpin>(
    connection: &mut C,
    phase: &PhaseTracker,
    pending_stream: &PendingStream,
    timeouts: Timeouts,
) -> Outcome<C::Output> {
    let (mut idle, mut head) = (IdleTimeout::new(timeouts.idle), IdleTimeout::new(timeouts.head));
    let mut body = timeouts.body.map(IdleTimeout::new);
    let mut restarts = 0;
    poll_fn(|cx| {
        if let Poll::Ready(done) = Pin::new(&mut *connection).poll(cx) {
            return Poll::Ready(Outcome::Ended(done));
        }
        if pending_stream.is_ready() {
            return Poll::Ready(Outcome::StreamReady);
        }
        if restarts != phase.restarts() {
            restarts = phase.restarts();
            idle.reset();
            head.reset();
        }
        match (phase.get(), &mut body) {
            (Phase::Busy, _) | (Phase::Body, None) => return Poll::Pending,
            (Phase::Body, Some(body)) => ready!(body.poll(cx)),
            (Phase::Idle, _) => ready!(idle.poll(cx)),
            (Phase::Head, _) => ready!(head.poll(cx)),
        }
        Poll::Ready(Outcome::TimedOut)
    })
    .await
}
