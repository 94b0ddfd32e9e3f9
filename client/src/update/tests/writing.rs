//! Tests writing: a draft is never lost, Enter sends or runs a command, earlier inputs can be recalled.

use quchat_shared::{
    Kind,
    api::{NewRole, RoomChange},
    query::Page,
};

use super::*;
use crate::{
    model::{ComponentId, Dialog, DialogId},
    update::commands::{COMMANDS, is_for_admins},
};

#[test]
fn each_room_has_its_own_draft() {
    let mut client = Client::online();
    client.write("for general").on(Msg::Open(OPS)).write("for ops").act(Action::LastRoom);
    assert_eq!(client.draft(), "for general");
    assert_eq!(&*client.room(OPS).draft.text, "for ops");
}

#[test]
fn only_update_changes_the_rev_of_a_draft() {
    let mut client = Client::online();
    client.write("a").write("ab");
    assert_eq!(client.room(GENERAL).draft.rev, 0);
    client.act(Action::Send);
    assert_eq!((client.room(GENERAL).draft.rev, client.draft()), (1, ""));
}

#[test]
fn text_that_cannot_be_sent_stays_and_shows_the_reason() {
    for text in [
        "x".repeat(4_001),
        "bell \u{7}".to_owned(),
        "/nonsense".to_owned(),
        "/room 9".to_owned(),
        "/join nowhere".to_owned(),
        "/next room".to_owned(),
        "/create --secret x".to_owned(),
        "/me".to_owned(),
        format!("/me {}", "x".repeat(3_999)),
    ] {
        let mut client = Client::online();
        client.say(&text);
        assert_eq!(client.draft(), text);
        assert_ne!(client.notice(), "", "{text}");
        assert_eq!(client.effects, []);
    }
}

#[test]
fn white_space_is_neither_sent_nor_removed() {
    let mut client = Client::online();
    client.say(" \n ");
    assert_eq!((client.draft(), client.effects.len()), (" \n ", 0));
}

#[test]
fn two_slashes_send_one_and_several_lines_are_text() {
    for (typed, said) in [
        ("//shrug", "/shrug"),
        ("/usr/bin\n/usr/lib", "/usr/bin\n/usr/lib"),
        ("//usr\n/bin", "/usr\n/bin"),
        ("a\r\nb  ", "a\nb"),
    ] {
        let mut client = Client::online();
        client.say(typed).disk();
        assert_eq!(sent(&mut client)[0].1, said);
    }
}

#[test]
fn ctrl_c_moves_the_draft_to_the_earlier_inputs() {
    let mut client = Client::online();
    client.write("long thought").act(Action::Interrupt);
    assert_eq!(client.draft(), "");
    client.on(Msg::Recall { back: true });
    assert_eq!(client.draft(), "long thought");
}

#[test]
fn earlier_inputs_are_recalled_and_the_draft_comes_back() {
    let mut client = Client::online();
    client.say("one").say("two").write("draft");
    let mut shown = Vec::new();
    for back in [true, true, true, false, false, false] {
        client.on(Msg::Recall { back });
        shown.push(client.draft().to_owned());
    }
    assert_eq!(shown, ["two", "one", "one", "two", "draft", "draft"]);
}

#[test]
fn editing_or_sending_an_earlier_input_keeps_the_draft() {
    let mut changed = Client::online();
    changed.say("one").write("draft").on(Msg::Recall { back: true }).write("one!").on(Msg::Recall { back: true });
    assert_eq!(changed.draft(), "draft");
    let mut resent = Client::online();
    resent.say("one").write("draft").on(Msg::Recall { back: true }).act(Action::Send);
    assert_eq!(resent.draft(), "draft");
}

#[test]
fn a_message_taken_back_while_an_earlier_input_is_shown_stays_with_the_draft() {
    let mut client = Client::online();
    client.say("loud").disk().reply(is_send, Err(refused(403, Kind::Forbidden, "no"))).write("draft");
    client.on(Msg::Recall { back: true }).on(Msg::TakeBack { room: GENERAL, txn: "p-1".into() });
    assert_eq!(client.draft(), "loud\ndraft");
    let kept = client.effects.iter().rev().find_map(|effect| match effect {
        Effect::Save { stored: Stored { draft, .. }, .. } => Some(draft.to_string()),
        _ => None,
    });
    assert_eq!(kept.as_deref(), Some("loud\ndraft"));
    client.on(Msg::Recall { back: false });
    assert_eq!(client.draft(), "loud\ndraft");
}

#[test]
fn a_long_paste_asks_first_and_is_not_lost_whatever_the_answer() {
    let text: std::sync::Arc<str> = "line\n".repeat(21).into();
    let ask = || {
        let mut client = Client::online();
        client.write("ab").on(Msg::Pasted { room: GENERAL, text: std::sync::Arc::clone(&text), at: 1 });
        assert_eq!((focus(&client.model), client.draft()), (ComponentId::Dialog(DialogId::Ask), "ab"));
        client
    };
    let mut wanted = ask();
    wanted.on(Msg::Answer(true));
    assert_eq!(wanted.draft(), format!("a{text}b"));
    wanted.on(Msg::Recall { back: true });
    assert_eq!(wanted.draft(), format!("a{text}b"), "text in the draft is no earlier input");
    for no in [Msg::Answer(false), Msg::Act(Action::Cancel), Msg::Act(Action::Interrupt)] {
        let mut left = ask();
        left.on(no);
        assert_eq!((focus(&left.model), left.draft()), (ComponentId::Composer, "ab"));
        left.on(Msg::Recall { back: true });
        assert_eq!(left.draft(), &*text);
        left.on(Msg::Recall { back: false });
        assert_eq!(left.draft(), "ab");
    }
}

