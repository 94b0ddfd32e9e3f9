//! Who counts as the client, and what counts as encrypted.

use hyper::header::HeaderValue;

use super::*;

/// Address, `is_local` and `is_secure` of the client.
fn client_of(peer: &str, is_encrypted: bool, trusted: &str, fields: &[(&'static str, &str)]) -> (String, bool, bool) {
    let mut headers = HeaderMap::new();
    for (name, value) in fields {
        headers.append(*name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
    }
    let trusted: Vec<_> = trusted.split_whitespace().map(|block| block.parse().unwrap()).collect();
    let client = ClientAddress::of(Peer { address: peer.parse().unwrap(), is_encrypted }, &headers, &trusted);
    (client.ip.to_string(), client.is_local, client.is_secure)
}

fn is(ip: &str, is_local: bool, is_secure: bool) -> (String, bool, bool) {
    (ip.to_owned(), is_local, is_secure)
}

const PROXY: &str = "192.0.2.1";

#[test]
fn without_a_proxy_tls_and_this_machine_are_secure() {
    for own in ["127.0.0.1", "127.8.8.8", "::1"] {
        assert_eq!(client_of(own, false, "", &[]), is(own, true, true));
    }
    assert_eq!(client_of("::ffff:127.0.0.1", false, "", &[]), is("127.0.0.1", true, true));
    assert_eq!(client_of("203.0.113.5", false, "", &[]), is("203.0.113.5", false, false));
    assert_eq!(client_of("203.0.113.5", true, "", &[]), is("203.0.113.5", false, true));
}

#[test]
fn headers_of_others_make_a_plain_request_remote_and_mean_nothing_over_tls() {
    let fields = ["forwarded", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "x-forwarded-anything"];
    for field in fields {
        let fields = [(field, "for=198.51.100.9;proto=https")];
        assert_eq!(client_of("127.0.0.1", false, "", &fields), is("127.0.0.1", false, false), "{field}");
        assert_eq!(client_of("203.0.113.5", false, PROXY, &fields), is("203.0.113.5", false, false), "{field}");
        assert_eq!(client_of("127.0.0.1", true, PROXY, &fields), is("127.0.0.1", true, true), "{field}");
        assert_eq!(client_of("203.0.113.5", true, PROXY, &fields), is("203.0.113.5", false, true), "{field}");
    }
}

#[test]
fn a_trusted_proxy_names_the_client_and_says_whether_it_is_encrypted() {
    let standard = |value: &str| client_of(PROXY, false, PROXY, &[("forwarded", value)]);
    assert_eq!(standard("for=198.51.100.9;proto=https"), is("198.51.100.9", false, true));
    assert_eq!(standard("Proto=HTTPS; For=\"198.51.100.9:4711\";by=_x"), is("198.51.100.9", false, true));
    assert_eq!(standard("for=\"[2001:db8::9]:80\";proto=https"), is("2001:db8::9", false, true));
    assert_eq!(standard("for=\"[2001:db8::9]\";proto=http"), is("2001:db8::9", false, false));
    assert_eq!(standard("for=198.51.100.9"), is("198.51.100.9", false, false));
    let other = |address: &str, proto: &str| {
        client_of(PROXY, false, PROXY, &[("x-forwarded-for", address), ("x-forwarded-proto", proto)])
    };
    assert_eq!(other("198.51.100.9", "https"), is("198.51.100.9", false, true));
    assert_eq!(other("198.51.100.9:80", "http"), is("198.51.100.9", false, false));
    assert_eq!(other("2001:db8::9", "https, http"), is("2001:db8::9", false, false));
    let alone = client_of(PROXY, false, PROXY, &[("x-forwarded-for", "198.51.100.9")]);
    assert_eq!(alone, is("198.51.100.9", false, false));
    let alone = client_of(PROXY, false, PROXY, &[("x-forwarded-proto", "https")]);
    assert_eq!(alone, is(PROXY, false, true), "the proxy does not say for whom");
    let tls = client_of(PROXY, true, PROXY, &[("forwarded", "for=198.51.100.9;proto=http")]);
    assert_eq!(tls, is("198.51.100.9", false, false), "only the way to the proxy is encrypted");
}

#[test]
fn a_trusted_proxy_may_send_requests_of_its_own() {
    assert_eq!(client_of(PROXY, false, PROXY, &[]), is(PROXY, false, true));
    assert_eq!(client_of("127.0.0.1", false, "127.0.0.0/8", &[]), is("127.0.0.1", true, true));
    let local = client_of("127.0.0.1", false, "127.0.0.0/8", &[("forwarded", "for=127.0.0.1;proto=https")]);
    assert_eq!(local, is("127.0.0.1", false, true), "whoever comes through a proxy is not local");
}

#[test]
fn the_client_is_the_rightmost_address_that_is_not_trusted() {
    let trusted = "192.0.2.0/24";
    let chain = "for=127.0.0.1;proto=https, for=198.51.100.9;proto=http, for=192.0.2.77;proto=https";
    assert_eq!(client_of(PROXY, false, trusted, &[("forwarded", chain)]), is("198.51.100.9", false, false));
    let lines = [("x-forwarded-for", "127.0.0.1, 198.51.100.9"), ("x-forwarded-for", "192.0.2.77")];
    assert_eq!(client_of(PROXY, false, trusted, &lines), is("198.51.100.9", false, false));
    let all_trusted = client_of(PROXY, false, trusted, &[("forwarded", "for=192.0.2.5;proto=https, for=192.0.2.6")]);
    assert_eq!(all_trusted, is("192.0.2.5", false, true));
}

#[test]
fn a_client_cannot_choose_its_address_through_a_proxy() {
    for unknown in ["unknown", "_hidden", "\"198.51.100.9", "", "for", "\u{fe}", "198.51.100.9, ,"] {
        let (ip, is_local, is_secure) = client_of(PROXY, false, PROXY, &[("x-forwarded-for", unknown)]);
        assert_eq!((&*ip, is_local, is_secure), (PROXY, false, false), "{unknown:?}");
    }
    let quoted = "for=\"198.51.100.9, for=203.0.113.1\";proto=https";
    assert_eq!(client_of(PROXY, false, PROXY, &[("forwarded", quoted)]), is(PROXY, false, true));
    let both = [("forwarded", "for=127.0.0.1;proto=https"), ("x-forwarded-for", "198.51.100.9")];
    assert_eq!(client_of(PROXY, false, PROXY, &both), is(PROXY, false, false), "the client sent the first itself");
    let both = [
        ("forwarded", "for=198.51.100.9;proto=https"),
        ("x-forwarded-for", "198.51.100.9"),
        ("x-forwarded-proto", "https"),
    ];
    assert_eq!(client_of(PROXY, false, PROXY, &both), is("198.51.100.9", false, true));
}
