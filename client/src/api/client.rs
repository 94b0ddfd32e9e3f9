//! One request and its answer, for any endpoint of the API.

use std::time::Duration;

use quchat_shared::{
    Cursor,
    api::{Endpoint, Method},
    limits::ANSWER_MAX,
};
use ureq::{
    Agent, AsSendBody, Body,
    http::{Request, Response, header},
};

use super::{Access, Bounded, Events, Failure, Origin, Token, agent};

/// Most bytes of an error.
const PROBLEM_MAX: u64 = 64 * 1024;
/// A call that takes longer has failed.
const TIMEOUT: Duration = Duration::from_secs(30);
/// A stream that sends nothing for this long is dead: two missed heartbeats and some.
const SILENCE_MAX: Duration = Duration::from_secs(35);

/// A server, as one user or as nobody yet. Cloning is cheap; clones share their connections.
///
/// Nothing is connected before the first call.
#[derive(Debug, Clone)]
pub struct Client {
    origin: Origin,
    token: Option<Token>,
    agent: Agent,
}

impl Client {
    /// A client without a token. It can register and sign in.
    #[must_use]
    pub fn anonymous(origin: Origin) -> Self {
        let agent = agent::for_calls(&origin, TIMEOUT);
        Self { origin, token: None, agent }
    }

    /// A client that sends the token of a session with every request.
    #[must_use]
    pub fn signed_in(access: Access) -> Self {
        Self { token: Some(access.token), ..Self::anonymous(access.origin) }
    }

    /// The same client on new connections, with another time limit per call than 30 s.
    #[must_use]
    pub fn with_timeout(self, timeout: Duration) -> Self {
        Self { agent: agent::for_calls(&self.origin, timeout), ..self }
    }

    /// Calls an endpoint and waits for the answer.
    ///
    /// # Errors
    /// The server refuses, cannot be reached, or answers with something that is not a reply of this endpoint.
    pub fn call<E: Endpoint<Reply: Bounded>>(
        &self,
        path: &E::Path,
        query: &E::Query,
        body: &E::Body,
    ) -> Result<E::Reply, Failure> {
        let response = self.send::<E>("application/json", path, query, body)?;
        // `()` is no body at all on the wire and `null` to serde.
        let body = read(response)?;
        let body = if body.is_empty() { b"null" } else { &*body };
        let reply: E::Reply = serde_json::from_slice(body).map_err(|_| Failure::not_understood())?;
        reply.bounded()
    }

    /// The events of all rooms after `since`; without it, from now on. The stream uses connections of its own.
    #[must_use]
    pub fn events(&self, since: Option<Cursor>) -> Events {
        self.events_within(since, SILENCE_MAX)
    }

    /// The same; a stream that sends nothing for `silence` is dead.
    pub(crate) fn events_within(&self, since: Option<Cursor>, silence: Duration) -> Events {
        let agent = agent::for_stream(&self.origin, silence);
        Events::new(Self { agent, ..self.clone() }, since)
    }

    /// Closes all connections. Calls that wait for an answer fail at once, and so does every later call.
    pub fn shut_down(&self) {
        self.agent.clone().shutdown();
    }

    /// Sends a request. Returns when the head of a successful answer is there.
    pub(super) fn send<E: Endpoint>(
        &self,
        accept: &str,
        path: &E::Path,
        query: &E::Query,
        body: &E::Body,
    ) -> Result<Response<Body>, Failure> {
        let mut request = Request::builder()
            .method(E::METHOD.as_str())
            .uri(format!("{}{}", self.origin, E::target(path, query)))
            .header(header::ACCEPT, accept);
        if let Some(token) = &self.token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {}", token.reveal()));
        }
        let body = serde_json::to_vec(body).map_err(|_| Failure::fault())?;
        let bare = body == b"null"; // what `()` is to serde
        let response = match E::METHOD {
            Method::Get | Method::Delete if bare => self.run(request.body(())),
            // With a length of 0; of `()`, an empty chunked body would be made.
            _ if bare => self.run(request.body(Vec::new())),
            _ => self.run(request.header(header::CONTENT_TYPE, "application/json").body(body)),
        };
        let response = response.map_err(|error| Failure::unreachable(&error))?;
        if response.status().is_success() {
            return Ok(response);
        }
        let (status, headers) = (response.status(), response.headers().clone());
        Err(Failure::refused(status, &headers, &read_problem(response)))
    }

    fn run(&self, request: ureq::http::Result<Request<impl AsSendBody>>) -> Result<Response<Body>, ureq::Error> {
        self.agent.run(request?)
    }
}

/// Reads to the very end, so that the connection serves again.
fn read(response: Response<Body>) -> Result<Vec<u8>, Failure> {
    let body = response.into_body().into_with_config().limit(ANSWER_MAX);
    body.read_to_vec().map_err(|error| Failure::unreachable(&error))
}

/// Reads the body of an error. Returns nothing if it is larger than [`PROBLEM_MAX`].
fn read_problem(response: Response<Body>) -> Vec<u8> {
    response.into_body().into_with_config().limit(PROBLEM_MAX).read_to_vec().unwrap_or_default()
}
