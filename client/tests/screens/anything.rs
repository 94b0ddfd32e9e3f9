//! Any keys, pastes, sizes and events in any order: a frame can always be drawn, and written text is never lost.

use std::collections::BTreeMap;

use proptest::prelude::*;
use quchat_client::{
    keymap::Keymap,
    model::{ComponentId, Room, Stored},
    update::{Action, Effect, Failure, Msg, ServerEvent, focus},
    view::fits,
};
use quchat_shared::{
    Cursor, Event, RoomId, Seq,
    event::{Bye, ByeReason, Hello, MessageCreated, MessageUpdated, RoomDeleted},
};
use tuirealm::{
    event::{Key, KeyEvent, KeyModifiers as Mod},
    ratatui::layout::Size,
};

use crate::stage::{Stage, long_talk, message};

/// A character that only the test types.
const PRECIOUS: char = '☃';

/// These are meant to delete text. It can be restored, but the model alone does not show that.
const DELETES: [Action; 11] = [
    Action::DeleteBack,
    Action::DeleteForward,
    Action::DeleteWordBack,
    Action::DeleteWordForward,
    Action::DeleteToStart,
    Action::KillOrSwitch,
    Action::Undo,
    Action::Redo,
    Action::Yank,
    Action::Complete,
    Action::CompleteBack,
];

#[derive(Debug, Clone)]
enum Happening {
    Key(KeyEvent),
    Paste(String),
    Size(u16, u16),
    Frame,
    Wait(u64),
    Focus(bool),
    News(Box<Event>),
    /// The stream breaks.
    Cut,
    /// Disk and server answer the pending requests; the server answers with a failure.
    Answers,
}

/// Every key of the keymap, and the plain keys that components handle.
fn keys() -> Vec<KeyEvent> {
    let keymap = Keymap::default();
    let plain = [Key::Up, Key::Down, Key::Left, Key::Right, Key::Home, Key::End, Key::Enter, Key::Esc, Key::Tab];
    let typed = ['y', 'n', 'e', 'j', 'G', ' ', '/', '@', ':', '日', '\u{301}', '\u{200d}'].map(Key::Char);
    let as_they_are = plain.into_iter().chain(typed).map(|code| KeyEvent::new(code, Mod::NONE));
    keymap.rows().iter().map(|row| KeyEvent::from(row.chord)).chain(as_they_are).collect()
}

/// Those that delete no text.
fn sparing_keys() -> Vec<KeyEvent> {
    let keymap = Keymap::default();
    let spares =
        |key: &KeyEvent| keymap.action(ComponentId::Composer, *key).is_none_or(|action| !DELETES.contains(&action));
    keys().into_iter().filter(spares).collect()
}

fn news() -> impl Strategy<Value = Event> {
    let room = || (1_u64..5).prop_map(RoomId);
    let said = (room(), 30_u64..60, "(@alice |👨‍👩‍👧 |\\PC|\n){0,30}")
        .prop_map(|(room_id, seq, text)| quchat_shared::Message { room_id, ..message(seq, 90, "bob", &text) });
    prop_oneof![
        6 => said.clone().prop_map(|message| MessageCreated { room_id: message.room_id, message }.into()),
        1 => said.prop_map(|message| MessageUpdated { room_id: message.room_id, message }.into()),
        1 => room().prop_map(|room_id| RoomDeleted { room_id }.into()),
        1 => Just(Hello { cursor: Cursor("k-2".into()), heartbeat_seconds: 15 }.into()),
        1 => Just(Bye { reason: ByeReason::Shutdown }.into()),
    ]
}

fn happening(keys: Vec<KeyEvent>) -> impl Strategy<Value = Happening> {
    prop_oneof![
        24 => prop::sample::select(keys).prop_map(Happening::Key),
        1 => "(\\PC|\n|\t){0,40}".prop_map(Happening::Paste),
        1 => Just(Happening::Paste("a line\n".repeat(30))),
        3 => (1_u16..140, 1_u16..50).prop_map(|(width, height)| Happening::Size(width, height)),
        6 => Just(Happening::Frame),
        2 => (0_u64..4_000).prop_map(Happening::Wait),
        1 => any::<bool>().prop_map(Happening::Focus),
        3 => news().prop_map(|event| Happening::News(Box::new(event))),
        1 => Just(Happening::Cut),
        2 => Just(Happening::Answers),
    ]
}

