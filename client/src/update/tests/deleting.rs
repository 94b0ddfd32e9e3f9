//! Tests deleting: who is offered it, the question, and the tombstone.

use quchat_shared::event::{MemberUpdated, MessageUpdated};

use super::*;
use crate::model::{Dialog, Question};

fn is_delete(req: &Request) -> bool {
    matches!(req, Request::DeleteMessage(..))
}

fn tombstone(seq: u64) -> Message {
    let at = Some(Timestamp::from_millis(1_795_340_500_000));
    let by = Some(UserRef { id: ALICE, name: "alice".into() });
    Message { rev: 2, deleted_at: at, deleted_by: by, ..message(GENERAL, seq, ALICE, "") }
}

fn held(client: &Client, seq: u64) -> &Message {
    let timeline = &client.room(GENERAL).timeline;
    &timeline.messages[timeline.index(Seq(seq)).unwrap()]
}

#[test]
fn a_deletion_is_asked_about_and_shown_at_once() {
    let mut client = Client::online();
    client.hear(message(GENERAL, 4, ALICE, "a secret")).act(Action::Delete);
    assert_eq!(client.model.dialogs, [Dialog::Ask(Question::DeleteMessage { room: GENERAL, seq: Seq(4) })]);
    client.on(Msg::Answer(false));
    assert!(client.calls().is_empty());
    client.act(Action::Delete).on(Msg::Answer(true)).reply(is_delete, Ok(Answer::NoContent(())));
    assert_eq!((held(&client, 4).deleted_at.is_some(), &*held(&client, 4).text), (true, ""));
    client.stream(vec![MessageUpdated { room_id: GENERAL, message: tombstone(4) }.into()]);
    assert_eq!(held(&client, 4), &tombstone(4), "the server's copy replaces the own one");
    client.act(Action::Delete);
    assert!(client.model.dialogs.is_empty() && client.notice().contains("no message"), "{}", client.notice());
}

#[test]
fn a_refused_deletion_says_why_and_changes_nothing() {
    let mut client = Client::online();
    client.hear(message(GENERAL, 4, ALICE, "x")).act(Action::Delete).on(Msg::Answer(true));
    client.reply(is_delete, Err(refused(403, Kind::Forbidden, "you were banned")));
    assert_eq!((client.notice(), &*held(&client, 4).text), ("not deleted: you were banned", "x"));
}

#[test]
fn messages_of_others_are_deleted_by_moderators_and_admins() {
    let mut client = Client::online();
    let mut tries = |prepare: &dyn Fn(&mut Client)| {
        prepare(&mut client);
        client.look().act(Action::Select).act(Action::Delete);
        let asked = !client.model.dialogs.is_empty();
        client.on(Msg::Answer(false)).act(Action::Cancel);
        asked
    };
    let role = |role| {
        move |client: &mut Client| {
            let (room, user) = (client.room(GENERAL).info.clone(), UserRef { id: ALICE, name: "alice".into() });
            client.stream(vec![MemberUpdated { room, user, role, by: None }.into()]);
        }
    };
    assert!(!tries(&|_| {}));
    assert!(tries(&role(Role::Moderator)));
    assert!(tries(&role(Role::Owner)));
    assert!(!tries(&role(Role::Member)));
    assert!(tries(&|client| client.model.account.as_mut().unwrap().user.role = ServerRole::Admin));
    assert!(!tries(&|client| client.model.rooms.get_mut(&GENERAL).unwrap().info.kind = RoomKind::Private));
}

#[test]
fn the_selection_stays_when_the_chosen_message_is_deleted() {
    let mut client = Client::online();
    client.hear(message(GENERAL, 4, ALICE, "x")).look().act(Action::Select);
    client.stream(vec![MessageUpdated { room_id: GENERAL, message: tombstone(4) }.into()]);
    assert_eq!(client.model.selected, Some(Seq(4)));
    for action in [Action::Edit, Action::Delete, Action::React, Action::Reply, Action::Copy] {
        client.act(action);
        assert!(client.notice().contains("deleted") && client.model.dialogs.is_empty(), "{action:?}");
    }
}

#[test]
fn a_message_that_is_not_sent_yet_is_not_deleted_in_place_of_an_earlier_one() {
    let mut client = Client::online();
    client.hear(message(GENERAL, 4, ALICE, "x")).say("y").say("/delete");
    assert!(client.model.dialogs.is_empty() && client.notice().contains("not sent yet"), "{}", client.notice());
}
