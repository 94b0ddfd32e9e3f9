//! From bytes to a typed request, and what is wrong with it if that fails.

use std::{any::TypeId, borrow::Cow};

use bytes::Bytes;
use hyper::{
    HeaderMap,
    header::{AUTHORIZATION, CONTENT_TYPE},
};
use quchat_shared::{
    api::{Endpoint, Path},
    query::Query,
};
use serde::de::DeserializeOwned;

use super::problem::Failure;
use crate::{budget::Account, domain::Error};

/// A request to an endpoint, decoded.
pub(super) struct Request<E: Endpoint> {
    pub(super) path: E::Path,
    pub(super) query: E::Query,
    pub(super) body: E::Body,
    pub(super) headers: HeaderMap,
    /// Of the connection on which it came.
    pub(super) account: Account,
}

/// The token of an `Authorization: Bearer …` header (RFC 6750 section 2.1), the scheme in any case.
pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (Some(only), None) = (values.next(), values.next()) else { return None };
    let (scheme, token) = only.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim_matches(' '))
}

/// Decodes a request whose body has been received; `id` is the part of the path that varies.
pub(super) fn decode<E: Endpoint>(
    request: hyper::Request<Bytes>,
    id: Option<&str>,
    account: Account,
) -> Result<Request<E>, Failure> {
    let (parts, json) = request.into_parts();
    let path = E::Path::parse(id).ok_or(Failure::BadRequest("the id in the path is not a whole number".into()))?;
    let query = E::Query::decode(parts.uri.query().unwrap_or_default())
        .map_err(|error| Failure::BadRequest(format!("{error}, in the query").into()))?;
    let body = if TypeId::of::<E::Body>() == TypeId::of::<()>() {
        parse(b"null")? // whatever was sent along means nothing
    } else if json.is_empty() {
        return Err(Failure::BadRequest("the body is empty; JSON is expected".into()));
    } else if !is_json(&parts.headers) {
        return Err(Failure::UnsupportedMediaType);
    } else {
        parse_object(&json)?
    };
    Ok(Request { path, query, body, headers: parts.headers, account })
}

fn is_json(headers: &HeaderMap) -> bool {
    let Some(Ok(value)) = headers.get(CONTENT_TYPE).map(|value| value.to_str()) else { return false };
    let essence = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"))
}

/// Structs would be read from arrays, too; the API speaks in objects.
fn parse_object<T: DeserializeOwned>(json: &[u8]) -> Result<T, Failure> {
    match json.trim_ascii_start().first() {
        Some(b'{') => parse(json),
        _ => Err(Failure::BadRequest("the body is not a JSON object".into())),
    }
}

fn parse<T: DeserializeOwned>(json: &[u8]) -> Result<T, Failure> {
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| refusal(&error))?;
    match deserializer.end() {
        Ok(()) => Ok(value),
        Err(error) => Err(not_json(&error)),
    }
}

fn refusal(error: &serde_path_to_error::Error<serde_json::Error>) -> Failure {
    if !error.inner().is_data() {
        return not_json(error.inner());
    }
    let message = error.inner().to_string();
    // Where in the text does not matter to a program that wrote it.
    let detail = message.split(" at line ").next().unwrap_or_default().to_owned();
    let top = error.path().iter().next().map(ToString::to_string);
    let missing = || detail.strip_prefix("missing field `")?.strip_suffix('`').map(str::to_owned);
    if let Some(field) = missing() {
        return Error::Invalid { field: field.into(), detail: "it is missing".into() }.into();
    }
    match top.filter(|field| field != "?") {
        Some(field) => Error::Invalid { field: field.into(), detail: Cow::Owned(detail) }.into(),
        None => Failure::BadRequest(format!("the body is not the JSON object that is expected: {detail}").into()),
    }
}

fn not_json(error: &serde_json::Error) -> Failure {
    Failure::BadRequest(format!("the body is not JSON: {error}").into())
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;
    use quchat_shared::api::{NewMessage, NewRoom};

    use super::*;

    fn field<T: DeserializeOwned>(json: &str) -> String {
        match parse_object::<T>(json.as_bytes()) {
            Err(Failure::Refused(Error::Invalid { field, .. })) => field.into_owned(),
            Err(Failure::BadRequest(_)) => "bad_request".to_owned(),
            _ => "accepted".to_owned(),
        }
    }

    #[test]
    fn what_is_wrong_with_a_body_is_named() {
        assert_eq!(field::<NewMessage>(r#"{"text":"hi","later":[1]}"#), "accepted");
        assert_eq!(field::<NewMessage>("{}"), "text");
        assert_eq!(field::<NewMessage>(r#"{"text":5}"#), "text");
        assert_eq!(field::<NewMessage>(r#"{"text":"hi","reply_to":-1}"#), "reply_to");
        assert_eq!(field::<NewRoom>(r#"{"name":"x","kind":"secret"}"#), "kind");
        for malformed in
            ["", "{", "[]", "[\"hi\"]", "5", "{\"text\":\"hi\"} x", "{\"text\":\"\\ud800\"}", "{\"text\":\"hi\",}"]
        {
            assert_eq!(field::<NewMessage>(malformed), "bad_request", "{malformed}");
        }
    }

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

    #[test]
    fn json_has_a_few_names() {
        let is_json = |value| is_json(&HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(value))]));
        assert!(is_json("application/json") && is_json("Application/JSON; charset=utf-8"));
        assert!(is_json("application/merge-patch+json"));
        assert!(!is_json("text/plain") && !is_json("application/x-www-form-urlencoded") && !is_json(""));
    }
}
