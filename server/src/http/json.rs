//! Parses JSON bodies, and describes in plain words what is wrong with one.
//!
//! serde's messages name types of this program, and some repeat the value, which may be a password. Neither may leave
//! the server, so a message of serde only selects one of the sentences below.

use hyper::{
    HeaderMap,
    header::{CONTENT_ENCODING, CONTENT_TYPE},
};
use serde::de::DeserializeOwned;

use super::problem::Failure;
use crate::domain::Error;

/// Some programs put it before every text. RFC 8259 section 8.1 allows ignoring it.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Checks the header fields: the body must be JSON without content coding.
pub(super) fn check_media_type(headers: &HeaderMap) -> Result<(), Failure> {
    let codings = headers.get_all(CONTENT_ENCODING).iter();
    if !codings.into_iter().all(|coding| coding.as_bytes().eq_ignore_ascii_case(b"identity")) {
        return Err(Failure::EncodedBody);
    }
    let mut types = headers.get_all(CONTENT_TYPE).iter();
    let (Some(Ok(only)), None) = (types.next().map(|value| value.to_str()), types.next()) else {
        return Err(Failure::UnsupportedMediaType);
    };
    let essence = only.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json")) {
        true => Ok(()),
        false => Err(Failure::UnsupportedMediaType),
    }
}

/// Parses an object. Without the check, serde would accept an array for a struct, too.
pub(super) fn parse_object<T: DeserializeOwned>(json: &[u8]) -> Result<T, Failure> {
    let json = json.strip_prefix(BYTE_ORDER_MARK).unwrap_or(json);
    let text = str::from_utf8(json).map_err(|_| Failure::BadRequest("the body is not UTF-8".into()))?;
    match text.trim_ascii_start().bytes().next() {
        Some(b'{') => {}
        Some(_) => return Err(Failure::BadRequest("the body is not a JSON object".into())),
        None => return Err(Failure::BadRequest("the body is empty; send a JSON object".into())),
    }
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| refusal(&error, text))?;
    match deserializer.end() {
        Ok(()) => Ok(value),
        Err(error) => Err(not_json(&error, text)),
    }
}

fn refusal(error: &serde_path_to_error::Error<serde_json::Error>, text: &str) -> Failure {
    if !error.inner().is_data() {
        return not_json(error.inner(), text);
    }
    let message = error.inner().to_string();
    let named = |before| Some(message.strip_prefix(before)?.split_once('`')?.0.to_owned());
    let (field, detail) = if let Some(field) = named("missing field `") {
        (Some(field), "it is missing".to_owned())
    } else if let Some(field) = named("duplicate field `") {
        (Some(field), "it is given twice".to_owned())
    } else {
        let field = error.path().iter().next().map(ToString::to_string).filter(|field| field != "?");
        (field, mismatch(&message))
    };
    match field {
        Some(field) => Error::Invalid { field: field.into(), detail: detail.into() }.into(),
        None => Failure::BadRequest("the object does not have the form that this path requires".into()),
    }
}

/// Every number in the API has this form.
const NUMBER: &str = "a whole number of 0 or more";

/// What the value must be, and what it is instead.
fn mismatch(message: &str) -> String {
    let expected = message.rsplit_once(", expected ").map_or("", |(_, expected)| expected);
    let expected = expected.rsplit_once(" at line ").map_or(expected, |(expected, _)| expected);
    let wanted = match expected {
        "a string" => "a string",
        "a boolean" => "true or false",
        "u8" | "u16" | "u32" | "u64" | "usize" => NUMBER,
        names if names.starts_with('`') || names.starts_with("one of `") => names,
        _ => return "this value is not allowed here".to_owned(),
    };
    let given = message.split_once(": ").map_or("", |(_, given)| given);
    let given = match given.split_once(' ').map_or(given, |(kind, _)| kind) {
        "string" => ", not a string",
        "boolean" => ", not true or false",
        "null," => ", not null",
        "sequence," => ", not a list",
        "map," => ", not an object",
        "integer" if wanted == NUMBER => ", not a negative one",
        "floating" if wanted == NUMBER => ", not a fraction or one that is too large",
        "integer" | "floating" => ", not a number",
        _ => "",
    };
    format!("it must be {wanted}{given}")
}

