//! Decodes a request into a typed one. The head is checked before the body is read.

use hyper::{HeaderMap, header::AUTHORIZATION, http::request::Parts};
use quchat_shared::{
    api::{Endpoint, Path, RequestBody},
    query::Query,
};

use super::{json, problem::Failure};
use crate::{budget::Account, connection::Upload};

/// A request up to its body.
pub(super) struct Head {
    pub(super) parts: Parts,
    /// The parts of the path that vary, in order and without escapes.
    pub(super) path: Vec<String>,
    pub(super) account: Account,
}

/// A request to an endpoint, decoded.
pub(super) struct Request<E: Endpoint> {
    pub(super) path: E::Path,
    pub(super) query: E::Query,
    pub(super) body: E::Body,
    pub(super) headers: HeaderMap,
    /// What its connection holds of the memory budget.
    pub(super) account: Account,
}

/// The token of an `Authorization: Bearer …` header (RFC 6750 section 2.1), the scheme in any case.
pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (Some(only), None) = (values.next(), values.next()) else { return None };
    let (scheme, token) = only.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim_matches(' '))
}

/// Decodes a request, and reads its body if the head is good.
pub(super) async fn decode<E: Endpoint>(head: Head, upload: &mut Upload) -> Result<Request<E>, Failure> {
    let Head { parts, path, account } = head;
    let path = path.iter().map(String::as_str).collect::<Vec<_>>();
    let path = E::Path::parse(&path)
        .ok_or(Failure::BadRequest("an id in the path is not a whole number, or too large".into()))?;
    let query = E::Query::decode(parts.uri.query().unwrap_or_default())
        .map_err(|error| Failure::BadRequest(format!("{error}, in the query").into()))?;
    let body = match E::BODY {
        RequestBody::Ignored { max } => {
            upload.discard(max).await?;
            serde_json::from_str("null").expect("an endpoint without a body has none")
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
    Ok(Request { path, query, body, headers: parts.headers, account })
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