#[test]
fn ctrl_c_twice_quits_only_in_quick_succession() {
    let mut client = Client::online();
    client.act(Action::Interrupt).pass(2_000).act(Action::Interrupt);
    assert!(!client.effects.contains(&Effect::Exit(0)));
    client.pass(1_999).act(Action::Interrupt);
    assert!(client.effects.contains(&Effect::Exit(0)));
}

#[test]
fn ctrl_c_quits_only_without_another_key_in_between() {
    for between in [Msg::Typed('h'), Msg::Act(Action::Help), Msg::Act(Action::PageUp), Msg::Recall { back: true }] {
        let mut client = Client::online();
        client.act(Action::Interrupt).on(between.clone());
        client.act(Action::Interrupt).act(Action::Cancel);
        assert!(!client.effects.contains(&Effect::Exit(0)), "{between:?}");
    }
}

#[test]
fn a_held_ctrl_d_never_quits() {
    let mut client = Client::online();
    for _ in 0..10 {
        client.act(Action::EndOfInput);
    }
    assert_eq!((client.effects.len(), client.notice()), (0, "press again to quit"));
    client.act(Action::Interrupt);
    assert_eq!(client.effects, [Effect::Exit(0)]);
}

#[test]
fn ctrl_c_in_a_dialog_acts_like_esc() {
    let mut client = Client::online();
    client.write("draft").act(Action::Help).act(Action::Interrupt);
    assert_eq!((client.model.dialogs.len(), client.draft()), (0, "draft"));
}

#[test]
fn a_letter_in_the_side_bar_goes_to_the_composer() {
    let mut client = Client::online();
    client.write("ab").act(Action::FocusRooms);
    assert_eq!(focus(&client.model), ComponentId::Rooms);
    client.on(Msg::Typed('c'));
    assert_eq!((focus(&client.model), client.draft()), (ComponentId::Composer, "abc"));
}

fn asks(client: &mut Client, wanted: &Request) -> bool {
    client.calls().iter().any(|(_, req)| req == wanted)
}

