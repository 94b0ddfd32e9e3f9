//! Tests signing in, the end of a session, signing out, and the connection.

use quchat_shared::{
    Kind,
    api::{Credentials, Registration},
    event::{Bye, ByeReason, MessageUpdated, Reset, ResetReason},
    problem::FieldError,
};

use super::*;
use crate::model::{ComponentId, Dialog, Field, Link, Question};

fn sign_in(client: &mut Client, server: &str, name: &str, password: &str, register: bool) {
    let credentials = Credentials { name: name.into(), password: password.into() };
    client.on(Msg::SignIn { server: server.into(), credentials, register, invite: String::new() });
}

fn is_sign_in(req: &Request) -> bool {
    matches!(req, Request::SignIn(..) | Request::Register(..))
}

#[test]
fn signing_in_leads_to_rooms_then_stream_then_connected() {
    let mut client = Client::new();
    client.on(Msg::Start { server: Some("http://localhost".into()), name: None, session: None });
    assert_eq!((focus(&client.model), next_deadline(&client.model)), (ComponentId::SignIn, None));
    sign_in(&mut client, "http://localhost", "alice", "correct horse", false);
    assert!(client.model.sign_in.waiting);
    client.effects.retain(|effect| !matches!(effect, Effect::Call { req: Request::GetServer(_), .. }));
    let epoch = client.model.epoch;
    client.reply(is_sign_in, Ok(Answer::Session(session(ALICE, "alice"))));
    assert!(client.model.epoch > epoch);
    assert_eq!(client.effects[0], Effect::Enter { server: origin().into(), session: session(ALICE, "alice") });
    client.on(Msg::Loaded(Ok(Vec::new()))).list_rooms(rooms());
    assert!(client.effects.iter().any(|e| matches!(e, Effect::Listen { since, .. } if since.0 == "k-1")));
    assert!(matches!(client.model.link, Link::Connecting { .. }));
    client.hello("k-1");
    assert_eq!((&client.model.link, focus(&client.model)), (&Link::Connected, ComponentId::Composer));
}

#[test]
fn a_mistake_in_the_form_is_shown_at_its_field_without_a_request() {
    for (server, name, password, register, field) in [
        ("", "alice", "correct horse", false, Field::Server),
        ("ftp://x", "alice", "correct horse", false, Field::Server),
        ("localhost", "", "correct horse", false, Field::Name),
        ("localhost", "al ice", "correct horse", true, Field::Name),
        ("localhost", "alice", "", false, Field::Password),
        ("localhost", "alice", "short", true, Field::Password),
    ] {
        let mut client = Client::new();
        sign_in(&mut client, server, name, password, register);
        assert_eq!(client.model.sign_in.problem.as_ref().map(|(field, _)| *field), Some(field));
        assert_eq!((client.effects.len(), client.model.sign_in.waiting), (0, false));
    }
}

#[test]
fn a_refusal_keeps_all_fields_except_a_wrong_password() {
    let mut problem = refused(422, Kind::Invalid, "");
    if let Failure::Refused { problem, .. } = &mut problem {
        problem.errors.push(FieldError { field: "name".into(), detail: "not that one".into() });
    }
    for (failure, field, emptied) in [
        (refused(401, Kind::Unauthenticated, ""), Field::Password, 1),
        (refused(409, Kind::NameTaken, ""), Field::Name, 0),
        (refused(429, Kind::RateLimited, "too many"), Field::Password, 1),
        (problem, Field::Name, 0),
        (unreachable(), Field::Server, 0),
    ] {
        let mut client = Client::new();
        sign_in(&mut client, "http://localhost", "alice", "correct horse", true);
        let rev = client.model.sign_in.rev;
        client.reply(is_sign_in, Err(failure));
        let form = &client.model.sign_in;
        assert_eq!(form.problem.as_ref().map(|(field, _)| *field), Some(field));
        assert_eq!((&*form.name, form.rev, form.password_rev, form.waiting), ("alice", rev, emptied, false));
    }
}

