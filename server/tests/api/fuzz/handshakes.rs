//! Random bytes instead of TLS, in a handshake, and inside of TLS.

use std::io::{ErrorKind, Read, Write};

use proptest::{prelude::*, sample::Index};
use rustls::{
    ClientConnection,
    version::{TLS12, TLS13},
};

use super::{Stage, runner};
use crate::harness::{Connection, TIMEOUT, tls_connect, tls_settings};

/// Bytes to send instead of what TLS requires.
#[derive(Debug, Clone)]
enum Garbage {
    /// Records with any content.
    Records(Vec<(u8, u16, Vec<u8>)>),
    /// A real ClientHello, some of whose bytes are replaced.
    Hello(Vec<(Index, Vec<u8>)>),
    /// A real handshake, then these bytes inside of TLS.
    Inside(Vec<u8>),
    /// A real handshake, then these bytes instead of a record.
    Beside(Vec<u8>),
}

fn garbage() -> impl Strategy<Value = Garbage> {
    let bytes = |max| prop::collection::vec(any::<u8>(), 0..max);
    let record = (prop_oneof![Just(0x16), 0x14_u8..0x19, any::<u8>()], 0x300_u16..0x306, bytes(300));
    let change = (any::<Index>(), bytes(4));
    prop_oneof![
        2 => prop::collection::vec(record, 1..4).prop_map(Garbage::Records),
        3 => prop::collection::vec(change, 0..6).prop_map(Garbage::Hello),
        1 => bytes(200).prop_map(Garbage::Inside),
        1 => bytes(200).prop_map(Garbage::Beside),
    ]
}

/// The first message of a real client.
fn hello() -> Vec<u8> {
    let settings = tls_settings(&[&TLS13, &TLS12], &["http/1.1"]);
    let mut client = ClientConnection::new(settings, "localhost".try_into().unwrap()).unwrap();
    let mut hello = Vec::new();
    client.write_tls(&mut hello).unwrap();
    hello
}

/// Sends bytes to a new connection and waits for its end.
fn send(stage: &Stage, bytes: &[u8]) {
    let mut connection = Connection::open(stage.server.server.address);
    let _ = connection.try_send(bytes);
    connection.finish();
    assert!(connection.ends(TIMEOUT), "the connection stays open");
}

#[test]
fn bytes_that_are_not_tls_hurt_nobody() {
    let (stage, hello) = (Stage::set(), hello());
    let settings = tls_settings(&[&TLS13, &TLS12], &[]);
    let outcome = runner(40, file!()).run(&garbage(), |garbage| {
        match garbage {
            Garbage::Records(records) => {
                let record = |(kind, version, content): &(u8, u16, Vec<u8>)| {
                    let length = u16::try_from(content.len()).unwrap();
                    [&[*kind][..], &version.to_be_bytes(), &length.to_be_bytes(), content].concat()
                };
                send(&stage, &records.iter().flat_map(record).collect::<Vec<_>>());
            }
            Garbage::Hello(changes) => {
                let mut bytes = hello.clone();
                for (at, with) in changes {
                    let at = at.index(bytes.len());
                    bytes.splice(at..(at + with.len().max(1)).min(bytes.len()), with);
                }
                send(&stage, &bytes);
            }
            Garbage::Inside(bytes) | Garbage::Beside(bytes) if bytes.is_empty() => {}
            Garbage::Inside(bytes) => {
                let mut tls = tls_connect(stage.server.server.address, &settings);
                let _ = tls.write_all(&bytes).and_then(|()| tls.write_all(b"\r\n\r\n"));
                tls.conn.send_close_notify();
                let _ = tls.flush();
                let mut answer = Vec::new();
                let end = tls.read_to_end(&mut answer);
                prop_assert!(end.as_ref().err().is_none_or(|error| error.kind() != ErrorKind::WouldBlock), "{end:?}");
                prop_assert!(!answer.starts_with(b"HTTP/1.1 5"), "{}", String::from_utf8_lossy(&answer));
            }
            Garbage::Beside(bytes) => {
                let mut tls = tls_connect(stage.server.server.address, &settings);
                let _ = tls.write_all(b"GET /healthz HTTP/1.1\r\n").and_then(|()| tls.sock.write_all(&bytes));
                let _ = tls.sock.shutdown(std::net::Shutdown::Write);
                let end = tls.read_to_end(&mut Vec::new());
                prop_assert!(end.as_ref().err().is_none_or(|error| error.kind() != ErrorKind::WouldBlock), "{end:?}");
            }
        }
        prop_assert!(stage.is_sound(), "{}", stage.server.log());
        Ok(())
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
    stage.end();
}