#[test]
fn each_command_does_what_the_help_says() {
    for command in COMMANDS {
        let line = match command.name {
            "join" => "/join lobby".to_owned(),
            "create" => "/create --private my den".to_owned(),
            "room" => "/room 2".to_owned(),
            "me" => "/me waves".to_owned(),
            "theme" => "/theme light".to_owned(),
            "msg" | "invite" | "kick" | "ban" | "unban" => format!("/{} bob", command.name),
            "role" => "/role bob moderator".to_owned(),
            "topic" => "/topic -".to_owned(),
            "rename" => "/rename den".to_owned(),
            "admin suspend" | "admin unsuspend" => format!("/{} bob", command.name),
            "admin role" => "/admin role bob admin".to_owned(),
            name => format!("/{name}"),
        };
        let mut client = Client::online();
        client.model.themes = vec!["dark".into(), "light".into()];
        if is_for_admins(command) {
            client.model.account.as_mut().unwrap().user.role = ServerRole::Admin;
        }
        client.say(&line);
        let draft = client.model.rooms.get(&GENERAL).map_or_else(String::new, |room| room.draft.text.to_string());
        let done = match command.name {
            "help" => focus(&client.model) == ComponentId::Dialog(DialogId::Help),
            "join" => {
                client.model.open == Some(LOBBY)
                    && client.calls().iter().any(|(_, req)| *req == Request::JoinRoom(LOBBY))
            }
            "admin users" => focus(&client.model) == ComponentId::Dialog(DialogId::Users),
            "admin invites" => focus(&client.model) == ComponentId::Dialog(DialogId::Invites),
            "admin suspend" => focus(&client.model) == ComponentId::Dialog(DialogId::Ask),
            "admin unsuspend" | "admin role" => {
                client.calls().iter().any(|(_, req)| matches!(req, Request::UpdateUser(BOB, _)))
            }
            "admin invite" => client.calls().iter().any(|(_, req)| matches!(req, Request::CreateInvite(_))),
            "leave" => client.calls().iter().any(|(_, req)| *req == Request::LeaveRoom(GENERAL)),
            "create" => {
                matches!(&client.calls()[..], [(_, Request::CreateRoom(new))] if new.name == "my den" && new.kind == Some(RoomKind::Private))
            }
            "rooms" => focus(&client.model) == ComponentId::Rooms,
            "me" => sent(client.disk())[0].1 == "_waves_",
            "catchup" => focus(&client.model) == ComponentId::Dialog(DialogId::Ask),
            "reply" => client.room(GENERAL).draft.reply_to == Some(Seq(3)),
            "search" => focus(&client.model) == ComponentId::Dialog(DialogId::Search),
            "inbox" => focus(&client.model) == ComponentId::Dialog(DialogId::Inbox),
            "find" => focus(&client.model) == ComponentId::Find,
            "room" | "next" | "unread" => client.model.open == Some(OPS),
            "prev" => client.model.open == Some(SECRET),
            "last" | "new" | "unsent" | "back" | "forward" => !client.notice().is_empty(),
            "select" => focus(&client.model) == ComponentId::History,
            "notify" => client.notice() == "#general notifies you of mentions",
            "mute" => client.room(GENERAL).notify == Some(Notify::None),
            "signout" => client.model.account.is_none(),
            "reconnect" => client.effects.contains(&Effect::Redial),
            "bare" => client.model.bare,
            "edit" | "delete" => client.notice().contains("you have written no message here"),
            "react" => focus(&client.model) == ComponentId::Dialog(DialogId::React),
            "unfold" => client.room(GENERAL).unfolded.all,
            "mouse" => client.model.mouse,
            "theme" => *client.model.theme == *"light",
            "who" => focus(&client.model) == ComponentId::Dialog(DialogId::People),
            "msg" => asks(&mut client, &Request::OpenDirectRoom(BOB)),
            "invite" => asks(&mut client, &Request::AddMember(GENERAL, BOB)),
            "unban" => asks(&mut client, &Request::UnbanUser(GENERAL, BOB)),
            "role" => asks(&mut client, &Request::SetRole(GENERAL, BOB, NewRole { role: Role::Moderator })),
            "topic" | "rename" => {
                let (name, topic) = ((command.name == "rename").then(|| "den".into()), Some(String::new()));
                let topic = topic.filter(|_| command.name == "topic");
                asks(&mut client, &Request::UpdateRoom(GENERAL, RoomChange { name, topic, archived: None }))
            }
            "kick" | "ban" | "archive" | "delete-room" => focus(&client.model) == ComponentId::Dialog(DialogId::Ask),
            "bans" => asks(&mut client, &Request::ListBans(GENERAL, Page::default())),
            "sessions" => asks(&mut client, &Request::ListSessions),
            "password" => focus(&client.model) == ComponentId::Dialog(DialogId::Password),
            "quit" => client.effects.last() == Some(&Effect::Exit(0)),
            other => panic!("/{other} has no promise here"),
        };
        assert!(done, "{line}");
        assert_eq!(draft, "", "{line} was run and is gone");
    }
}

#[test]
fn the_mouse_command_reports_whether_it_is_on() {
    let mut client = Client::online();
    for said in ["mouse on: ", "mouse off: "] {
        client.say("/mouse");
        assert!(client.notice().starts_with(said), "{}", client.notice());
    }
}

#[test]
fn an_unknown_theme_keeps_the_draft_and_lists_the_known_ones() {
    let mut client = Client::online();
    client.model.themes = vec!["dark".into(), "light".into()];
    client.say("/theme drak");
    assert_eq!((client.draft(), client.notice()), ("/theme drak", "/theme takes one of dark, light"));
}

#[test]
fn a_command_that_quits_is_not_kept_as_a_draft() {
    let mut client = Client::online();
    client.write("/quit").pass(300).act(Action::Send);
    let last = client.effects.iter().rev().find_map(|effect| match effect {
        Effect::Save { stored: Stored { draft, .. }, .. } => Some(draft.to_string()),
        _ => None,
    });
    assert_eq!(last.as_deref(), Some(""));
}

#[test]
fn a_room_is_created_without_a_leading_sign() {
    let mut client = Client::online();
    client.say("/create #général");
    assert!(matches!(&client.calls()[..], [(_, Request::CreateRoom(new))] if new.name == "général"));
}

#[test]
fn create_without_a_name_opens_the_dialog() {
    let mut client = Client::online();
    client.say("/create");
    assert!(matches!(client.model.dialogs[..], [Dialog::CreateRoom { .. }]));
}

#[test]
fn sending_removes_the_new_line_and_goes_to_the_bottom() {
    let mut client = Client::online();
    client.on(Msg::Open(OPS)).answer_page(OPS, 1..=10, false, false).act(Action::ToNew);
    assert!(client.room(OPS).new_after.is_some());
    client.say("hi");
    assert_eq!((client.room(OPS).new_after, &client.room(OPS).anchor), (None, &crate::model::Anchor::End));
}

#[test]
fn a_ctrl_c_that_cleared_text_does_not_count_towards_quitting() {
    let mut client = Client::online();
    client.act(Action::Interrupt).write("x").act(Action::Interrupt).act(Action::Interrupt);
    assert!(!client.effects.contains(&Effect::Exit(0)));
}

#[test]
fn ctrl_d_closes_a_dialog_even_over_a_draft() {
    let mut client = Client::online();
    client.write("draft").act(Action::Help).act(Action::EndOfInput);
    assert_eq!((client.model.dialogs.len(), client.draft()), (0, "draft"));
}
