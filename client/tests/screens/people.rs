//! People: direct rooms in the side bar, presence, typing, the list of members, sessions, the form for a password.

use quchat_client::{
    model::{BanList, ComponentId, Dialog, DialogId, Link, Paged, PasswordForm, People, PersonAction, SessionList},
    update::{Msg, Pick, ServerEvent, focus},
};
use quchat_shared::{
    Cursor, Event, RoomId, Seq, SessionId, Timestamp, User, UserId, UserRef,
    api::{Ban, NewPassword, SessionInfo},
    event::{BanUpdated, MemberLeft, Presence, Typing},
    room::{Member, Notify, Role, RoomKind},
    user::ServerRole,
};
use tuirealm::event::{Key, KeyModifiers as Mod};

use crate::{
    stage::{MORNING, Stage, room, talk},
    states::at_each_size,
};

const GENERAL: RoomId = RoomId(1);

/// A member; alice is the owner, bob is a moderator, and those with an even id are online.
fn member(id: u64, name: &str) -> Member {
    let at = Timestamp::from_millis(MORNING);
    let role = match name {
        "alice" => Role::Owner,
        "bob" => Role::Moderator,
        _ => Role::Member,
    };
    let user = User {
        id: UserId(id),
        name: name.to_owned(),
        role: ServerRole::Member,
        created_at: at,
        online: id.is_multiple_of(2),
        suspended: false,
    };
    Member { user, role, joined_at: at }
}

/// The list of a room's members, whose page has arrived.
pub(crate) fn people(room: RoomId, names: &[&str]) -> People {
    let page = (1..).zip(names).map(|(id, name)| member(id, name)).collect();
    let mut people = People::of(room);
    people.list.page = Some(page);
    people
}

/// The bans of a room, whose page has arrived; every third has no reason.
pub(crate) fn bans(room: RoomId, count: u64) -> BanList {
    let named = |id: u64, name: &str| UserRef { id: UserId(id), name: name.to_owned() };
    let page = (1..=count).map(|id| Ban {
        user: named(100 + id, ["eve", "mallory", "trudy with a long name"][usize::try_from(id).unwrap() % 3]),
        by: Some(named(2, "bob")),
        reason: (id % 3 != 0).then(|| {
            let more = " and posted the same link in every room although two people had asked to stop".repeat(3);
            if id == 2 { format!("spam{more}") } else { "would not stop shouting".to_owned() }
        }),
        created_at: Timestamp::from_millis(MORNING - i64::try_from(id).unwrap() * 86_400_000),
    });
    let mut list = Paged::default();
    list.page = Some(page.collect());
    BanList { room, list }
}

/// The user's sessions; the first one is in use.
pub(crate) fn sessions(count: u64) -> SessionList {
    let at = |hours: i64| Timestamp::from_millis(MORNING - hours * 3_600_000);
    let sessions = (1..=count).map(|id| SessionInfo {
        id: SessionId(id),
        created_at: at(id.cast_signed() * 50),
        expires_at: at(-700),
        last_used_at: at(id.cast_signed()),
        client: ["quchat/0.1.0", "curl/8.5", ""][usize::try_from(id).unwrap() % 3].to_owned(),
        label: (id == 4).then(|| "backup script".to_owned()),
        current: id == 1,
    });
    SessionList { sessions: Some(sessions.collect()), problem: None }
}

/// Direct rooms of alice with bob, who is online, and carol, who has written, and a room for notes.
pub(crate) fn with_direct(stage: &mut Stage) {
    stage.model.stream = Some(1);
    for (id, user, name) in [(21, 2, "bob"), (22, 3, "carol"), (23, 1, "alice")] {
        let mut direct = room(id, "", "", true);
        direct.info.kind = RoomKind::Direct;
        direct.peer = Some(UserRef { id: UserId(user), name: name.to_owned() });
        direct.participants.meet(&[member(user, name)]);
        direct.member.as_mut().unwrap().notify = Notify::Mentions;
        stage.add_room(direct);
    }
    stage.model.rooms.get_mut(&RoomId(22)).unwrap().info.last_seq = Seq(2);
    stage.follow();
}

