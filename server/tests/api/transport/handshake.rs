//! Handshakes: which ones succeed, and that those that do not hurt nobody.

use std::{
    io::{ErrorKind, Read, Write},
    time::Duration,
};

use rustls::{
    HandshakeKind, ProtocolVersion,
    version::{TLS12, TLS13},
};

use crate::harness::{
    Connection, TIMEOUT, TestServer, TlsConnection, at_once, needs_one_node, tls_connect, tls_settings,
};

/// The head of a handshake record of 512 bytes, and the beginning of its ClientHello.
const BEGUN: &[u8] = &[0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3];
/// A fatal alert record begins with its type and version.
const ALERT: &[u8] = &[0x15, 3, 3];

const REQUEST: &[u8] = b"GET /v1/server HTTP/1.1\r\nHost: quchat\r\nConnection: close\r\n\r\n";

/// Sends a request and returns everything up to the orderly end of TLS.
fn ask(connection: &mut TlsConnection) -> String {
    connection.write_all(REQUEST).unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).expect("close_notify comes before the end of the connection");
    answer
}

#[test]
fn the_port_serves_tls_1_3_and_1_2_beside_plain_http() {
    let server = TestServer::start();
    for (version, expected) in [(&TLS13, ProtocolVersion::TLSv1_3), (&TLS12, ProtocolVersion::TLSv1_2)] {
        let mut connection = tls_connect(server.address, &tls_settings(&[version], &["h2", "http/1.1"]));
        assert!(ask(&mut connection).starts_with("HTTP/1.1 200 OK\r\n"));
        assert_eq!(connection.conn.protocol_version(), Some(expected));
        assert_eq!(connection.conn.alpn_protocol(), Some(&b"http/1.1"[..]));
    }
    server.anonymous().get("/v1/server").expect(200);
}

#[test]
fn a_client_that_offers_only_other_protocols_is_refused() {
    let server = TestServer::start();
    let mut connection = tls_connect(server.address, &tls_settings(&[&TLS13], &["h2"]));
    let refused = connection.write_all(REQUEST).and_then(|()| connection.read(&mut [0])).unwrap_err();
    assert!(refused.to_string().contains("NoApplicationProtocol"), "{refused}");
    let mut silent = tls_connect(server.address, &tls_settings(&[&TLS13], &[]));
    assert!(ask(&mut silent).starts_with("HTTP/1.1 200 OK\r\n"));
}

#[test]
fn sessions_are_resumed() {
    needs_one_node!("each node resumes the TLS sessions that it began");
    let server = TestServer::start();
    for version in [&TLS13, &TLS12] {
        let settings = tls_settings(&[version], &["http/1.1"]);
        for kind in [HandshakeKind::Full, HandshakeKind::Resumed, HandshakeKind::Resumed] {
            let mut connection = tls_connect(server.address, &settings);
            assert!(ask(&mut connection).starts_with("HTTP/1.1 200 OK\r\n"));
            assert_eq!(connection.conn.handshake_kind(), Some(kind));
        }
    }
}

#[test]
fn requests_in_one_connection_are_answered_one_after_another() {
    let server = TestServer::start();
    let mut connection = tls_connect(server.address, &tls_settings(&[&TLS13], &["http/1.1"]));
    let request = "GET /healthz HTTP/1.1\r\nHost: quchat\r\n\r\n";
    connection.write_all(format!("{request}{request}").as_bytes()).unwrap();
    connection.write_all(REQUEST).unwrap();
    let mut answers = String::new();
    connection.read_to_string(&mut answers).unwrap();
    assert_eq!(answers.matches("HTTP/1.1 200 OK").count(), 3, "{answers}");
}

#[test]
fn what_is_not_http_inside_of_tls_is_refused_and_closed_in_order() {
    let server = TestServer::start();
    for request in [
        "nonsense

",
        "POST /v1/users HTTP/1.1
Host: q
Content-Length: 999999

",
    ] {
        let mut connection = tls_connect(server.address, &tls_settings(&[&TLS13], &[]));
        connection.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        connection.read_to_string(&mut answer).expect("close_notify comes before the end of the connection");
        assert!(answer.starts_with("HTTP/1.1 4"), "{answer}");
    }
}

