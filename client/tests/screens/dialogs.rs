//! Dialogs.

use std::sync::Arc;

use insta::assert_snapshot;
use quchat_client::{
    keymap::{Binding, Context, Keymap, chord},
    model::{ComponentId, Dialog, DialogId, Field, Link, Question, SendState},
    update::{Action, Effect, Msg, Pick, Request},
};
use quchat_shared::{RoomId, Seq, room::RoomKind};
use tuirealm::event::{Key, KeyModifiers as Mod};

use crate::stage::{Stage, message, room, talk};

fn stage() -> Stage {
    Stage::in_general(80, 24, talk())
}

#[test]
fn switcher() {
    let mut stage = stage();
    stage.model.rooms.get_mut(&RoomId(2)).unwrap().visited = 3;
    stage.ctrl('k');
    assert_snapshot!(stage.screen());
}

#[test]
fn the_switcher_finds_a_room_by_its_name_with_the_sign() {
    for (typed, id) in [("#ops", 2), ("*cellar door", 4), ("#upcoming ev", 3)] {
        let mut stage = Stage::in_general(80, 24, talk());
        let mut cellar = room(4, "cellar door", "", true);
        cellar.info.kind = RoomKind::Private;
        stage.add_room(cellar);
        stage.ctrl('k');
        stage.type_text(typed);
        stage.key(Key::Enter);
        assert_eq!(stage.model.open, Some(RoomId(id)), "{typed}");
    }
}

#[test]
fn the_switcher_finds_by_a_few_letters_and_creates_by_a_new_name() {
    let mut stage = stage();
    stage.ctrl('g');
    stage.type_text("upev");
    assert_eq!(stage.key(Key::Enter), Some(Msg::Pick(Pick::Room(RoomId(3)))));
    stage.ctrl('g');
    stage.type_text("#garden");
    assert_snapshot!(stage.screen());
    assert_eq!(stage.key(Key::Enter), Some(Msg::Pick(Pick::Create("garden".to_owned()))));
}

#[test]
fn the_key_right_after_ctrl_k_reaches_the_switcher() {
    let mut stage = stage();
    stage.ctrl('k');
    stage.type_text("ops");
    assert_eq!(stage.draft(), "");
    stage.key(Key::Enter);
    assert_eq!(stage.model.open, Some(RoomId(2)));
    stage.type_text("hi");
    assert_eq!(stage.draft(), "hi", "the next keys reach the opened room");
}

#[test]
fn the_same_name_in_another_spelling_is_not_new() {
    let mut stage = stage();
    stage.ctrl('g');
    stage.type_text("GENERAL");
    assert!(!stage.screen().contains("create #"));
}

#[test]
fn the_switcher_offers_no_new_room_before_the_rooms_are_listed() {
    for rooms in [true, false] {
        let mut stage = if rooms { stage() } else { Stage::signed_in(80, 24) };
        let cursor = stage.model.cursor.take();
        stage.ctrl('g');
        if rooms {
            stage.type_text("garden");
        }
        let screen = stage.screen();
        let said = if rooms {
            "Waiting for the server to list the other rooms"
        } else {
            "│ Waiting for the server to list the rooms"
        };
        assert!(screen.contains(said) && !screen.contains("create #") && !screen.contains("No rooms yet"), "{screen}");
        stage.model.cursor = cursor;
        stage.follow();
        let screen = stage.screen();
        let said = if rooms { "create #garden" } else { "No rooms yet" };
        assert!(screen.contains(said), "{screen}");
    }
}

#[test]
fn enter_opens_the_highlighted_row_even_if_it_has_moved() {
    let mut stage = stage();
    stage.ctrl('g');
    stage.key(Key::Down);
    let lit = |screen: String| screen.lines().find(|line| line.contains('❯')).map(str::to_owned).unwrap();
    assert!(lit(stage.screen()).contains("upcoming events"), "{}", stage.screen());
    stage.add_room(room(4, "a room that was just made", "", true));
    stage.model.rooms.get_mut(&RoomId(4)).unwrap().visited = 9;
    stage.follow();
    assert!(lit(stage.screen()).contains("upcoming events"), "{}", stage.screen());
    assert_eq!(stage.key(Key::Enter), Some(Msg::Pick(Pick::Room(RoomId(3)))));
}

