//! Tests encrypted connections against a real TLS server in this process.

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    sync::{
        Arc,
        mpsc::{Receiver, channel},
    },
    thread,
    time::{Duration, Instant},
};

use quchat_shared::{Cursor, api, pin::Pin};
use rustls::{
    ServerConfig, ServerConnection, StreamOwned,
    crypto::ring,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
};
use sha2::{Digest, Sha256};

use super::peer::SOON;
use crate::api::{Access, Client, Contact, Failure, Origin, Server, Token, knock};

type Secure = StreamOwned<ServerConnection, TcpStream>;

/// A key, and a certificate for it with a name and dates that fit nothing.
fn certificate() -> (Arc<ServerConfig>, Pin) {
    let key = rcgen::KeyPair::generate().unwrap();
    let mut params = rcgen::CertificateParams::new(vec!["elsewhere.example".to_owned()]).unwrap();
    params.not_after = rcgen::date_time_ymd(2001, 1, 1);
    let certificate = params.self_signed(&key).unwrap();
    let pin = Pin(Sha256::digest(rcgen::PublicKeyData::subject_public_key_info(&key)).into());
    let der = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], der)
        .unwrap();
    (Arc::new(config), pin)
}

/// A TLS server that answers each request with `answer`. Returns its origin, its pin and the bytes that it decrypts.
fn secure_peer(answer: impl Fn(&mut Secure) + Clone + Send + 'static) -> (Origin, Pin, Receiver<Vec<u8>>) {
    let (config, pin) = certificate();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let origin = Origin::parse(&format!("https://127.0.0.1:{}", listener.local_addr().unwrap().port())).unwrap();
    let (tell, heard) = channel();
    thread::spawn(move || {
        for socket in listener.incoming().flatten() {
            let (config, tell, answer) = (Arc::clone(&config), tell.clone(), answer.clone());
            thread::spawn(move || {
                let mut secure = StreamOwned::new(ServerConnection::new(config).unwrap(), socket);
                let mut bytes = [0; 4096];
                while let Ok(count @ 1..) = secure.read(&mut bytes) {
                    tell.send(bytes[..count].to_vec()).ok();
                    answer(&mut secure);
                }
            });
        }
    });
    (origin, pin, heard)
}

fn listing(out: &mut Secure) {
    let body = r#"{"rooms":[],"cursor":"k3-1"}"#;
    write!(out, "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len()).unwrap();
}

fn client(origin: Origin, pin: Option<Pin>) -> Client {
    Client::signed_in(Access { server: Server { origin, pin }, token: Token::new("a.b.c".into()) })
}

#[test]
fn a_server_with_the_pinned_key_is_trusted_whatever_its_name_and_dates() {
    let (origin, pin, heard) = secure_peer(listing);
    let client = client(origin, Some(pin));
    for _ in 0..2 {
        assert_eq!(client.call::<api::ListRooms>(&(), &(), &()).unwrap().cursor, Cursor("k3-1".into()));
        let request = String::from_utf8(heard.recv_timeout(SOON).unwrap()).unwrap();
        assert!(request.to_lowercase().contains("authorization: bearer a.b.c"), "{request}");
    }
}

#[test]
fn a_server_with_an_unknown_or_another_key_gets_nothing() {
    let (origin, pin, heard) = secure_peer(listing);
    let other = Pin([7; 32]);
    assert_ne!(pin, other);
    let refusal = |pin| client(origin.clone(), pin).call::<api::ListRooms>(&(), &(), &()).unwrap_err();
    let (unknown, changed) = (refusal(None), refusal(Some(other)));
    assert!(unknown.reason().starts_with("cannot encrypt the connection"), "{unknown}");
    assert!(changed.reason().contains("another key"), "{changed}");
    for pin in [None, Some(other)] {
        let mut events = client(origin.clone(), pin).events(None);
        assert!(matches!(events.next(), Some(Err(Failure::Unreachable { .. }))));
    }
    assert!(heard.recv_timeout(Duration::from_millis(50)).is_err());
}

#[test]
fn a_knock_reports_the_key_and_sends_no_request() {
    let (origin, pin, heard) = secure_peer(listing);
    let other = Pin([7; 32]);
    assert_eq!(knock(&origin, None), Ok(Contact::Unknown(pin)));
    assert_eq!(knock(&origin, Some(pin)), Ok(Contact::Trusted));
    assert_eq!(knock(&origin, Some(other)), Ok(Contact::Changed(pin)));
    assert!(heard.recv_timeout(Duration::from_millis(50)).is_err());
}

#[test]
fn a_knock_tells_a_server_without_tls_from_none() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let origin = Origin::parse(&format!("https://127.0.0.1:{}", listener.local_addr().unwrap().port())).unwrap();
    thread::spawn(move || {
        for mut socket in listener.incoming().flatten() {
            let mut first = [0; 1024];
            let Ok(count) = socket.read(&mut first) else { continue };
            let status = if first[..count].starts_with(b"GET /healthz ") { "200 OK" } else { "400 Bad Request" };
            write!(socket, "HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").ok();
        }
    });
    assert_eq!(knock(&origin, None), Ok(Contact::Plain));

    let nobody = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
    let nobody = Origin::parse(&format!("https://127.0.0.1:{nobody}")).unwrap();
    assert_eq!(knock(&nobody, None).unwrap_err().reason(), crate::api::REFUSED);
}

#[test]
fn an_encrypted_call_that_gets_no_answer_ends_in_time_and_at_shut_down() {
    let (origin, pin, heard) = secure_peer(|_| {});
    let hurried = client(origin.clone(), Some(pin)).with_timeout(Duration::from_millis(100));
    assert_eq!(hurried.call::<api::ListRooms>(&(), &(), &()).unwrap_err().reason(), "no answer in time");

    heard.recv_timeout(SOON).unwrap();
    let waiting = client(origin, Some(pin));
    let ending = waiting.clone();
    let begun = Instant::now();
    let call = thread::spawn(move || waiting.call::<api::ListRooms>(&(), &(), &()));
    heard.recv_timeout(SOON).unwrap();
    ending.shut_down();
    assert!(call.join().unwrap().is_err());
    assert!(begun.elapsed() < SOON);
}

#[test]
fn a_handshake_that_is_not_answered_ends_in_time() {
    let silent = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let origin = Origin::parse(&format!("https://127.0.0.1:{}", silent.local_addr().unwrap().port())).unwrap();
    let hurried = client(origin, Some(Pin([0; 32]))).with_timeout(Duration::from_millis(200));
    let begun = Instant::now();
    assert_eq!(hurried.call::<api::ListRooms>(&(), &(), &()).unwrap_err().reason(), "no answer in time");
    assert!(begun.elapsed() < Duration::from_secs(3));
}

#[test]
fn an_encrypted_stream_arrives_and_a_silent_one_is_dead() {
    let (origin, pin, _heard) = secure_peer(|out| {
        out.write_all(super::peer::STREAM_HEAD.as_bytes()).unwrap();
        let frame = super::peer::frame(7);
        write!(out, "{:x}\r\n", frame.len()).unwrap();
        out.write_all(&frame).unwrap();
        out.write_all(b"\r\n").unwrap();
        out.flush().unwrap();
    });
    let mut events = client(origin, Some(pin)).events_within(None, Duration::from_millis(300));
    assert_eq!(events.next().unwrap().unwrap().event, Some(super::peer::numbered(7)));
    assert!(matches!(events.next(), Some(Err(Failure::Unreachable { .. }))));
}
