//! Where one request ends and the next begins (RFC 9112 section 6): ambiguous framing is refused.

use crate::harness::{Connection, TIMEOUT, TestServer};

const HEAD: &str = "POST /v1/sessions HTTP/1.1\r\nHost: quchat\r\nContent-Type: application/json\r\n";
const SMUGGLED: &str = "GET /healthz HTTP/1.1\r\nHost: quchat\r\n\r\n";

#[track_caller]
fn is_refused(server: &TestServer, request: &str) {
    let mut connection = Connection::open(server.address);
    let _ = connection.try_send([request, SMUGGLED].concat());
    let answer = connection.answer();
    assert!(matches!(answer.status, 400 | 413 | 431 | 501), "{request}: {} {}", answer.status, answer.text());
    assert!(connection.ends(TIMEOUT));
    assert_eq!(connection.so_far(), "", "{request} lets a second request through");
}

#[test]
fn an_unsupported_transfer_coding_is_refused() {
    let server = TestServer::start();
    for coding in [
        "gzip, chunked",
        "gzip,chunked",
        "deflate, gzip, chunked",
        "identity, chunked",
        "chunked, chunked",
        "chunked, gzip",
        "gzip",
        "identity",
        "xchunked",
        "\"chunked\"",
        "chunked;q=1",
        "chunked,",
        ", chunked",
        "",
    ] {
        is_refused(&server, &format!("{HEAD}Transfer-Encoding: {coding}\r\n\r\n2\r\n{{}}\r\n0\r\n\r\n"));
    }
    for two in [
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked",
    ] {
        is_refused(&server, &format!("{HEAD}{two}\r\n\r\n2\r\n{{}}\r\n0\r\n\r\n"));
    }
    let old = HEAD.replace("HTTP/1.1", "HTTP/1.0");
    is_refused(&server, &format!("{old}Transfer-Encoding: chunked\r\n\r\n2\r\n{{}}\r\n0\r\n\r\n"));
    is_refused(&server, &format!("{HEAD}Transfer-Encoding : chunked\r\n\r\n2\r\n{{}}\r\n0\r\n\r\n"));
}

#[test]
fn an_invalid_content_length_is_refused() {
    let server = TestServer::start();
    for length in
        ["+2", "-2", "0x2", "2, 2", "2, 3", "2 2", "2.0", "", "٢", "18446744073709551615", "99999999999999999999999"]
    {
        is_refused(&server, &format!("{HEAD}Content-Length: {length}\r\n\r\n{{}}"));
    }
    is_refused(&server, &format!("{HEAD}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{{}}"));
}

#[test]
fn a_chunked_body_with_a_content_length_ends_the_connection() {
    let server = TestServer::start();
    for both in ["Content-Length: 2\r\nTransfer-Encoding: chunked", "Transfer-Encoding: chunked\r\nContent-Length: 2"] {
        let mut connection = Connection::open(server.address);
        connection.send(format!("{HEAD}{both}\r\n\r\n2\r\n{{}}\r\n0\r\n\r\n{SMUGGLED}"));
        let answer = connection.answer();
        assert!((400..500).contains(&answer.status), "{}", answer.text());
        assert!(connection.ends(TIMEOUT), "RFC 9112, section 6.1: the connection must be closed");
        assert_eq!(connection.so_far(), "", "{both}");
    }
}

#[test]
fn invalid_chunks_are_refused() {
    let server = TestServer::start();
    for chunks in [
        "2\n{}\n0\n\n",
        "+2\r\n{}\r\n0\r\n\r\n",
        "0x2\r\n{}\r\n0\r\n\r\n",
        "-1\r\n{}\r\n0\r\n\r\n",
        "fffffffffffffffff\r\n{}",
        "2\r\n{}0\r\n\r\n",
        "\r\n{}\r\n0\r\n\r\n",
    ] {
        is_refused(&server, &format!("{HEAD}Transfer-Encoding: chunked\r\n\r\n{chunks}"));
    }
}
