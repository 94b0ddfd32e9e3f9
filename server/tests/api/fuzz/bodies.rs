//! Random JSON bodies: mostly the fields that an endpoint knows, mostly with values that make sense there.

use proptest::{prelude::*, sample::select};

use crate::harness::PASSWORD;

/// Values that make sense for a field, as JSON.
type Values = &'static [&'static str];

const NAMES: Values = &[r#""alice""#, r#""dave""#, r#""Erin""#, r#""room 1""#, r#""ünïcode""#, r#""all""#, r#""👨‍👩‍👧""#];
const TEXTS: Values = &[
    r#""hello""#,
    r#""@bob @all \"a phrase\"""#,
    r#""日本語 ไทย""#,
    r#""*bold* `code` http://x/\n> quote""#,
    r#"" \t""#,
    r#""e\u0301\u200d\ufe0f""#,
];
const IDS: Values = &["1", "2", "3", "1", "2", "3", "12", "0"];
const ROLES: Values = &[r#""owner""#, r#""moderator""#, r#""member""#, r#""admin""#];
const FLAGS: Values = &["true", "false"];
const NUMBERS: Values = &["1", "2", "60", "604800", "100000"];

/// The fields of an endpoint's body; none if it has no body.
fn fields(endpoint: &str) -> &'static [(&'static str, Values)] {
    match endpoint {
        "Register" => &[("name", NAMES), ("password", &["PASSWORD"]), ("invite", &[r#""AAAAAAAAAAAAAAAAAAAAAA""#])],
        "SignIn" => &[("name", NAMES), ("password", &["PASSWORD"])],
        "ChangePassword" => &[("current", &["PASSWORD"]), ("new", &["PASSWORD"])],
        "UpdateUser" => &[("role", ROLES), ("suspended", &["false"])],
        "CreateInvite" => &[("room", IDS), ("uses", NUMBERS), ("expires_in_seconds", NUMBERS)],
        "CreateRoom" => &[("name", NAMES), ("topic", TEXTS), ("kind", &[r#""public""#, r#""private""#, r#""direct""#])],
        "UpdateRoom" => &[("name", NAMES), ("topic", TEXTS), ("archived", FLAGS)],
        "SetNotify" => &[("notify", &[r#""all""#, r#""mentions""#, r#""none""#])],
        "SetRole" => &[("role", ROLES)],
        "BanUser" => &[("reason", TEXTS)],
        "SendMessage" => &[("text", TEXTS), ("txn", &[r#""a-1""#, r#""a-2""#]), ("reply_to", IDS)],
        "EditMessage" => &[("text", TEXTS), ("expect_rev", IDS)],
        "MarkRead" => &[("seq", IDS), ("rewind", FLAGS)],
        _ => &[],
    }
}

/// Values that make sense nowhere, or only by chance.
fn odd_value() -> impl Strategy<Value = String> {
    const ODD: &[&str] = &[
        "null",
        "true",
        "0",
        "-1",
        "1.5",
        "1e400",
        "-0",
        "18446744073709551615",
        "18446744073709551616",
        "\"\"",
        "\"\\u0000\"",
        "\"\\ud800\"",
        "\"\\u202e\"",
        "\"\\r\\n\"",
        "[]",
        "{}",
        "[[[[[[[[1]]]]]]]]",
        "{\"a\":{\"b\":null}}",
        "\"1\"",
        "\"2026-11-22T09:40:00Z\"",
        "'",
        "\"",
        "NaN",
        "{\"public\":null}",
    ];
    prop_oneof![
        6 => select(ODD).prop_map(str::to_owned),
        1 => "\\PC{0,40}".prop_map(|text| serde_json::Value::from(text).to_string()),
        1 => (1_usize..5000).prop_map(|length| format!("\"{}\"", "x".repeat(length))),
    ]
}

/// The body of a request to this endpoint.
pub(super) fn body(endpoint: &'static str) -> BoxedStrategy<Vec<u8>> {
    let value = |values: Values| {
        let sensible = select(values).prop_map(|value| match value {
            "PASSWORD" => format!("\"{PASSWORD}\""),
            value => value.to_owned(),
        });
        prop_oneof![15 => sensible, 1 => odd_value()]
    };
    let member = |(name, values): (&'static str, Values)| {
        let member = value(values).prop_map(move |value| Some(format!("\"{name}\":{value}")));
        prop_oneof![12 => member, 1 => Just(None)]
    };
    let members: Vec<_> = fields(endpoint).iter().map(|&field| member(field).boxed()).collect();
    let extra = odd_value().prop_map(|value| Some(format!("\"name\":{value},\"extra\":{value}")));
    let object = (members, prop_oneof![12 => Just(None), 1 => extra]).prop_map(|(members, extra)| {
        format!("{{{}}}", members.into_iter().chain([extra]).flatten().collect::<Vec<_>>().join(","))
    });
    let damaged = (object.clone(), any::<prop::sample::Index>(), prop::collection::vec(any::<u8>(), 0..3)).prop_map(
        |(object, at, bytes)| {
            let mut object = object.into_bytes();
            let at = at.index(object.len());
            object.splice(at..=at, bytes);
            object
        },
    );
    prop_oneof![
        12 => object.prop_map(String::into_bytes),
        1 => damaged,
        1 => odd_value().prop_map(String::into_bytes),
        1 => prop::collection::vec(any::<u8>(), 0..40),
    ]
    .boxed()
}
