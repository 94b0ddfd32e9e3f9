//! `GET /v1/rooms/{room}/members`: who is in a room, by name.

use quchat_shared::{api::Members, room::Role};
use serde_json::json;

use crate::harness::{Client, TestServer, eventually, keys};

fn names(page: &Members) -> Vec<&str> {
    page.members.iter().map(|member| &*member.user.name).collect()
}

#[test]
fn a_member_is_a_user_with_a_role_and_the_time_of_joining() {
    let server = TestServer::start();
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let room = alice.create_room("lobby");
    bob.join(room);
    let page = bob.get(&format!("/v1/rooms/{room}/members")).expect(200).value();
    assert_eq!(keys(&page), ["members"], "without next on the last page");
    let owner = &page["members"][0];
    assert_eq!(keys(owner), ["joined_at", "role", "user"]);
    assert_eq!(keys(&owner["user"]), ["created_at", "id", "name", "online", "role"]);
    assert_eq!(owner["joined_at"], json!(alice.room(room).info.created_at));
    assert_eq!((&owner["user"]["name"], &owner["role"]), (&json!("alice"), &json!("owner")));
    assert_eq!((&page["members"][1]["user"]["name"], &page["members"][1]["role"]), (&json!("bob"), &json!("member")));
}

#[test]
fn a_listed_member_is_online_while_they_have_a_stream() {
    let server = TestServer::start();
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let room = alice.create_room("lobby");
    let _stream = bob.listen();
    eventually("bob is online", || bob.get("/v1/users/me").value()["online"].as_bool().filter(|online| *online));
    let added = alice.add_member(room, &bob);
    assert!(added.user.online, "they share the room now");
    let online = |client: &Client| client.members(room, "").members.into_iter().map(|member| member.user.online);
    assert_eq!(online(&alice).collect::<Vec<_>>(), [false, true]);
    let carol = server.user("carol");
    assert_eq!(online(&carol).collect::<Vec<_>>(), [false, false], "not to users who share no room with them");
}

#[test]
fn members_are_found_by_the_beginning_of_their_name_in_any_case() {
    let server = TestServer::start();
    let alice = server.user("alice");
    let room = alice.create_room("lobby");
    for name in ["Bert", "bernd", "ALBERT"] {
        server.register(name).join(room);
    }
    server.register("bertha"); // no member
    assert_eq!(names(&alice.members(room, "")), ["ALBERT", "alice", "bernd", "Bert"]);
    assert_eq!(names(&alice.members(room, "?prefix=BER")), ["bernd", "Bert"]);
    assert_eq!(names(&alice.members(room, "?prefix=al&after=albert")), ["alice"]);
    assert_eq!(names(&alice.members(room, "?prefix=al&after=a")), ["ALBERT", "alice"]);
    assert_eq!(names(&alice.members(room, "?prefix=b&after=zz")), [""; 0]);
    for nobody in ["~", "%C3%A9", "x", "%", "_"] {
        let answer = alice.get(&format!("/v1/rooms/{room}/members?prefix={nobody}"));
        assert!(answer.status == 400 || names(&answer.json()).is_empty(), "{nobody}");
    }
}

#[test]
fn pages_of_members_follow_each_other_without_a_gap() {
    let server = TestServer::start();
    let (alice, bob, carol) = (server.user("alice"), server.user("bob"), server.user("carol"));
    let room = alice.create_room("lobby");
    bob.join(room);
    carol.join(room);
    let first = alice.members(room, "?limit=2");
    assert_eq!(names(&first), ["alice", "bob"]);
    let rest = alice.members(room, &format!("?limit=2&after={}", first.next.unwrap()));
    assert_eq!((names(&rest), &rest.next), (vec!["carol"], &None));
    assert_eq!(alice.members(room, "?limit=3").next, None, "the last page is known as such");
    for limit in ["0", "201"] {
        alice.get(&format!("/v1/rooms/{room}/members?limit={limit}")).refuses("limit");
    }
}

#[test]
fn whoever_can_read_a_room_can_list_its_members() {
    let server = TestServer::start();
    let (admin, bob, carol) = (server.user("alice"), server.user("bob"), server.user("carol"));
    let (lobby, plans) = (bob.create_room("lobby"), bob.create_private_room("plans"));
    for client in [&admin, &carol] {
        assert_eq!(names(&client.members(lobby, "")), ["bob"]);
        client.get(&format!("/v1/rooms/{plans}/members")).problem(404, "not_found");
        client.get(&format!("/v1/rooms/{plans}/members?prefix=bob")).problem(404, "not_found");
    }
    bob.ban(lobby, &carol);
    carol.get(&format!("/v1/rooms/{lobby}/members")).problem(403, "forbidden");
    bob.get("/v1/rooms/4711/members").problem(404, "not_found");
}

#[test]
fn ten_thousand_members_are_listed_page_by_page() {
    let server = TestServer::start();
    let alice = server.user("alice");
    let room = alice.create_room("lobby");
    server.data_dir.database().change(&format!(
        "WITH RECURSIVE n (i) AS (SELECT 100001 UNION ALL SELECT i + 1 FROM n WHERE i < 109999),
            names (name) AS (SELECT 'user' || substr(CAST(i AS text), 2) FROM n)
        INSERT INTO users (name, name_key, password_hash, role, created_at)
            SELECT name, name, '', 'member', 0 FROM names;
        INSERT INTO members (user_id, room_id, role, joined_event, last_read_seq, joined_at, joined_seq, name_key)
            SELECT id, {room}, 'member', 3, 0, 0, 0, name_key FROM users WHERE name LIKE 'user%'"
    ));

    let (mut all, mut after) = (Vec::new(), String::new());
    loop {
        let page = alice.members(room, &format!("?limit=200&after={after}"));
        all.extend(page.members);
        match page.next {
            Some(next) => after = next,
            None => break,
        }
    }
    assert_eq!(all.len(), 10_000);
    assert!(all.windows(2).all(|pair| pair[0].user.name < pair[1].user.name), "by name, each once");
    assert_eq!(all.iter().filter(|member| member.role == Role::Owner).count(), 1);
    assert_eq!(names(&alice.members(room, "?prefix=user0999&limit=2")), ["user09990", "user09991"]);
}