fn hear(stage: &mut Stage, event: impl Into<Event>) {
    stage.model.stream = Some(1);
    stage.msg(Msg::Stream { stream: 1, events: vec![ServerEvent::Event(event.into(), Cursor("k3-9".to_owned()))] });
}

/// alice owns #general, where others are online and bob is typing.
pub(crate) fn participants(width: u16, height: u16) -> Stage {
    let mut stage = Stage::in_general(width, height, talk());
    with_direct(&mut stage);
    let names = ["alice", "bob", "carol", "dave", "erin", "frank"];
    let members: Vec<Member> = (1..).zip(names).map(|(id, name)| member(id, name)).collect();
    stage.room().participants.meet(&members);
    stage.room().member.as_mut().unwrap().role = Role::Owner;
    hear(&mut stage, Typing { room_id: GENERAL, user_id: UserId(2) });
    stage
}

pub(crate) fn with_dialog(width: u16, height: u16, dialog: Dialog) -> Stage {
    let mut stage = participants(width, height);
    stage.model.dialogs.push(dialog);
    stage.follow();
    stage
}

pub(crate) fn listed(width: u16, height: u16) -> Stage {
    let names = ["alice", "bob", "carol", "dave", "erin", "frank"];
    with_dialog(width, height, Dialog::People(people(GENERAL, &names)))
}

#[test]
fn direct_rooms_presence_and_typing() {
    at_each_size("participants", participants);
}

#[test]
fn a_direct_room() {
    at_each_size("direct", |width, height| {
        let mut stage = participants(width, height);
        stage.model.open = Some(RoomId(21));
        stage.follow();
        stage
    });
}

#[test]
fn the_list_of_members() {
    at_each_size("people", listed);
}

#[test]
fn the_menu_for_a_member() {
    at_each_size("people_menu", |width, height| {
        let mut stage = listed(width, height);
        stage.key(Key::Down);
        stage.key(Key::Enter);
        stage
    });
}

#[test]
fn the_list_of_bans() {
    at_each_size("bans", |width, height| {
        let mut stage = with_dialog(width, height, Dialog::Bans(bans(GENERAL, 5)));
        stage.key(Key::Down);
        stage
    });
}

#[test]
fn a_ban_is_lifted_only_after_a_second_key() {
    let mut stage = with_dialog(80, 24, Dialog::Bans(bans(GENERAL, 3)));
    stage.key(Key::Down);
    stage.key(Key::Enter);
    assert!(stage.screen().contains("Lift this ban? y lifts it"), "{}", stage.screen());
    stage.key(Key::Enter);
    assert_eq!(stage.key(Key::Char('n')), Some(Msg::Redraw), "a held Enter is no answer");
    assert_eq!(stage.key(Key::Char('y')), None);
    stage.key(Key::Enter);
    let user = UserRef { id: UserId(102), name: "trudy with a long name".to_owned() };
    assert_eq!(stage.key(Key::Char('y')), Some(Msg::ActOn { user, action: PersonAction::Unban(GENERAL) }));
}

#[test]
fn an_empty_list_of_bans_and_one_that_failed_say_so() {
    let mut stage = with_dialog(40, 12, Dialog::Bans(bans(GENERAL, 0)));
    assert!(stage.screen().contains("nobody is banned"), "{}", stage.screen());
    let mut failed = bans(GENERAL, 0);
    failed.list.problem = Some("only moderators may do this".to_owned());
    let mut stage = with_dialog(40, 12, Dialog::Bans(failed));
    assert!(stage.screen().contains("✗ only moderators may do this"), "{}", stage.screen());
}

#[test]
fn unban_completes_the_banned_names_first() {
    let mut stage = participants(80, 24);
    let user = UserRef { id: UserId(9), name: "eve".to_owned() };
    hear(&mut stage, MemberLeft { room_id: GENERAL, user, by: None, banned: true });
    stage.type_text("/unban e");
    stage.key(Key::Tab);
    assert_eq!(stage.draft(), "/unban eve ", "{}", stage.screen());
    let mut stage = participants(80, 24);
    stage.type_text("/unban ");
    stage.key(Key::Tab);
    assert_eq!(stage.draft(), "/unban carol ", "while it is not known who is banned");
}

