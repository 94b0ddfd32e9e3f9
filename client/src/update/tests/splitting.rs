//! Tests splitting text that is too long for one message, and that a notice ends with its cause.

use super::*;
use crate::{
    model::{Dialog, InputHistory, NO_ROOM, Question},
    update::Pick,
};

/// This many lines of 100 characters, each with its number.
fn lines(count: usize) -> String {
    (1..=count).map(|n| format!("{n:>4} {}\n", "x".repeat(94))).collect()
}

fn asks_to_split(client: &Client) -> bool {
    matches!(client.model.dialogs.last(), Some(Dialog::Ask(Question::Split { room: GENERAL })))
}

fn outbox(client: &Client) -> Vec<Arc<str>> {
    client.room(GENERAL).outbox.iter().map(|pending| Arc::clone(&pending.text)).collect()
}

#[test]
fn a_long_draft_of_many_lines_is_split_after_a_question() {
    let mut client = Client::online();
    client.act(Action::Reply).say(&lines(100));
    assert!(asks_to_split(&client));
    assert_eq!((outbox(&client).len(), client.draft()), (0, &*lines(100)), "nothing happens before the answer");
    client.on(Msg::Answer(false));
    assert_eq!(client.draft(), lines(100));
    client.act(Action::Send).on(Msg::Answer(true));
    let sent = outbox(&client);
    assert_eq!((sent.len(), client.draft()), (3, ""));
    assert!(sent.iter().all(|text| text.chars().count() <= 4_000 && text.lines().all(|line| line.len() >= 94)));
    let joined = sent.iter().flat_map(|text| text.lines()).count();
    assert_eq!(joined, 100, "no line was cut");
    let replies: Vec<_> = client.room(GENERAL).outbox.iter().map(|pending| pending.reply_to).collect();
    assert_eq!(replies, [Some(Seq(3)), None, None], "the first one is the reply");
}

#[test]
fn a_long_paste_is_sent_together_with_the_draft_around_it() {
    let mut client = Client::online();
    client.write("see: !");
    client.on(Msg::Pasted { room: GENERAL, text: lines(100).into(), at: 5 }).on(Msg::SplitPaste);
    let sent = outbox(&client);
    assert!(sent[0].starts_with("see:    1 x") && sent.last().unwrap().ends_with('!'), "{sent:?}");
    assert!(client.model.dialogs.is_empty() && client.draft().is_empty());
}

#[test]
fn messages_beyond_the_limit_come_back_with_up() {
    let mut client = Client::online();
    client.on(Msg::Pasted { room: GENERAL, text: lines(5_000).into(), at: 0 }).on(Msg::SplitPaste);
    let sent: usize = outbox(&client).iter().map(|text| text.lines().count()).sum();
    assert_eq!(outbox(&client).len(), 100);
    assert!(client.notice().contains("Up brings back the rest"), "{}", client.notice());
    client.on(Msg::Recall { back: true });
    assert!(client.draft().trim_start().starts_with(&format!("{} x", sent + 1)), "the line after the last one sent");
    assert_eq!(client.draft().trim_end().lines().count(), 5_000 - sent);
}

#[test]
fn a_declined_paste_comes_back_with_up() {
    let mut client = Client::online();
    client.write("kept").on(Msg::Pasted { room: GENERAL, text: lines(5_000).into(), at: 0 }).act(Action::Cancel);
    assert_eq!(client.draft(), "kept");
    client.on(Msg::Recall { back: true });
    assert_eq!(client.draft(), lines(5_000));
}

#[test]
fn the_rest_of_a_split_draft_survives_later_inputs_and_a_restart() {
    let mut client = Client::online();
    client.say("before");
    client.on(Msg::Pasted { room: GENERAL, text: lines(5_000).into(), at: 0 }).on(Msg::SplitPaste);
    for n in 0..20 {
        client.say(&format!("{n} {}", "x".repeat(3_900)));
    }
    let rest = |client: &Client| client.room(GENERAL).inputs.list.iter().any(|input| input.len() > 64 * 1024);
    assert!(rest(&client));
    let mut again = InputHistory::default();
    again.restore(client.room(GENERAL).inputs.list.iter().map(Arc::clone).collect());
    again.remember("one more".into());
    assert!(again.list.iter().any(|input| input.len() > 64 * 1024), "the disk restores it");
}

