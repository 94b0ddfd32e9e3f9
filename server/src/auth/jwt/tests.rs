//! Which tokens verify: those that we signed, unchanged, with the header and the claims that we support.

use proptest::{prelude::*, sample::select};
use serde_json::{Map, Value, json};

use super::*;

const NOW: i64 = 1_800_000_000_000;

fn tokens() -> Tokens {
    Tokens::new(&[7; 32])
}

fn signed(header: &str, payload: &str) -> String {
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
    let signature = tokens().mac(&signed).finalize().into_bytes();
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

fn verify(token: &str) -> Option<VerifiedToken> {
    tokens().verify(token, Timestamp::from_millis(NOW))
}

fn claims(exp: &str) -> String {
    format!(r#"{{"iss":"quchat","sub":"3","sid":"9","iat":1,"exp":{exp}}}"#)
}

#[test]
fn the_vector_of_rfc_7515_appendix_a_1_verifies() {
    let key = "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";
    let token = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.\
        eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.\
        dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    let key = URL_SAFE_NO_PAD.decode(key).unwrap();
    let tokens = Tokens { mac: Hmac::new_from_slice(&key).unwrap() };
    let payload = tokens.payload(token).unwrap();
    assert!(payload.starts_with(b"{\"iss\":\"joe\",\r\n \"exp\":1300819380"));
    assert!(tokens.payload(&token.replace("dBjf", "eBjf")).is_none());
}

#[test]
fn a_signed_token_verifies_until_it_expires() {
    let caller = Caller { user: UserId(3), session: SessionId(9) };
    let expires_at = Timestamp::from_millis(NOW + 1000);
    let token = tokens().sign(caller, Timestamp::from_millis(NOW), expires_at);
    assert_eq!(verify(&token), Some(VerifiedToken { caller, expires_at }));
    assert_eq!(tokens().verify(&token, expires_at), None, "it expires at exp");
    assert_eq!(Tokens::new(&[8; 32]).verify(&token, Timestamp::from_millis(NOW)), None);
}

#[test]
fn the_header_must_say_hs256_and_nothing_that_changes_its_meaning() {
    let payload = claims("1800000001");
    for good in [r#"{"alg":"HS256"}"#, " {\n\"typ\":\"JWT\" , \"alg\" : \"HS256\", \"kid\":\"x\" }"] {
        assert!(verify(&signed(good, &payload)).is_some(), "{good}");
    }
    for bad in [
        r#"{"alg":"none"}"#,
        r#"{"alg":"hs256"}"#,
        r#"{"alg":"HS512"}"#,
        r#"{"typ":"JWT"}"#,
        r#"{"alg":"HS256","typ":"jwe"}"#,
        r#"{"alg":"HS256","crit":["exp"]}"#,
        r#"{"alg":"HS256","crit":[]}"#,
        r#"{"alg":"HS256","crit":null}"#,
        r#"{"alg":"HS256","typ":null}"#,
        r#"{"alg":"HS256","alg":"none"}"#,
        r#"["HS256"]"#,
        "[]",
        "",
    ] {
        assert!(verify(&signed(bad, &payload)).is_none(), "{bad}");
    }
}

#[test]
fn exp_must_be_a_number_later_than_now() {
    for good in ["1800000001", "1800000000.5", "1e15", "18446744073709551615"] {
        assert!(verify(&signed(r#"{"alg":"HS256"}"#, &claims(good))).is_some(), "{good}");
    }
    for bad in ["1800000000", "1799999999.9", "-1", "\"1800000001\"", "null", "1e999", "true", "[]"] {
        assert!(verify(&signed(r#"{"alg":"HS256"}"#, &claims(bad))).is_none(), "{bad}");
    }
}

#[test]
fn base64url_is_strict() {
    let caller = Caller { user: UserId(3), session: SessionId(9) };
    let token = tokens().sign(caller, Timestamp::from_millis(NOW), Timestamp::from_millis(NOW + 5000));
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let swapped_last_bits = {
        let last = signature.chars().last().unwrap();
        let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let next = alphabet.chars().nth(alphabet.find(last).unwrap() + 1).unwrap();
        format!("{}{next}", &signature[..signature.len() - 1])
    };
    for bad in [
        format!("{signed}.{signature}="),
        format!("{signed}.{swapped_last_bits}"),
        format!("{signed}.{signature}.{signature}"),
        format!("{signed}."),
        signed.to_owned(),
        format!(".{token}"),
        format!("{token} "),
        String::new(),
        "..".to_owned(),
        "x".repeat(TOKEN_MAX + 1),
    ] {
        assert!(verify(&bad).is_none(), "{bad}");
    }
}

/// A member of a JSON object: its value, or nothing. The first value is right.
type Member = (&'static str, Option<Value>);

fn member(name: &'static str, right: Value, others: Vec<Option<Value>>) -> BoxedStrategy<Member> {
    prop_oneof![8 => Just(Some(right)), 1 => select(others)].prop_map(move |value| (name, value)).boxed()
}

fn header() -> impl Strategy<Value = Vec<Member>> {
    let text = |text: &str| Some(Value::from(text));
    let algorithms = ["none", "hs256", "HS512", "HS256 ", ""].map(text).into_iter().chain([
        None,
        Some(Value::Null),
        Some(json!(["HS256"])),
    ]);
    vec![
        member("alg", "HS256".into(), algorithms.collect()),
        member("typ", "JWT".into(), vec![None, text("jwt"), text("JWE"), Some(Value::Null), Some(json!(1))]),
        prop_oneof![8 => Just(("crit", None)), 1 => select(vec![json!(null), json!([]), json!(["exp"])]).prop_map(|crit| ("crit", Some(crit)))].boxed(),
    ]
}

fn payload() -> impl Strategy<Value = Vec<Member>> {
    let ids = ["", "x", "-3", "+3", " 3", "3.0", "18446744073709551616"].map(|id| Some(Value::from(id)));
    let ids: Vec<_> = ids.into_iter().chain([None, Some(Value::Null), Some(json!(3)), Some(json!(["3"]))]).collect();
    let now = NOW / 1000;
    let wrong = [
        json!(now),
        json!(now - 1),
        json!(-1e300),
        json!(0),
        json!((now + 1).to_string()),
        json!(true),
        json!([now + 1]),
    ];
    vec![
        member("iss", ISSUER.into(), vec![None, Some("other".into()), Some("".into()), Some(json!(7))]),
        member("sub", "3".into(), ids.clone()),
        member("sid", "9".into(), ids),
        member("iat", json!(1), vec![None, Some("1".into()), Some(Value::Null)]),
        member("exp", json!(now + 1), wrong.into_iter().map(Some).chain([None]).collect()),
    ]
}

fn object_of(members: &[Member]) -> Map<String, Value> {
    members.iter().filter_map(|(name, value)| Some(((*name).to_owned(), value.clone()?))).collect()
}

proptest! {
    #[test]
    fn fuzz_a_token_verifies_if_every_part_of_it_is_right(header in header(), payload in payload(), more in any::<Option<u8>>()) {
        let (mut head, mut claims) = (object_of(&header), object_of(&payload));
        let is_right = head.get("alg") == Some(&"HS256".into())
            && head.get("typ").is_none_or(|typ| typ == "JWT")
            && !head.contains_key("crit")
            && claims.get("iss") == Some(&ISSUER.into())
            && claims.get("sub") == Some(&"3".into())
            && claims.get("sid") == Some(&"9".into())
            && claims.get("iat") == Some(&json!(1))
            && claims.get("exp") == Some(&json!(NOW / 1000 + 1));
        if let Some(more) = more {
            head.insert("kid".to_owned(), more.into());
            claims.insert("aud".to_owned(), json!({ "more": more }));
        }
        let token = signed(&Value::from(head).to_string(), &Value::from(claims).to_string());
        let caller = Caller { user: UserId(3), session: SessionId(9) };
        prop_assert_eq!(verify(&token).map(|verified| verified.caller), is_right.then_some(caller), "{}", token);
    }

    #[test]
    fn fuzz_a_changed_token_does_not_verify(at in any::<prop::sample::Index>(), len in 0_usize..4, with in "[A-Za-z0-9_.=-]{0,4}|\\PC{0,3}") {
        let caller = Caller { user: UserId(3), session: SessionId(9) };
        let token = tokens().sign(caller, Timestamp::from_millis(NOW), Timestamp::from_millis(NOW + 5000));
        let mut changed = token.clone();
        let at = at.index(token.len());
        changed.replace_range(at..(at + len).min(token.len()), &with);
        prop_assert_eq!(verify(&changed).is_some(), changed == token, "{}", changed);
    }

    #[test]
    fn fuzz_anything_that_is_signed_is_read_without_a_panic(header in "\\PC{0,30}|\\{\"alg\":\"HS256\"\\}", payload in any::<Vec<u8>>()) {
        let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
        let signature = tokens().mac(&signed).finalize().into_bytes();
        prop_assert_eq!(verify(&format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))), None);
    }
}
