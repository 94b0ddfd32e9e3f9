//! Tests any Msg on any screen: no panic, no lost text, a valid focus and a bounded window.

use proptest::prelude::*;
use quchat_shared::{
    Kind,
    api::{Credentials, ReadMarker},
    event::{
        Activity, Bye, ByeReason, MemberJoined, MemberLeft, MemberUpdated, MessageUpdated, ReadUpdated, Reset,
        ResetReason, RoomActivity, RoomCreated, RoomDeleted,
    },
};

use super::*;
use crate::{
    keymap::Keymap,
    model::{Anchor, ComponentId, DialogId, Key, Link, Seen, StoredMessage, window},
    update::{NotKept, Pick, commands::COMMANDS},
};

/// Every Action of a key or a command, except Ctrl+C, which moves the draft away.
pub(super) fn actions() -> Vec<Action> {
    let keymap = Keymap::default();
    let by_command = COMMANDS.iter().filter_map(|command| command.action);
    let mut actions: Vec<_> = keymap.rows().iter().map(|row| row.action).chain(by_command).collect();
    actions.retain(|&action| action != Action::Interrupt);
    actions.sort_unstable();
    actions.dedup();
    actions
}

fn room_id() -> impl Strategy<Value = RoomId> {
    (1_u64..6).prop_map(RoomId)
}

fn seq() -> impl Strategy<Value = u64> {
    prop_oneof![1_u64..20, 1_u64..1_000, Just(u64::MAX)]
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z]{1,8}",
        Just("/next".to_owned()),
        Just("/nonsense".to_owned()),
        Just("/create x".to_owned()),
        Just("//x".to_owned()),
        Just("/leave".to_owned()),
        Just("/search i".to_owned()),
        Just("/find i".to_owned()),
        Just("/back".to_owned()),
        Just("/reply".to_owned()),
        Just("/reply so".to_owned()),
        Just("/edit so".to_owned()),
        Just("/react 👍".to_owned()),
        Just("x".repeat(4_001)),
        Just("a\u{7}".to_owned()),
        "\\PC{0,6}",
    ]
}

fn said() -> impl Strategy<Value = Message> {
    (room_id(), seq(), any::<bool>(), 1_u64..3, 0_u64..12).prop_map(|(room, seq, own, rev, n)| Message {
        rev,
        txn: own.then(|| format!("p-{n}")),
        mentions: vec![ALICE],
        ..message(room, seq, if own { ALICE } else { BOB }, "said")
    })
}

fn event() -> impl Strategy<Value = Event> {
    let alice = || UserRef { id: ALICE, name: "alice".into() };
    prop_oneof![
        6 => said().prop_map(|message| MessageCreated { room_id: message.room_id, message }.into()),
        2 => (said(), any::<bool>()).prop_map(|(message, deleted)| {
            let deleted_at = deleted.then(|| Timestamp::from_millis(1));
            MessageUpdated { room_id: message.room_id, message: Message { deleted_at, ..message } }.into()
        }),
        1 => (room_id(), seq()).prop_map(|(room_id, seq)| ReadUpdated { room_id, last_read_seq: Seq(seq), mentions: 0 }.into()),
        1 => (room_id(), seq()).prop_map(|(id, seq)| Activity { rooms: vec![RoomActivity { id, last_seq: Seq(seq) }] }.into()),
        1 => room_id().prop_map(|id| RoomCreated { room: info(id, "made", RoomKind::Public, 0) }.into()),
        1 => room_id().prop_map(|room_id| RoomDeleted { room_id }.into()),
        1 => room_id().prop_map(move |room_id| MemberLeft { room_id, user: alice(), by: None, banned: false }.into()),
        1 => room_id().prop_map(move |id| MemberJoined { room: info(id, "j", RoomKind::Private, 2), user: alice(), role: Role::Member, by: None }.into()),
        1 => room_id().prop_map(move |id| MemberUpdated { room: info(id, "j", RoomKind::Private, 2), user: alice(), role: Role::Owner, by: None }.into()),
        1 => Just(Hello { cursor: Cursor("k-2".into()), heartbeat_seconds: 15 }.into()),
        1 => Just(Reset { reason: ResetReason::Unknown, cursor: Cursor("k-3".into()) }.into()),
        1 => prop_oneof![Just(ByeReason::Slow), Just(ByeReason::Shutdown), Just(ByeReason::Expired)].prop_map(|reason| Bye { reason }.into()),
    ]
}