fn register_with(client: &mut Client, invite: &str) {
    let credentials = Credentials { name: "alice".into(), password: "correct horse".into() };
    client.on(Msg::SignIn { server: "http://localhost".into(), credentials, register: true, invite: invite.into() });
}

#[test]
fn the_form_follows_who_may_register() {
    let mut client = Client::new();
    register_with(&mut client, "");
    let mut invited = refused(422, Kind::Invalid, "");
    if let Failure::Refused { problem, .. } = &mut invited {
        problem.errors.push(FieldError { field: "invite".into(), detail: "this server asks for an invite".into() });
    }
    client.reply(is_sign_in, Err(invited));
    let form = &client.model.sign_in;
    assert_eq!(form.problem, Some((Field::Invite, "this server asks for an invite".to_owned())));
    assert_eq!(form.registration, Some(("http://localhost".to_owned(), Registration::Invite)));
    assert_eq!(form.password_rev, 0, "the password is kept");

    register_with(&mut client, "");
    client.reply(is_sign_in, Err(refused(403, Kind::Forbidden, "registration is closed")));
    let form = &client.model.sign_in;
    assert_eq!(form.problem, Some((Field::Server, "registration is closed".to_owned())));
    assert_eq!(form.registration, Some(("http://localhost".to_owned(), Registration::Closed)));

    sign_in(&mut client, "http://localhost", "alice", "correct horse", false);
    client.reply(is_sign_in, Err(refused(403, Kind::Forbidden, "this account is suspended")));
    assert_eq!(client.model.sign_in.problem, Some((Field::Name, "this account is suspended".to_owned())));
}

#[test]
fn an_invite_is_a_code_or_a_join_link() {
    const CODE: &str = "AAAAAAAAAAAAAAAAAAAAAA";
    for (typed, sent) in [
        ("", None),
        (" AAAAAAAAAAAAAAAAAAAAAA ", Some(CODE)),
        ("'quchat://[::1]/-/AAAAAAAAAAAAAAAAAAAAAA'", Some(CODE)),
        ("quchat://lan/-", None),
        ("what?", Some("what?")),
    ] {
        let mut client = Client::new();
        register_with(&mut client, typed);
        let Some((_, Request::Register(_, new))) = client.calls().pop() else { panic!("{typed}") };
        assert_eq!(new.invite.as_deref(), sent, "{typed}");
    }
    let mut client = Client::new();
    register_with(&mut client, "quchat://lan/-/x");
    assert_eq!(client.model.sign_in.problem.as_ref().map(|(field, _)| *field), Some(Field::Invite));
    assert_eq!(client.effects.len(), 0);
}

#[test]
fn a_second_enter_sends_nothing_and_esc_stops_waiting() {
    let mut client = Client::new();
    sign_in(&mut client, "http://localhost", "alice", "correct horse", false);
    sign_in(&mut client, "http://localhost", "alice", "correct horse", false);
    assert_eq!(client.effects.len(), 1);
    client.act(Action::Cancel).reply(is_sign_in, Ok(Answer::Session(session(ALICE, "alice"))));
    assert!(client.model.account.is_none() && !client.model.sign_in.waiting);
}

#[test]
fn no_debug_text_contains_the_password() {
    let mut client = Client::new();
    let credentials = Credentials { name: "alice".into(), password: "correct horse".into() };
    let msg = Msg::SignIn { server: "localhost".into(), credentials, register: false, invite: String::new() };
    assert!(!format!("{msg:?}").contains("horse"));
    client.on(msg);
    assert!(!format!("{:?}{:?}", client.effects, client.model).contains("horse"));
}

