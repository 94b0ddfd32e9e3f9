//! `/v1/invites`, and registering with an invite.

use std::time::Duration;

use quchat_server::clock::Clock;
use quchat_shared::{
    RoomId, User,
    api::Registration,
    invite::{CreatedInvite, Invites},
    user::{ServerRole, Session},
};
use serde_json::{Value, json};

use crate::harness::{Answer, Client, DataDir, PASSWORD, TestServer, keys, needs_one_node};

fn by_invite() -> TestServer {
    TestServer::start_with(|config| config.registration = Registration::Invite)
}

#[track_caller]
fn invite(by: &Client, new: &Value) -> CreatedInvite {
    by.post("/v1/invites", new).expect(201).json()
}

fn try_register(server: &TestServer, name: &str, invite: Option<&str>) -> Answer {
    let mut new = json!({"name": name, "password": PASSWORD});
    if let Some(invite) = invite {
        new["invite"] = invite.into();
    }
    server.anonymous().post("/v1/users", &new)
}

#[track_caller]
fn register(server: &TestServer, name: &str, invite: &CreatedInvite) -> User {
    try_register(server, name, Some(&invite.code.to_string())).expect(201).json::<Session>().user
}

#[track_caller]
fn refuses(server: &TestServer, invite: &CreatedInvite) {
    try_register(server, "mallory", Some(&invite.code.to_string())).refuses("invite");
}

fn list(by: &Client, query: &str) -> Invites {
    by.get(&format!("/v1/invites{query}")).expect(200).json()
}

#[test]
fn the_mode_of_registration_is_told_and_followed() {
    for (mode, name) in
        [(Registration::Open, "open"), (Registration::Invite, "invite"), (Registration::Closed, "closed")]
    {
        let server = TestServer::start_with(|config| config.registration = mode);
        assert_eq!(server.anonymous().get("/v1/server").value()["registration"], name);
        let answer = try_register(&server, "dave", None);
        match mode {
            Registration::Open => drop(answer.expect(201)),
            Registration::Invite => answer.refuses("invite"),
            Registration::Closed => drop(answer.problem(403, "forbidden")),
        }
        assert_eq!(server.sign_in("alice").user().name, "alice", "users sign in as ever");
    }
}

#[test]
fn the_first_user_needs_no_invite_on_this_machine() {
    for mode in [Registration::Invite, Registration::Closed] {
        let server = TestServer::start_on(DataDir::new(), Clock::system(), |config| config.registration = mode);
        assert_eq!(server.register("alice").user().role, ServerRole::Admin);
        assert_ne!(try_register(&server, "bob", None).status, 201);
    }
}

#[test]
fn nobody_becomes_the_admin_from_elsewhere_by_being_first() {
    let server = TestServer::start_on(DataDir::new(), Clock::system(), |config| config.plaintext = true);
    let new = json!({"name": "mallory", "password": PASSWORD});
    let from_elsewhere = server.anonymous().elsewhere();
    let first = from_elsewhere.post("/v1/users", &new).expect(201).json::<Session>();
    assert_eq!(first.user.role, ServerRole::Member);
    assert_eq!(server.register("alice").user().role, ServerRole::Member, "she is not the first");
}

#[test]
fn an_invite_registers_as_many_users_as_it_has_uses() {
    let server = by_invite();
    let admin = server.user("alice");
    let answer = admin.post("/v1/invites", &json!({"uses": 2, "expires_in_seconds": 60})).expect(201).value();
    assert_eq!(keys(&answer), ["code", "expires_at", "id", "uses"]);
    let two: CreatedInvite = serde_json::from_value(answer).unwrap();
    assert_eq!(register(&server, "dave", &two).role, ServerRole::Member);
    try_register(&server, "DAVE", Some(&two.code.to_string())).problem(409, "name_taken");
    assert_eq!(list(&admin, "").invites[0].uses_left, 1, "a refused attempt uses nothing up");
    register(&server, "erin", &two);
    refuses(&server, &two);
    assert!(list(&admin, "").invites.is_empty());

    let one = admin.request("POST", "/v1/invites", None).expect(201).json::<CreatedInvite>();
    assert_eq!((one.uses, one.room), (1, None));
    register(&server, "frank", &one);
    refuses(&server, &one);
}