#[test]
fn create_room() {
    let mut stage = stage();
    stage.press(Key::Char('c'), Mod::ALT);
    stage.type_text("garden 🌱");
    stage.key(Key::Tab);
    stage.key(Key::Char(' '));
    assert_snapshot!(stage.screen());
    assert_eq!(stage.key(Key::Enter), Some(Msg::CreateRoom { name: "garden 🌱".to_owned(), private: true }));
}

#[test]
fn a_refused_room_keeps_what_was_typed() {
    let mut stage = stage();
    stage.press(Key::Char('c'), Mod::ALT);
    stage.type_text("general");
    let problem = Some("there is a room of this name".to_owned());
    *stage.model.dialogs.last_mut().unwrap() = Dialog::CreateRoom { name: String::new(), waiting: false, problem };
    let screen = stage.screen();
    assert!(screen.contains("✗ there is a room of this name"), "{screen}");
    assert!(screen.contains("Name      general"), "{screen}");
}

#[test]
fn help_can_be_scrolled() {
    let mut stage = stage();
    stage.key(Key::Function(1));
    assert_snapshot!(stage.screen());
    let mut all = String::new();
    for _ in 0..14 {
        all.push_str(&stage.screen());
        stage.key(Key::PageDown);
    }
    for told in ["Ctrl+K", "Alt+A", "F3", "/signout", "Alt+1…9", "Ctrl+Z", "y, n", "Space", "mouse wheel"] {
        assert!(all.contains(told), "{told}");
    }
}

#[test]
fn help_on_a_small_screen() {
    let mut stage = Stage::in_general(40, 12, talk());
    stage.key(Key::Function(1));
    assert_snapshot!(stage.screen());
}

#[test]
fn quitting_lists_unsent_messages() {
    let mut stage = stage();
    stage.pend("p-1", "meet at the pond at nine", SendState::Queued);
    stage.pend("p-2", "bring bread", SendState::Queued);
    stage.ctrl('q');
    assert_snapshot!(stage.screen());
    assert_eq!(stage.key(Key::Char('n')), Some(Msg::Answer(false)));
    assert!(stage.model.dialogs.is_empty());
}

#[test]
fn signing_out_asks() {
    let mut stage = stage();
    stage.pend("p-1", "meet at the pond at nine", SendState::Queued);
    stage.model.dialogs.push(Dialog::Ask(Question::SignOut { unsent: 1 }));
    stage.follow();
    assert_snapshot!(stage.screen());
}

#[test]
fn a_refused_message_can_be_sent_again_or_edited() {
    let mut stage = stage();
    stage.pend("p-1", "what the server would not have", SendState::Refused("the room is archived".into()));
    stage.press(Key::Char('v'), Mod::ALT);
    assert_snapshot!(stage.screen());
    let (room, txn) = (RoomId(1), "p-1".into());
    assert_eq!(stage.key(Key::Char('e')), Some(Msg::TakeBack { room, txn }));
    assert_eq!(stage.draft(), "what the server would not have");
}

#[test]
fn a_held_key_does_not_discard_a_message_but_another_key_does() {
    let mut stage = stage();
    for txn in ["p-1", "p-2", "p-3"] {
        stage.pend(txn, "what the server would not have", SendState::Refused("the room is archived".into()));
    }
    stage.press(Key::Char('v'), Mod::ALT);
    assert!(stage.screen().contains("not sent to #general (1 of 3)"), "{}", stage.screen());
    stage.type_text("dddd");
    assert_eq!(stage.model.unsent(), 3);
    assert!(stage.screen().contains("y discard it · n keep it"), "{}", stage.screen());
    stage.type_text("yyyy");
    assert_eq!(stage.model.unsent(), 2);
    stage.type_text("dny");
    assert_eq!(stage.model.unsent(), 2);
    assert!(stage.screen().contains("not sent to #general (1 of 2)"), "{}", stage.screen());
    assert!(stage.screen().contains("d discard"), "{}", stage.screen());
}