#[test]
fn the_end_of_a_session_keeps_everything_and_asks_for_the_password_once() {
    let mut client = Client::online();
    client.say("unsent").disk().write("draft").on(Msg::Open(OPS));
    let epoch = client.model.epoch;
    client.reply(is_send, Err(refused(401, Kind::Unauthenticated, "")));
    client.reply(|req| matches!(req, Request::ListMessages(..)), Err(refused(401, Kind::Unauthenticated, "")));
    client.pass(1_000);
    assert_eq!(client.model.dialogs, [Dialog::SignedOut]);
    assert!(client.model.epoch == epoch + 1 && matches!(client.model.link, Link::SignedOut { reason: Some(_) }));
    assert_eq!(&*client.room(GENERAL).draft.text, "draft");
    client.pass(60_000).effects.clear();
    sign_in(&mut client, "elsewhere", "mallory", "correct horse", false);
    let asked = client.effects.iter().any(|effect| {
        matches!(effect, Effect::Call { req: Request::SignIn(to, who), .. } if to.origin == origin() && who.name == "alice")
    });
    assert!(asked, "the same server and user, whatever the form contained");
    client.reply(is_sign_in, Ok(Answer::Session(session(ALICE, "alice"))));
    assert!(client.model.dialogs.is_empty() && client.model.open == Some(OPS));
    client.hello("k-2");
    assert_eq!(sent(&mut client), [("p-1".to_owned(), "unsent".to_owned())]);
}

#[test]
fn the_password_dialog_does_not_open_while_the_user_types() {
    let mut client = Client::online();
    client.write("in the mid").stream(vec![Bye { reason: ByeReason::Expired }.into()]);
    assert!(matches!(client.model.link, Link::SignedOut { reason: Some(_) }), "the status line shows it at once");
    client.pass(900).write("in the middle").pass(900).act(Action::Send).pass(900).write("of a sentence");
    assert_eq!((focus(&client.model), client.draft()), (ComponentId::Composer, "of a sentence"));
    client.pass(1_000);
    assert_eq!(client.model.dialogs, [Dialog::SignedOut]);
    client.act(Action::Cancel).pass(60_000);
    assert_eq!(focus(&client.model), ComponentId::Composer, "the dialog opens only once");
}

#[test]
fn a_message_written_after_the_session_ended_is_kept_and_opens_the_password_dialog() {
    let mut client = Client::online();
    client.stream(vec![Bye { reason: ByeReason::Expired }.into()]).act(Action::Cancel);
    assert!(client.model.dialogs.is_empty());
    client.say("later").disk().pass(1_000);
    assert_eq!(client.model.dialogs, [Dialog::SignedOut]);
    assert_eq!((sent(&mut client).len(), client.model.unsent()), (0, 1));
}

#[test]
fn signing_out_lists_unsent_messages_and_leaves_nothing_behind() {
    let mut client = Client::online();
    client.say("unsent").disk().effects.clear();
    client.act(Action::SignOut);
    assert_eq!(client.model.dialogs, [Dialog::Ask(Question::SignOut { unsent: 1 })]);
    client.on(Msg::Answer(true));
    assert!(matches!(client.calls()[..], [(_, Request::GetServer(_))]), "who may register, for the form");
    assert_eq!(client.effects, [Effect::HangUp, Effect::SignOut]);
    assert!(client.model.rooms.is_empty() && client.model.open.is_none() && client.model.dialogs.is_empty());
    assert_eq!((&*client.model.sign_in.name, focus(&client.model)), ("alice", ComponentId::SignIn));
    assert_eq!(next_deadline(&client.model), None);
}

#[test]
fn replies_of_an_earlier_session_change_nothing() {
    let mut client = Client::online();
    client.on(Msg::Open(OPS));
    let (call, _) = client.calls().pop().unwrap();
    client.act(Action::SignOut);
    let page = MessagePage {
        messages: vec![message(OPS, 1, BOB, "x")],
        has_older: false,
        has_newer: false,
        own_reactions: Vec::new(),
    };
    client.on(Msg::Done { call, reply: Ok(Answer::Page(page)) }).on(Msg::Loaded(Ok(Vec::new())));
    assert!(client.model.rooms.is_empty());
}

