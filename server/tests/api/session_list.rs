//! `/v1/sessions`: the list of one's own sessions, and ending one of them.

use std::time::Duration;

use quchat_shared::event::ByeReason;
use serde_json::json;

use crate::harness::{Client, TestServer, eventually, keys};

const HOUR: i64 = 60 * 60 * 1000;

/// Signs in with this `User-Agent` line, or without one.
fn sign_in_as(server: &TestServer, user_agent: &[u8]) {
    let mut connection = server.anonymous().connect();
    let body = json!({"name": "alice", "password": "correct horse"}).to_string();
    let head = format!("Host: x\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    connection.send([b"POST /v1/sessions HTTP/1.1\r\n", user_agent, head.as_bytes()].concat());
    connection.answer().expect(201);
}

fn end(client: &Client, session: u64) -> crate::harness::Answer {
    client.delete(&format!("/v1/sessions/{session}"))
}

#[test]
fn the_list_shows_ones_own_sessions_newest_first() {
    let server = TestServer::start();
    let (first, second) = (server.user("alice"), server.sign_in("alice"));
    server.sign_in("bob");
    let listed = second.get("/v1/sessions").expect(200).value();
    assert_eq!(keys(&listed), ["sessions"]);
    let all = listed["sessions"].as_array().unwrap();
    for session in all {
        let names = ["client", "created_at", "current", "expires_at", "id", "last_used_at"];
        assert_eq!(keys(session), names, "{session}");
    }
    let sessions = second.sessions();
    let ids: Vec<_> = sessions.iter().map(|session| (session.id, session.current)).collect();
    assert_eq!(ids, [(second.session().id, true), (first.session().id, false)]);
    assert_eq!(sessions[0].expires_at, second.session().expires_at);
    assert!(sessions[0].client.starts_with("ureq/"), "{}", sessions[0].client);
    assert!(first.sessions().iter().all(|session| session.current == (session.id == first.session().id)));
}

#[test]
fn a_client_is_named_by_the_first_64_characters_of_its_user_agent() {
    let server = TestServer::start();
    let alice = server.user("alice");
    let newest = || alice.sessions().remove(0).client;
    let agent = |name: &str| format!("User-Agent: {name}\r\n").into_bytes();
    sign_in_as(&server, b"");
    assert_eq!(newest(), "");
    sign_in_as(&server, &agent("quchat/1.0 (here)"));
    assert_eq!(newest(), "quchat/1.0 (here)");
    sign_in_as(&server, &agent(&"é🎉".repeat(50)));
    assert_eq!(newest(), "é🎉".repeat(32));
    sign_in_as(&server, &agent("a\tb\u{9b}31mc"));
    assert_eq!(newest(), "ab31mc", "no control characters");
}

#[test]
fn an_expired_session_is_not_listed() {
    let server = TestServer::start();
    server.sign_in("alice");
    server.clock.advance(Duration::from_secs(31 * 86_400));
    let alice = server.sign_in("alice");
    let ids: Vec<_> = alice.sessions().iter().map(|session| session.id).collect();
    assert_eq!(ids, [alice.session().id]);
}

#[test]
fn ending_a_session_is_signing_out_there() {
    let server = TestServer::start();
    let (here, there) = (server.user("alice"), server.sign_in("alice"));
    let (mut stream_here, mut stream_there) = (here.listen(), there.listen());
    end(&here, there.session().id.0).expect(204);
    there.get("/v1/users/me").problem(401, "unauthenticated");
    stream_there.expects_bye(ByeReason::SignedOut);
    end(&here, there.session().id.0).problem(404, "not_found");
    assert_eq!(here.sessions().len(), 1);

    let room = here.create_room("lobby");
    here.send_message(room, "still here");
    stream_here.until_message(room, quchat_shared::Seq(1));
    end(&here, here.session().id.0).expect(204);
    here.get("/v1/users/me").problem(401, "unauthenticated");
    stream_here.expects_bye(ByeReason::SignedOut);
}

#[test]
fn the_sessions_of_others_do_not_exist() {
    let server = TestServer::start();
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let of_alice = end(&bob, alice.session().id.0).problem(404, "not_found");
    assert_eq!(of_alice, end(&bob, 4711).problem(404, "not_found"));
    for id in ["x", "-1", "18446744073709551616", "1.0"] {
        bob.delete(&format!("/v1/sessions/{id}")).problem(400, "bad_request");
    }
    alice.get("/v1/users/me").expect(200);
    server.anonymous().get("/v1/sessions").problem(401, "unauthenticated");
}

#[test]
fn the_last_use_is_known_to_the_hour() {
    let server = TestServer::start();
    let (here, there) = (server.sign_in("alice"), server.sign_in("alice"));
    let last_used = |of: &Client| {
        let session = here.sessions().into_iter().find(|session| session.id == of.session().id).unwrap();
        session.last_used_at.as_millis()
    };
    let begin = last_used(&there);
    assert_eq!(begin % HOUR, 0);
    assert!(server.clock.now().as_millis() - begin < 2 * HOUR);
    server.clock.advance(Duration::from_secs(3 * 60 * 60));
    for _ in 0..3 {
        there.get("/v1/users/me").expect(200);
    }
    let later = eventually("the use is recorded", || Some(last_used(&there)).filter(|at| *at != begin));
    assert_eq!(later - begin, 3 * HOUR);
    let server = server.restart(|_| {});
    let listed = here.at(server.address).sessions();
    assert_eq!(listed.len(), 3);
    assert!(listed.iter().any(|session| session.id == there.session().id && session.last_used_at.as_millis() == later));
}