fn failure() -> impl Strategy<Value = Failure> {
    prop_oneof![
        Just(unreachable()),
        Just(refused(403, Kind::Forbidden, "no")),
        Just(refused(404, Kind::NotFound, "gone")),
        Just(refused(401, Kind::Unauthenticated, "")),
        Just(asking_to_wait(503, u64::MAX)),
        Just(refused(422, Kind::Invalid, "")),
    ]
}

fn answer() -> impl Strategy<Value = Answer> {
    let page = |(room, from, n, has_older, has_newer): (RoomId, u64, u64, bool, bool)| {
        let messages = (from..from.saturating_add(n)).map(|seq| message(room, seq, BOB, "x")).collect();
        Answer::Page(MessagePage { messages, has_older, has_newer, own_reactions: Vec::new() })
    };
    prop_oneof![
        3 => (room_id(), seq(), 0_u64..60, any::<bool>(), any::<bool>()).prop_map(page),
        3 => said().prop_map(Answer::Message),
        1 => Just(Answer::Rooms(Rooms { rooms: rooms(), cursor: Cursor("k-4".into()) })),
        1 => room_id().prop_map(|id| Answer::Room(listed(id, "r", RoomKind::Public, 4, Some(2)))),
        1 => (1_u64..3).prop_map(|id| Answer::Session(session(UserId(id), "alice"))),
        1 => seq().prop_map(|seq| Answer::Marker(ReadMarker { last_read_seq: Seq(seq), unread: 0, mentions: 0 })),
        1 => Just(Answer::NoContent(())),
        1 => (room_id(), seq(), any::<bool>()).prop_map(|(room, seq, more)| {
            let mentions = vec![Mention { message: message(room, seq, BOB, "said"), room: found_in(room) }];
            Answer::Mentions(Mentions { mentions, next: more.then(|| "n".to_owned()) })
        }),
        1 => (room_id(), seq(), any::<bool>()).prop_map(|(room, seq, more)| {
            let hits = vec![Hit { message: message(room, seq, BOB, "said"), room: found_in(room), ranges: vec![(0, 4)] }];
            Answer::Hits(Hits { hits, next: more.then(|| "n".to_owned()) })
        }),
    ]
}

fn key() -> impl Strategy<Value = Key> {
    prop_oneof![seq().prop_map(|seq| Key::Seq(Seq(seq))), (0_u64..12).prop_map(|n| Key::Txn(format!("p-{n}").into()))]
}

fn seen() -> impl Strategy<Value = Seen> {
    let anchor = prop_oneof![Just(Anchor::End), (key(), 0_usize..9).prop_map(|(top, byte)| Anchor::At { top, byte })];
    (room_id(), anchor, key(), key(), any::<bool>(), any::<u16>(), any::<i32>()).prop_map(
        |(room, anchor, first, last, at_end, rows, scrolled)| Seen {
            room,
            anchor,
            at_end,
            rows,
            scrolled,
            ended: match (&first, &last) {
                (_, Key::Seq(seq)) | (Key::Seq(seq), Key::Txn(_)) => Some(*seq),
                _ => None,
            },
            first,
            last,
        },
    )
}

