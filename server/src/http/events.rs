//! `GET /v1/events`: replay out of the store, then follow the hub, joined by one number.
//!
//! While it replays a stream has no live queue: the next page is read when the connection has taken the last one. At
//! the head it registers with the hub, which hands over what came since.

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use hyper::header::{CACHE_CONTROL, CONNECTION, CONTENT_TYPE, HeaderName, HeaderValue};
use quchat_shared::{
    Cursor, Event,
    api::ListenEvents,
    event::{Activity, ByeReason, Hello, Reset, ResetReason},
};
use tokio::sync::OwnedSemaphorePermit;

use super::{body::Body, problem::Failure, request::Request, response::Respond};
use crate::{
    app::App,
    auth::jwt::Verified,
    domain::{
        self, Error,
        events::{self, Only, SPAN_FIRST, Start, cursor},
    },
    hub::{self, Registered, Registration, Scope, Subscription},
    store::Snapshot,
};

/// Tells clients how long to wait before they reconnect.
const RETRY: &[u8] = b"retry: 2000\n";

pub(super) async fn listen_events(
    app: Arc<App>,
    who: Verified,
    request: Request<ListenEvents>,
) -> Result<EventStream, Failure> {
    let place = Arc::clone(&app.streams).try_acquire_owned();
    let place = place.map_err(|_| Error::Unavailable("the server has as many streams as it takes; try again later"))?;
    let since = match request.headers.get("last-event-id").map(HeaderValue::to_str) {
        Some(Ok(id)) if !id.is_empty() => Some(Cursor(id.to_owned())),
        Some(Err(_)) => Some(Cursor::default()), // a position nobody knows
        _ => request.query.since,
    };
    let only: Only = (!request.query.rooms.is_empty()).then(|| request.query.rooms.into_iter().collect());

    let (narrowing, wanted, replay_max) = (only.clone(), since.clone(), app.config.replay_max);
    let start = app.read(who.caller, move |store| {
        events::check_narrowing(store, who.caller, &narrowing)?;
        events::locate(store, who.caller, &narrowing, wanted.as_ref(), replay_max)
    });
    let start = start.await?;
    let (at, resumed) = match start {
        Start::Fresh { head } | Start::Reset { head, .. } => (head, None),
        Start::Resume { after } => (after, Some(after)),
    };
    let first = greeting(&app, start, since);
    let reader = Arc::new(Reader { app, who, only, resumed });
    Ok(EventStream { state: State::Replaying(first, reader, At { event: at, span: SPAN_FIRST }), _place: place })
}

/// The first bytes: `hello`, and `reset` if what was asked for cannot be had.
fn greeting(app: &App, start: Start, since: Option<Cursor>) -> Bytes {
    let position = match (start, since) {
        (Start::Resume { .. }, Some(since)) => since,
        (Start::Fresh { head } | Start::Reset { head, .. } | Start::Resume { after: head }, _) => {
            cursor(&app.tag, head)
        }
    };
    let mut bytes = RETRY.to_vec();
    let heartbeat_seconds = app.config.heartbeat.as_secs().max(1);
    Event::from(Hello { cursor: position.clone(), heartbeat_seconds }).encode(None, &mut bytes);
    if let Start::Reset { reason, .. } = start {
        Event::from(Reset { reason, cursor: position.clone() }).encode(Some(&position), &mut bytes);
    }
    bytes.into()
}

/// A stream in the making or at work.
pub(super) struct EventStream {
    state: State,
    _place: OwnedSemaphorePermit,
}

/// Where a replay stands, and how much of what happened its next page spans.
#[derive(Clone, Copy)]
struct At {
    event: u64,
    span: u64,
}

enum State {
    /// These bytes go out, then the next page is read.
    Replaying(Bytes, Arc<Reader>, At),
    Reading(Pin<Box<dyn Future<Output = Step> + Send>>),
    /// These bytes go out, then the hub is followed.
    Following(Bytes, Subscription),
    /// These bytes go out, then it is over.
    Ending(Bytes),
}

/// What reading a page leads to.
enum Step {
    Replay(Bytes, Arc<Reader>, At),
    Follow(Bytes, Subscription),
    End(Bytes),
}

impl Respond for EventStream {
    fn respond(self) -> hyper::Response<Body> {
        let mut response = hyper::Response::new(Body::events(self));
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
        // When the stream ends, so does the connection.
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
        response
    }
}

