//! Completion in the composer: names, rooms, commands, emoji.

use insta::assert_snapshot;
use quchat_client::{
    model::ComponentId,
    update::{Answer, Effect, Msg, Request, focus},
};
use quchat_shared::{RoomId, Timestamp, User, UserId, api::Users, room::RoomKind, user::ServerRole};
use tuirealm::event::{Key, KeyModifiers as Mod};

use crate::stage::{Stage, message, room, talk};

fn typed(text: &str) -> Stage {
    let mut stage = Stage::in_general(80, 24, talk());
    stage.type_text(text);
    stage
}

#[test]
fn the_only_candidate_is_inserted_at_once() {
    for (text, completed) in [
        ("hi @b", "hi @bob "),
        ("hi @AR", "hi @carol "), // in the middle of a name, in any case
        ("#up", "#upcoming events "),
        ("/join upcoming e", "/join #upcoming events "),
        ("/theme li", "/theme light"),
        ("/notify ment", "/notify mentions"),
        ("/sig", "/signout"),
        ("/crea", "/create "),
        ("done :tad", "done 🎉"),
        ("done :tada:", "done 🎉"),
    ] {
        let mut stage = typed(text);
        stage.key(Key::Tab);
        assert_eq!(stage.draft(), completed);
        assert!(!stage.screen().contains('❯'), "there is nothing to choose");
    }
}

/// Two private rooms of alice, one of them with the name of a public one.
fn with_private(text: &str) -> Stage {
    let mut stage = Stage::in_general(80, 24, talk());
    for (id, name, kind, joined) in [
        (4, "secret plans", RoomKind::Private, true),
        (5, "Upcoming Events", RoomKind::Private, true),
        (6, "secret plans", RoomKind::Private, true),
        (7, "living room", RoomKind::Public, false),
    ] {
        let mut room = room(id, name, "", joined);
        room.info.kind = kind;
        stage.add_room(room);
    }
    stage.type_text(text);
    stage
}

#[test]
fn messages_complete_only_public_rooms_and_join_completes_all() {
    for (text, completed) in [
        ("see #sec", "see #sec"),
        ("#secret pl", "#secret pl"),
        ("#up", "#up"), // it would be the private one
        ("/join sec", "/join secret plans "),
        ("/join #sec", "/join secret plans "),
        ("/join up", "/join Upcoming Events "),
    ] {
        let mut stage = with_private(text);
        stage.key(Key::Tab);
        assert_eq!(stage.draft(), completed);
    }
    let mut stage = with_private("/join secret plans");
    stage.key(Key::Enter);
    assert_eq!(stage.model.open, Some(RoomId(1)), "two rooms have that name, and none is taken silently");
    assert!(stage.screen().contains("2 rooms called secret plans"), "{}", stage.screen());
}

#[test]
fn a_room_name_is_completed_after_its_first_word() {
    for (text, completed) in [
        ("#living", "#living room "),
        ("come to #living r", "come to #living room "),
        ("come to #Living ", "come to #living room "),
        ("line\n#living roo", "line\n#living room "),
        ("(#living ro", "(#living room "),
        ("a#living ro", "a#living ro"),
        ("#living room @b", "#living room @bob "),
        ("#living in @b", "#living in @bob "),
    ] {
        let mut stage = with_private("");
        stage.paste(text);
        stage.key(Key::Tab);
        assert_eq!(stage.draft(), completed);
    }
}

#[test]
fn tab_does_not_change_unknown_words() {
    for text in ["plain", "@nobody", "a@b", "https://x", ":)", "/nothing", "//he"] {
        let mut stage = typed(text);
        stage.key(Key::Tab);
        stage.key(Key::BackTab);
        assert_eq!((stage.draft().as_str(), focus(&stage.model)), (text, ComponentId::Composer));
    }
}

#[test]
fn tab_cycles_through_the_candidates_and_shift_tab_goes_back() {
    let mut stage = typed("@");
    let mut seen = Vec::new();
    for key in [Key::Tab, Key::Tab, Key::Down, Key::Tab, Key::BackTab, Key::Up] {
        stage.key(key);
        seen.push(stage.draft().trim().to_owned());
    }
    // the latest to speak first, the user last
    assert_eq!(seen, ["@carol", "@bob", "@alice", "@carol", "@alice", "@bob"]);
    stage.ctrl('_');
    assert_eq!(stage.draft(), "@", "all of it was one step");
}

#[test]
fn enter_accepts_the_candidate_and_the_next_enter_sends() {
    let mut stage = typed("/l");
    stage.key(Key::Tab);
    stage.key(Key::Tab);
    stage.key(Key::Enter);
    assert_eq!(stage.draft(), "/last");
    assert!(!stage.screen().contains('❯'), "the list is closed");
    stage.key(Key::Enter);
    assert_eq!(stage.draft(), "");
}

