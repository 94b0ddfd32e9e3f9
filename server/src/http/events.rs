//! `GET /v1/events`: replays from the store, then follows the hub. The id of the last replayed event joins the two.
//!
//! While it replays, a stream has no live queue: it reads the next page when the socket has accepted the last one. At
//! the head of the log it registers with the hub, which delivers all later events. The first page is read together with
//! the position, so a stream that starts at the head needs one read.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use hyper::header::HeaderValue;
use quchat_shared::{
    Cursor, Event,
    api::ListenEvents,
    event::{Activity, ByeReason, Hello, Reset, ResetReason},
};

use super::{reply::EventStream, request::Request};
use crate::{
    app::App,
    auth::jwt::VerifiedToken,
    connection::{DetachedSocket, Stage},
    domain::{
        self, Error,
        events::{self, JoinedRooms, Page, SPAN_FIRST, Start},
        room_filter::RoomFilter,
        shown_messages::ShownMessages,
    },
    hub::{self, PresencePosition, Registered, Registration, Scope, SessionsEnded, Subscription},
    idle_timeout::IdleTimeout,
    store::{self, Snapshot},
    stream::{Chunk, Pushed, StreamWriter},
    stream_places::StreamPlace,
};

/// How long clients wait before they reconnect, in milliseconds.
const RETRY: &[u8] = b"retry: 2000\n";

pub(super) async fn listen_events(
    app: Arc<App>,
    token: VerifiedToken,
    request: Request<ListenEvents>,
) -> domain::Result<EventStream> {
    if app.store.is_cut_off() {
        return Err(Error::Unavailable("this server cannot reach its database; try again in a moment"));
    }
    let place = app.streams.take(token.caller.user)?;
    let since = match request.headers.get("last-event-id").map(HeaderValue::to_str) {
        Some(Ok(id)) if !id.is_empty() => Some(Cursor(id.to_owned())),
        Some(Err(_)) => Some(Cursor::default()), // an unknown position
        _ => request.query.since,
    };
    let filter = RoomFilter::new(request.query.rooms);

    let presence = app.hub.presence_position();
    let reader = Arc::new(Reader { app, token, filter, presence });
    let (start, first) = Arc::clone(&reader).begin(since.clone()).await?;
    let opened = Opened { greeting: greet(&reader.app, start, since.as_ref()), first, reader, place };
    Ok(EventStream::new(move |socket| opened.start(socket)))
}

/// The first events of a stream: `hello`, and `reset` if it cannot resume from the requested position.
fn greet(app: &App, start: Start, since: Option<&Cursor>) -> Vec<u8> {
    let position = match (start, since) {
        (Start::Resume { .. }, Some(since)) => since.clone(),
        (Start::Fresh { head } | Start::Reset { head, .. } | Start::Resume { after: head, .. }, _) => {
            app.store.lineage().cursor(head)
        }
    };
    let mut bytes = RETRY.to_vec();
    let heartbeat_seconds = app.config.heartbeat.as_secs().max(1);
    Event::from(Hello { cursor: position.clone(), heartbeat_seconds }).encode(None, &mut bytes);
    if let Start::Reset { reason, .. } = start {
        Event::from(Reset { reason, cursor: position.clone() }).encode(Some(&position), &mut bytes);
    }
    bytes
}

/// A stream whose head has not been written yet.
struct Opened {
    greeting: Vec<u8>,
    first: Read,
    reader: Arc<Reader>,
    place: StreamPlace,
}

impl Opened {
    /// Writes the stream on its socket.
    fn start(self, detached: DetachedSocket) -> Stage {
        let DetachedSocket { socket, coding, head } = detached;
        let (user, context) = (self.reader.token.caller.user, Arc::clone(&self.reader.app.stream_context));
        let writer = StreamWriter::new(socket, coding, Chunk::head(head), user, context);
        Stage::new(self.replay(writer))
    }

    /// Writes the missed events page by page until the hub takes over. Returns `None` if the stream ends before that.
    async fn replay(self, writer: Arc<StreamWriter>) -> Option<Stage> {
        let Self { greeting, first: mut read, reader, place } = self;
        let mut write_timeout = IdleTimeout::new(reader.app.config.write_timeout);
        writer.push(&Chunk::own(&greeting), 0);
        drop(greeting);
        let farewell = loop {
            let Read { page, through, head, sessions_ended, .. } = read;
            if let Some(page) = page
                && writer.push(&page, 0) == Pushed::Full
            {
                break Some(ByeReason::Slow); // leaving it out would make a gap
            }
            if let Some(rooms) = head {
                let VerifiedToken { caller, expires_at } = reader.token;
                let (filter, JoinedRooms { covered, others }) = (reader.filter.clone(), rooms);
                let scope =
                    Scope { user: caller.user, session: caller.session, filter, rooms: covered, other_rooms: others };
                let writer = Arc::clone(&writer);
                let presence = reader.presence;
                let registration = Registration { scope, expires_at, at: through, sessions_ended, presence, writer };
                match reader.app.hub.register(registration).await {
                    Registered::Following(subscription) => {
                        return Some(Stage::new(Following { subscription, write_timeout, _place: place }));
                    }
                    Registered::Behind => {}
                    Registered::Ended(reason) => break Some(reason),
                }
            }
            writer.written(&mut write_timeout).await.ok()?;
            read = match Arc::clone(&reader).go_on(read.next).await {
                Ok(read) => read,
                Err(farewell) => break farewell,
            };
        };
        writer.end(farewell.map(hub::bye).as_ref());
        let _ = writer.ended(&mut write_timeout).await; // fails if the reader has gone
        None
    }
}

