//! Random request targets: the paths of the API with ids that exist and others, and queries.

use proptest::{prelude::*, sample::select};

use super::ROOMS;

/// Parts of a path that name nothing, or are no ids.
const ODD_PARTS: &[&str] = &[
    "0",
    "99",
    "-1",
    "+1",
    "01",
    "1.0",
    "x",
    "",
    "me",
    "current",
    "18446744073709551615",
    "18446744073709551616",
    "9223372036854775807",
    "9223372036854775808",
    "%31",
    "1%2F2",
    "%00",
    "%ff",
    "%",
    "%zz",
    "..",
    "%2e%2e",
    "1;x=y",
    "*",
];
const EMOJI: &[&str] = &["%F0%9F%91%8D", "%E2%9D%A4", "%F0%9F%A6%80", "x", "%F0%9F", "%E2%9D%A4%EF%B8%8F"];
const PATHS: &[&str] = &[
    "/",
    "/healthz",
    "/metrics",
    "/v1",
    "/v1/",
    "/v2/rooms",
    "//v1/rooms",
    "/v1/rooms/",
    "*",
    "http://x/v1/rooms",
    "/\u{fc}",
    "/v1/operator",
    "/v1/rooms#x",
    "x",
];

/// Keys and values of a query that make sense for an endpoint.
fn keys(endpoint: &str) -> &'static [&'static str] {
    match endpoint {
        "ListUsers" => &["prefix", "ids", "after", "limit"],
        "ListMembers" => &["prefix", "after", "limit"],
        "ListInvites" | "ListBans" | "ListMentions" => &["after", "limit"],
        "ListMessages" => &["before", "after", "around", "limit"],
        "SearchMessages" => &["q", "q", "q", "room", "sender", "sent_after", "sent_before", "after", "limit"],
        "ListenEvents" => &["since", "room"],
        _ => &["x"],
    }
}

const VALUES: &[&str] = &[
    "1",
    "2",
    "3",
    "12",
    "0",
    "-1",
    "200",
    "201",
    "18446744073709551615",
    "9223372036854775808",
    "",
    "x",
    "al",
    "%00",
    "%ff",
    "1,2,3",
    ",,",
    "hello",
    "he",
    "hello+there",
    "%22hello+there%22",
    "-hello",
    "hello+-there",
    "%22",
    "%E6%97%A5",
    "@bob",
    "%F0%9F%91%8D",
    "a+b+c+d+e+f+g+h+i",
    "2026-11-22T09:40:00.123Z",
    "9999-12-31T23:59:59.999Z",
    "-9999-01-01T00:00:00Z",
    "AAAA",
    "k3-1041",
    "0-0",
];

/// The path of an endpoint with something in place of its `{…}`.
fn path(pattern: &'static str) -> BoxedStrategy<String> {
    let part = |part: &'static str| -> BoxedStrategy<String> {
        let id = |max: u64| prop_oneof![9 => (1..=max).prop_map(|n| n.to_string()), 1 => select(ODD_PARTS).prop_map(str::to_owned)];
        match part {
            "{room}" => id(ROOMS + 1).boxed(),
            "{emoji}" => select(EMOJI).prop_map(str::to_owned).boxed(),
            _ if part.starts_with('{') => id(4).boxed(),
            _ => Just(part.to_owned()).boxed(),
        }
    };
    pattern.split('/').map(part).collect::<Vec<_>>().prop_map(|parts| parts.join("/")).boxed()
}

/// Path and query of a request to this endpoint.
pub(super) fn target(endpoint: &'static str, pattern: &'static str) -> impl Strategy<Value = String> {
    let pair = (select(keys(endpoint)), select(VALUES)).prop_map(|(key, value)| format!("{key}={value}"));
    let pairs = prop_oneof![1 => Just(Vec::new()), 1 => prop::collection::vec(pair, 1..4)];
    let query = pairs.prop_map(|pairs| pairs.join("&"));
    (path(pattern), query).prop_map(|(path, query)| if query.is_empty() { path } else { format!("{path}?{query}") })
}

/// A target that no endpoint has.
pub(super) fn odd_target() -> impl Strategy<Value = String> {
    prop_oneof![
        select(PATHS).prop_map(str::to_owned),
        "/v1/[!-~]{0,30}",
        (1_usize..9000).prop_map(|length| format!("/v1/rooms/{}", "9".repeat(length))),
    ]
}