#[test]
fn one_use_is_enough_for_one_of_two_who_register_at_once() {
    let server = by_invite();
    let code = invite(&server.user("alice"), &json!({})).code.to_string();
    let statuses = crate::harness::at_once(4, |n| try_register(&server, &format!("user{n}"), Some(&code)).status);
    assert_eq!(statuses.iter().filter(|&&status| status == 201).count(), 1, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|&&status| status == 422).count(), 3, "{statuses:?}");
}

#[test]
fn an_invite_leads_into_its_room_even_a_private_one() {
    let server = by_invite();
    let admin = server.user("alice");
    let den = admin.create_private_room("den");
    let to_den = invite(&admin, &json!({"room": den}));
    assert_eq!(to_den.room, Some(den));
    let mut stream = admin.listen();
    register(&server, "dave", &to_den);
    let joined = stream.until(|event| event.name() == "member.joined").pop().unwrap();
    assert!(format!("{joined:?}").contains("dave"));
    assert_eq!(server.sign_in("dave").room(den).info.id, den);
}

#[test]
fn an_invite_ends_with_its_time_its_room_or_its_deletion() {
    let server = by_invite();
    let admin = server.user("alice");
    let room = admin.create_room("lobby");
    let [deleted, of_room, expired] =
        [json!({}), json!({"room": room}), json!({"expires_in_seconds": 60})].map(|new| invite(&admin, &new));
    admin.delete(&format!("/v1/invites/{}", deleted.id)).expect(204);
    admin.delete(&format!("/v1/invites/{}", deleted.id)).problem(404, "not_found");
    admin.delete_room(room);
    server.clock.advance(Duration::from_secs(61));
    for gone in [&deleted, &of_room, &expired] {
        refuses(&server, gone);
    }
    assert!(list(&admin, "").invites.is_empty());
}

#[test]
fn an_invite_works_while_its_creator_may_create_it() {
    let server = TestServer::start_with(|config| {
        config.registration = Registration::Invite;
        config.room_invites = true;
    });
    let (admin, bob, carol) = (server.user("alice"), server.user("bob"), server.user("carol"));
    let den = bob.create_private_room("den");
    bob.add_member(den, &carol);
    let of_bob = invite(&bob, &json!({"room": den}));
    bob.set_role(den, &carol, "owner");
    carol.set_role(den, &bob, "member");
    refuses(&server, &of_bob);

    let promote = |user: &Client, change: Value| {
        admin.request("PATCH", &format!("/v1/users/{}", user.user().id), Some(&change)).expect(200)
    };
    promote(&bob, json!({"role": "admin"}));
    let of_bob = invite(&bob, &json!({}));
    promote(&bob, json!({"suspended": true}));
    refuses(&server, &of_bob);
    promote(&bob, json!({"suspended": false}));
    register(&server, "dave", &of_bob);
}

#[test]
fn only_admins_invite_unless_owners_may() {
    let server = by_invite();
    let (admin, bob) = (server.user("alice"), server.user("bob"));
    let den = bob.create_private_room("den");
    for new in [json!({}), json!({"room": den})] {
        bob.post("/v1/invites", &new).problem(403, "forbidden");
    }
    bob.get("/v1/invites").problem(403, "forbidden");
    bob.delete("/v1/invites/1").problem(403, "forbidden");
    admin.post("/v1/invites", &json!({"room": den})).problem(404, "not_found");
    admin.post("/v1/invites", &json!({"room": 999})).problem(404, "not_found");
    let direct = admin.open_direct_room(bob.user().id).info.id;
    admin.post("/v1/invites", &json!({"room": direct})).problem(409, "conflict");
}

#[test]
fn an_owner_sees_and_deletes_the_invites_to_their_rooms_only() {
    let server = TestServer::start_with(|config| config.room_invites = true);
    let (admin, bob, carol) = (server.user("alice"), server.user("bob"), server.user("carol"));
    let den = bob.create_private_room("den");
    bob.post("/v1/invites", &json!({})).problem(403, "forbidden");
    let general = invite(&admin, &json!({}));
    let to_den = invite(&bob, &json!({"room": den}));

    let ids = |by: &Client| list(by, "").invites.iter().map(|invite| (invite.id, invite.room)).collect::<Vec<_>>();
    assert_eq!(ids(&bob), [(to_den.id, Some(den))]);
    assert_eq!(ids(&carol), []);
    assert_eq!(ids(&admin), [(to_den.id, None), (general.id, None)], "a private room does not exist for the admin");
    for invisible in [general.id, to_den.id] {
        carol.delete(&format!("/v1/invites/{invisible}")).problem(404, "not_found");
    }
    bob.delete(&format!("/v1/invites/{}", general.id)).problem(404, "not_found");
    bob.delete(&format!("/v1/invites/{}", to_den.id)).expect(204);
}