/// A stream that has caught up and gets its events from the hub. There may be thousands, idle most of the time, so it
/// must be as small as possible.
struct Following {
    subscription: Subscription,
    write_timeout: IdleTimeout,
    _place: StreamPlace,
}

/// Completes when the stream has ended or its reader has gone. There is no further stage.
impl Future for Following {
    type Output = Option<Stage>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { subscription, write_timeout, .. } = &mut *self;
        subscription.writer().poll_ended(cx, write_timeout).map(|_| None)
    }
}

/// Where a replay stands.
struct At {
    event: u64,
    /// How many events of the log the next page spans.
    span: u64,
    /// The event after which the stream was resumed.
    resumed: Option<u64>,
    shown: ShownMessages,
}

/// The result of one read from the store.
struct Read {
    /// The events after the position, if there are any.
    page: Option<Chunk>,
    through: u64,
    /// See [`Page::head`].
    head: Option<JoinedRooms>,
    next: At,
    /// The count before the read.
    sessions_ended: SessionsEnded,
}

/// Reads the pages that a stream replays.
struct Reader {
    app: Arc<App>,
    token: VerifiedToken,
    filter: RoomFilter,
    /// Before the stream began.
    presence: PresencePosition,
}

impl Reader {
    /// Finds the position and reads the first page after it.
    async fn begin(self: Arc<Self>, since: Option<Cursor>) -> domain::Result<(Start, Read)> {
        let (caller, sessions_ended) = (self.token.caller, self.app.hub.sessions_ended());
        let this = Arc::clone(&self);
        let look = move |store: &dyn Snapshot| {
            events::check_filter(store, caller, &this.filter)?;
            let start = events::locate(store, caller, &this.filter, since.as_ref(), this.app.config.replay_max)?;
            let (event, resumed, head) = match start {
                Start::Fresh { head } | Start::Reset { head, .. } => (head, None, head),
                Start::Resume { after, head } => {
                    this.app.resumed_behind.observe(head.saturating_sub(after));
                    (after, Some(after), head)
                }
            };
            let at = At { event, span: SPAN_FIRST, resumed, shown: ShownMessages::new(head) };
            Ok((start, this.page(store, at, sessions_ended)?))
        };
        self.app.read(caller, look).await
    }

    /// Reads the next page. If the stream must end instead, the error is the reason to send, if any.
    async fn go_on(self: Arc<Self>, at: At) -> Result<Read, Option<ByeReason>> {
        if self.app.is_stopping() {
            return Err(Some(ByeReason::Shutdown));
        }
        if self.token.expires_at <= self.app.now() {
            return Err(Some(ByeReason::Expired));
        }
        let (this, sessions_ended) = (Arc::clone(&self), self.app.hub.sessions_ended());
        let read = self.app.read(self.token.caller, move |store| this.page(store, at, sessions_ended));
        read.await.map_err(|error| match error {
            Error::Unauthenticated => Some(ByeReason::SignedOut),
            Error::Unavailable(_) => Some(ByeReason::Slow),
            // Already logged by the store, once for all streams.
            Error::Store(store::Error::Unavailable(_) | store::Error::Closed | store::Error::Fatal(_)) => None,
            error => {
                tracing::error!(error = &error as &dyn std::error::Error, "a replay failed");
                None // the client reconnects and resumes
            }
        })
    }

    /// Encoded where it is read: a thousand streams that catch up keep the readers busy, not those who answer.
    fn page(&self, store: &dyn Snapshot, mut at: At, sessions_ended: SessionsEnded) -> domain::Result<Read> {
        let page = events::replay(store, self.token.caller, &self.filter, &mut at.shown, at.event, at.span)?;
        let active = if page.head.is_some() { self.active_rooms(store, at.resumed)? } else { None };
        let next = At { event: page.through, span: page.next_span, ..at };
        let frames = self.encode(&page, active);
        let frames = (!frames.is_empty()).then(|| Chunk::page(&self.app.stream_context.budget, &frames)).transpose()?;
        Ok(Read { page: frames, through: page.through, head: page.head, next, sessions_ended })
    }

    /// What moved in public rooms since the position that was resumed from.
    fn active_rooms(&self, store: &dyn Snapshot, resumed: Option<u64>) -> domain::Result<Option<Event>> {
        let Some(resumed) = resumed else { return Ok(None) };
        let rooms = events::active_rooms(store, &self.filter, resumed)?;
        Ok((!rooms.is_empty()).then(|| Activity { rooms }.into()))
    }

    fn encode(&self, page: &Page, active: Option<Event>) -> Vec<u8> {
        let position = |event| self.app.store.lineage().cursor(event);
        let mut bytes = Vec::new();
        if page.is_lost {
            let (reason, cursor) = (ResetReason::TooOld, position(page.through));
            Event::from(Reset { reason, cursor: cursor.clone() }).encode(Some(&cursor), &mut bytes);
        }
        for (id, event) in &page.events {
            event.encode(Some(&position(*id)), &mut bytes);
        }
        if let Some(active) = active {
            active.encode(None, &mut bytes);
        }
        if bytes.is_empty() && page.head.is_none() {
            // No visible events: shows that the stream is alive, and lets the client resume from here.
            bytes = hub::heartbeat(&position(page.through));
        }
        bytes
    }
}
