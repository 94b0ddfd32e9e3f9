//! `/v1/sessions`: signing in and out, and the throttle against guessing passwords.

use std::{
    thread,
    time::{Duration, Instant},
};

use quchat_shared::event::ByeReason;
use serde_json::json;

use crate::harness::{Answer, Client, TestServer, at_once, keys, needs_one_node};
#[cfg(target_os = "linux")]
use crate::harness::{Connection, eventually};

fn try_sign_in(client: &Client, name: &str, password: &str) -> Answer {
    client.post("/v1/sessions", &json!({"name": name, "password": password}))
}

#[test]
fn each_sign_in_creates_its_own_session() {
    let server = TestServer::start();
    let first = server.user("alice");
    let session = try_sign_in(&server.anonymous(), "alice", "correct horse").expect(201).value();
    assert_eq!(keys(&session), ["expires_at", "id", "token", "user"]);
    assert_eq!(session["user"]["id"], first.user().id.0);
    assert_ne!(session["token"], first.session().token);
}

#[test]
fn an_unknown_name_and_a_wrong_password_look_the_same() {
    let server = TestServer::start();
    let wrong = try_sign_in(&server.anonymous(), "alice", "wrong password");
    let unknown = try_sign_in(&server.anonymous(), "nobody", "wrong password");
    let not_even_a_name = try_sign_in(&server.anonymous(), "nobody at all", "x");
    assert_eq!(wrong.problem(401, "unauthenticated"), unknown.problem(401, "unauthenticated"));
    assert_eq!(wrong.problem(401, "unauthenticated"), not_even_a_name.problem(401, "unauthenticated"));
}

#[test]
fn an_unknown_name_and_a_wrong_password_take_the_same_time() {
    let server = TestServer::start_with(|config| config.wrong_passwords = 1000);
    let cases = [("alice", "wrong password"), ("nobody", "wrong password"), ("nobody", "x")];
    let mut quickest = [Duration::MAX; 3];
    // The shortest of many times are the server's own; on a busy machine it takes more tries.
    for round in 1..=50 {
        for ((name, password), quickest) in cases.iter().zip(&mut quickest) {
            let begin = Instant::now();
            try_sign_in(&server.anonymous(), name, password).problem(401, "unauthenticated");
            *quickest = begin.elapsed().min(*quickest);
        }
        let [wrong, unknown, neither] = quickest;
        if round >= 4 && [unknown, neither].iter().all(|other| *other * 2 > wrong && wrong * 2 > *other) {
            return;
        }
    }
    panic!("{quickest:?} for a wrong password, an unknown name, and a password that nobody can have");
}

#[test]
fn signing_out_ends_this_session_at_once_and_no_other() {
    let server = TestServer::start();
    let here = server.user("alice");
    let there = server.sign_in("alice");
    let (mut stream_here, mut stream_there) = (here.listen(), there.listen());
    here.sign_out();
    here.get("/v1/users/me").problem(401, "unauthenticated");
    here.delete("/v1/sessions/current").problem(401, "unauthenticated");
    stream_here.expects_bye(ByeReason::SignedOut);

    let room = there.create_room("lobby");
    stream_there.until(|event| event.name() == "member.joined");
    there.send_message(room, "still here");
}

#[test]
fn a_token_is_valid_for_exactly_thirty_days() {
    let server = TestServer::start();
    let alice = server.sign_in("alice");
    let lifetime = alice.session().expires_at.as_millis() - server.clock.now().as_millis();
    let lifetime = Duration::from_millis(lifetime.try_into().unwrap());
    let days = lifetime.as_secs_f64() / 86_400.0;
    assert!((29.99..=30.0).contains(&days), "{days} days");

    server.clock.advance(lifetime - Duration::from_secs(60)); // on a slow machine, her registration was some time ago
    alice.get("/v1/users/me").expect(200);
    server.clock.advance(Duration::from_secs(61));
    alice.get("/v1/users/me").problem(401, "unauthenticated");
    server.sign_in("alice").get("/v1/users/me").expect(200);
}

#[test]
fn wrong_passwords_are_throttled_per_name() {
    let server = TestServer::start_with(|config| config.wrong_passwords = 3);
    let nobody = server.anonymous();
    for name in ["alice", "ALICE", "Alice"] {
        try_sign_in(&nobody, name, "wrong password").problem(401, "unauthenticated");
    }
    let refused = try_sign_in(&nobody, "alice", "wrong password");
    refused.problem(429, "rate_limited");
    let seconds: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!(seconds <= 300, "{seconds} seconds is longer than the window");
    try_sign_in(&nobody, "alice", "correct horse").problem(429, "rate_limited");
    server.sign_in("bob");

    server.clock.advance(Duration::from_secs(301));
    server.sign_in("alice");
}

#[test]
fn setting_the_wall_clock_does_not_change_a_throttle() {
    needs_one_node!("each node counts wrong passwords for itself");
    const DAYS_20: i64 = 20 * 86_400_000;
    let server = TestServer::start_with(|config| config.wrong_passwords = 2);
    server.clock.set_by(DAYS_20);
    for _ in 0..2 {
        try_sign_in(&server.anonymous(), "alice", "wrong password").problem(401, "unauthenticated");
    }
    for step in [-DAYS_20, 2 * DAYS_20, -DAYS_20] {
        server.clock.set_by(step);
        let refused = try_sign_in(&server.anonymous(), "alice", "correct horse");
        refused.problem(429, "rate_limited");
        let seconds: u64 = refused.header("retry-after").unwrap().parse().unwrap();
        assert!((1..=300).contains(&seconds), "{seconds} seconds");
    }
    server.clock.advance(Duration::from_secs(301));
    server.sign_in("alice");
}

