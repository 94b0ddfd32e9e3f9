//! The API as one user calls it: the rows of `quchat_shared::api` over ureq, and the event stream. Knows no script.

use std::{io::Read, time::Duration};

use quchat_shared::{
    Cursor, Event, Problem, RoomId,
    api::{Credentials, Endpoint, JoinRoom, ListenEvents, NewMessage, Register, SendMessage},
    query,
    sse::Decoder,
    user::Session,
};
use ureq::{Agent, Body, http};

use crate::Result;

/// Somebody who is signed in.
pub(crate) struct Caller {
    agent: Agent,
    server: String,
    token: String,
}

impl Caller {
    /// Makes a new user and signs them in.
    pub(crate) fn register(server: &str, name: &str, password: String) -> Result<(Self, Session)> {
        let mut caller = Self { agent: agent(), server: server.to_owned(), token: String::new() };
        let session = caller.call::<Register>(&(), &Credentials { name: name.to_owned(), password })?;
        caller.token.clone_from(&session.token);
        Ok((caller, session))
    }

    /// Somebody who has signed in elsewhere.
    pub(crate) fn with_session(server: &str, session: Session) -> Self {
        Self { agent: agent(), server: server.to_owned(), token: session.token }
    }

    /// Calls an endpoint that has no query.
    pub(crate) fn call<E: Endpoint<Query = ()>>(&self, path: &E::Path, body: &E::Body) -> Result<E::Reply> {
        self.call_with::<E>(path, &(), body)
    }

    pub(crate) fn call_with<E: Endpoint>(&self, path: &E::Path, query: &E::Query, body: &E::Body) -> Result<E::Reply> {
        let body = serde_json::to_vec(body)?;
        let mut request = self.request::<E>(path, query);
        if body != b"null" {
            request = request.header("content-type", "application/json");
        }
        let request = request.body(if body == b"null" { Vec::new() } else { body })?;
        let answer = checked(self.agent.run(request)?)?.into_body().read_to_string()?;
        Ok(serde_json::from_str(if answer.is_empty() { "null" } else { &answer })?)
    }

    pub(crate) fn say(&self, room: RoomId, text: &str) -> Result<()> {
        let message = NewMessage { text: text.to_owned(), txn: None, reply_to: None };
        self.call::<SendMessage>(&room, &message).map(drop)
    }

    pub(crate) fn join(&self, room: RoomId) -> Result<()> {
        self.call::<JoinRoom>(&room, &()).map(drop)
    }

    /// Tells each event after `since`, or from now on, until the stream ends or `tell` has had enough.
    pub(crate) fn listen(&self, since: Option<Cursor>, mut tell: impl FnMut(Event) -> bool) -> Result<()> {
        let request = self.request::<ListenEvents>(&(), &query::ListenEvents { since, rooms: Vec::new() }).body(())?;
        // 35 s of silence is a dead connection: the server lets itself be heard every 15.
        let request = self.agent.configure_request(request).timeout_global(None);
        let request = request.timeout_per_read(Some(Duration::from_secs(35))).build();
        let mut stream = checked(self.agent.run(request)?)?.into_body().into_reader();
        let (mut decoder, mut bytes) = (Decoder::default(), [0; 4096]);
        loop {
            let len = stream.read(&mut bytes)?;
            if len == 0 {
                return Ok(());
            }
            decoder.push(&bytes[..len])?;
            while let Some(frame) = decoder.next_frame() {
                if let Some(event) = Event::decode(&frame)?
                    && !tell(event)
                {
                    return Ok(());
                }
            }
        }
    }

    fn request<E: Endpoint>(&self, path: &E::Path, query: &E::Query) -> http::request::Builder {
        let url = format!("{}{}", self.server, E::target(path, query));
        let request = http::Request::builder().method(E::METHOD.as_str()).uri(url);
        if self.token.is_empty() { request } else { request.header("authorization", format!("Bearer {}", self.token)) }
    }
}

fn agent() -> Agent {
    Agent::config_builder()
        .http_status_as_error(false)
        .proxy(None) // the server is on this machine
        .timeout_global(Some(Duration::from_secs(10)))
        .build()
        .into()
}

/// The answer, or in words why there is none.
fn checked(answer: http::Response<Body>) -> Result<http::Response<Body>> {
    if answer.status().is_success() {
        return Ok(answer);
    }
    let status = answer.status();
    let problem: Option<Problem> = serde_json::from_str(&answer.into_body().read_to_string()?).ok();
    Err(problem.map_or_else(|| status.to_string(), |problem| problem.detail).into())
}