#[test]
fn a_declined_paste_displaces_no_earlier_input_and_survives_the_next_message() {
    let mut client = Client::online();
    client.say("one").say("two");
    client.on(Msg::Pasted { room: GENERAL, text: lines(5_000).into(), at: 0 }).act(Action::Cancel);
    client.say("one moment");
    let inputs: Vec<&str> = client.room(GENERAL).inputs.list.iter().map(|input| &**input).collect();
    assert_eq!(inputs, ["one", "two", &*lines(5_000), "one moment"]);
    client.on(Msg::Pasted { room: GENERAL, text: lines(1_000).into(), at: 0 }).act(Action::Cancel);
    assert!(!client.room(GENERAL).inputs.list.contains(&lines(5_000).into()), "one is kept, not all");
}

#[test]
fn a_single_line_that_is_too_long_is_refused_until_the_draft_changes() {
    let mut client = Client::online();
    client.say(&"x".repeat(4_001));
    assert!(client.model.dialogs.is_empty() && client.notice().contains("at most 4000"), "{}", client.notice());
    client.write(&"x".repeat(4_000));
    assert_eq!(client.notice(), "");
}

#[test]
fn a_notice_ends_with_its_cause() {
    let mut client = Client::online();
    client.say("/nothing");
    assert!(client.notice().contains("/nothing"));
    client.write("/nothin");
    assert_eq!(client.notice(), "", "the command has changed");

    client.write("").act(Action::Interrupt);
    assert_eq!(client.notice(), "press again to quit");
    client.write("x");
    assert_eq!(client.notice(), "", "another key came in between");

    client.act(Action::Interrupt);
    assert!(client.notice().starts_with("cleared"));
    client.on(Msg::Recall { back: true });
    assert_eq!(client.notice(), "", "the text was recalled");

    client.act(Action::Send).disk().reply(is_send, Err(refused(403, Kind::Forbidden, "muted")));
    assert!(client.notice().contains("muted"));
    client.act(Action::Review);
    let txn = Arc::clone(&client.room(GENERAL).outbox[0].txn);
    client.on(Msg::Discard { room: GENERAL, txn });
    assert_eq!(client.notice(), "", "nothing is refused any more");

    client.stream(vec![quchat_shared::event::RoomDeleted { room_id: GENERAL }.into()]);
    assert!(client.notice().contains("deleted"));
    client.on(Msg::Open(OPS));
    assert_eq!(client.notice(), "", "the notice was about another room");
}

#[test]
fn long_messages_are_unfolded_by_key_and_by_command_until_the_room_is_left() {
    let mut client = Client::online();
    client.look().act(Action::Select).act(Action::Unfold);
    assert_eq!(client.room(GENERAL).unfolded.messages.len(), 1);
    client.act(Action::Unfold).act(Action::Cancel);
    assert!(client.room(GENERAL).unfolded.messages.is_empty());
    client.say("/unfold");
    assert!(client.room(GENERAL).unfolded.all);
    client.on(Msg::Open(OPS));
    assert!(!client.room(GENERAL).unfolded.all);
}

#[test]
fn without_a_room_commands_work_and_texts_wait_for_a_room() {
    use crate::model::ComponentId;
    let mut client = Client::new();
    client.start();
    client.on(Msg::Loaded(Ok(Vec::new()))).list_rooms(Vec::new()).hello("k-1");
    assert_eq!(focus(&client.model), ComponentId::Rooms);
    client.on(Msg::Typed('/'));
    assert_eq!((focus(&client.model), &*client.model.command.text), (ComponentId::Composer, "/"));
    client.on(Msg::Edited { room: NO_ROOM, text: "hello?".into() }).act(Action::Send);
    assert!(client.notice().contains("no room is open"), "{}", client.notice());
    client.on(Msg::Edited { room: NO_ROOM, text: "/create den".into() });
    assert_eq!(client.notice(), "");
    client.act(Action::Send);
    assert!(client.calls().iter().any(|(_, req)| matches!(req, Request::CreateRoom(new) if new.name == "den")));
    assert_eq!((focus(&client.model), &*client.model.command.text), (ComponentId::Rooms, ""));
    client.on(Msg::Edited { room: NO_ROOM, text: "half a thought".into() });
    client.stream(vec![
        quchat_shared::event::MemberJoined {
            room: info(OPS, "ops", RoomKind::Public, 0),
            user: UserRef { id: ALICE, name: "alice".into() },
            role: Role::Member,
            by: None,
        }
        .into(),
    ]);
    client.on(Msg::Open(OPS));
    assert_eq!((client.draft(), &*client.model.command.text), ("half a thought", ""));
}

