//! From a typed reply to bytes.

use std::any::TypeId;

use hyper::{
    StatusCode,
    header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue, LOCATION},
};
use serde::Serialize;

use super::body::Body;

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
            uncached(StatusCode::NO_CONTENT, Vec::new())
        } else {
            Encoded::new(&self.value).with(self.status)
        };
        if let Some(Ok(location)) = self.location.map(HeaderValue::try_from) {
            response.headers_mut().insert(LOCATION, location);
        }
        response
    }
}

/// 200 with what may be long, encoded where it was read: thousands of rooms keep a reader busy, not those who answer.
pub(super) struct Encoded(Vec<u8>);

impl Encoded {
    pub(super) fn new(value: &impl Serialize) -> Self {
        Self(serde_json::to_vec(value).expect("replies are plain structs, which always serialise"))
    }

    fn with(self, status: StatusCode) -> hyper::Response<Body> {
        let mut response = uncached(status, self.0);
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        response
    }
}

impl Respond for Encoded {
    fn respond(self) -> hyper::Response<Body> {
        self.with(StatusCode::OK)
    }
}

/// An answer that no cache keeps, as none may.
pub(super) fn uncached(status: StatusCode, body: Vec<u8>) -> hyper::Response<Body> {
    let mut response = hyper::Response::new(Body::full(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
