//! One request and its answer, for any row of the API.

use quchat_shared::{
    api::{Endpoint, Method},
    limits::ANSWER_MAX,
};
use ureq::{
    Agent, AsSendBody, Body,
    http::{Request, Response, header},
};

use super::{Token, failure};
use crate::{model::Origin, update::Failure};

/// Most bytes of an error.
const PROBLEM_MAX: u64 = 64 * 1024;

/// Whom to ask, and as whom.
#[derive(Debug, Clone, Copy)]
pub(super) struct Server<'a> {
    pub(super) agent: &'a Agent,
    pub(super) origin: &'a Origin,
    pub(super) token: Option<&'a Token>,
}

impl Server<'_> {
    /// Calls a row of the API.
    pub(super) fn call<E: Endpoint>(
        &self,
        path: &E::Path,
        query: &E::Query,
        body: &E::Body,
    ) -> Result<E::Reply, Failure> {
        let response = self.send::<E>("application/json", path, query, body)?;
        // `()` is no body at all on the wire and `null` to serde.
        let body = read(response)?;
        let body = if body.is_empty() { b"null" } else { &*body };
        serde_json::from_slice(body).map_err(|_| not_understood())
    }

    /// Sends the request; the head of the answer is in, and it is a success.
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
        if let Some(token) = self.token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {}", token.reveal()));
        }
        let body = serde_json::to_vec(body).map_err(|_| fault())?;
        let bare = body == b"null"; // what `()` is to serde
        let response = match E::METHOD {
            Method::Get | Method::Delete if bare => self.run(request.body(())),
            // With a length of 0; of `()`, an empty chunked body would be made.
            _ if bare => self.run(request.body(Vec::new())),
            _ => self.run(request.header(header::CONTENT_TYPE, "application/json").body(body)),
        };
        let response = response.map_err(|error| failure::unreachable(&error))?;
        if response.status().is_success() {
            return Ok(response);
        }
        let (status, headers) = (response.status(), response.headers().clone());
        Err(failure::refused(status, &headers, &read_problem(response)))
    }

    fn run(&self, request: ureq::http::Result<Request<impl AsSendBody>>) -> Result<Response<Body>, ureq::Error> {
        self.agent.run(request?)
    }
}

/// Reads to the very end, so that the connection serves again.
fn read(response: Response<Body>) -> Result<Vec<u8>, Failure> {
    let body = response.into_body().into_with_config().limit(ANSWER_MAX);
    body.read_to_vec().map_err(|error| failure::unreachable(&error))
}

/// Reads what an error says; of one that says too much, nothing.
fn read_problem(response: Response<Body>) -> Vec<u8> {
    response.into_body().into_with_config().limit(PROBLEM_MAX).read_to_vec().unwrap_or_default()
}

/// Something answered, but not as a quchat server does.
pub(super) fn not_understood() -> Failure {
    Failure::Unreachable { reason: failure::NOT_UNDERSTOOD.into() }
}

/// A panic, or what should not be.
pub(super) fn fault() -> Failure {
    Failure::Unreachable { reason: failure::FAULT.into() }
}
