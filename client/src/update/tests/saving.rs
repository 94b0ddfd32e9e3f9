//! Tests saving drafts and outbox: soon, at once where it matters, and never over data that was not read yet.

use quchat_shared::event::RoomCreated;

use super::*;
use crate::{
    model::{Storage, StoredMessage},
    update::NotKept,
};

fn saves(client: &mut Client) -> Vec<(RoomId, String)> {
    let open = |effect| match effect {
        Effect::Save { stored: Stored { room, draft, .. }, .. } => Some((room, draft.to_string())),
        _ => None,
    };
    std::mem::take(&mut client.effects).into_iter().filter_map(open).collect()
}

#[test]
fn a_draft_is_saved_300_ms_after_a_change_even_during_typing() {
    let mut client = Client::online();
    client.write("a").pass(200).write("ab").pass(99);
    assert_eq!(saves(&mut client), []);
    client.pass(1);
    assert_eq!(saves(&mut client), [(GENERAL, "ab".to_owned())]);
    client.pass(10_000);
    assert_eq!(saves(&mut client), [], "nothing is saved twice");
}

#[test]
fn a_draft_is_saved_at_once_on_leaving_the_room_quitting_stopping_and_suspending() {
    let out: [fn(&mut Client); 5] = [
        |client| {
            client.on(Msg::Open(OPS));
        },
        |client| {
            client.act(Action::Quit);
        },
        |client| {
            client.on(Msg::Stop);
        },
        |client| {
            client.act(Action::Suspend);
        },
        |client| {
            client.act(Action::SignOut);
        },
    ];
    for out in out {
        let mut client = Client::online();
        client.write("half a sen");
        out(&mut client);
        assert_eq!(saves(&mut client), [(GENERAL, "half a sen".to_owned())]);
    }
}

#[test]
fn nothing_is_saved_before_the_disk_is_read_and_stored_text_comes_first() {
    let mut client = Client::new();
    client.start();
    client.list_rooms(rooms()).on(Msg::Open(GENERAL)).write("new").pass(5_000).say("quick").pass(5_000);
    assert_eq!(saves(&mut client), []);
    client.write("typed");
    let kept = StoredMessage {
        txn: "old-1".into(),
        text: "old".into(),
        reply_to: None,
        written_ms: 0,
        edit: None,
        changed: false,
        refused: None,
    };
    let other = Stored { draft: "for ops".into(), ..Stored::new(OPS) };
    client.on(Msg::Loaded(Ok(vec![
        Stored { draft: "stored".into(), outbox: vec![kept], ..Stored::new(GENERAL) },
        other,
    ])));
    assert_eq!(client.draft(), "stored\ntyped");
    let texts: Vec<&str> = client.room(GENERAL).outbox.iter().map(|pending| &*pending.text).collect();
    assert_eq!(texts, ["old", "quick"]);
    assert_eq!(&*client.room(OPS).draft.text, "for ops");
    assert_eq!(saves(&mut client), [(GENERAL, "stored\ntyped".to_owned())]);
}

#[test]
fn stored_data_of_a_room_that_is_not_listed_waits_for_it() {
    let mut client = Client::new();
    client.start();
    client.on(Msg::Loaded(Ok(vec![Stored { draft: "kept".into(), ..Stored::new(RoomId(9)) }])));
    client.list_rooms(rooms()).pass(1_000);
    assert_eq!(saves(&mut client), [], "its file is left untouched");
    client.on(Msg::Done { call: 0, reply: Err(unreachable()) });
    assert!(client.model.internal.unplaced.contains_key(&RoomId(9)));
}

#[test]
fn nothing_is_saved_while_another_client_has_the_lock() {
    let mut client = Client::new();
    client.start();
    client.on(Msg::Loaded(Err(NotKept::Elsewhere))).list_rooms(rooms()).write("x").pass(5_000).act(Action::Quit);
    assert_eq!(saves(&mut client), []);
    assert!(matches!(&client.model.storage, Storage::Elsewhere(why) if why.contains("another quchat")));
}