#[test]
fn a_lost_stream_shows_a_countdown_and_resumes() {
    let mut client = Client::online();
    client.stream(vec![]).cut(unreachable());
    let Link::Reconnecting { at, ref reason, .. } = client.model.link else { panic!() };
    assert_eq!(reason, "connection refused");
    client.pass(at - client.model.now.mono_ms);
    assert!(matches!(&client.effects[..], [Effect::Listen { since, .. }] if since.0 == "k-1"), "{:?}", client.effects);
}

#[test]
fn the_countdown_wakes_once_a_second_and_a_live_idle_client_never() {
    let mut client = Client::online();
    assert_eq!(next_deadline(&client.model), None);
    for _ in 0..8 {
        client.cut(unreachable());
        let Link::Reconnecting { at, .. } = client.model.link else { panic!() };
        if at - client.model.now.mono_ms > 5_000 {
            break;
        }
        client.pass(at - client.model.now.mono_ms);
    }
    let Link::Reconnecting { at, .. } = client.model.link else { panic!() };
    let mut wakes = 0;
    while let Some(due) = next_deadline(&client.model).filter(|&due| due < at) {
        client.model.now.mono_ms = due;
        client.on(Msg::Tick);
        wakes += 1;
        assert_eq!((at - due) % 1_000, 0);
    }
    assert!(wakes >= 5);
}

#[test]
fn events_of_an_earlier_stream_are_dropped() {
    let mut client = Client::online();
    let old = client.model.stream.unwrap();
    client.cut(unreachable()).pass(2_000);
    let event = ServerEvent::Event(
        MessageCreated { room_id: GENERAL, message: message(GENERAL, 4, BOB, "x") }.into(),
        Cursor("k-9".into()),
    );
    client.on(Msg::Stream { stream: old, events: vec![event] });
    assert_eq!(
        (client.room(GENERAL).timeline.messages.len(), client.model.cursor.clone().unwrap().0),
        (3, "k-1".to_owned())
    );
}

#[test]
fn a_position_without_an_event_is_remembered() {
    let mut client = Client::online();
    let stream = client.model.stream.unwrap();
    client
        .on(Msg::Stream { stream, events: vec![ServerEvent::At(Cursor("k-77".into()))] })
        .cut(unreachable())
        .pass(2_000);
    assert!(matches!(&client.effects[..], [Effect::Listen { since, .. }] if since.0 == "k-77"));
}

#[test]
fn a_slow_reader_reconnects_at_once_and_a_shutdown_is_reported() {
    let mut slow = Client::online();
    slow.pass(10_000).stream(vec![Bye { reason: ByeReason::Slow }.into()]).cut(unreachable());
    assert!(matches!(slow.effects[..], [Effect::Listen { .. }]));
    let mut stopping = Client::online();
    stopping.stream(vec![Bye { reason: ByeReason::Shutdown }.into()]).cut(unreachable());
    assert!(matches!(&stopping.model.link, Link::Reconnecting { reason, .. } if reason.contains("shutting down")));
}

#[test]
fn a_reset_lists_rooms_reopens_the_stream_and_refetches_around_the_reader() {
    let mut client = Client::online();
    at_hand(&mut client, GENERAL, 1..=300);
    let seen = seen_of(client.room(GENERAL), 100, 120, false);
    client.on(Msg::Seen(seen));
    let before = client.room(GENERAL).anchor.clone();
    client.stream(vec![Reset { reason: ResetReason::TooFar, cursor: Cursor("k-5000".into()) }.into()]);
    assert_eq!(client.effects[0], Effect::HangUp);
    let mut moved = rooms();
    moved[0] = listed(GENERAL, "general", RoomKind::Public, 5_300, Some(300));
    client.list_rooms(moved);
    assert_eq!(client.room(GENERAL).timeline.messages.len(), 300, "the screen stays until the page arrives");
    client.answer_page(GENERAL, 50..=149, true, true);
    assert_eq!((&client.room(GENERAL).anchor, client.room(GENERAL).timeline.first()), (&before, Some(Seq(50))));
    assert!(client.room(OPS).timeline.is_unknown());
    assert_eq!(client.room(GENERAL).unread(), 5_000);
}

