//! Connections: accepting and bounding them, driving hyper through their requests, and closing them.
//!
//! Requests go to a [`Service`], which returns a complete response or a stream. A stream gets the socket once its head
//! is written. This module knows no route, endpoint or status: those belong to `http`, which builds on it.

mod accept;
mod body;
mod close;
mod detach;
mod drive;
mod handshake;
mod io;
mod load;
mod phase;
mod requests;
mod stage;
mod turn_away;
mod upload;

use std::{net::IpAddr, sync::Arc};

use hyper::http::request::Parts;

pub(crate) use self::{
    accept::serve,
    body::{Body, SMALL},
    close::close_after,
    detach::DetachedSocket,
    handshake::Handshakes,
    load::Load,
    stage::Stage,
    upload::{Upload, UploadError},
};
use crate::{
    budget::{Account, Budget},
    config::Config,
};

/// Answers the requests of all connections.
pub(crate) trait Service: Send + Sync + 'static {
    /// Answers one request. It may leave part of the body unread; the connection then discards the rest or closes.
    fn respond(
        &self,
        head: Parts,
        body: &mut Upload,
        account: Account,
        peer: Peer,
    ) -> impl Future<Output = hyper::Response<Body>> + Send;

    /// The response for a connection beyond the bound. It is sent before any request is read.
    fn at_capacity(&self) -> hyper::Response<Body>;
}

/// The other end of a connection.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer {
    pub(crate) address: IpAddr,
    /// The connection is TLS.
    pub(crate) is_encrypted: bool,
}

/// Shared by all connections.
pub(crate) struct Server<S> {
    pub(crate) service: Arc<S>,
    pub(crate) config: Config,
    /// Charged with the memory that connections hold.
    pub(crate) budget: Budget,
    pub(crate) handshakes: Handshakes,
    pub(crate) load: Arc<Load>,
}
