//! The replies that a handler can return, as HTTP responses: JSON or a stream.

use std::any::TypeId;

use hyper::{
    StatusCode,
    header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue, LOCATION},
};
use serde::Serialize;

use crate::{
    budget::{Account, Full},
    connection::{Body, DetachedSocket, SMALL, Stage, close_after},
};

/// A reply that can be sent.
pub(super) trait Respond {
    fn respond(self) -> hyper::Response<Body>;
}

/// A JSON reply; `()` becomes 204 No Content.
pub(super) struct Reply<T> {
    status: StatusCode,
    location: Option<String>,
    value: T,
}

impl<T> Reply<T> {
    /// 200 OK.
    pub(super) fn ok(value: T) -> Self {
        Self { status: StatusCode::OK, location: None, value }
    }

    /// 201 Created.
    pub(super) fn created(value: T) -> Self {
        Self { status: StatusCode::CREATED, location: None, value }
    }

    /// Sets `Location` to the path of the created resource.
    pub(super) fn at(self, location: String) -> Self {
        Self { location: Some(location), ..self }
    }
}

impl<T: Serialize + 'static> Respond for Reply<T> {
    fn respond(self) -> hyper::Response<Body> {
        let mut response = if TypeId::of::<T>() == TypeId::of::<()>() {
            uncached(StatusCode::NO_CONTENT, Body::whole(Vec::new()))
        } else {
            json(self.status, Body::whole(encode(&self.value)))
        };
        if let Some(Ok(location)) = self.location.map(HeaderValue::try_from) {
            response.headers_mut().insert(LOCATION, location);
        }
        response
    }
}

/// 200 OK with a JSON reply that may be long. The reader thread encodes it, so that thousands of rooms do not keep the
/// runtime busy, and charges it to the budget.
pub(super) struct Encoded(Body);

impl Encoded {
    /// # Errors
    /// The budget is full.
    pub(super) fn new(value: &impl Serialize, account: &Account) -> Result<Self, Full> {
        let mut json = encode(value);
        json.shrink_to_fit();
        Ok(Self(if json.len() < SMALL {
            Body::whole(json)
        } else {
            let charge = account.charge_on_thread(json.len())?;
            Body::charged(json, charge)
        }))
    }
}

impl Respond for Encoded {
    fn respond(self) -> hyper::Response<Body> {
        json(StatusCode::OK, self.0)
    }
}

/// 200 OK with a stream of server-sent events. The connection closes at the end of the stream.
pub(super) struct EventStream(Body);

impl EventStream {
    /// `start` gets the socket once the head is written.
    pub(super) fn new(start: impl FnOnce(DetachedSocket) -> Stage + Send + 'static) -> Self {
        Self(Body::stream(start))
    }
}

impl Respond for EventStream {
    fn respond(self) -> hyper::Response<Body> {
        let mut response = uncached(StatusCode::OK, self.0);
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
        headers.insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
        close_after(&mut response);
        response
    }
}

fn encode(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("replies are plain structs, which always serialise")
}

fn json(status: StatusCode, body: Body) -> hyper::Response<Body> {
    let mut response = uncached(status, body);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// A response that no cache may store.
pub(super) fn uncached(status: StatusCode, body: Body) -> hyper::Response<Body> {
    let mut response = hyper::Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