#[test]
fn a_directory_that_cannot_be_read_is_not_overwritten() {
    let mut client = Client::new();
    client.start();
    client
        .on(Msg::Loaded(Err(NotKept::Failing("permission denied".into()))))
        .list_rooms(rooms())
        .write("x")
        .pass(5_000);
    assert_eq!(saves(&mut client), []);
}

#[test]
fn while_an_earlier_input_is_shown_the_draft_it_replaced_is_saved() {
    let mut client = Client::online();
    client.say("sent").disk().write("precious").on(Msg::Recall { back: true });
    assert_eq!(client.draft(), "sent");
    client.effects.clear();
    client.pass(300);
    assert_eq!(saves(&mut client), [(GENERAL, "precious".to_owned())]);
}

#[test]
fn text_stored_by_another_client_comes_first_once_its_lock_is_free() {
    let mut client = Client::online();
    client.on(Msg::Loaded(Err(NotKept::Elsewhere))).write("second").effects.clear();
    let theirs = Stored { draft: "first".into(), ..Stored::new(GENERAL) };
    client.on(Msg::Loaded(Ok(vec![theirs])));
    assert_eq!((client.draft(), &client.model.storage), ("first\nsecond", &Storage::Kept));
    assert_eq!(saves(&mut client), [(GENERAL, "first\nsecond".to_owned())]);
}

/// The disk completes the save that was not checked yet.
fn answer(client: &mut Client, result: Result<(), String>) {
    let at = client.effects.iter().position(|effect| matches!(effect, Effect::Save { .. })).unwrap();
    let Effect::Save { ticket, .. } = client.effects.remove(at) else { unreachable!("found above") };
    client.on(Msg::Saved { ticket, result });
}

#[test]
fn a_failed_save_stays_failed_when_other_rooms_are_saved() {
    let mut client = Client::online();
    client.write("refused").pass(300);
    answer(&mut client, Err("no space".into()));
    client.on(Msg::Open(OPS));
    answer(&mut client, Err("no space".into()));
    client.write("taken");
    client.pass(300);
    answer(&mut client, Ok(()));
    assert_eq!(client.model.storage, Storage::Failing("no space".into()), "#general is not saved");
    client.effects.clear();
    client.pass(2_000);
    answer(&mut client, Ok(()));
    assert_eq!((saves(&mut client), &client.model.storage), (vec![], &Storage::Kept));
}

#[test]
fn a_failed_save_is_retried_after_a_pause_and_at_exit() {
    let mut client = Client::online();
    client.write("once").pass(300);
    let mut pauses = Vec::new();
    for _ in 0..8 {
        answer(&mut client, Err("no space".into()));
        let at = next_deadline(&client.model).unwrap();
        pauses.push(at - client.model.now.mono_ms);
        client.pass(pauses[pauses.len() - 1]);
    }
    assert!(pauses[0] >= 500 && pauses[7] >= 15_000 && pauses[7] <= 30_000, "{pauses:?}");
    answer(&mut client, Err("no space".into()));
    client.on(Msg::Stop);
    assert_eq!(saves(&mut client), [(GENERAL, "once".to_owned())]);
}

#[test]
fn a_draft_replaced_by_an_edited_input_stays_on_disk_and_returns_after_it() {
    for done in [Action::Send, Action::Interrupt] {
        let mut client = Client::online();
        client.say("sent").disk().write("precious").on(Msg::Recall { back: true }).write("sent!");
        client.effects.clear();
        client.pass(300);
        assert_eq!(saves(&mut client), [(GENERAL, "precious\nsent!".to_owned())]);
        client.act(done);
        assert_eq!(client.draft(), "precious");
        assert_eq!(saves(&mut client), [(GENERAL, "precious".to_owned())]);
        client.write("").pass(300);
        assert_eq!(saves(&mut client), [(GENERAL, String::new())], "the user cleared it");
    }
}

