//! From a typed reply to bytes.

use std::any::TypeId;

use hyper::{
    StatusCode,
    header::{CACHE_CONTROL, CONNECTION, CONTENT_TYPE, HeaderValue, LOCATION},
};
use serde::Serialize;

use super::body::{Body, SMALL};
use crate::budget::{Account, Full};

/// Something a handler can return.
pub(super) trait Respond {
    fn respond(self) -> hyper::Response<Body>;
}

/// A reply in JSON; `()` is 204 No Content.
pub(super) struct Reply<T> {
    status: StatusCode,
    location: Option<String>,
    value: T,
}

impl<T> Reply<T> {
    /// 200.
    pub(super) fn ok(value: T) -> Self {
        Self { status: StatusCode::OK, location: None, value }
    }

    /// 201.
    pub(super) fn created(value: T) -> Self {
        Self { status: StatusCode::CREATED, location: None, value }
    }

    /// Where the new thing is.
    pub(super) fn at(self, location: String) -> Self {
        Self { location: Some(location), ..self }
    }
}

impl<T: Serialize + 'static> Respond for Reply<T> {
    fn respond(self) -> hyper::Response<Body> {
        let mut response = if TypeId::of::<T>() == TypeId::of::<()>() {
            uncached(StatusCode::NO_CONTENT, Body::full(Vec::new()))
        } else {
            json(self.status, Body::full(encode(&self.value)))
        };
        if let Some(Ok(location)) = self.location.map(HeaderValue::try_from) {
            response.headers_mut().insert(LOCATION, location);
        }
        response
    }
}

/// 200 with what may be long, encoded where it was read: thousands of rooms keep a reader busy, not those who answer.
/// From then on it counts in the budget.
pub(super) struct Encoded(Body);

impl Encoded {
    /// # Errors
    /// The budget is full.
    pub(super) fn new(value: &impl Serialize, account: &Account) -> Result<Self, Full> {
        let mut json = encode(value);
        json.shrink_to_fit();
        Ok(Self(if json.len() < SMALL {
            Body::full(json)
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

fn encode(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("replies are plain structs, which always serialise")
}

fn json(status: StatusCode, body: Body) -> hyper::Response<Body> {
    let mut response = uncached(status, body);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// An answer that no cache keeps, as none may.
pub(super) fn uncached(status: StatusCode, body: Body) -> hyper::Response<Body> {
    let mut response = hyper::Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Ends the connection behind an answer (RFC 9112 section 9.6).
pub(super) fn closing(response: &mut hyper::Response<Body>) {
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
}

/// Whether a connection ends behind an answer.
pub(super) fn is_closing(response: &hyper::Response<Body>) -> bool {
    response.headers().contains_key(CONNECTION)
}