#[test]
fn a_password_matches_in_every_unicode_form() {
    let server = TestServer::start();
    let nobody = server.anonymous();
    let forms = ["caf\u{e9} secret", "cafe\u{301} secret", "caf\u{e9}\u{A0}secret", "cafe\u{301}\u{3000}secret"];
    for (n, registered) in forms.iter().enumerate() {
        let name = format!("user-{n}");
        nobody.post("/v1/users", &json!({"name": name, "password": registered})).expect(201);
        for typed in forms {
            try_sign_in(&nobody, &name, typed).expect(201);
        }
        try_sign_in(&nobody, &name, "cafe secret").problem(401, "unauthenticated");
    }
}

#[test]
fn the_length_of_a_password_is_that_of_its_normal_form() {
    let server = TestServer::start();
    let nobody = server.anonymous();
    let register =
        |name: &str, password: String| nobody.post("/v1/users", &json!({"name": name, "password": password}));
    register("short", "e\u{301}".repeat(7)).refuses("password");
    register("eight", "e\u{301}".repeat(8)).expect(201);
    register("long", "e\u{301}".repeat(256)).expect(201);
    register("longer", "\u{e9}".repeat(257)).refuses("password");
}

/// On Linux, every process can bind all of 127.0.0.0/8.
#[cfg(target_os = "linux")]
#[test]
fn guesses_from_one_address_do_not_block_sign_ins_from_another() {
    use std::sync::atomic::{AtomicBool, Ordering};

    use crate::harness::Over;

    needs_one_node!("each node counts wrong passwords for itself");
    let server = TestServer::start_with(|config| config.password_queue = 8);
    let from = |last: u8, name: &str, password: &str| {
        let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
        let source = std::net::SocketAddr::from(([127, 0, 0, last], 0));
        socket.bind(&source.into()).unwrap();
        socket.connect(&server.address.into()).unwrap();
        let mut connection = Connection::over(socket.into());
        let body = json!({"name": name, "password": password}).to_string();
        connection.send(format!(
            "POST /v1/sessions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        ));
        connection.answer().status
    };
    let (over, full) = (Over::default(), AtomicBool::new(false));
    thread::scope(|scope| {
        for n in 0..24 {
            let (from, over, full) = (&from, &over, &full);
            scope.spawn(move || {
                while !over.is_set() {
                    if from(2, &format!("guess-{n}"), "wrong password") == 503 {
                        full.store(true, Ordering::Relaxed);
                    }
                }
            });
        }
        let _end = over.set_on_drop();
        eventually("the guesses fill the queue", || full.load(Ordering::Relaxed).then_some(()));
        let answers: Vec<_> = (0..10).map(|_| from(3, "alice", "correct horse")).collect();
        assert_eq!(answers, [201; 10]);
    });
}

#[test]
fn concurrent_wrong_passwords_are_all_counted() {
    needs_one_node!("each node counts wrong passwords for itself");
    let server = TestServer::start_with(|config| config.wrong_passwords = 3);
    let answers = at_once(12, |_| try_sign_in(&server.anonymous(), "alice", "wrong password").status);
    let count = |status: u16| answers.iter().filter(|answer| **answer == status).count();
    assert_eq!((count(401), count(429)), (3, 9), "{answers:?}");
}

#[test]
fn an_unknown_name_is_throttled_the_same_way() {
    needs_one_node!("each node counts wrong passwords for itself");
    let server = TestServer::start_with(|config| config.wrong_passwords = 2);
    for _ in 0..2 {
        try_sign_in(&server.anonymous(), "nobody", "wrong password").problem(401, "unauthenticated");
    }
    try_sign_in(&server.anonymous(), "nobody", "wrong password").problem(429, "rate_limited");
}

#[test]
fn right_passwords_are_not_counted() {
    let server = TestServer::start_with(|config| config.wrong_passwords = 2);
    for _ in 0..5 {
        server.sign_in("alice");
    }
}

#[test]
fn password_work_beyond_the_queue_is_refused_with_retry_after() {
    let server = TestServer::start_with(|config| config.password_queue = 1);
    let crowd = 4 + 4 * thread::available_parallelism().map_or(2, |n| n.get());
    let answers = at_once(crowd, |i| {
        let credentials = json!({"name": format!("user-{i}"), "password": "correct horse"});
        server.anonymous().post("/v1/users", &credentials)
    });
    let (served, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 201);
    assert!(!served.is_empty() && !refused.is_empty(), "{} served, {} refused", served.len(), refused.len());
    refused.iter().for_each(|answer| drop(answer.problem(503, "unavailable")));
    server.register("latecomer");
}

#[test]
fn sessions_and_sign_outs_survive_a_restart() {
    let server = TestServer::start();
    let (alice, gone) = (server.user("alice"), server.sign_in("alice"));
    gone.sign_out();
    let server = server.restart(|_| {});
    alice.at(server.address).get("/v1/users/me").expect(200);
    gone.at(server.address).get("/v1/users/me").problem(401, "unauthenticated");
}

#[test]
fn a_token_is_never_written_to_disk() {
    let server = TestServer::start();
    let alice = server.user("alice");
    let room = alice.create_room("lobby");
    alice.send_message(room, "a needle to find");
    let signature = alice.session().token.rsplit('.').next().unwrap();
    assert!(server.data_dir.holds(b"a needle to find").is_some(), "the search finds other texts");
    assert_eq!(server.data_dir.holds(signature.as_bytes()), None);
}