#[test]
fn signed_out_asks_for_the_password_over_everything() {
    let mut stage = stage();
    stage.type_text("a draft");
    stage.model.link = Link::SignedOut { reason: Some("this session was ended".to_owned()) };
    stage.model.dialogs.push(Dialog::SignedOut);
    stage.model.sign_in.problem = Some((Field::Password, "unknown name or wrong password".to_owned()));
    stage.follow();
    stage.type_text("secret");
    assert_snapshot!(stage.screen());
    match stage.key(Key::Enter) {
        Some(Msg::SignIn { credentials, register: false, .. }) => {
            assert_eq!((credentials.name.as_str(), credentials.password.as_str()), ("alice", "secret"));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_dialog_fits_the_smallest_screen() {
    let mut stage = Stage::in_general(40, 12, talk());
    stage.pend("p-1", "text", SendState::Refused("no".into()));
    let dialogs = [
        Dialog::Switcher,
        Dialog::CreateRoom { name: "x".to_owned(), waiting: true, problem: None },
        Dialog::Help,
        Dialog::Ask(Question::Quit { unsent: 1 }),
        Dialog::Ask(Question::Leave { room: RoomId(1) }),
        Dialog::Review { room: RoomId(1), txn: "p-1".into() },
        Dialog::SignedOut,
    ];
    for dialog in dialogs {
        stage.model.dialogs = vec![dialog];
        stage.follow();
        for (width, height) in [(40, 12), (1, 1), (80, 24)] {
            stage.resize(width, height);
            stage.screen();
        }
        stage.resize(40, 12);
        let screen = stage.screen();
        assert!(screen.contains('╭') && screen.contains('╯'), "{screen}");
    }
    stage.model.dialogs.clear();
    stage.follow();
    assert!(!stage.app.mounted(&ComponentId::Dialog(DialogId::SignedOut)), "a closed dialog is gone");
}

#[test]
fn dialogs_name_the_key_that_closes_them() {
    let mut stage = stage();
    let at = Context::Everywhere;
    let binding = |key, action| Binding { context: at, chord: chord(key, at).unwrap(), action };
    let bindings = [binding("Esc", None), binding("Ctrl+X", Some(Action::Cancel))];
    stage.keymap = Arc::new(Keymap::bound(&bindings));
    stage.pend("p-1", "text", SendState::Refused("no".into()));
    let dialogs = [
        Dialog::CreateRoom { name: String::new(), waiting: false, problem: None },
        Dialog::Ask(Question::Quit { unsent: 1 }),
        Dialog::Review { room: RoomId(1), txn: "p-1".into() },
        Dialog::SignedOut,
    ];
    for dialog in dialogs {
        stage.model.dialogs = vec![dialog];
        stage.follow();
        let screen = stage.screen();
        assert!(screen.contains("Ctrl+X") && !screen.contains("Esc"), "{screen}");
    }
}

#[test]
fn ten_thousand_rooms_can_be_searched() {
    let mut stage = stage();
    for id in 10..10_010 {
        stage.add_room(room(id, &format!("room {id}"), "", false));
    }
    stage.ctrl('g');
    stage.type_text("room 7777");
    assert!(stage.screen().contains("❯ #room 7777"), "{}", stage.screen());
}

#[test]
fn a_dialog_over_wide_characters_has_straight_edges() {
    for shift in ["", "a"] {
        let text = format!("{shift}{}", "日本".repeat(200));
        let mut stage = Stage::in_general(80, 24, vec![message(1, 0, "bob", &text)]);
        stage.ctrl('g');
        let screen = stage.screen();
        let top = screen.lines().position(|line| line.contains("╭ go to a room")).expect("the dialog") as u16;
        let edges: Vec<_> = (21..80).filter(|&x| stage.buffer()[(x, top + 1)].symbol() == "│").collect();
        assert_eq!(edges.len(), 2, "{screen}");
        for beside in [edges[0] - 1, edges[1] + 1] {
            assert_eq!(stage.buffer()[(beside, top + 1)].symbol(), " ", "{screen}");
        }
    }
}

#[test]
fn ctrl_d_closes_a_dialog_with_nothing_to_delete() {
    let mut stage = stage();
    stage.ctrl('g');
    stage.type_text("x");
    stage.ctrl('d');
    assert!(!stage.model.dialogs.is_empty(), "there is text");
    stage.key(Key::Backspace);
    stage.ctrl('d');
    assert!(stage.model.dialogs.is_empty());
}

#[test]
fn an_unbound_key_with_a_modifier_does_nothing() {
    let mut stage = stage();
    assert_eq!(stage.press(Key::Char('t'), Mod::CONTROL), None);
    stage.key(Key::Tab);
    assert_eq!(stage.press(Key::Char('t'), Mod::ALT), None);
    stage.model.dialogs.push(Dialog::Ask(Question::Quit { unsent: 1 }));
    stage.follow();
    assert_eq!(stage.press(Key::Char('y'), Mod::CONTROL), None);
    assert_eq!(stage.draft(), "");
}

#[test]
fn catching_up_names_the_messages_and_rooms() {
    let mut stage = stage();
    stage.model.rooms.get_mut(&RoomId(2)).unwrap().info.last_seq = Seq(1);
    stage.type_text("/catchup");
    stage.key(Key::Enter);
    assert!(stage.screen().contains("Mark 1 message in 1 room as read?"), "{}", stage.screen());
    stage.key(Key::Enter);
    assert_eq!(stage.model.rooms[&RoomId(2)].unread(), 0);
}

#[test]
fn leaving_a_private_room_needs_more_than_enter() {
    let mut stage = stage();
    stage.room().info.kind = RoomKind::Private;
    stage.type_text("/leave");
    stage.key(Key::Enter);
    assert_eq!(stage.key(Key::Enter), None);
    assert!(stage.screen().contains("y leave · Esc stay"), "{}", stage.screen());
    assert_eq!(stage.key(Key::Char('y')), Some(Msg::Answer(true)));
    assert!(stage.model.dialogs.is_empty());
}

#[test]
fn a_draft_that_is_split_is_not_sent_by_a_second_enter() {
    let mut stage = stage();
    stage.room().draft.text = "a line\n".repeat(1_000).into();
    stage.follow();
    stage.key(Key::Enter);
    assert!(stage.screen().contains("y send as 2 messages · Esc keep editing"), "{}", stage.screen());
    assert_eq!(stage.key(Key::Enter), None);
    assert_eq!(stage.room().outbox.len(), 0);
    assert_eq!(stage.key(Key::Char('y')), Some(Msg::Answer(true)));
    assert_eq!(stage.room().outbox.len(), 2);
}

#[test]
fn the_switcher_lists_recently_visited_rooms_first_and_a_new_name_last() {
    let mut stage = stage();
    stage.add_room(room(4, "garden", "", true));
    stage.model.rooms.get_mut(&RoomId(2)).unwrap().visited = 3;
    stage.model.rooms.get_mut(&RoomId(4)).unwrap().visited = 9;
    stage.ctrl('g');
    let names = ["#garden", "#ops", "#upcoming events", "#general"];
    let screen = stage.screen();
    let places = names.map(|name| screen.rfind(name).unwrap());
    assert!(places.is_sorted(), "the open room comes last: {screen}");
    stage.type_text("ge");
    let screen = stage.screen();
    assert!(screen.find("create #ge") > screen.rfind("#upcoming events"), "{screen}");
}

#[test]
fn a_command_typed_into_the_switcher_does_not_become_a_room() {
    let mut stage = Stage::in_general(80, 24, talk());
    stage.ctrl('k');
    stage.type_text("/leave");
    let screen = stage.screen();
    assert!(screen.contains("no such room; commands go into the message line"), "{screen}");
    stage.key(Key::Enter);
    let created = |effect: &Effect| matches!(effect, Effect::Call { req: Request::CreateRoom(_), .. });
    assert!(!stage.effects.iter().any(created), "{:?}", stage.effects);
}
