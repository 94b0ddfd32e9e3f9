//! Tests which messages count as mentions, and that the number of unread ones stays right.

use quchat_shared::{
    api::ReadMarker,
    event::{MessageUpdated, ReadUpdated},
};

use super::*;

fn update_of(message: Message) -> Vec<Event> {
    vec![MessageUpdated { room_id: message.room_id, message }.into()]
}

#[test]
fn a_message_mentions_by_name_by_answering_and_by_naming_everyone() {
    let mut client = Client::online();
    let plain = |seq| message(OPS, seq, BOB, "x");
    client.hear(plain(11));
    client.hear(Message { mentions: vec![ALICE], ..plain(12) });
    client.hear(Message { answers: Some(ALICE), ..plain(13) });
    client.hear(Message { mentions_all: true, ..plain(14) });
    client.hear(Message { mentions_all: true, mentions: vec![ALICE], answers: Some(ALICE), ..plain(15) });
    client.hear(Message { answers: Some(BOB), mentions: vec![BOB], ..plain(16) });
    assert_eq!(client.room(OPS).mentions, 4);
    client.hear(Message { mentions_all: true, ..message(OPS, 17, ALICE, "@all") });
    assert_eq!((client.room(OPS).mentions, client.room(OPS).unread()), (0, 0), "sending reads what was before");
}

#[test]
fn everyone_is_notified_of_a_message_to_everyone() {
    let mut client = Client::online();
    client.hear(Message { mentions_all: true, ..message(OPS, 11, BOB, "@all lunch") });
    assert!(
        client.effects.iter().any(|effect| matches!(effect, Effect::Notify { body, .. } if body.contains("lunch")))
    );
}

#[test]
fn a_change_of_a_held_message_changes_the_count() {
    let mut client = Client::online();
    at_hand(&mut client, OPS, 1..=10);
    client.hear(message(OPS, 11, BOB, "x"));
    let named = Message { rev: 2, mentions: vec![ALICE], ..message(OPS, 11, BOB, "@alice") };
    client.stream(update_of(named.clone())).stream(update_of(named.clone()));
    assert_eq!(client.room(OPS).mentions, 1);
    client.stream(update_of(Message { rev: 3, deleted_at: Some(named.sent_at), text: String::new(), ..named }));
    assert_eq!((client.room(OPS).mentions, client.calls()), (0, Vec::new()));
}

#[test]
fn changes_of_messages_that_are_not_held_are_counted_by_the_server_once() {
    let mut client = Client::online();
    for seq in 7..=10 {
        client.stream(update_of(Message { rev: 2, ..message(OPS, seq, BOB, "@alice") }));
        client.pass(10);
    }
    assert_eq!(client.calls(), Vec::new(), "it waits for more of them");
    client.pass(600);
    let counted = Listed { mentions: 3, ..listed(OPS, "ops", RoomKind::Public, 10, Some(6)) };
    client.reply(|req| *req == Request::GetRoom(OPS), Ok(Answer::Room(counted)));
    assert_eq!(client.room(OPS).mentions, 3);
    client.stream(update_of(Message { rev: 3, ..message(OPS, 9, BOB, "x") })).pass(900);
    assert_eq!(client.calls(), Vec::new(), "at most one request per second");
    client.pass(200);
    assert_eq!(client.calls().len(), 1);
    client.stream(update_of(Message { rev: 2, ..message(OPS, 5, BOB, "read long ago") })).pass(5_000);
    assert_eq!(client.calls(), Vec::new());
}

#[test]
fn the_number_of_mentions_of_a_marker_is_taken() {
    let mut client = Client::online();
    let counted = Listed { mentions: 4, ..listed(OPS, "ops", RoomKind::Public, 10, Some(6)) };
    client.model.rooms.get_mut(&OPS).unwrap().mentions = counted.mentions;
    client.stream(vec![ReadUpdated { room_id: OPS, last_read_seq: Seq(8), mentions: 1 }.into()]);
    assert_eq!((client.room(OPS).mentions, client.room(OPS).unread()), (1, 2));
    client.model.rooms.get_mut(&GENERAL).unwrap().mentions = 0;
    client.hear(message(GENERAL, 4, BOB, "x")).hear(message(GENERAL, 5, BOB, "x")).look();
    client.model.rooms.get_mut(&GENERAL).unwrap().marker.wanted = Some(Seq(4));
    client.model.internal.busy.insert(GENERAL);
    client.on(Msg::Tick);
    let marker = ReadMarker { last_read_seq: Seq(4), unread: 1, mentions: 1 };
    client.reply(|req| matches!(req, Request::MarkRead(..)), Ok(Answer::Marker(marker)));
    assert_eq!(client.room(GENERAL).mentions, 1);
}
