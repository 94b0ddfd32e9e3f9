//! A well-behaved HTTP client, signed in or not.

use std::{net::SocketAddr, time::Duration};

use quchat_shared::{User, user::Session};
use serde_json::{Value, json};
use ureq::{Agent, http};

use super::{Answer, Connection};

/// A client with one session, or without, and its own pool of connections.
#[derive(Clone)]
pub(crate) struct Client {
    agent: Agent,
    pub(crate) address: SocketAddr,
    session: Option<Session>,
    /// Whether its requests look as if a proxy had passed them on.
    is_forwarded: bool,
}

pub(crate) const PASSWORD: &str = "correct horse";

impl Client {
    /// A client without a session.
    pub(crate) fn anonymous(address: SocketAddr) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .proxy(None)
            .max_redirects(0)
            .timeout_global(Some(Duration::from_secs(20)))
            .build();
        Self { agent: Agent::new_with_config(config), address, session: None, is_forwarded: false }
    }

    /// Registers `name` and uses the session of the registration.
    #[track_caller]
    pub(crate) fn register(address: SocketAddr, name: &str) -> Self {
        let nobody = Self::anonymous(address);
        let answer = nobody.post("/v1/users", &json!({"name": name, "password": PASSWORD}));
        let session = answer.expect(201).json();
        Self { session: Some(session), ..nobody }
    }

    /// Signs in as `name` and uses the new session.
    #[track_caller]
    pub(crate) fn sign_in(address: SocketAddr, name: &str) -> Self {
        Self::try_sign_in(address, name).unwrap_or_else(|answer| panic!("{} {}", answer.status, answer.text()))
    }

    /// As [`Client::sign_in`], or the answer that refuses it.
    pub(crate) fn try_sign_in(address: SocketAddr, name: &str) -> Result<Self, Answer> {
        let nobody = Self::anonymous(address);
        let answer = nobody.post("/v1/sessions", &json!({"name": name, "password": PASSWORD}));
        if answer.status != 201 {
            return Err(answer);
        }
        Ok(Self { session: Some(answer.json()), ..nobody })
    }

    /// The same session at another address, after a restart of the server.
    pub(crate) fn at(&self, address: SocketAddr) -> Self {
        Self { session: self.session.clone(), ..Self::anonymous(address) }
    }

    /// The same client on another machine, as far as the server knows.
    pub(crate) fn elsewhere(self) -> Self {
        Self { is_forwarded: true, ..self }
    }

    /// The same user with another token.
    pub(crate) fn with_token(&self, token: &str) -> Self {
        let mut session = self.session.clone().unwrap();
        session.token = token.to_owned();
        Self { session: Some(session), ..self.clone() }
    }

    pub(crate) fn session(&self) -> &Session {
        self.session.as_ref().expect("the client is signed in")
    }

    pub(crate) fn user(&self) -> &User {
        &self.session().user
    }

    /// The header lines of a request with this session.
    pub(crate) fn head_lines(&self) -> String {
        let authorization = match &self.session {
            Some(session) => format!("Authorization: Bearer {}\r\n", session.token),
            None => String::new(),
        };
        format!("Host: {}\r\n{authorization}", self.address)
    }

    /// A bare connection for unusual requests.
    pub(crate) fn connect(&self) -> Connection {
        Connection::open(self.address)
    }

    pub(crate) fn get(&self, target: &str) -> Answer {
        self.request("GET", target, None)
    }

    pub(crate) fn post(&self, target: &str, body: &Value) -> Answer {
        self.request("POST", target, Some(body))
    }

    pub(crate) fn put(&self, target: &str, body: &Value) -> Answer {
        self.request("PUT", target, Some(body))
    }

    pub(crate) fn delete(&self, target: &str) -> Answer {
        self.request("DELETE", target, None)
    }

    pub(crate) fn request(&self, method: &str, target: &str, body: Option<&Value>) -> Answer {
        let body = body.map(|body| body.to_string().into_bytes());
        self.try_send(method, target, "application/json", body).unwrap_or_else(|e| panic!("{method} {target}: {e}"))
    }

    /// A request that may stay without an answer.
    pub(crate) fn try_send(
        &self,
        method: &str,
        target: &str,
        content_type: &str,
        body: Option<Vec<u8>>,
    ) -> Result<Answer, ureq::Error> {
        let mut request = http::Request::builder().method(method).uri(format!("http://{}{target}", self.address));
        if let Some(session) = &self.session {
            request = request.header("authorization", format!("Bearer {}", session.token));
        }
        if self.is_forwarded {
            request = request.header("forwarded", "for=192.0.2.7");
        }
        let response = match body {
            Some(body) => self.agent.run(request.header("content-type", content_type).body(body)?),
            None => self.agent.run(request.body(())?),
        }?;
        let (head, mut body) = response.into_parts();
        let headers = head.headers.iter().map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
        Ok(Answer { status: head.status.as_u16(), headers: headers.collect(), body: body.read_to_vec()? })
    }
}