#[test]
fn unsent_text_of_an_unlisted_room_is_reported_and_restored_with_it() {
    let stored = || vec![Stored { draft: "kept".into(), ..Stored::new(RoomId(9)) }];
    let mut first = Client::new();
    first.start();
    first.on(Msg::Loaded(Ok(stored()))).list_rooms(rooms());
    assert!(first.notice().contains("kept, not sent"));
    let mut client = Client::new();
    client.start();
    client.list_rooms(rooms()).on(Msg::Loaded(Ok(stored())));
    assert!(client.notice().contains("kept, not sent"));
    client.stream(vec![RoomCreated { room: info(RoomId(9), "back", RoomKind::Public, 0) }.into()]);
    assert_eq!(&*client.room(RoomId(9)).draft.text, "kept");
    assert!(client.model.internal.unplaced.is_empty());
}

/// The last save.
fn stored(client: &Client) -> Stored {
    let saved = client.effects.iter().rev().find_map(|effect| match effect {
        Effect::Save { stored, .. } => Some(stored.clone()),
        _ => None,
    });
    saved.unwrap()
}

#[test]
fn earlier_inputs_survive_a_restart_and_come_before_new_ones() {
    let mut first = Client::online();
    first.say("one").say("/last").write("cleared").act(Action::Interrupt);
    let kept = stored(&first);
    assert_eq!(kept.inputs, ["one", "/last", "cleared"].map(Arc::from));
    let mut second = Client::new();
    second.start();
    second.list_rooms(rooms()).on(Msg::Open(GENERAL)).say("today").on(Msg::Loaded(Ok(vec![kept])));
    let mut shown = Vec::new();
    for _ in 0..4 {
        second.on(Msg::Recall { back: true });
        shown.push(second.draft().to_owned());
    }
    assert_eq!(shown, ["today", "cleared", "/last", "one"]);
}

#[test]
fn earlier_inputs_are_bounded_in_number_and_bytes_and_the_newest_is_kept() {
    let mut client = Client::online();
    for n in 0..150 {
        client.write(&format!("input {n}")).act(Action::Interrupt);
    }
    let kept = stored(&client).inputs;
    assert_eq!((kept.len(), &*kept[0], &*kept[99]), (100, "input 50", "input 149"));
    for size in [30_000, 40_000, 65_000] {
        client.write(&"x".repeat(size)).act(Action::Interrupt);
        let kept = stored(&client).inputs;
        assert_eq!(kept.last().unwrap().len(), size);
        assert!(kept.iter().map(|input| input.len()).sum::<usize>() <= 64 * 1024);
    }
}

#[test]
fn the_text_cleared_last_is_kept_until_the_next_one_is_cleared() {
    let large = |n: usize| format!("{n}{}", "日".repeat(3_990));
    let mut client = Client::online();
    client.write("precious").act(Action::Interrupt).on(Msg::Pasted {
        room: GENERAL,
        text: "line\n".repeat(13_000).into(),
        at: 0,
    });
    client.on(Msg::Answer(false));
    for n in 0..150 {
        client.say(&if n < 20 { large(n) } else { n.to_string() });
    }
    let kept = stored(&client).inputs;
    assert_eq!((kept.len(), &*kept[0], &*kept[99]), (100, "precious", "149"));
    for n in 0..10 {
        client.say(&large(n));
    }
    let kept = stored(&client).inputs;
    assert_eq!(&*kept[0], "precious");
    assert!(kept.iter().map(|input| input.len()).sum::<usize>() <= 64 * 1024);
    client.write("x".repeat(64 * 1024).as_str()).act(Action::Interrupt).say("sent");
    let kept = stored(&client).inputs;
    assert_eq!(kept.iter().map(|input| input.len()).collect::<Vec<_>>(), [64 * 1024, 4]);
    let mut second = Client::online();
    second.write("new").model.storage = Storage::Opening;
    second.on(Msg::Loaded(Ok(vec![Stored { inputs: kept.clone(), ..Stored::new(GENERAL) }]))).say("again");
    assert_eq!(stored(&second).inputs, [Arc::clone(&kept[0]), "again".into()]);
}

#[test]
fn an_unlisted_room_is_reported_only_if_it_has_unsent_text() {
    let mut client = Client::new();
    client.start();
    let walked = Stored { inputs: vec!["said long ago".into()], ..Stored::new(RoomId(9)) };
    client.on(Msg::Loaded(Ok(vec![walked]))).list_rooms(rooms());
    assert_eq!(client.notice(), "");
}
