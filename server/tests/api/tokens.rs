//! Forged and invalid bearer tokens (RFC 6750, 7515, 7519). Some forgeries use the server's own key, so that only the
//! checks after the signature can refuse them.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::harness::{Client, TestServer};

const HEADER: &str = r#"{"alg":"HS256","typ":"JWT"}"#;

/// A token with any header and payload, signed as the server signs.
fn sign(key: &[u8], header: &str, payload: &str) -> String {
    let signed = format!("{}.{}", BASE64.encode(header), BASE64.encode(payload));
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(signed.as_bytes());
    format!("{signed}.{}", BASE64.encode(mac.finalize().into_bytes()))
}

fn claims(client: &Client) -> Value {
    let payload = client.session().token.split('.').nth(1).unwrap();
    serde_json::from_slice(&BASE64.decode(payload).unwrap()).unwrap()
}

fn status(client: &Client, token: &str) -> u16 {
    let answer = client.with_token(token).get("/v1/users/me");
    if answer.status != 200 {
        answer.problem(401, "unauthenticated");
    }
    answer.status
}

struct Forger {
    server: TestServer,
    alice: Client,
    key: Vec<u8>,
    claims: Value,
}

impl Forger {
    fn new() -> Self {
        let server = TestServer::start();
        let alice = server.user("alice");
        Self { key: server.data_dir.signing_key(), claims: claims(&alice), server, alice }
    }

    /// The genuine claims with some changed; `null` removes one.
    fn with(&self, changes: Value) -> String {
        let mut claims = self.claims.clone();
        for (name, value) in changes.as_object().unwrap() {
            claims[name] = value.clone();
            if value.is_null() {
                claims.as_object_mut().unwrap().remove(name);
            }
        }
        sign(&self.key, HEADER, &claims.to_string())
    }

    #[track_caller]
    fn is_refused(&self, what: &str, token: &str) {
        assert_eq!(status(&self.alice, token), 401, "{what}: {token}");
    }

    #[track_caller]
    fn is_accepted(&self, what: &str, token: &str) {
        assert_eq!(status(&self.alice, token), 200, "{what}: {token}");
    }
}

#[test]
fn a_token_names_user_session_and_expiry() {
    let server = TestServer::start();
    let alice = server.sign_in("alice");
    let (key, claims) = (server.data_dir.signing_key(), claims(&alice));
    let header = alice.session().token.split('.').next().unwrap();
    let header: Value = serde_json::from_slice(&BASE64.decode(header).unwrap()).unwrap();
    assert_eq!(header["alg"], "HS256");
    assert!(header.get("typ").is_none_or(|typ| typ == "JWT"));
    assert_eq!(claims["sub"], alice.user().id.to_string());
    assert!(claims["iss"].is_string() && !claims["sid"].is_null());
    let now = server.clock.now().as_millis() as f64 / 1000.0;
    assert!((claims["iat"].as_f64().unwrap() - now).abs() < 60.0);
    let expires_at = alice.session().expires_at.as_millis() as f64 / 1000.0;
    assert!((claims["exp"].as_f64().unwrap() - expires_at).abs() <= 1.0);
    assert_eq!(key.len(), 32);
    assert_eq!(sign(&key, &header.to_string(), &claims.to_string()).split('.').count(), 3);
}

#[test]
fn a_token_signed_with_the_servers_key_is_accepted() {
    let forger = Forger::new();
    let payload = forger.claims.to_string();
    forger.is_accepted("signed again", &sign(&forger.key, HEADER, &payload));
    for header in [
        r#"{"alg":"HS256"}"#,
        r#" { "typ" : "JWT" , "kid" : "7" , "alg" : "HS256" } "#,
        "{\n\"alg\":\"HS256\",\r\n\"typ\":\"JWT\"}",
    ] {
        forger.is_accepted(header, &sign(&forger.key, header, &payload));
    }
    let spaced = serde_json::to_string_pretty(&forger.claims).unwrap();
    forger.is_accepted("spaced payload", &sign(&forger.key, HEADER, &spaced));
    let soon = forger.server.clock.now().as_millis() as f64 / 1000.0 + 100.5;
    forger.is_accepted("a fraction of a second", &forger.with(json!({"exp": soon})));
    forger.is_accepted("another claim", &forger.with(json!({"aud": "whoever", "nbf": 0})));
}

