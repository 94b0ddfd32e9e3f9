//! Connections and streams beyond the limit are refused at once and do not take a place.

use std::time::Duration;

use crate::harness::{Client, Connection, Opening, TIMEOUT, TestServer, eventually, needs_one_node};

const PING: &str = "GET /healthz HTTP/1.1\r\nHost: quchat\r\n\r\n";

fn full_server(places: usize) -> (TestServer, Vec<Connection>) {
    let server = TestServer::start_with(|config| config.max_connections = places);
    let guests = (0..places).map(|_| {
        let mut guest = Connection::open(server.address);
        guest.send(PING);
        guest.answer().expect(200);
        guest
    });
    let guests = guests.collect();
    (server, guests)
}

#[track_caller]
fn wait_for_a_place(server: &TestServer) {
    eventually("a place is free", || {
        let mut next = Connection::open(server.address);
        next.try_send(PING).ok()?;
        next.answer_or_end().filter(|answer| answer.status == 200)
    });
}

#[test]
fn attack_more_connections_than_the_limit() {
    needs_one_node!("each node counts its own connections");
    let (server, mut guests) = full_server(8);
    let mut late = Connection::open(server.address);
    let _ = late.try_send(PING);
    late.answer().problem(503, "unavailable");
    assert!(late.ends(TIMEOUT), "a refused connection is closed");

    guests[3].send(PING);
    guests[3].answer().expect(200);
    guests.pop();
    wait_for_a_place(&server);
}

#[test]
fn a_connection_beyond_the_limit_is_refused_before_its_request() {
    needs_one_node!("each node counts its own connections");
    let (server, guests) = full_server(4);
    let mut silent: Vec<_> = (0..300).map(|_| Connection::open(server.address)).collect();
    for late in silent.iter_mut().rev() {
        let answer = late.answer();
        answer.problem(503, "unavailable");
        assert_eq!(answer.header("connection"), Some("close"));
        assert!(late.ends(TIMEOUT), "nothing follows");
    }
    drop(guests);
}

#[test]
fn silent_refused_connections_do_not_delay_other_refusals() {
    needs_one_node!("each node counts its own connections");
    let (server, mut guests) = full_server(4);
    let silent: Vec<_> = (0..300).map(|_| Connection::open(server.address)).collect();
    let mut late = Connection::open(server.address);
    let _ = late.try_send(PING);
    late.answer().problem(503, "unavailable");
    guests.iter_mut().for_each(|guest| guest.send(PING));
    guests.iter_mut().for_each(|guest| drop(guest.answer().expect(200)));
    drop(silent);
    guests.pop();
    wait_for_a_place(&server);
}

#[test]
fn a_refusal_is_readable_even_if_the_request_arrives_after_it() {
    needs_one_node!("each node counts its own connections");
    let (server, guests) = full_server(1);
    let mut late = Connection::open(server.address);
    for _ in 0..20 {
        let _ = late.try_send([b'x'; 5000]);
    }
    late.answer().problem(503, "unavailable");
    drop(guests);
}

#[test]
fn a_full_server_still_stops() {
    needs_one_node!("each node counts its own connections");
    let (server, guests) = full_server(2);
    let silent: Vec<_> = (0..100).map(|_| Connection::open(server.address)).collect();
    server.stop();
    drop((guests, silent));
}

/// Requests a stream that must be refused, and waits until the server closes the connection.
#[track_caller]
fn is_refused(client: &Client, status: u16, kind: &str) {
    let mut connection = client.connect();
    connection.send(format!("GET /v1/events HTTP/1.1\r\n{}\r\n", client.head_lines()));
    let answer = connection.answer();
    answer.problem(status, kind);
    assert_eq!(answer.header("connection"), Some("close"));
    assert!(connection.ends(Duration::from_secs(5)), "a refused stream keeps no connection");
}

#[test]
fn one_user_gets_at_most_the_configured_number_of_streams() {
    needs_one_node!("each node counts its own connections");
    let server = TestServer::start_with(|config| config.max_streams_per_user = 3);
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let again = server.sign_in("alice");
    let mut streams: Vec<_> = (0..2).map(|_| alice.listen()).collect();
    streams.push(again.listen());
    is_refused(&alice, 429, "rate_limited");
    is_refused(&again, 429, "rate_limited");
    let of_bob = bob.listen();
    streams.pop();
    eventually("a place is free", || Opening::default().ask(&alice).ok());
    drop((streams, of_bob));
}

#[test]
fn the_default_limit_is_sixty_four_streams() {
    needs_one_node!("each node counts its own connections");
    let server = TestServer::start();
    let alice = server.user("alice");
    let streams: Vec<_> = (0..64).map(|_| alice.listen()).collect();
    is_refused(&alice, 429, "rate_limited");
    drop(streams);
}

#[test]
fn a_stream_beyond_the_server_limit_is_closed() {
    needs_one_node!("each node counts its own connections");
    let server = TestServer::start_with(|config| config.max_connections = 20);
    let alice = server.user("alice");
    let streams: Vec<_> = (0..19).map(|_| alice.listen()).collect();
    (0..10).for_each(|_| is_refused(&alice, 503, "unavailable"));
    alice.get("/v1/users/me").expect(200);
    drop(streams);
}
