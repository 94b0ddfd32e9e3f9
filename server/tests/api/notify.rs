//! `PATCH /v1/rooms/{room}/members/me`: what a room notifies its member about, on all of their devices.

use quchat_shared::{Event, Seq, room::Notify};
use serde_json::json;

use crate::harness::{Stream, TestServer};

fn settings(stream: &mut Stream) -> Notify {
    match stream.next().event {
        Event::SettingsUpdated(settings) => settings.notify,
        other => panic!("a setting comes next, not {other:?}"),
    }
}

#[test]
fn a_level_reaches_all_devices_of_the_member_and_nobody_else() {
    let server = TestServer::start();
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let room = alice.create_private_room("plans");
    alice.add_member(room, &bob);
    assert_eq!(alice.room(room).member.unwrap().notify, Notify::Mentions, "to begin with");
    let laptop = server.sign_in("alice");
    let (mut here, mut there, mut others) = (alice.listen(), laptop.listen(), bob.listen());
    let set = alice.set_notify(room, "all");
    assert_eq!(set, alice.room(room));
    assert_eq!(set.member.unwrap().notify, Notify::All);
    assert_eq!((settings(&mut here), settings(&mut there)), (Notify::All, Notify::All));
    assert_eq!(laptop.rooms().rooms[0].member.unwrap().notify, Notify::All);
    alice.send_message(room, "fence");
    assert_eq!(others.until_message(room, Seq(1)).len(), 1);
    assert_eq!(bob.room(room).member.unwrap().notify, Notify::Mentions);
}

#[test]
fn the_same_level_again_publishes_nothing() {
    let server = TestServer::start();
    let alice = server.user("alice");
    let room = alice.create_room("lobby");
    let mut stream = alice.listen();
    alice.set_notify(room, "mentions");
    alice.set_notify(room, "none");
    alice.set_notify(room, "none");
    alice.send_message(room, "fence");
    assert_eq!(settings(&mut stream), Notify::None);
    assert_eq!(stream.next().event.name(), "message.created");
}

#[test]
fn the_log_keeps_the_newest_level_alone() {
    let server = TestServer::start();
    let alice = server.user("alice");
    let (room, other) = (alice.create_room("lobby"), alice.create_room("other"));
    let before = alice.rooms().cursor.0;
    for level in ["all", "none", "all"] {
        alice.set_notify(room, level);
        alice.set_notify(other, level);
    }
    alice.send_message(room, "fence");
    let mut resumed = alice.resume(&before);
    let received = resumed.until_message(room, Seq(1));
    let levels: Vec<_> = received.iter().filter(|received| received.event.name() == "settings.updated").collect();
    assert_eq!((levels.len(), received.len()), (2, 3), "one for each room");
}

#[test]
fn a_level_ends_with_the_membership() {
    let server = TestServer::start();
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let room = alice.create_room("lobby");
    bob.join(room);
    let before = bob.rooms().cursor.0;
    bob.set_notify(room, "all");
    bob.leave(room);
    assert_eq!(bob.resume(&before).next().event.name(), "member.left", "there is no level to speak of");
    assert_eq!(bob.join(room).member.unwrap().notify, Notify::Mentions);
}

#[test]
fn only_members_have_a_level() {
    let server = TestServer::start();
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let (lobby, plans) = (alice.create_room("lobby"), alice.create_private_room("plans"));
    bob.try_set_notify(lobby, "all").problem(403, "forbidden");
    bob.try_set_notify(plans, "all").problem(404, "not_found");
    for level in ["loud", "All", ""] {
        alice.try_set_notify(lobby, level).refuses("notify");
    }
    let set = |body| alice.request("PATCH", &format!("/v1/rooms/{lobby}/members/me"), Some(&body));
    set(json!({})).refuses("notify");
    set(json!({"notify": null})).refuses("notify");
    set(json!({"notify": {"all": null}})).refuses("notify");
    assert_eq!(alice.room(lobby).member.unwrap().notify, Notify::Mentions);
}