#[test]
fn the_list_of_sessions() {
    at_each_size("sessions", |width, height| with_dialog(width, height, Dialog::Sessions(sessions(5))));
}

#[test]
fn the_form_for_a_new_password() {
    at_each_size("password", |width, height| {
        let mut stage = with_dialog(width, height, Dialog::Password(PasswordForm::default()));
        stage.type_text("old secret");
        stage.key(Key::Tab);
        stage.type_text("new");
        stage
    });
}

#[test]
fn the_questions_before_a_ban_and_a_deletion() {
    for (name, line) in [("ban", "/ban bob he knows why"), ("delete_room", "/delete-room")] {
        at_each_size(name, |width, height| {
            let mut stage = participants(width, height);
            stage.type_text(line);
            stage.key(Key::Enter);
            stage
        });
    }
}

#[test]
fn enter_answers_neither_the_question_before_a_removal_nor_the_one_before_archiving() {
    for (line, asked, answered) in [
        ("/kick bob", "Remove bob from #general?", "They can join again"),
        ("/archive", "Archive #general?", "Its messages stay readable"),
    ] {
        for (width, height) in [(40, 12), (80, 24)] {
            let mut stage = participants(width, height);
            stage.type_text(line);
            stage.key(Key::Enter);
            stage.key(Key::Enter);
            let screen = stage.screen();
            assert!(screen.contains(asked) && screen.contains(answered) && screen.contains(" y "), "{screen}");
            stage.key(Key::Char('y'));
            assert!(stage.model.dialogs.is_empty());
        }
    }
}

#[test]
fn a_room_that_was_archived_and_one_that_banned_the_user() {
    at_each_size("archived", |width, height| {
        let mut stage = participants(width, height);
        stage.room().info.archived = true;
        stage.follow();
        stage
    });
    at_each_size("banned", |width, height| {
        let mut stage = participants(width, height);
        let (user, by) =
            (UserRef { id: UserId(1), name: "alice".to_owned() }, UserRef { id: UserId(2), name: "bob".to_owned() });
        hear(&mut stage, MemberLeft { room_id: GENERAL, user, by: Some(by), banned: true });
        hear(&mut stage, BanUpdated { room_id: GENERAL, banned: true });
        stage
    });
}

#[test]
fn the_menu_does_what_it_says_and_esc_leaves_it_before_the_list() {
    let mut stage = listed(80, 24);
    stage.key(Key::Down);
    stage.key(Key::Enter);
    assert!(stage.screen().contains("make member"), "{}", stage.screen());
    stage.key(Key::Esc);
    assert!(stage.screen().contains("carol") && focus(&stage.model) == ComponentId::Dialog(DialogId::People));
    stage.key(Key::Enter);
    for _ in 0..4 {
        stage.key(Key::Down);
    }
    let bob = UserRef { id: UserId(2), name: "bob".to_owned() };
    let banned = Msg::ActOn { user: bob, action: PersonAction::Ban(GENERAL, None) };
    assert_eq!(stage.key(Key::Enter), Some(banned));
    assert!(stage.screen().contains("Ban bob from #general?"), "{}", stage.screen());
}

#[test]
fn typing_in_the_list_filters_it_and_a_new_name_can_be_added() {
    let mut stage = listed(80, 24);
    stage.type_text("Da");
    let screen = stage.screen();
    assert!(screen.contains("○ dave") || screen.contains("● dave"), "{screen}");
    assert!(!screen.contains("○ erin") && screen.contains("+ add Da to this room"), "{screen}");
    stage.key(Key::Down);
    let add = Msg::AddByName { room: GENERAL, name: "Da".to_owned() };
    assert_eq!(stage.key(Key::Enter), Some(add));
}

#[test]
fn a_member_is_offered_nothing_but_a_message() {
    let mut stage = listed(80, 24);
    stage.room().member.as_mut().unwrap().role = Role::Member;
    stage.follow();
    stage.key(Key::Down);
    stage.key(Key::Enter);
    let screen = stage.screen();
    assert!(
        screen.contains("write to them") && !screen.contains("remove from") && !screen.contains("make "),
        "{screen}"
    );
}

