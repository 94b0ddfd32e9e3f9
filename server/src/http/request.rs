//! Decodes an HTTP request into a typed one. It checks the head before it reads the body.

use hyper::{HeaderMap, header::AUTHORIZATION, http::request::Parts};
use quchat_shared::{
    api::{Endpoint, Path, RequestBody},
    query::Query,
};

use super::{client_address::ClientAddress, json, problem::Failure};
use crate::{budget::Account, connection::Upload};

/// The head of a routed request.
pub(super) struct Head {
    pub(super) parts: Parts,
    /// The parts of the path that vary, in order and without escapes.
    pub(super) path: Vec<String>,
    pub(super) account: Account,
    pub(super) client: ClientAddress,
    /// It came over the local socket, and so from the operator of the server.
    pub(super) is_of_operator: bool,
}

/// A request to an endpoint, decoded.
pub(super) struct Request<E: Endpoint> {
    pub(super) path: E::Path,
    pub(super) query: E::Query,
    pub(super) body: E::Body,
    pub(super) headers: HeaderMap,
    /// The account of its connection with the memory budget.
    pub(super) account: Account,
    pub(super) client: ClientAddress,
}

/// The token of an `Authorization: Bearer …` header (RFC 6750 section 2.1). The scheme is case-insensitive.
pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (Some(only), None) = (values.next(), values.next()) else { return None };
    let (scheme, token) = only.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim_matches(' '))
}

/// Decodes a request. It reads the body only if the head is valid.
pub(super) async fn decode<E: Endpoint>(head: Head, upload: &mut Upload) -> Result<Request<E>, Failure> {
    let Head { parts, path, account, client, .. } = head;
    let path = path.iter().map(String::as_str).collect::<Vec<_>>();
    let path = E::Path::parse(&path)
        .ok_or(Failure::BadRequest("an id in the path is not a whole number, or is too large".into()))?;
    let query = E::Query::decode(parts.uri.query().unwrap_or_default())
        .map_err(|error| Failure::BadRequest(format!("invalid query: {error}").into()))?;
    let body = match E::BODY {
        RequestBody::Ignored { max } => {
            upload.discard(max).await?;
            serde_json::from_str("null").expect("null is valid for `()`")
        }
        RequestBody::Json { max } => {
            if !upload.is_over() {
                json::check_media_type(&parts.headers)?;
            }
            json::parse_object(&upload.read(max).await?)?
        }
        RequestBody::OptionalJson { max } => {
            // Some clients send nothing in chunks. Only the end shows that it is nothing.
            let body = upload.read(max).await?;
            if body.trim_ascii().is_empty() {
                json::parse_object(b"{}")?
            } else {
                json::check_media_type(&parts.headers)?;
                json::parse_object(&body)?
            }
        }
    };
    Ok(Request { path, query, body, headers: parts.headers, account, client })
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;

    use super::*;

    #[test]
    fn a_bearer_token_stands_alone() {
        let headers = |values: &[&'static str]| {
            let values = values.iter().map(|value| (AUTHORIZATION, HeaderValue::from_static(value)));
            values.fold(HeaderMap::new(), |mut headers, (name, value)| {
                headers.append(name, value);
                headers
            })
        };
        assert_eq!(bearer(&headers(&["bEARER  abc"])), Some("abc"));
        assert_eq!(bearer(&headers(&["Basic abc"])), None);
        assert_eq!(bearer(&headers(&["Bearer"])), None);
        assert_eq!(bearer(&headers(&["Bearer a", "Bearer b"])), None);
        assert_eq!(bearer(&headers(&[])), None);
    }
}