fn happen(stage: &mut Stage, what: Happening) {
    match what {
        Happening::Key(key) => drop(stage.press(key.code, key.modifiers)),
        Happening::Paste(text) => stage.paste(&text),
        Happening::Size(width, height) => stage.resize(width, height),
        Happening::Frame => stage.draw(),
        Happening::Wait(ms) => {
            stage.model.now.mono_ms += ms;
            stage.msg(Msg::Tick);
        }
        Happening::Focus(focused) => stage.msg(Msg::TermFocus(focused)),
        Happening::News(event) => {
            let event = ServerEvent::Event(*event, Cursor("k-9".into()));
            stage.msg(Msg::Stream { stream: stage.model.stream.unwrap_or_default(), events: vec![event] });
        }
        Happening::Cut => {
            let ended = ServerEvent::Ended(Failure::Unreachable { reason: "cut".into() });
            stage.msg(Msg::Stream { stream: stage.model.stream.unwrap_or_default(), events: vec![ended] });
        }
        Happening::Answers => {
            for effect in std::mem::take(&mut stage.effects) {
                match effect {
                    Effect::Save { ticket, .. } => stage.msg(Msg::Saved { ticket, result: Ok(()) }),
                    Effect::Call { call, .. } => {
                        stage.msg(Msg::Done { call, reply: Err(Failure::Unreachable { reason: "cut".into() }) });
                    }
                    _ => {}
                }
            }
        }
    }
}

fn stage() -> Stage {
    let mut stage = Stage::in_general(80, 24, long_talk(30));
    stage.model.stream = Some(1);
    let ops = stage.model.rooms.get_mut(&RoomId(2)).unwrap();
    ops.info.last_seq = Seq(3);
    stage
}

/// What was last saved for each room. Saved text is not lost, whatever happens to the room.
#[derive(Default)]
struct Disk(BTreeMap<RoomId, Stored>);

impl Disk {
    fn take(&mut self, effects: &[Effect]) {
        for effect in effects {
            if let Effect::Save { stored, .. } = effect {
                self.0.insert(stored.room, stored.clone());
            }
        }
    }

    fn holds(&self) -> bool {
        let texts = |stored: &Stored| {
            let sent = stored.outbox.iter().map(|kept| &kept.text);
            let former = stored.editing.iter().map(|editing| &editing.former.text);
            sent.chain(&stored.inputs).chain(former).chain([&stored.draft]).any(|text| text.contains(PRECIOUS))
        };
        self.0.values().any(texts)
    }
}

fn holds(room: &Room) -> bool {
    let left = room.inputs.at.iter().map(|(_, left)| left).chain(&room.inputs.left);
    let texts = room.inputs.list.iter().chain(left.map(|left| &left.text));
    let sent = room.outbox.iter().map(|pending| &pending.text);
    let former = room.draft.editing.iter().map(|editing| &editing.former.text);
    texts.chain(sent).chain(former).chain([&room.draft.text]).any(|text| text.contains(PRECIOUS))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn a_frame_can_always_be_drawn(happenings in prop::collection::vec(happening(keys()), 1..80)) {
        let mut stage = stage();
        for what in happenings {
            happen(&mut stage, what);
        }
        stage.draw();
        stage.resize(80, 24);
        stage.draw();
        let again = stage.screen();
        prop_assert!(fits(Size::new(80, 24)) && !again.trim().is_empty());
        prop_assert_eq!(stage.screen(), again, "the same model gives the same screen");
    }

    #[test]
    fn written_text_is_never_lost(
        before in prop::collection::vec(happening(keys()), 0..20),
        happenings in prop::collection::vec(happening(sparing_keys()), 1..80),
    ) {
        let mut stage = stage();
        for what in before {
            happen(&mut stage, what);
        }
        for _ in 0..9 {
            stage.key(Key::Esc); // leave whatever is open
        }
        prop_assume!(focus(&stage.model) == ComponentId::Composer);
        stage.key(Key::Char(PRECIOUS));
        let mut disk = Disk::default();
        for what in happenings {
            let all = format!("{what:?}");
            happen(&mut stage, what);
            disk.take(&stage.effects);
            if stage.model.account.is_none() {
                return Ok(()); // signed out: it is on the disk and returns with the next sign-in
            }
            // A room that is gone and has no draft is removed; its earlier inputs are on the disk.
            prop_assert!(stage.model.rooms.values().any(holds) || disk.holds(), "after {}", all);
        }
    }
}
