//! `PUT /v1/users/me/password`: changing one's password.

use std::time::Duration;

use quchat_shared::{Seq, event::ByeReason};
use serde_json::json;

use crate::harness::{Answer, Client, TestServer, at_once, needs_one_node};

const NEW: &str = "a better battery";

fn change(client: &Client, current: &str, new: &str) -> Answer {
    client.put("/v1/users/me/password", &json!({"current": current, "new": new}))
}

fn sign_in(server: &TestServer, password: &str) -> Answer {
    server.anonymous().post("/v1/sessions", &json!({"name": "alice", "password": password}))
}

#[test]
fn the_new_password_signs_in_and_the_old_one_does_not() {
    let server = TestServer::start();
    let alice = server.user("alice");
    change(&alice, "correct horse", NEW).expect(204);
    sign_in(&server, "correct horse").problem(401, "unauthenticated");
    sign_in(&server, NEW).expect(201);
    let server = server.restart(|_| {});
    sign_in(&server, "correct horse").problem(401, "unauthenticated");
    sign_in(&server, NEW).expect(201);
    assert_eq!(server.data_dir.holds(NEW.as_bytes()), None);
}

#[test]
fn every_other_session_of_the_user_ends_at_once() {
    let server = TestServer::start();
    let (here, there, bob) = (server.user("alice"), server.sign_in("alice"), server.user("bob"));
    let (mut stream_here, mut stream_there, mut of_bob) = (here.listen(), there.listen(), bob.listen());
    change(&here, "correct horse", NEW).expect(204);
    there.get("/v1/users/me").problem(401, "unauthenticated");
    stream_there.expects_bye(ByeReason::SignedOut);
    let room = here.create_room("lobby");
    bob.join(room);
    here.send_message(room, "still here");
    stream_here.until_message(room, Seq(1));
    of_bob.until_message(room, Seq(1));
    let ids: Vec<_> = here.sessions().iter().map(|session| session.id).collect();
    assert_eq!(ids, [here.session().id]);
}

#[test]
fn a_refused_change_changes_nothing() {
    let server = TestServer::start();
    let (alice, other) = (server.user("alice"), server.sign_in("alice"));
    change(&alice, "wrong horse", NEW).refuses("current");
    for new in ["", "short", &"x".repeat(257)] {
        change(&alice, "correct horse", new).refuses("new");
    }
    alice.put("/v1/users/me/password", &json!({"new": NEW})).refuses("current");
    server
        .anonymous()
        .put("/v1/users/me/password", &json!({"current": "correct horse", "new": NEW}))
        .problem(401, "unauthenticated");
    other.get("/v1/users/me").expect(200);
    sign_in(&server, NEW).problem(401, "unauthenticated");
    sign_in(&server, "correct horse").expect(201);
}

#[test]
fn a_wrong_current_password_counts_like_a_wrong_sign_in() {
    needs_one_node!("each node counts wrong passwords for itself");
    let server = TestServer::start_with(|config| config.wrong_passwords = 3);
    let alice = server.user("alice");
    change(&alice, "wrong horse", NEW).refuses("current");
    sign_in(&server, "wrong horse").problem(401, "unauthenticated");
    change(&alice, "wrong horse", NEW).refuses("current");
    change(&alice, "correct horse", NEW).problem(429, "rate_limited");
    sign_in(&server, "correct horse").problem(429, "rate_limited");
    server.clock.advance(Duration::from_secs(301));
    change(&alice, "correct horse", NEW).expect(204);
    change(&alice, NEW, "correct horse").expect(204);
}

#[test]
fn a_password_is_taken_in_every_unicode_form() {
    let server = TestServer::start();
    let alice = server.user("alice");
    change(&alice, "correct horse", "cafe\u{301} secret").expect(204);
    sign_in(&server, "caf\u{e9} secret").expect(201);
    change(&alice, "caf\u{e9}\u{A0}secret", NEW).expect(204);
    sign_in(&server, NEW).expect(201);
}

#[test]
fn no_sign_in_with_the_old_password_outlives_the_change() {
    let server = TestServer::start();
    let alice = server.user("alice");
    let mut passwords = ["correct horse", NEW];
    for _ in 0..4 {
        let [old, new] = passwords;
        let answers = at_once(6, |n| if n == 3 { change(&alice, old, new).expect(204) } else { sign_in(&server, old) });
        for answer in answers {
            assert!(matches!(answer.status, 201 | 204 | 401), "{} {}", answer.status, answer.text());
        }
        let ids: Vec<_> = alice.sessions().iter().map(|session| session.id).collect();
        assert_eq!(ids, [alice.session().id]);
        passwords.reverse();
    }
}

#[test]
fn of_two_changes_at_once_one_counts() {
    let server = TestServer::start();
    let clients = [server.user("alice"), server.sign_in("alice")];
    let news = ["the first of two", "the second of two"];
    let statuses = at_once(2, |n| change(&clients[n], "correct horse", news[n]).status);
    let winner = statuses.iter().position(|status| *status == 204).expect("one of them wins");
    assert_eq!(statuses[1 - winner], 401, "the session of the other has ended");
    sign_in(&server, news[winner]).expect(201);
    sign_in(&server, news[1 - winner]).problem(401, "unauthenticated");
}