#[test]
fn after_a_restored_backup_its_copies_win_over_loaded_ones() {
    let mut client = Client::online();
    let edited = Message { rev: 9, text: "of a future that never was".into(), ..message(GENERAL, 2, BOB, "") };
    client.stream(vec![MessageUpdated { room_id: GENERAL, message: edited }.into()]);
    client.stream(vec![Reset { reason: ResetReason::Unknown, cursor: Cursor("m-1".into()) }.into()]);
    let mut restored = rooms();
    restored[0] = listed(GENERAL, "general", RoomKind::Public, 2, Some(2));
    client.list_rooms(restored).answer_page(GENERAL, 1..=2, false, false);
    let timeline = &client.room(GENERAL).timeline;
    assert_eq!((timeline.last(), &*timeline.messages[1].text, timeline.has_newer), (Some(Seq(2)), "hi", false));
}

#[test]
fn a_failed_list_of_rooms_is_requested_again() {
    let mut client = Client::new();
    client.start();
    client.on(Msg::Loaded(Ok(Vec::new())));
    client.reply(|req| *req == Request::ListRooms, Err(asking_to_wait(503, 4_000)));
    client.effects.clear();
    client.pass(3_999);
    assert_eq!(client.effects, []);
    client.pass(1).list_rooms(rooms());
    assert_eq!(client.model.open, Some(GENERAL));
}

#[test]
fn a_stream_that_ends_early_as_slow_waits_before_it_resumes() {
    let mut client = Client::online();
    client.stream(vec![Bye { reason: ByeReason::Slow }.into()]).cut(unreachable());
    assert!(matches!(client.model.link, Link::Reconnecting { failures: 1, .. }), "{:?}", client.model.link);
    client.pass(1_000).hello("k-3").pass(10_000).stream(vec![Bye { reason: ByeReason::Slow }.into()]);
    client.cut(unreachable());
    assert!(matches!(client.model.link, Link::Connecting { .. }), "a stable one resumes at once");
}

#[test]
fn actions_that_need_a_session_open_the_password_dialog() {
    let again: [fn(&mut Client) -> &mut Client; 3] = [
        |client| client.on(Msg::Open(LOBBY)),
        |client| client.on(Msg::Pick(crate::update::Pick::Create("new".into()))),
        |client| client.say("hi"),
    ];
    for again in again {
        let mut client = Client::online();
        client.stream(vec![Bye { reason: ByeReason::SignedOut }.into()]).act(Action::Cancel);
        assert!(client.model.dialogs.is_empty() && client.notice().contains("password"));
        again(&mut client).pass(1_000); // not while the user types
        assert_eq!(client.model.dialogs, [Dialog::SignedOut]);
    }
}

#[test]
fn after_lost_messages_new_activity_is_still_shown() {
    let mut client = Client::online();
    client.on(Msg::Open(LOBBY)).on(Msg::Open(OPS));
    client.stream(vec![Reset { reason: ResetReason::TooOld, cursor: Cursor("k-8".into()) }.into()]);
    let mut fewer = rooms();
    fewer[2] = listed(LOBBY, "Lobby", RoomKind::Public, 1, None);
    client.list_rooms(fewer).hello("k-8");
    assert!(!client.room(LOBBY).shows_activity());
    let rooms = vec![quchat_shared::event::RoomActivity { id: LOBBY, last_seq: Seq(2) }];
    client.stream(vec![quchat_shared::event::Activity { rooms }.into()]);
    assert!(client.room(LOBBY).shows_activity());
}

#[test]
fn blanks_are_trimmed_from_address_and_name_but_not_from_the_password() {
    let mut client = Client::new();
    client.on(Msg::Start { server: None, name: None, session: None });
    sign_in(&mut client, " http://localhost ", "\talice ", " correct horse ", false);
    let Some((_, Request::SignIn(to, credentials))) = client.calls().pop() else { panic!() };
    assert_eq!((to.origin, &*credentials.name, &*credentials.password), (origin(), "alice", " correct horse "));
}
