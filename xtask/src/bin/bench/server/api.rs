//! A blocking API client for one user. Scenarios use it for their setup and where they time single requests.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use quchat_shared::{
    RoomId, UserId,
    api::{CreateRoom, Endpoint, NewRoom, Register},
    room::RoomKind,
    user::NewUser,
};

use super::{Result, wire};

/// The password of every user.
pub(super) const PASSWORD: &str = "correct horse battery";

/// A signed-in user with a connection.
pub(super) struct Api {
    stream: TcpStream,
    pub(super) user: UserId,
    pub(super) token: String,
    answer: Vec<u8>,
}

impl Api {
    pub(super) fn register(address: SocketAddr, name: &str) -> Result<Self> {
        let mut this = Self { stream: connect(address)?, user: UserId(0), token: String::new(), answer: Vec::new() };
        let new = NewUser { name: name.to_owned(), password: PASSWORD.to_owned(), invite: None };
        let session = this.call::<Register>(&(), &(), &new)?;
        (this.user, this.token) = (session.user.id, session.token);
        Ok(this)
    }

    /// Opens a new connection. The server closes a connection that has been idle for a while.
    pub(super) fn reconnect(&mut self) -> Result<()> {
        self.stream = connect(self.stream.peer_addr()?)?;
        Ok(())
    }

    /// Another connection of the same user.
    pub(super) fn again(&self, address: SocketAddr) -> Result<Self> {
        Ok(Self { stream: connect(address)?, user: self.user, token: self.token.clone(), answer: Vec::new() })
    }

    pub(super) fn create_room(&mut self, name: &str) -> Result<RoomId> {
        let new = NewRoom { name: name.to_owned(), topic: None, kind: Some(RoomKind::Public) };
        Ok(self.call::<CreateRoom>(&(), &(), &new)?.info.id)
    }

    pub(super) fn call<E: Endpoint>(&mut self, path: &E::Path, query: &E::Query, body: &E::Body) -> Result<E::Reply> {
        let request = encode::<E>(&self.token, path, query, body)?;
        let body = self.exchange(&request)?;
        Ok(serde_json::from_slice(if body.is_empty() { b"null" } else { body })?)
    }

    /// Sends an encoded request and returns the body of the answer.
    ///
    /// # Errors
    /// The connection breaks, or the status is not 2xx.
    pub(super) fn exchange(&mut self, request: &[u8]) -> Result<&[u8]> {
        self.stream.write_all(request)?;
        self.answer.clear();
        let mut buffer = [0; 64 * 1024];
        while wire::answer(&self.answer).is_none() {
            match self.stream.read(&mut buffer)? {
                0 => return Err("the server closed the connection before it answered".into()),
                len => self.answer.extend_from_slice(&buffer[..len]),
            }
        }
        match wire::answer(&self.answer).expect("the answer is complete") {
            wire::Answer { status: 200..300, body } => Ok(body),
            wire::Answer { status, body } => Err(format!("{status}: {}", String::from_utf8_lossy(body)).into()),
        }
    }
}

fn connect(address: SocketAddr) -> Result<TcpStream> {
    let stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(Duration::from_secs(60)))?;
    Ok(stream)
}

/// Encodes a request for an endpoint.
pub(super) fn encode<E: Endpoint>(token: &str, path: &E::Path, query: &E::Query, body: &E::Body) -> Result<Vec<u8>> {
    let body = serde_json::to_string(body)?;
    let body = if body == "null" { "" } else { &body };
    Ok(wire::request(E::METHOD.as_str(), &E::target(path, query), token, "", body))
}