#[test]
fn a_token_with_another_algorithm_is_refused() {
    let forger = Forger::new();
    let payload = forger.claims.to_string();
    for algorithm in ["none", "None", "NONE", "HS512", "HS384", "hs256", "RS256", "ES256", "", "HS256 "] {
        let header = json!({"alg": algorithm, "typ": "JWT"}).to_string();
        forger.is_refused(algorithm, &sign(&forger.key, &header, &payload));
        let unsigned = format!("{}.{}.", BASE64.encode(header), BASE64.encode(&payload));
        forger.is_refused("without a signature", &unsigned);
    }
    for header in [
        "{}",
        r#"{"alg":null}"#,
        r#"{"alg":["HS256"]}"#,
        r#"{"typ":"JWT"}"#,
        r#"{"alg":"HS256","typ":"JWE"}"#,
        r#"{"alg":"HS256","typ":"at+jwt"}"#,
        r#"{"alg":"HS256","typ":null}"#,
        r#"{"alg":"HS256","crit":[]}"#,
        r#"{"alg":"HS256","crit":["exp"],"exp":1}"#,
        r#"{"alg":"HS256","crit":null}"#,
        r#"["HS256"]"#,
        "HS256",
        "",
    ] {
        forger.is_refused(header, &sign(&forger.key, header, &payload));
    }
}

#[test]
fn a_token_that_was_tampered_with_is_refused() {
    let forger = Forger::new();
    let token = &*forger.alice.session().token;
    let [header, payload, signature] = token.split('.').collect::<Vec<_>>()[..] else { panic!("three parts") };
    for length in [0, 1, 10, token.len() / 2, token.len() - 2, token.len() - 1] {
        forger.is_refused("truncated", &token[..length]);
    }
    let other = forger.server.user("bob").session().token.clone();
    let [_, others_payload, others_signature] = other.split('.').collect::<Vec<_>>()[..] else { panic!("three parts") };
    let last = |part: &str| -> String {
        // 32 bytes leave two unused bits, 48 leave none: set the lowest one of the last character.
        let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let (rest, end) = part.split_at(part.len() - 1);
        let value = alphabet.find(end).unwrap();
        format!("{rest}{}", &alphabet[value | 1..=value | 1])
    };
    let cases = [
        ("another payload", format!("{header}.{others_payload}.{signature}")),
        ("another signature", format!("{header}.{payload}.{others_signature}")),
        ("parts swapped", format!("{payload}.{header}.{signature}")),
        ("no signature", format!("{header}.{payload}.")),
        ("two parts", format!("{header}.{payload}")),
        ("an extra part", format!("{token}.")),
        ("two extra parts", format!("{token}.{payload}.{signature}")),
        ("a leading dot", format!(".{token}")),
        ("padding", format!("{token}=")),
        ("padding in the header", format!("{header}=.{payload}.{signature}")),
        ("trailing bits", format!("{header}.{payload}.{}", last(signature))),
        ("the other alphabet", token.replace('-', "+").replace('_', "/") + "/"),
        ("a space within", token.replacen('.', " .", 1)),
        ("something after", format!("{token} x")),
        ("a comma", format!("{token},{token}")),
        ("a very long one", format!("{header}.{}.{signature}", "A".repeat(6_000))),
    ];
    for (what, forged) in cases {
        assert_ne!(forged, token, "{what} changes nothing");
        forger.is_refused(what, &forged);
    }
}

#[test]
fn a_token_of_another_key_is_refused() {
    let forger = Forger::new();
    let payload = forger.claims.to_string();
    let elsewhere = TestServer::fresh();
    let foreign = elsewhere.data_dir.signing_key();
    assert_ne!(foreign, forger.key, "each server has its own key");
    for key in [&foreign[..], b"hello", b"", &[0; 32], &forger.key[..31], b"secret"] {
        forger.is_refused("another key", &sign(key, HEADER, &payload));
    }
}

#[test]
fn a_token_must_expire_in_the_future() {
    let forger = Forger::new();
    let now = forger.server.clock.now().as_millis() / 1000;
    for exp in [json!(null), json!(now), json!(now - 1), json!(0), json!(-1), json!(-1e300)] {
        forger.is_refused(&exp.to_string(), &forger.with(json!({"exp": exp})));
    }
    for exp in [json!((now + 1000).to_string()), json!(true), json!([now + 1000]), json!({"at": now + 1000})] {
        forger.is_refused(&exp.to_string(), &forger.with(json!({"exp": exp})));
    }
    forger.is_accepted("a minute left", &forger.with(json!({"exp": now + 60})));
}