fn not_json(error: &serde_json::Error, text: &str) -> Failure {
    if error.is_eof() {
        return Failure::BadRequest("the body is not valid JSON: it ends too early".into());
    }
    let lines_before = text.split_inclusive('\n').take(error.line().saturating_sub(1));
    let at = lines_before.map(str::len).sum::<usize>() + error.column();
    Failure::BadRequest(format!("the body is not valid JSON: error at byte {at}").into())
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;
    use quchat_shared::api::{Credentials, NewMessage, NewReadMarker, NewRoom};

    use super::*;

    fn outcome<T: DeserializeOwned>(json: &str) -> String {
        match parse_object::<T>(json.as_bytes()) {
            Err(Failure::Refused(Error::Invalid { field, detail })) => format!("{field}: {detail}"),
            Err(failure) => failure.to_string(),
            Ok(_) => "accepted".to_owned(),
        }
    }

    #[test]
    fn the_invalid_field_of_a_body_is_named() {
        let message = outcome::<NewMessage>;
        assert_eq!(message(r#"{"text":"hi","later":[1]}"#), "accepted");
        assert_eq!(message("\u{feff} {\"text\":\"hi\"}"), "accepted");
        assert_eq!(message("{}"), "text: it is missing");
        assert_eq!(message(r#"{"text":5}"#), "text: it must be a string, not a number");
        assert_eq!(message(r#"{"text":"a","text":"b"}"#), "text: it is given twice");
        let number = "reply_to: it must be a whole number of 0 or more, not ";
        for (value, given) in [
            ("\"1, expected a string\"", "a string"),
            ("-1", "a negative one"),
            ("1.5", "a fraction or one that is too large"),
            ("18446744073709551616", "a fraction or one that is too large"),
            ("[1]", "a list"),
            ("{\"a\":1}", "an object"),
            ("true", "true or false"),
        ] {
            assert_eq!(message(&format!(r#"{{"text":"a","reply_to":{value}}}"#)), format!("{number}{given}"));
        }
        assert_eq!(
            outcome::<NewReadMarker>(r#"{"seq":null}"#),
            "seq: it must be a whole number of 0 or more, not null"
        );
        assert_eq!(
            outcome::<NewReadMarker>(r#"{"seq":1,"rewind":1}"#),
            "rewind: it must be true or false, not a number"
        );
        assert_eq!(outcome::<NewRoom>(r#"{"name":"x","kind":[1]}"#), "kind: it must be a string, not a list");
        assert!(
            outcome::<NewRoom>(r#"{"name":"x","kind":"secret"}"#).starts_with("kind: it must be one of `public`, ")
        );
    }

    #[test]
    fn an_error_does_not_repeat_the_value() {
        assert!(!outcome::<Credentials>(r#"{"name":"a","password":4711}"#).contains("4711"));
        assert!(!outcome::<Credentials>(r#"{"name":"a","password":["4711"]}"#).contains("4711"));
    }

    #[test]
    fn a_syntax_error_is_reported_without_a_field() {
        let message = outcome::<NewMessage>;
        for malformed in ["[]", "[\"hi\"]", "5", "null", "\"text\""] {
            assert_eq!(message(malformed), "the body is not a JSON object", "{malformed}");
        }
        for (malformed, at) in [
            ("{\"text\":\"hi\"} x", 15),
            ("{\"text\":\"hi\",}", 14),
            ("{\"text\":\"\\ud800\"}", 16),
            ("{\n\"text\":\n nope}", 13),
            ("{\"text\":NaN}", 9),
        ] {
            assert_eq!(message(malformed), format!("the body is not valid JSON: error at byte {at}"), "{malformed}");
        }
        assert_eq!(message("{"), "the body is not valid JSON: it ends too early");
        assert_eq!(message(""), "the body is empty; send a JSON object");
        assert!(parse_object::<NewMessage>(b"{\"text\":\"a\",\"later\":\"\xff\"}").is_err());
    }

    #[test]
    fn several_media_types_are_json() {
        let check = |fields: &[(_, &'static str)]| {
            let mut headers = HeaderMap::new();
            for (name, value) in fields {
                headers.append(name, HeaderValue::from_static(value));
            }
            check_media_type(&headers)
        };
        for json in ["application/json", "Application/JSON; charset=utf-8", "application/merge-patch+json"] {
            assert!(check(&[(CONTENT_TYPE, json)]).is_ok(), "{json}");
            assert!(check(&[(CONTENT_TYPE, json), (CONTENT_ENCODING, "Identity")]).is_ok(), "{json}");
            let encoded = check(&[(CONTENT_TYPE, json), (CONTENT_ENCODING, "gzip")]);
            assert!(matches!(encoded, Err(Failure::EncodedBody)), "{json}");
            assert!(check(&[(CONTENT_TYPE, json), (CONTENT_TYPE, json)]).is_err(), "two types are refused");
        }
        for other in ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", "text/json", ""] {
            assert!(matches!(check(&[(CONTENT_TYPE, other)]), Err(Failure::UnsupportedMediaType)), "{other}");
        }
        assert!(check(&[]).is_err());
    }
}