impl EventStream {
    /// The next bytes, whole frames of them; `None` at the end.
    pub(super) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        loop {
            let done = State::Ending(Bytes::new());
            self.state = match std::mem::replace(&mut self.state, done) {
                State::Replaying(bytes, reader, at) if bytes.is_empty() => State::Reading(Box::pin(reader.read(at))),
                State::Replaying(bytes, reader, at) => {
                    self.state = State::Replaying(Bytes::new(), reader, at);
                    return Poll::Ready(Some(bytes));
                }
                State::Reading(mut step) => match step.as_mut().poll(cx) {
                    Poll::Ready(Step::Replay(bytes, reader, at)) => State::Replaying(bytes, reader, at),
                    Poll::Ready(Step::Follow(bytes, subscription)) => State::Following(bytes, subscription),
                    Poll::Ready(Step::End(bytes)) => State::Ending(bytes),
                    Poll::Pending => {
                        self.state = State::Reading(step);
                        return Poll::Pending;
                    }
                },
                State::Following(bytes, subscription) if bytes.is_empty() => {
                    let next = subscription.mailbox().poll_take(cx);
                    if !matches!(next, Poll::Ready(None)) {
                        self.state = State::Following(Bytes::new(), subscription);
                    }
                    return Poll::Ready(ready!(next));
                }
                State::Following(bytes, subscription) => {
                    self.state = State::Following(Bytes::new(), subscription);
                    return Poll::Ready(Some(bytes));
                }
                State::Ending(bytes) => return Poll::Ready((!bytes.is_empty()).then_some(bytes)),
            };
        }
    }
}

/// Reads what a stream replays.
struct Reader {
    app: Arc<App>,
    who: Verified,
    only: Only,
    /// The event after which the stream was resumed.
    resumed: Option<u64>,
}

impl Reader {
    async fn read(self: Arc<Self>, at: At) -> Step {
        match self.next_step(at).await {
            Ok(step) => step,
            Err(Error::Unauthenticated) => Step::End(hub::bye(ByeReason::SignedOut).bytes),
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "a replay failed");
                Step::End(Bytes::new()) // the client resumes from what it has
            }
        }
    }

    async fn next_step(self: &Arc<Self>, at: At) -> domain::Result<Step> {
        let Verified { caller, expires_at } = self.who;
        if self.app.is_stopping() {
            return Ok(Step::End(hub::bye(ByeReason::Shutdown).bytes));
        }
        if expires_at <= self.app.now() {
            return Ok(Step::End(hub::bye(ByeReason::Expired).bytes));
        }
        let this = Arc::clone(self);
        let (page, active) = self
            .app
            .read(caller, move |store| {
                let page = events::replay(store, caller, &this.only, at.event, at.span)?;
                let active = if page.head.is_some() { this.active_rooms(store)? } else { None };
                Ok((page, active))
            })
            .await?;
        let position = |event| cursor(&self.app.tag, event);
        let mut bytes = Vec::new();
        if page.is_lost {
            let (reason, cursor) = (ResetReason::TooOld, position(page.through));
            Event::from(Reset { reason, cursor: cursor.clone() }).encode(Some(&cursor), &mut bytes);
        }
        for (id, event) in &page.events {
            event.encode(Some(&position(*id)), &mut bytes);
        }
        if bytes.is_empty() && page.head.is_none() {
            // Nothing to see, but a sign of life, and progress that outlasts this connection.
            bytes.extend_from_slice(&hub::heartbeat(&position(page.through)));
        }
        let next = At { event: page.through, span: page.next_span };
        let replay = |bytes: Vec<u8>| Step::Replay(bytes.into(), Arc::clone(self), next);
        let Some(rooms) = page.head else { return Ok(replay(bytes)) };

        let scope = Scope { user: caller.user, session: caller.session, only: self.only.clone(), rooms };
        match self.app.hub.register(Registration { scope, expires_at, at: page.through }).await {
            Registered::Live(subscription) => {
                // The session may have ended after the page was read and before the hub knew of the stream.
                self.app.read(caller, |_| Ok(())).await?;
                if let Some(activity) = active {
                    activity.encode(None, &mut bytes);
                }
                Ok(Step::Follow(bytes.into(), subscription))
            }
            Registered::Behind => Ok(replay(bytes)),
            Registered::Stopped => {
                bytes.extend_from_slice(&hub::bye(ByeReason::Shutdown).bytes);
                Ok(Step::End(bytes.into()))
            }
        }
    }

    /// What moved in public rooms since the position that was resumed from.
    fn active_rooms(&self, store: &dyn Snapshot) -> domain::Result<Option<Event>> {
        let Some(resumed) = self.resumed.filter(|_| self.only.is_none()) else { return Ok(None) };
        let rooms = events::active_rooms(store, resumed)?;
        Ok((!rooms.is_empty()).then(|| Activity { rooms }.into()))
    }
}