#[test]
fn a_token_must_name_a_live_session_of_its_user() {
    let forger = Forger::new();
    let bob = forger.server.user("bob");
    let bobs = claims(&bob);
    forger.is_refused("another user's session", &forger.with(json!({"sid": bobs["sid"]})));
    forger.is_refused("another user", &forger.with(json!({"sub": bobs["sub"]})));
    forger.is_accepted("both of bob's", &forger.with(json!({"sid": bobs["sid"], "sub": bobs["sub"]})));
    for sid in [json!(null), json!(4711), json!("4711"), json!(-1), json!("x"), json!(1e300), json!([]), json!(true)] {
        forger.is_refused(&format!("sid {sid}"), &forger.with(json!({"sid": sid})));
    }
    for sub in [json!(null), json!(1), json!(" 1"), json!("alice"), json!("4711"), json!(""), json!("+1")] {
        forger.is_refused(&format!("sub {sub}"), &forger.with(json!({"sub": sub})));
    }
    let array = json!(["iss", "sub", "sid", "iat", "exp"].map(|claim| &forger.claims[claim])).to_string();
    for payload in ["{}", "[]", "null", "", "{", "1", &array] {
        forger.is_refused(payload, &sign(&forger.key, HEADER, payload));
    }
    let signed_out = forger.server.sign_in("alice");
    signed_out.sign_out();
    forger.is_refused("revoked", &signed_out.session().token);
    forger.is_refused("revoked and signed again", &sign(&forger.key, HEADER, &claims(&signed_out).to_string()));
    forger.is_accepted("the genuine one, after all this", &forger.alice.session().token);
}

/// Status of `GET /v1/users/me` with these header lines.
fn ask(client: &Client, lines: &str) -> u16 {
    let mut connection = client.connect();
    connection.send(format!("GET /v1/users/me HTTP/1.1\r\nHost: quchat\r\n{lines}\r\n"));
    connection.answer().status
}

#[test]
fn the_scheme_is_bearer_in_upper_or_lower_case() {
    let server = TestServer::start();
    let alice = server.user("alice");
    let token = &alice.session().token;
    for scheme in ["Bearer", "bearer", "BEARER", "bEaReR"] {
        assert_eq!(ask(&alice, &format!("Authorization: {scheme} {token}\r\n")), 200, "{scheme}");
        assert_eq!(ask(&alice, &format!("authorization: {scheme}  {token}\r\n")), 200, "{scheme} and two spaces");
    }
    for value in ["", "Bearer", "Bearer ", "Basic YWxpY2U6eA==", "Token", token, "Bearer,", "Bearer\u{a0}x"] {
        assert_eq!(ask(&alice, &format!("Authorization: {value}\r\n")), 401, "{value}");
    }
    assert_eq!(ask(&alice, &format!("Authorization: Basic {token}\r\n")), 401);
    assert_eq!(ask(&alice, &format!("Authorization: Bearer{token}\r\n")), 401);
}

#[test]
fn a_request_with_two_tokens_is_refused() {
    let server = TestServer::start();
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let [one, two] = [&alice, &bob].map(|client| format!("Authorization: Bearer {}\r\n", client.session().token));
    let status = ask(&alice, &format!("{one}{two}"));
    assert!(matches!(status, 400 | 401), "{status}: two tokens do not identify one user");
}

#[test]
fn a_token_outside_the_authorization_header_is_ignored() {
    let server = TestServer::start();
    let alice = server.user("alice");
    let (token, nobody) = (&alice.session().token, server.anonymous());
    for query in ["access_token", "token", "authorization", "bearer"] {
        nobody.get(&format!("/v1/rooms?{query}={token}")).problem(401, "unauthenticated");
        nobody.get(&format!("/v1/events?{query}={token}")).problem(401, "unauthenticated");
    }
    assert_eq!(ask(&alice, &format!("Cookie: token={token}\r\n")), 401);
    assert_eq!(ask(&alice, &format!("Proxy-Authorization: Bearer {token}\r\n")), 401);
}