#[test]
fn what_only_begins_like_tls_is_closed_with_an_alert() {
    let server = TestServer::start();
    let garbage = [&[0x16][..], b"GET / HTTP/1.1\r\nHost: quchat\r\n\r\n", &[0; 1000]].concat();
    let wrong_message = [0x16, 3, 1, 0, 4, 2, 0, 0, 0];
    for bytes in [&garbage[..], &wrong_message] {
        let mut connection = Connection::open(server.address);
        connection.send(bytes);
        assert!(connection.ends(TIMEOUT));
        assert!(connection.received.starts_with(ALERT), "{:?}", connection.received);
    }
    server.anonymous().get("/v1/server").expect(200);
}

#[test]
fn a_handshake_that_never_ends_is_closed() {
    let server = TestServer::start_with(|config| config.head_timeout = Duration::from_millis(200));
    for bytes in [&BEGUN[..1], BEGUN] {
        let mut connection = Connection::open(server.address);
        connection.send(bytes);
        assert!(connection.ends(TIMEOUT));
    }
}

#[test]
fn an_endless_client_hello_is_cut_off() {
    let server = TestServer::start_with(|config| config.head_timeout = Duration::from_secs(600));
    let mut connection = Connection::open(server.address);
    // One message of 64,000 bytes in records of 1,000.
    let record = [&[0x16, 3, 1, 3, 0xe8][..], &[0; 1000]].concat();
    let mut first = record.clone();
    first[5..9].copy_from_slice(&[1, 0, 0xfa, 0]);
    let mut sent = connection.try_send(&first).map(|()| first.len());
    while let Ok(len) = sent
        && len < 60_000
    {
        sent = connection.try_send(&record).map(|()| len + record.len());
    }
    assert!(connection.ends(TIMEOUT));
}

#[test]
fn a_silent_connection_ends_with_the_idle_timeout() {
    let server = TestServer::start_with(|config| config.idle_timeout = Duration::from_millis(100));
    let mut connection = tls_connect(server.address, &tls_settings(&[&TLS13], &[]));
    connection.write_all(b"GET /healthz HTTP/1.1\r\nHost: quchat\r\n\r\n").unwrap();
    let mut answer = String::new();
    let end = connection.read_to_string(&mut answer);
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    end.expect("an idle connection ends with close_notify, too");
}

#[test]
fn hundreds_of_unfinished_handshakes_delay_nobody() {
    let server = TestServer::start_with(|config| config.head_timeout = Duration::from_secs(600));
    let begun: Vec<_> = (0..500)
        .map(|_| {
            let mut connection = Connection::open(server.address);
            connection.send(BEGUN);
            connection
        })
        .collect();
    let settings = tls_settings(&[&TLS13], &["http/1.1"]);
    for answer in at_once(8, |_| ask(&mut tls_connect(server.address, &settings))) {
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    }
    server.anonymous().get("/v1/server").expect(200);
    drop(begun);
}

#[test]
fn a_peer_that_leaves_during_the_handshake_is_forgotten() {
    let server = TestServer::start_with(|config| config.drain_timeout = Duration::from_secs(600));
    let mut gone = Connection::open(server.address);
    gone.send(BEGUN);
    gone.finish();
    assert!(gone.ends(TIMEOUT));
    let mut waiting = Connection::open(server.address);
    waiting.send(BEGUN);
    server.stop(); // does not wait for the handshake
    assert!(waiting.ends(TIMEOUT));
}

#[test]
fn a_broken_record_ends_the_connection() {
    let server = TestServer::start();
    let mut connection = tls_connect(server.address, &tls_settings(&[&TLS13], &[]));
    connection.write_all(b"GET /healthz HTTP/1.1\r\n").unwrap();
    connection.sock.write_all(&[0x17, 3, 3, 0, 32]).unwrap();
    connection.sock.write_all(&[0; 32]).unwrap();
    let error = connection.read(&mut [0]).unwrap_err();
    assert!(error.to_string().contains("BadRecordMac") || error.kind() == ErrorKind::UnexpectedEof, "{error}");
    server.anonymous().get("/v1/server").expect(200);
}