#[test]
fn esc_closes_the_list_and_any_other_key_continues_writing() {
    let mut stage = typed("@");
    stage.key(Key::Tab);
    stage.key(Key::Esc);
    assert_eq!(stage.draft(), "@carol ");
    assert!(!stage.screen().contains('❯'));
    stage.type_text("@");
    stage.key(Key::Tab);
    stage.type_text("hi");
    assert_eq!(stage.draft(), "@carol @carol hi");
    assert!(!stage.screen().contains('❯'));
}

#[test]
fn in_the_middle_of_a_text_only_the_word_before_the_cursor_changes() {
    let mut stage = typed("ask @bo about it");
    for _ in 0..9 {
        stage.key(Key::Left);
    }
    stage.key(Key::Tab);
    assert_eq!(stage.draft(), "ask @bob  about it");
}

#[test]
fn the_list_is_above_the_input() {
    let mut stage = typed("/");
    stage.key(Key::Tab);
    assert_snapshot!(stage.screen());
}

#[test]
fn the_list_does_not_cover_the_input_on_a_small_screen() {
    let mut stage = Stage::in_general(40, 12, talk());
    stage.type_text("well done :s");
    stage.key(Key::Tab);
    for _ in 0..7 {
        stage.key(Key::Tab);
    }
    assert_snapshot!(stage.screen());
}

#[test]
fn switching_rooms_closes_the_list() {
    let mut stage = typed("@");
    stage.key(Key::Tab);
    stage.press(Key::Down, Mod::ALT);
    assert!(!stage.screen().contains('❯'));
    stage.key(Key::Tab);
    assert!(stage.model.in_side_bar, "the other room's input is empty");
}

#[test]
fn new_messages_do_not_move_the_candidates() {
    let mut stage = typed("@");
    stage.key(Key::Tab);
    let mut messages = talk();
    messages.push(message(7, 31, "bob", "me first"));
    stage.hold(quchat_shared::RoomId(1), messages);
    stage.follow();
    stage.key(Key::Tab);
    assert_eq!(stage.draft(), "@bob ");
    stage.key(Key::Esc);
    stage.type_text("@");
    stage.key(Key::Tab);
    assert_eq!(stage.draft(), "@bob @bob ", "the next time he is the first");
}

/// Answers the search for users.
fn answer_users(stage: &mut Stage, names: &[&str]) {
    let call = stage.effects.iter().rev().find_map(|effect| match effect {
        Effect::Call { call, req: Request::ListUsers(_) } => Some(*call),
        _ => None,
    });
    let user = |(id, name): (u64, &&str)| User {
        id: UserId(id),
        name: (*name).to_owned(),
        role: ServerRole::Member,
        created_at: Timestamp::from_millis(0),
        online: false,
        suspended: false,
    };
    let users = (40..).zip(names).map(user).collect();
    let reply = Ok(Answer::Users(Users { users, next: None }));
    stage.msg(Msg::Done { call: call.expect("the server was asked"), reply });
}

#[test]
fn a_name_that_is_not_known_here_is_looked_up_and_offered() {
    for (text, completed) in [("hi @Tru", "hi @trudy "), ("/msg tru", "/msg trudy ")] {
        let mut stage = typed(text);
        stage.key(Key::Tab);
        assert_eq!(stage.draft(), text, "the text changes only at a key");
        answer_users(&mut stage, &["trudy", "Truman"]);
        let screen = stage.screen();
        assert!(screen.contains("@trudy") && screen.contains("@Truman") && !screen.contains('❯'), "{screen}");
        stage.key(Key::Tab);
        assert_eq!(stage.draft(), completed);
        stage.key(Key::Tab);
        assert!(stage.draft().ends_with("Truman "), "{}", stage.draft());
    }
}

#[test]
fn a_known_name_is_completed_without_the_server_and_typing_asks_nothing() {
    let mut stage = typed("hi @bo");
    stage.key(Key::Tab);
    assert!(!stage.effects.iter().any(|effect| matches!(effect, Effect::Call { req: Request::ListUsers(_), .. })));
    assert_eq!(stage.draft(), "hi @bob ");
}

#[test]
fn an_answer_that_comes_late_opens_nothing_and_the_list_does_not_swallow_enter() {
    let mut stage = typed("hi @tru");
    stage.key(Key::Tab);
    stage.type_text("th");
    answer_users(&mut stage, &["trudy"]);
    assert!(!stage.screen().contains("@trudy"), "{}", stage.screen());
    let mut stage = typed("hi @tru");
    stage.key(Key::Tab);
    answer_users(&mut stage, &["trudy"]);
    stage.key(Key::Enter);
    assert_eq!((stage.draft().as_str(), stage.model.unsent()), ("", 1));
}
