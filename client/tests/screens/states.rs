//! Every state at three sizes, with its styles: empty, loading, failed, disconnected, and full.

use insta::assert_snapshot;
use quchat_client::{
    model::{Fetch, Link, Notice, Room, SendState, Storage, Stored, StoredMessage, Timeline, Tone, Visit, Wanted},
    update::{Msg, NotKept},
};
use quchat_shared::{Message, RoomId, Seq, UserId};
use tuirealm::event::{Key, KeyModifiers as Mod};

use crate::{
    stage::{MORNING, Stage, long_talk, message, room, talk},
    styled::styled,
};

const SIZES: [(u16, u16); 3] = [(40, 12), (80, 24), (200, 50)];

/// Draws the state at each size, one snapshot per size.
pub(crate) fn at_each_size(state: &str, stage: impl Fn(u16, u16) -> Stage) {
    for (width, height) in SIZES {
        let mut stage = stage(width, height);
        stage.draw();
        stage.draw(); // the second frame is the stable one
        assert_snapshot!(format!("{state}_{width}x{height}"), styled(stage.buffer()));
    }
}

#[test]
fn nobody_is_signed_in() {
    at_each_size("door", |width, height| {
        let mut stage = Stage::new(width, height);
        stage.model.sign_in.server = "chat.example.org".to_owned();
        stage.model.sign_in.rev += 1;
        stage.follow();
        stage.type_text("alice");
        stage
    });
}

#[test]
fn a_server_without_rooms() {
    at_each_size("empty", Stage::signed_in);
}

#[test]
fn a_room_without_messages() {
    at_each_size("silent", |width, height| Stage::in_general(width, height, Vec::new()));
}

#[test]
fn a_room_whose_messages_are_loading() {
    at_each_size("loading", |width, height| {
        let mut stage = Stage::in_general(width, height, Vec::new());
        let since = stage.model.now.mono_ms;
        stage.room().timeline = Timeline::default();
        stage.room().fetch = Fetch::Loading { call: 1, page: Wanted::Newest, since };
        stage.model.link = Link::Connecting { failures: 0 };
        stage.model.now.mono_ms += 1_000;
        stage
    });
}

#[test]
fn something_went_wrong() {
    at_each_size("error", |width, height| {
        let mut stage = Stage::in_general(width, height, talk());
        stage.room().timeline.has_older = true;
        let reason = "the server took longer than 30 seconds".into();
        stage.room().fetch = Fetch::Failed { page: Wanted::Older, reason };
        stage.pend("p-1", "a word too many", SendState::Refused("this room is archived".into()));
        let until = stage.model.now.mono_ms + 4_000;
        let text = "there is no /nxet; /help lists the commands, //nxet sends it".to_owned();
        stage.model.notice = Some(Notice { text, tone: Tone::Error, until });
        stage.type_text("/nxet");
        stage
    });
}

#[test]
fn a_second_client_is_reported_in_full_at_80_columns() {
    let mut stage = Stage::in_general(80, 24, talk());
    stage.msg(Msg::Loaded(Err(NotKept::Elsewhere)));
    let Storage::Elsewhere(why) = stage.model.storage.clone() else { panic!("{:?}", stage.model.storage) };
    for link in [Link::Connected, Link::Connecting { failures: 0 }] {
        stage.model.link = link;
        assert!(stage.screen().contains(&*why), "{}", stage.screen());
    }
}

#[test]
fn the_server_cannot_be_reached() {
    at_each_size("offline", |width, height| {
        let mut stage = Stage::in_general(width, height, talk());
        let at = stage.model.now.mono_ms + 12_000;
        stage.model.link = Link::Reconnecting { at, failures: 5, reason: "connection refused".to_owned() };
        stage.pend("p-1", "are you still there?", SendState::RetryAt { at, asked: None });
        stage.pend("p-2", "I am", SendState::Queued);
        stage.type_text("and I go on writing");
        stage
    });
}

#[test]
fn no_server_has_answered_since_the_start() {
    at_each_size("outage", |width, height| {
        let mut stage = Stage::signed_in(width, height);
        let at = stage.model.now.mono_ms + 12_000;
        stage.model.link = Link::Reconnecting { at, failures: 1, reason: "connection refused".to_owned() };
        (stage.model.cursor, stage.model.storage) = (None, Storage::Opening);
        let visit = |room: Room| Visit { joined: room.joined(), info: room.info, peer: None };
        let ops = room(2, "ops", "deploys and alarms", true);
        let kept = "are you still there?".into();
        let kept = StoredMessage {
            txn: "p-1".into(),
            text: kept,
            reply_to: None,
            written_ms: MORNING,
            edit: None,
            changed: false,
            refused: None,
        };
        let stored = Stored { draft: "half a".into(), outbox: vec![kept], ..Stored::new(RoomId(2)) };
        stage.msg(Msg::Visited([ops, room(1, "general", "", true), room(3, "attic", "", false)].map(visit).into()));
        stage.msg(Msg::Loaded(Ok(vec![stored])));
        stage.type_text(" thought");
        stage
    });
}

#[test]
fn everything_at_once() {
    at_each_size("full", |width, height| {
        let mut messages = long_talk(60);
        let more = [
            (61, "bob", "see `cargo xtask ci` and *not* the _old_ script: https://ci.example.org/runs/4711?attempt=2"),
            (62, "carol", "> and then it said\n- disk full\n- try again\n```\nError: ENOSPC\n```"),
            (63, "bob", "@alice 👩‍🚀 日本語 fits, too"),
            (64, "alice", "seen it"),
        ];
        messages.extend(more.map(|(seq, sender, text)| message(seq, 200 + seq as i64, sender, text)));
        messages[55].edited_at = Some(messages[55].sent_at);
        messages[57].deleted_at = Some(messages[57].sent_at);
        messages[57].text.clear();
        messages[62].mentions = vec![UserId(1)];
        let count = messages.len() as u64;
        let mut stage = Stage::in_general(width, height, messages);
        for id in 4..40 {
            let mut more = room(id, &format!("room no. {id} with a long name"), "", id < 30);
            (more.info.last_seq, more.mentions) = (Seq(id % 7 * 100), u64::from(id == 11 || id == 22));
            stage.add_room(more);
        }
        stage.model.rooms.get_mut(&RoomId(2)).unwrap().notify = Some(quchat_shared::room::Notify::None);
        stage.room().info.topic = "a topic that says more than any line has columns for, ".repeat(4);
        stage.room().new_after = Some(Seq(62));
        stage.pend("p-1", "on its way", SendState::InFlight(1));
        stage.paste("a draft of three lines,\nof which the second is long enough to be wrapped on any screen that is narrower than a wide one,\nand the last is not");
        stage.follow();
        stage.draw();
        stage.press(Key::Up, Mod::SHIFT);
        stage.draw();
        let room = stage.room();
        let newer = Message { room_id: RoomId(1), ..message(count + 1, 300, "carol", "below what one sees") };
        room.timeline.messages.push_back(newer.into());
        room.info.last_seq = Seq(count + 1);
        stage
    });
}