/// A Msg. Numbers of calls, streams and saves are chosen so that they often match.
fn msg() -> impl Strategy<Value = Msg> {
    let credentials = |password: String| Credentials { name: "alice".into(), password };
    prop_oneof![
        8 => proptest::sample::select(actions()).prop_map(Msg::Act),
        1 => Just(Msg::Act(Action::Interrupt)),
        6 => (room_id(), text()).prop_map(|(room, text)| Msg::Edited { room, text: text.into() }),
        4 => Just(Msg::Act(Action::Send)),
        6 => (0_u64..200, prop_oneof![3 => answer().prop_map(Ok), 1 => failure().prop_map(Err)]).prop_map(|(call, reply)| Msg::Done { call, reply }),
        6 => (0_u64..200, prop::collection::vec(event(), 0..4)).prop_map(|(stream, events)| {
            Msg::Stream { stream, events: events.into_iter().map(|event| ServerEvent::Event(event, Cursor("k-5".into()))).collect() }
        }),
        1 => (0_u64..200, failure()).prop_map(|(stream, failure)| Msg::Stream { stream, events: vec![ServerEvent::Ended(failure)] }),
        3 => (0_u64..200, any::<bool>()).prop_map(|(ticket, kept)| Msg::Saved { ticket, result: if kept { Ok(()) } else { Err("full".into()) } }),
        3 => seen().prop_map(Msg::Seen),
        2 => room_id().prop_map(Msg::Open),
        1 => room_id().prop_map(|room| Msg::Pick(Pick::Room(room))),
        1 => text().prop_map(|name| Msg::Pick(Pick::Create(name))),
        1 => (text(), any::<bool>()).prop_map(|(name, private)| Msg::CreateRoom { name, private }),
        2 => any::<bool>().prop_map(|back| Msg::Recall { back }),
        2 => prop_oneof![Just(""), Just("s"), Just("said"), Just("x"), Just("日")].prop_map(|typed| Msg::Sought(typed.into())),
        1 => any::<char>().prop_map(Msg::Typed),
        1 => prop_oneof![Just(""), Just("said"), Just("in:#ops x"), Just("from:@bob said"), Just("before:2026-11-01 x")].prop_map(|typed| Msg::SearchFor(typed.into())),
        1 => Just(Msg::SearchNow),
        1 => Just(Msg::More),
        1 => (room_id(), 1_u64..1_000).prop_map(|(room, seq)| Msg::JumpTo(Arc::new(found(room, seq)))),
        1 => any::<bool>().prop_map(Msg::Answer),
        1 => any::<bool>().prop_map(Msg::TermFocus),
        1 => ("[a-z]{0,9}", any::<bool>()).prop_map(move |(password, register)| {
            Msg::SignIn { server: "localhost".into(), credentials: credentials(password), register, invite: String::new() }
        }),
        1 => (room_id(), 0_u64..12).prop_map(|(room, n)| Msg::SendAgain { room, txn: format!("p-{n}").into() }),
        1 => (room_id(), 0_u64..12).prop_map(|(room, n)| Msg::TakeBack { room, txn: format!("p-{n}").into() }),
        1 => (room_id(), 0_u64..12).prop_map(|(room, n)| Msg::Discard { room, txn: format!("p-{n}").into() }),
        1 => (room_id(), text()).prop_map(|(room, draft)| {
            let (txn, text) = ("old-1".into(), "old".into());
            let kept = StoredMessage { txn, text, reply_to: None, written_ms: 0, edit: None, changed: false, refused: None };
            Msg::Loaded(Ok(vec![Stored { draft: draft.into(), outbox: vec![kept], ..Stored::new(room) }]))
        }),
        1 => Just(Msg::Loaded(Err(NotKept::Elsewhere))),
        1 => prop::collection::vec((room_id(), any::<bool>()), 0..4).prop_map(|visits| {
            Msg::Visited(visits.into_iter().map(|(id, joined)| visit(id, "once", joined)).collect())
        }),
        2 => Just(Msg::Tick),
        1 => Just(Msg::Unseen),
        1 => Just(Msg::Redraw),
        1 => Just(Msg::Stop),
        1 => (any::<bool>(), 0..9_usize).prop_map(|(open, at)| Msg::Pasted { room: if open { GENERAL } else { RoomId(9) }, text: "日本\n".into(), at }),
        1 => Just(Msg::EditorClosed { room: GENERAL, text: Ok("edited".into()) }),
        1 => (room_id(), seq()).prop_map(|(room, seq)| Msg::React { room, seq: Seq(seq), emoji: "👍".into() }),
        1 => Just(Msg::EmojiRecalled(vec!["👍".into()])),
        1 => Just(Msg::EditorClosed { room: OPS, text: Err("no editor".into()) }),
    ]
}

/// A realistic Msg: addressed to a pending call, stream or save if there is one.
fn aim(client: &Client, msg: Msg) -> Msg {
    let internal = &client.model.internal;
    let nth = |n: u64, numbers: Vec<u64>| {
        if numbers.is_empty() { n } else { numbers[usize::try_from(n).unwrap() % numbers.len()] }
    };
    match msg {
        Msg::Done { call, reply } => Msg::Done { call: nth(call, internal.calls.keys().copied().collect()), reply },
        Msg::Saved { ticket, result } => {
            Msg::Saved { ticket: nth(ticket, internal.saves.keys().copied().collect()), result }
        }
        Msg::Stream { stream, events } if stream % 8 != 0 => {
            Msg::Stream { stream: client.model.stream.unwrap_or(stream), events }
        }
        Msg::Edited { room, text } if room.0 > 1 => Msg::Edited { room: client.model.open.unwrap_or(room), text },
        msg => msg,
    }
}