#[test]
fn the_list_follows_presence() {
    let mut stage = listed(80, 24);
    assert!(stage.screen().contains("○ carol"), "{}", stage.screen());
    hear(&mut stage, Presence { room_id: GENERAL, online: vec![UserId(3)], offline: vec![UserId(2)] });
    let screen = stage.screen();
    assert!(screen.contains("● carol") && screen.contains("○ bob"), "{screen}");
}

#[test]
fn the_switcher_offers_people_before_a_new_room() {
    let mut stage = participants(80, 24);
    stage.ctrl('k');
    stage.type_text("da");
    let dave = UserRef { id: UserId(4), name: "dave".to_owned() };
    stage.model.look_up.found = vec![dave.clone()];
    stage.follow();
    let screen = stage.screen();
    assert!(screen.contains("@dave") && screen.contains("create #da"), "{screen}");
    assert_eq!(stage.key(Key::Enter), Some(Msg::Pick(Pick::Person(dave))));
    stage.model.dialogs.clear();
    stage.follow();
    stage.ctrl('k');
    stage.type_text("@car");
    let screen = stage.screen();
    assert!(screen.contains("@carol") && !screen.contains("create #"), "{screen}");
    assert_eq!(stage.key(Key::Enter), Some(Msg::Pick(Pick::Room(RoomId(22)))));
}

#[test]
fn a_session_is_ended_only_after_a_second_key_and_never_the_one_in_use() {
    let mut stage = with_dialog(80, 24, Dialog::Sessions(sessions(3)));
    stage.key(Key::Enter);
    assert_eq!(stage.key(Key::Char('y')), None, "the one in use");
    stage.key(Key::Down);
    stage.key(Key::Enter);
    assert_eq!(stage.key(Key::Char('n')), Some(Msg::Redraw));
    assert_eq!(stage.key(Key::Char('y')), None);
    stage.key(Key::Enter);
    assert_eq!(stage.key(Key::Char('y')), Some(Msg::EndSession(SessionId(2))));
}

#[test]
fn the_new_password_is_typed_twice() {
    let mut stage = with_dialog(80, 24, Dialog::Password(PasswordForm::default()));
    for text in ["old secret", "new secret", "new secrets"] {
        stage.type_text(text);
        stage.key(Key::Tab);
    }
    stage.key(Key::Enter);
    let screen = stage.screen();
    assert!(screen.contains("✗ the two new passwords differ") && !screen.contains("secret"), "{screen}");
    stage.key(Key::Up);
    stage.key(Key::Backspace);
    let new = NewPassword { current: "old secret".to_owned(), new: "new secret".to_owned() };
    assert_eq!(stage.key(Key::Enter), Some(Msg::ChangePassword(new)));
}

#[test]
fn names_and_roles_are_completed_and_what_is_not_permitted_is_not() {
    for (text, completed) in [
        ("/msg er", "/msg erin "),
        ("/kick Fr", "/kick frank "),
        ("/role erin mod", "/role erin moderator"),
        ("/msg erin hi @ca", "/msg erin hi @carol "),
        ("/delete-", "/delete-room"),
    ] {
        let mut stage = participants(80, 24);
        stage.type_text(text);
        stage.key(Key::Tab);
        assert_eq!(stage.draft(), completed);
    }
    let mut stage = participants(80, 24);
    stage.room().member.as_mut().unwrap().role = Role::Member;
    stage.follow();
    stage.type_text("/kic");
    stage.press(Key::Tab, Mod::NONE);
    assert_eq!(stage.draft(), "/kic");
}

#[test]
fn without_a_connection_the_list_of_members_says_what_it_waits_for() {
    let mut stage = Stage::in_general(80, 24, talk());
    stage.model.link = Link::Connecting { failures: 1 };
    stage.press(Key::Char('w'), Mod::ALT);
    let screen = stage.screen();
    assert!(screen.contains("not connected; the list comes with the connection"), "{screen}");
}

#[test]
fn the_name_of_the_room_stays_in_its_column_when_it_is_known_how_many_are_online() {
    let column = |stage: &mut Stage| stage.screen().lines().next().unwrap().find("#general");
    let mut unknown = Stage::in_general(80, 24, talk());
    assert_eq!(column(&mut unknown), column(&mut participants(80, 24)));
}
