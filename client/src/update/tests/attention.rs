//! Tests notifications: users who look elsewhere get one for what concerns them, and nobody else does.

use super::*;
use crate::update::{Stored, title};

fn notifications(client: &mut Client) -> Vec<(String, String)> {
    let notified = |effect| match effect {
        Effect::Notify { title, body } => Some((title, body)),
        _ => None,
    };
    std::mem::take(&mut client.effects).into_iter().filter_map(notified).collect()
}

fn notified_count(client: &mut Client) -> usize {
    notifications(client).len()
}

fn naming(room: RoomId, seq: u64) -> Message {
    Message { mentions: vec![ALICE], ..message(room, seq, BOB, "@alice look") }
}

#[test]
fn a_mention_in_another_room_notifies_and_other_messages_do_not() {
    let mut client = Client::online();
    client.hear(message(OPS, 11, BOB, "nothing much")).hear(naming(GENERAL, 4));
    assert_eq!(notified_count(&mut client), 0, "she is not mentioned in one room and is looking at the other");
    client.hear(naming(OPS, 12));
    assert_eq!(notifications(&mut client), [("#ops".into(), "bob: @alice look".into())]);
}

#[test]
fn the_open_room_notifies_only_while_nobody_looks() {
    let mut client = Client::online();
    client.on(Msg::TermFocus(false)).hear(naming(GENERAL, 4));
    assert_eq!(notified_count(&mut client), 1);
    client.pass(10_000).on(Msg::TermFocus(true)).hear(naming(GENERAL, 5));
    assert_eq!(notified_count(&mut client), 0);
}

#[test]
fn without_focus_reports_a_user_is_away_after_a_minute_without_a_key() {
    let mut client = Client::online();
    client.pass(59_999).hear(naming(GENERAL, 4));
    assert_eq!(notified_count(&mut client), 0);
    client.pass(1).hear(naming(GENERAL, 5));
    assert_eq!(notified_count(&mut client), 1);
    client.write("x").pass(30_000).hear(naming(GENERAL, 6));
    assert_eq!(notified_count(&mut client), 0);
    client.on(Msg::TermFocus(true)).pass(90_000).hear(naming(GENERAL, 7));
    assert_eq!(notified_count(&mut client), 0, "it does report the focus");
}

#[test]
fn a_burst_notifies_once_with_the_number_of_its_messages() {
    let mut client = Client::online();
    let heard = |seq| Event::MessageCreated(MessageCreated { room_id: OPS, message: naming(OPS, seq) });
    client.stream((11..=13).map(heard).collect());
    assert_eq!(notifications(&mut client), [("#ops".into(), "bob: @alice look (and 2 more)".into())]);
    for seq in 14..40 {
        client.pass(1_000).hear(naming(OPS, seq));
    }
    assert_eq!(notified_count(&mut client), 0);
    client.pass(5_000).hear(naming(OPS, 40));
    assert_eq!(notified_count(&mut client), 1);
}

#[test]
fn a_burst_that_goes_on_notifies_again_after_a_minute() {
    let mut client = Client::online();
    (11..=71).for_each(|seq| {
        client.hear(naming(OPS, seq)).pass(1_000);
    });
    assert_eq!(notified_count(&mut client), 2);
}

#[test]
fn a_room_follows_its_notify_level_which_is_saved() {
    let mut client = Client::online();
    client.say("/notify all").on(Msg::TermFocus(false)).hear(message(GENERAL, 4, BOB, "hi"));
    let kept = |effect: &Effect| {
        matches!(effect, Effect::Save { stored: Stored { room: GENERAL, notify: Some(Notify::All), .. }, .. })
    };
    client.pass(300);
    assert!(client.effects.iter().any(kept));
    assert_eq!(notified_count(&mut client), 1);
    client.pass(10_000).say("/mute").hear(naming(GENERAL, 5));
    assert_eq!((notified_count(&mut client), client.notice()), (0, "#general is muted; repeat /mute to unmute"));
    client.say("/mute").hear(naming(GENERAL, 6));
    assert_eq!(notified_count(&mut client), 1);
    client.say("/notify loudly");
    assert_eq!((client.notice(), client.draft()), ("/notify takes all, mentions or none", "/notify loudly"));
}

#[test]
fn a_stored_notify_level_is_restored() {
    let mut client = Client::new();
    client.start();
    let stored = Stored { notify: Some(Notify::None), ..Stored::new(OPS) };
    client.on(Msg::Loaded(Ok(vec![stored]))).list_rooms(rooms()).hello("k-1");
    client.effects.clear();
    client.hear(naming(OPS, 11));
    assert_eq!(notified_count(&mut client), 0);
}

#[test]
fn the_window_title_shows_the_room_and_the_unread_count() {
    let mut client = Client::online();
    assert_eq!(title(&client.model), "(4) #general · quchat");
    client.hear(naming(OPS, 11)).hear(message(GENERAL, 4, BOB, "x"));
    assert_eq!(title(&client.model), "(5, @1) #general · quchat");
    client.on(Msg::TermFocus(false));
    assert_eq!(title(&client.model), "(6, @1) #general · quchat");
    assert_eq!(title(&Client::new().model), "quchat");
}
