//! Calls any endpoint of the API and opens event streams.

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

use super::{Access, Bounded, Events, Failure, Server, Token, agent};

/// Most bytes of an error body.
const PROBLEM_MAX: u64 = 64 * 1024;
/// Default time limit of a call.
const TIMEOUT: Duration = Duration::from_secs(30);
/// A stream that sends nothing for this long is dead: it has missed two heartbeats.
const SILENCE_MAX: Duration = Duration::from_secs(35);

/// A client of one server, with or without a user. Clones are cheap and share their connections.
///
/// It connects on the first call.
#[derive(Debug, Clone)]
pub struct Client {
    server: Server,
    token: Option<Token>,
    agent: Agent,
}

impl Client {
    /// A client without a token. It can register and sign in.
    #[must_use]
    pub fn anonymous(server: impl Into<Server>) -> Self {
        let server = server.into();
        let agent = agent::for_calls(&server, TIMEOUT);
        Self { server, token: None, agent }
    }

    /// A client that sends the token of a session with every request.
    #[must_use]
    pub fn signed_in(access: Access) -> Self {
        Self { token: Some(access.token), ..Self::anonymous(access.server) }
    }

    /// The same client with new connections and another time limit per call.
    #[must_use]
    pub fn with_timeout(self, timeout: Duration) -> Self {
        Self { agent: agent::for_calls(&self.server, timeout), ..self }
    }

    /// Calls an endpoint and waits for the answer.
    ///
    /// # Errors
    /// The server refuses, cannot be reached, or sends something that is not a reply of this endpoint.
    pub fn call<E: Endpoint<Reply: Bounded>>(
        &self,
        path: &E::Path,
        query: &E::Query,
        body: &E::Body,
    ) -> Result<E::Reply, Failure> {
        let response = self.send::<E>("application/json", path, query, body)?;
        // `()` is an empty body on the wire, and `null` in serde.
        let body = read(response)?;
        let body = if body.is_empty() { b"null" } else { &*body };
        let reply: E::Reply = serde_json::from_slice(body).map_err(|_| Failure::not_understood())?;
        reply.bounded()
    }

    /// The events of all rooms after `since`, or from now on if it is `None`. The stream has its own connections.
    #[must_use]
    pub fn events(&self, since: Option<Cursor>) -> Events {
        self.events_within(since, SILENCE_MAX)
    }

    /// As [`Client::events`]. A stream that sends nothing for `silence` is dead.
    pub(crate) fn events_within(&self, since: Option<Cursor>, silence: Duration) -> Events {
        let agent = agent::for_stream(&self.server, silence);
        Events::new(Self { agent, ..self.clone() }, since)
    }

    /// Closes all connections. Calls in progress and all later calls fail at once.
    pub fn shut_down(&self) {
        self.agent.clone().shutdown();
    }

    /// Sends a request. Returns once the head of a successful answer has arrived.
    pub(super) fn send<E: Endpoint>(
        &self,
        accept: &str,
        path: &E::Path,
        query: &E::Query,
        body: &E::Body,
    ) -> Result<Response<Body>, Failure> {
        let mut request = Request::builder()
            .method(E::METHOD.as_str())
            .uri(format!("{}{}", self.server.origin, E::target(path, query)))
            .header(header::ACCEPT, accept);
        if let Some(token) = &self.token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {}", token.reveal()));
        }
        let body = serde_json::to_vec(body).map_err(|_| Failure::fault())?;
        let bare = body == b"null"; // `()` in serde
        let response = match E::METHOD {
            Method::Get | Method::Delete if bare => self.run(request.body(())),
            // An empty vector gives `Content-Length: 0`; `()` would give an empty chunked body.
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

/// Reads the body to its end, so that the connection can be reused.
fn read(response: Response<Body>) -> Result<Vec<u8>, Failure> {
    let body = response.into_body().into_with_config().limit(ANSWER_MAX);
    body.read_to_vec().map_err(|error| Failure::unreachable(&error))
}

/// Reads the body of an error. Returns nothing if it is larger than [`PROBLEM_MAX`].
fn read_problem(response: Response<Body>) -> Vec<u8> {
    response.into_body().into_with_config().limit(PROBLEM_MAX).read_to_vec().unwrap_or_default()
}
