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
        let has_body = TypeId::of::<T>() != TypeId::of::<()>();
        let json = if has_body {
            serde_json::to_vec(&self.value).expect("replies are plain structs, which always serialise")
        } else {
            Vec::new()
        };
        let mut response = hyper::Response::new(Body::full(json));
        *response.status_mut() = if has_body { self.status } else { StatusCode::NO_CONTENT };
        let headers = response.headers_mut();
        if has_body {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(Ok(location)) = self.location.map(HeaderValue::try_from) {
            headers.insert(LOCATION, location);
        }
        response
    }
}