#[test]
fn invites_are_listed_newest_first_page_by_page_without_their_codes() {
    let server = TestServer::start();
    let admin = server.user("alice");
    let made: Vec<_> = (1..=5).map(|uses| invite(&admin, &json!({"uses": uses}))).collect();
    let first = admin.get("/v1/invites?limit=2").expect(200);
    assert!(made.iter().all(|invite| !first.text().contains(&invite.code.to_string())));
    assert_eq!(
        keys(&first.value()["invites"][0]),
        ["created_at", "created_by", "expires_at", "id", "uses", "uses_left"]
    );
    let (mut found, mut page) = (Vec::new(), first.json::<Invites>());
    loop {
        found.extend(page.invites.iter().map(|invite| invite.id));
        let Some(next) = page.next else { break };
        page = list(&admin, &format!("?limit=2&after={next}"));
    }
    assert_eq!(found, made.iter().rev().map(|invite| invite.id).collect::<Vec<_>>());
    admin.get("/v1/invites?after=x").refuses("after");
    admin.get("/v1/invites?limit=201").refuses("limit");
}

#[test]
fn what_an_invite_may_be_is_bounded() {
    let server = TestServer::start();
    let admin = server.user("alice");
    for (field, value) in [
        ("uses", json!(0)),
        ("uses", json!(10_001)),
        ("uses", json!("x")),
        ("expires_in_seconds", json!(0)),
        ("expires_in_seconds", json!(31_622_401)),
        ("room", json!("lobby")),
    ] {
        admin.post("/v1/invites", &json!({ field: value })).refuses(field);
    }
    for _ in 0..100 {
        invite(&admin, &json!({"expires_in_seconds": 60}));
    }
    admin.post("/v1/invites", &json!({})).problem(409, "conflict");
    server.clock.advance(Duration::from_secs(61));
    invite(&admin, &json!({}));
}

#[test]
fn a_wrong_code_is_refused_before_the_name_is_looked_at_and_throttled() {
    needs_one_node!("each node counts wrong codes for itself");
    let server = TestServer::start_with(|config| config.wrong_invites = 3);
    let right = invite(&server.user("alice"), &json!({}));
    for (name, code) in [("alice", "AAAAAAAAAAAAAAAAAAAAAA"), ("alice", "x"), ("", "")] {
        try_register(&server, name, Some(code)).refuses("invite");
    }
    let problem = try_register(&server, "dave", Some(&right.code.to_string())).problem(429, "rate_limited");
    assert!(problem["detail"].as_str().unwrap().contains("invites"), "{problem}");
    server.clock.advance(Duration::from_secs(5 * 60));
    register(&server, "dave", &right);
}

#[test]
fn in_closed_mode_no_invite_helps() {
    let server = TestServer::start();
    let code = invite(&server.user("alice"), &json!({})).code.to_string();
    let server = server.restart(|config| config.registration = Registration::Closed);
    try_register(&server, "dave", Some(&code)).problem(403, "forbidden");
    try_register(&server, "dave", Some("x")).refuses("invite");
    let server = server.restart(|_| {});
    try_register(&server, "dave", Some(&code)).expect(201);
}

#[test]
fn the_database_does_not_hold_a_code() {
    let server = TestServer::start();
    let code = invite(&server.user("alice"), &json!({})).code;
    let data_dir = server.data_dir.clone();
    server.stop();
    assert_eq!(data_dir.holds(code.to_string().as_bytes()), None);
    assert_eq!(data_dir.holds(code.bits()), None);
}

#[test]
fn a_member_of_a_room_that_is_gone_does_not_stop_registration() {
    let server = TestServer::start_with(|config| config.room_invites = true);
    let bob = server.user("bob");
    let den = bob.create_private_room("den");
    let to_den = invite(&bob, &json!({"room": den}));
    bob.leave(den);
    refuses(&server, &to_den);
    assert_ne!(den, RoomId(0));
}
