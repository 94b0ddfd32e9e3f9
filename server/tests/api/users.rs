//! `/v1/users`: registering, and finding users.

use quchat_shared::{User, api::Users, user::ServerRole};
use serde_json::{Value, json};

use crate::harness::{Answer, Client, TestServer, keys};

fn try_register(client: &Client, name: &str, password: &str) -> Answer {
    client.post("/v1/users", &json!({"name": name, "password": password}))
}

fn names(page: &Users) -> Vec<&str> {
    page.users.iter().map(|user| &*user.name).collect()
}

fn list(client: &Client, query: &str) -> Users {
    client.get(&format!("/v1/users{query}")).expect(200).json()
}

#[test]
fn registering_signs_in() {
    let server = TestServer::fresh();
    let answer = try_register(&server.anonymous(), "alice", "correct horse").expect(201);
    let session = answer.value();
    assert_eq!(keys(&session), ["expires_at", "id", "token", "user"]);
    assert_eq!(keys(&session["user"]), ["created_at", "id", "name", "online", "role"]);
    assert_eq!(session["user"]["name"], "alice");

    let alice = server.sign_in("alice").with_token(session["token"].as_str().unwrap());
    let mut me = alice.get("/v1/users/me").expect(200).value();
    me["online"] = session["user"]["online"].clone();
    assert_eq!(me, session["user"]);
}

#[test]
fn the_first_user_is_admin_and_nobody_after() {
    let server = TestServer::fresh();
    assert_eq!(server.register("alice").user().role, ServerRole::Admin);
    assert_eq!(server.register("bob").user().role, ServerRole::Member);
}

#[test]
fn a_name_is_taken_in_upper_and_lower_case() {
    let server = TestServer::fresh();
    server.register("Alice");
    for name in ["Alice", "alice", "ALICE"] {
        try_register(&server.anonymous(), name, "another secret").problem(409, "name_taken");
    }
    assert_eq!(server.sign_in("aLICE").user().name, "Alice", "shown as it was registered");
}

#[test]
fn a_name_has_one_to_thirty_two_plain_characters() {
    let server = TestServer::fresh();
    let nobody = server.anonymous();
    try_register(&nobody, &"x".repeat(32), "correct horse").expect(201);
    try_register(&nobody, "A_1.z-", "correct horse").expect(201);
    let long = "x".repeat(33);
    for name in ["", &long, "a b", " a", "a ", "ä", "a\n", "a\u{0}", "а", "a/b", "me@x", "🎉"] {
        try_register(&nobody, name, "correct horse").refuses("name");
    }
}

#[test]
fn a_password_has_eight_to_two_hundred_fifty_six_characters() {
    let server = TestServer::fresh();
    let nobody = server.anonymous();
    try_register(&nobody, "alice", &"ä".repeat(8)).expect(201);
    try_register(&nobody, "bob", &"🎉".repeat(256)).expect(201);
    for password in ["", "1234567", &"x".repeat(257)] {
        try_register(&nobody, "carol", password).refuses("password");
    }
    try_register(&nobody, "carol", "correct horse").expect(201);
}

#[test]
fn a_refused_registration_creates_no_user() {
    let server = TestServer::fresh();
    try_register(&server.anonymous(), "mallory", "short").refuses("password");
    assert_eq!(server.register("alice").user().role, ServerRole::Admin, "still the first");
    assert_eq!(names(&list(&server.sign_in("alice"), "")), ["alice"]);
}

#[test]
fn a_user_is_found_by_id() {
    let server = TestServer::fresh();
    let (alice, bob) = (server.register("alice"), server.register("bob"));
    let found: User = alice.get(&format!("/v1/users/{}", bob.user().id)).expect(200).json();
    assert_eq!((found.id, &*found.name), (bob.user().id, "bob"));
    alice.get("/v1/users/4711").problem(404, "not_found");
    alice.get("/v1/users/9223372036854775808").problem(404, "not_found");
    for id in ["bob", "-1", "1.0", "+1", "18446744073709551616", "0x1"] {
        alice.get(&format!("/v1/users/{id}")).problem(400, "bad_request");
    }
}

#[test]
fn users_are_listed_by_name_and_page_by_page() {
    let server = TestServer::fresh();
    let carol = server.register("carol");
    server.register("Bob");
    server.register("alice");
    assert_eq!(names(&list(&carol, "")), ["alice", "Bob", "carol"]);

    let first = list(&carol, "?limit=2");
    assert_eq!(names(&first), ["alice", "Bob"]);
    let last = list(&carol, &format!("?limit=2&after={}", first.next.expect("there is more")));
    assert_eq!((names(&last), last.next.clone()), (vec!["carol"], None));
    assert_eq!(list(&carol, "?limit=3").next, None, "a full last page has no next one");
}

#[test]
fn a_prefix_is_taken_literally_and_without_case() {
    let server = TestServer::fresh();
    let alice = server.register("al_x");
    for name in ["ALbert", "bob"] {
        server.register(name);
    }
    assert_eq!(names(&list(&alice, "?prefix=AL")), ["al_x", "ALbert"]);
    assert_eq!(names(&list(&alice, "?prefix=al_")), ["al_x"]);
    for nobody in ["%25", "_", "al%25", "*", "al%3F", "%C3%A4", "%00"] {
        assert_eq!(names(&list(&alice, &format!("?prefix={nobody}"))), [""; 0], "{nobody}");
    }
}

#[test]
fn users_are_listed_by_id_without_unknown_ids() {
    let server = TestServer::fresh();
    let (alice, bob) = (server.register("alice"), server.register("bob"));
    let page = list(&alice, &format!("?ids={},4711,{},{}", bob.user().id, alice.user().id, bob.user().id));
    let mut found = names(&page);
    found.sort_unstable();
    assert_eq!(found, ["alice", "bob"]);
    assert_eq!(names(&list(&alice, "?ids=")), [""; 0], "an empty list of ids returns nobody");
    alice.get("/v1/users?ids=1,x").problem(400, "bad_request");
}

#[test]
fn a_page_has_one_to_two_hundred_users() {
    let server = TestServer::fresh();
    let alice = server.register("alice");
    for limit in ["0", "201", "4294967295"] {
        alice.get(&format!("/v1/users?limit={limit}")).refuses("limit");
    }
    for limit in ["x", "-1", "", "1.5", "99999999999999999999"] {
        alice.get(&format!("/v1/users?limit={limit}")).problem(400, "bad_request");
    }
    list(&alice, "?limit=200&colour=red");
}

#[test]
fn no_route_reveals_more_of_a_user_than_the_contract() {
    let server = TestServer::fresh();
    let alice = server.register("alice");
    let page: Value = alice.get("/v1/users").expect(200).value();
    assert_eq!(keys(&page["users"][0]), ["created_at", "id", "name", "online", "role"]);
    assert_eq!(server.data_dir.holds(b"correct horse"), None, "a password is never written to disk");
}