#[test]
fn without_a_room_ctrl_c_clears_the_command_and_no_key_does_harm() {
    let mut client = Client::new();
    client.start();
    client.on(Msg::Loaded(Ok(Vec::new()))).list_rooms(Vec::new());
    client.on(Msg::Edited { room: NO_ROOM, text: "/jo".into() }).act(Action::Interrupt);
    assert_eq!((&*client.model.command.text, client.notice()), ("", ""));
    client.on(Msg::Edited { room: NO_ROOM, text: "/leave".into() }).act(Action::Send);
    assert!(!client.notice().is_empty());
    for order in ["/reply x", "/me waves", "/unfold", "/mute", "/new", "/select", "/search x", "/catchup", "/unread"] {
        client.on(Msg::Edited { room: NO_ROOM, text: order.into() }).act(Action::Send);
    }
    client.on(Msg::Pasted { room: NO_ROOM, text: "x\n".repeat(50).into(), at: 0 }).on(Msg::SplitPaste);
    client.on(Msg::Recall { back: true }).act(Action::OpenEditor);
}

#[test]
fn text_typed_without_a_room_follows_the_draft_of_the_opened_room() {
    let mut client = without_a_room();
    client.model.rooms.get_mut(&OPS).unwrap().draft.replace("a draft".into());
    client.on(Msg::Edited { room: NO_ROOM, text: "typed".into() }).on(Msg::Open(OPS));
    assert_eq!((client.draft(), &*client.model.command.text), ("a draft\ntyped", ""));
}

#[test]
fn a_held_enter_after_a_command_opens_no_room() {
    let held = || {
        let mut client = without_a_room();
        client.on(Msg::Edited { room: NO_ROOM, text: "/mouse".into() }).act(Action::Send);
        client.pass(700).on(Msg::Open(OPS)).pass(700).on(Msg::Open(OPS));
        assert_eq!(client.model.open, None);
        client
    };
    held().pass(800).on(Msg::Open(OPS)).opened(OPS);
    held().on(Msg::Redraw).on(Msg::Open(OPS)).opened(OPS);
    held().on(Msg::Pick(Pick::Room(OPS))).opened(OPS); // with the mouse
}

/// Signed in, with listed rooms of which none is open.
fn without_a_room() -> Client {
    let mut client = Client::online();
    client.model.open = None;
    client
}

impl Client {
    fn opened(&self, id: RoomId) {
        assert_eq!(self.model.open, Some(id));
    }
}

#[test]
fn commands_ignore_case() {
    let mut client = Client::online();
    client.say("/JOIN OPS");
    assert_eq!(client.model.open, Some(OPS));
    client.say("/Leave");
    assert!(client.calls().iter().any(|(_, req)| *req == Request::LeaveRoom(OPS)));
}

#[test]
fn of_two_rooms_with_one_name_none_is_chosen_silently() {
    let mut client = Client::online();
    let twin = RoomId(9);
    client.stream(vec![
        quchat_shared::event::MemberJoined {
            room: info(twin, "Secret", RoomKind::Private, 0),
            user: UserRef { id: ALICE, name: "alice".into() },
            role: Role::Member,
            by: None,
        }
        .into(),
    ]);
    client.say("/join secret");
    assert_eq!((client.model.open, client.draft()), (Some(GENERAL), "/join secret"));
    assert!(client.notice().contains("2 rooms called secret"), "{}", client.notice());
}

#[test]
fn only_a_refused_local_connection_hints_how_to_start_a_server() {
    let refused = || Failure::Unreachable { reason: crate::update::REFUSED.to_owned() };
    let cases = [
        ("http://localhost", refused(), true),
        ("http://localhost", unreachable(), false),
        ("http://10.0.0.7", refused(), false),
    ];
    for (server, failure, told) in cases {
        let mut client = Client::new();
        client.on(Msg::Start { server: None, name: None, session: None });
        let credentials = quchat_shared::api::Credentials { name: "alice".into(), password: "correct horse".into() };
        client.on(Msg::SignIn { server: server.into(), credentials, register: false, invite: String::new() });
        client.reply(|req| matches!(req, Request::SignIn(..)), Err(failure));
        let (_, problem) = client.model.sign_in.problem.clone().unwrap();
        assert_eq!(problem.contains("run-server"), told, "{problem}");
    }
}