/// Every text that still exists: drafts, earlier inputs, pending messages and pending saves.
pub(super) fn holds(client: &Client, text: &str) -> bool {
    let sent = client.effects.iter().any(|effect| match effect {
        Effect::Save { stored: Stored { draft, editing, outbox, .. }, .. } => {
            draft.contains(text)
                || editing.as_ref().is_some_and(|editing| editing.former.text.contains(text))
                || outbox.iter().any(|kept| kept.text.contains(text))
        }
        _ => false,
    });
    sent || client.model.rooms.values().any(|room| {
        room.draft.text.contains(text)
            || room.draft.editing.as_ref().is_some_and(|editing| editing.former.text.contains(text))
            || room.inputs.left.as_ref().is_some_and(|left| left.text.contains(text))
            || room.inputs.list.iter().any(|input| input.contains(text))
            || room.inputs.at.as_ref().is_some_and(|(_, left)| left.text.contains(text))
            || room.outbox.iter().any(|pending| pending.text.contains(text))
    })
}

pub(super) fn check(client: &Client) -> Result<(), TestCaseError> {
    let model = &client.model;
    let signed_out = matches!(model.link, Link::SignedOut { .. });
    match focus(model) {
        ComponentId::SignIn => prop_assert!(model.account.is_none()),
        ComponentId::Composer => prop_assert!(model.open_room().is_some() || !model.command.text.is_empty()),
        ComponentId::Rooms => prop_assert!(model.account.is_some()),
        ComponentId::Dialog(id) => prop_assert_eq!(model.dialogs.last().map(crate::model::Dialog::id), Some(id)),
        ComponentId::History => prop_assert!(model.selection().is_some()),
        ComponentId::Find => prop_assert!(model.find.is_some()),
        ComponentId::Status => prop_assert!(false, "it never has the focus"),
    }
    prop_assert!(
        model.account.is_some()
            || !matches!(model.dialogs.last().map(crate::model::Dialog::id), Some(DialogId::Switcher))
    );
    prop_assert!(model.account.is_some() || signed_out);
    if let Some(find) = &model.find {
        let (at, all) = find.count();
        prop_assert!(at <= all && model.open == Some(find.room));
        prop_assert!(find.needle.is_some() || all == 0);
    }
    for room in model.rooms.values() {
        for height in [0, 1, 24] {
            let bound = 2 * (usize::from(height) + room.scroll_rows.unsigned_abs() as usize) + 1;
            prop_assert!(window(room, height).len() <= bound);
        }
        let run: Vec<u64> = room.timeline.messages.iter().map(|message| message.seq.0).collect();
        prop_assert!(run.windows(2).all(|pair| pair[0] + 1 == pair[1]), "the messages are contiguous");
        let flying = room.outbox.iter().filter(|pending| matches!(pending.state, SendState::InFlight(_))).count();
        prop_assert!(flying <= 1, "at most one send is in flight");
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn any_sequence_of_msgs_leaves_a_valid_client(online in any::<bool>(), msgs in prop::collection::vec((msg(), 0_u64..4_000), 1..120)) {
        let mut client = if online { Client::online() } else { Client::new() };
        for (msg, pause) in msgs {
            client.model.now.mono_ms += pause;
            let msg = aim(&client, msg);
            client.on(msg);
            check(&client)?;
        }
    }

    #[test]
    fn only_the_users_own_typing_changes_a_draft(msgs in prop::collection::vec((msg(), 0_u64..4_000), 1..60)) {
        let mut client = Client::online();
        client.write("precious thought");
        for (msg, pause) in msgs {
            let own = matches!(msg, Msg::Edited { room, .. } if room == GENERAL || client.model.open == Some(GENERAL));
            // The user may change their own text, and may sign out without it where no disk keeps it.
            if own
                || matches!(
                    msg,
                    Msg::Act(Action::Interrupt)
                        | Msg::EditorClosed { text: Ok(_), .. }
                        | Msg::Pasted { .. }
                        | Msg::Loaded(Err(_))
                )
            {
                continue;
            }
            client.model.now.mono_ms += pause;
            let msg = aim(&client, msg);
            let acknowledged = client.model.unsent();
            client.on(msg);
            if acknowledged > client.model.unsent() {
                return Ok(()); // it was sent
            }
            prop_assert!(holds(&client, "precious thought"));
        }
    }
}
