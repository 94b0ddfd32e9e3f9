//! Who looks elsewhere is called for what concerns them, once, and nobody else is.

use super::*;
use crate::update::{Stored, title};

fn calls(client: &mut Client) -> Vec<(String, String)> {
    let notified = |effect| match effect {
        Effect::Notify { title, body } => Some((title, body)),
        _ => None,
    };
    std::mem::take(&mut client.effects).into_iter().filter_map(notified).collect()
}

fn called(client: &mut Client) -> usize {
    calls(client).len()
}

fn naming(room: RoomId, seq: u64) -> Message {
    Message { mentions: vec![ALICE], ..message(room, seq, BOB, "@alice look") }
}

#[test]
fn being_named_elsewhere_calls_and_other_messages_do_not() {
    let mut client = Client::online();
    client.hear(message(OPS, 11, BOB, "nothing much")).hear(naming(GENERAL, 4));
    assert_eq!(called(&mut client), 0, "one room does not concern her, the other is before her eyes");
    client.hear(naming(OPS, 12));
    assert_eq!(calls(&mut client), [("#ops".into(), "bob: @alice look".into())]);
}

#[test]
fn the_open_room_calls_only_while_nobody_looks() {
    let mut client = Client::online();
    client.on(Msg::TermFocus(false)).hear(naming(GENERAL, 4));
    assert_eq!(called(&mut client), 1);
    client.pass(10_000).on(Msg::TermFocus(true)).hear(naming(GENERAL, 5));
    assert_eq!(called(&mut client), 0);
}

#[test]
fn a_terminal_that_tells_no_focus_counts_as_left_after_a_minute_without_a_key() {
    let mut client = Client::online();
    client.pass(59_999).hear(naming(GENERAL, 4));
    assert_eq!(called(&mut client), 0);
    client.pass(1).hear(naming(GENERAL, 5));
    assert_eq!(called(&mut client), 1);
    client.write("x").pass(30_000).hear(naming(GENERAL, 6));
    assert_eq!(called(&mut client), 0);
    client.on(Msg::TermFocus(true)).pass(90_000).hear(naming(GENERAL, 7));
    assert_eq!(called(&mut client), 0, "it does tell");
}

#[test]
fn a_burst_calls_once_and_says_how_much_came_together() {
    let mut client = Client::online();
    let heard = |seq| Event::MessageCreated(MessageCreated { room_id: OPS, message: naming(OPS, seq) });
    client.stream((11..=13).map(heard).collect());
    assert_eq!(calls(&mut client), [("#ops".into(), "bob: @alice look (and 2 more)".into())]);
    for seq in 14..40 {
        client.pass(1_000).hear(naming(OPS, seq));
    }
    assert_eq!(called(&mut client), 0);
    client.pass(5_000).hear(naming(OPS, 40));
    assert_eq!(called(&mut client), 1);
}

#[test]
fn a_burst_that_does_not_end_is_told_again_after_a_minute() {
    let mut client = Client::online();
    (11..=71).for_each(|seq| {
        client.hear(naming(OPS, seq)).pass(1_000);
    });
    assert_eq!(called(&mut client), 2);
}

#[test]
fn a_room_calls_as_it_was_told_to_and_the_disk_keeps_it() {
    let mut client = Client::online();
    client.say("/notify all").on(Msg::TermFocus(false)).hear(message(GENERAL, 4, BOB, "hi"));
    let kept = |effect: &Effect| {
        matches!(effect, Effect::Save { stored: Stored { room: GENERAL, notify: Some(Notify::All), .. }, .. })
    };
    client.pass(300);
    assert!(client.effects.iter().any(kept));
    assert_eq!(called(&mut client), 1);
    client.pass(10_000).say("/mute").hear(naming(GENERAL, 5));
    assert_eq!((called(&mut client), client.notice()), (0, "#general is muted; /mute again ends it"));
    client.say("/mute").hear(naming(GENERAL, 6));
    assert_eq!(called(&mut client), 1);
    client.say("/notify loudly");
    assert_eq!((client.notice(), client.draft()), ("/notify takes all, mentions or none", "/notify loudly"));
}

#[test]
fn what_the_disk_kept_holds_again() {
    let mut client = Client::new();
    client.start();
    let stored = Stored { notify: Some(Notify::None), ..Stored::new(OPS) };
    client.on(Msg::Loaded(Ok(vec![stored]))).list_rooms(rooms()).hello("k-1");
    client.effects.clear();
    client.hear(naming(OPS, 11));
    assert_eq!(called(&mut client), 0);
}

#[test]
fn the_window_tells_the_room_and_what_is_unread_elsewhere() {
    let mut client = Client::online();
    assert_eq!(title(&client.model), "(4) #general · quchat");
    client.hear(naming(OPS, 11)).hear(message(GENERAL, 4, BOB, "x"));
    assert_eq!(title(&client.model), "(5, @1) #general · quchat");
    client.on(Msg::TermFocus(false));
    assert_eq!(title(&client.model), "(6, @1) #general · quchat");
    assert_eq!(title(&Client::new().model), "quchat");
}
