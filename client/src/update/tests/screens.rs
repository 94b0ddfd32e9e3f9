//! Tests every Msg on every screen systematically, because random tests may miss a combination.

use quchat_shared::{
    Kind,
    api::{Credentials, Hits, Mentions, ReadMarker, Users},
    event::{Bye, ByeReason, Reset, ResetReason, RoomDeleted},
};

use super::{
    anything::{actions, check, holds},
    *,
};
use crate::update::{NotKept, Pick};

/// A client on one screen, with a draft if there is a composer.
struct Screen {
    name: &'static str,
    begin: fn() -> Client,
    prepare: fn(&mut Client),
}

impl Screen {
    fn client(&self) -> Client {
        let mut client = (self.begin)();
        (self.prepare)(&mut client);
        client
    }
}

fn with_draft() -> Client {
    let mut client = Client::online();
    client.write("precious");
    client
}

fn screens() -> Vec<Screen> {
    let with = |name, prepare| Screen { name, begin: with_draft, prepare };
    let fresh = |name, prepare| Screen { name, begin: Client::new, prepare };
    vec![
        fresh("sign in", |_| {}),
        fresh("signing in", sign_in),
        fresh("help over sign in", |client| {
            client.act(Action::Help);
        }),
        fresh("connecting", Client::start),
        fresh("no rooms", |client| {
            client.start();
            client.list_rooms(Vec::new());
        }),
        with("talking", |_| {}),
        with("loading", |client| {
            client.on(Msg::Open(OPS)).act(Action::LastRoom);
        }),
        with("reading further up", |client| {
            at_hand(client, GENERAL, 101..=300);
            let seen = seen_of(client.room(GENERAL), 150, 170, false);
            client.on(Msg::Seen(seen));
        }),
        with("side bar", |client| {
            client.act(Action::FocusRooms);
        }),
        with("switcher", |client| {
            client.act(Action::Switch);
        }),
        with("create room", |client| {
            client.act(Action::CreateRoom);
        }),
        with("creating a room", |client| {
            client.act(Action::CreateRoom).on(Msg::CreateRoom { name: "den".into(), private: false });
        }),
        with("searching", |client| {
            client.act(Action::Find).on(Msg::Sought("hi".into()));
        }),
        with("inbox", |client| {
            client.act(Action::Inbox).answer_mentions(vec![mention(OPS, 9), mention(GENERAL, 2)], None);
        }),
        with("searching all rooms", |client| {
            client.act(Action::Search).on(Msg::SearchFor("hi".into())).pass(1_000);
        }),
        with("after a jump", |client| {
            client.on(Msg::JumpTo(Arc::new(found(OPS, 4)))).answer_page(OPS, 1..=8, false, true);
            client.act(Action::Back).act(Action::Forward);
        }),
        with("help", |client| {
            client.act(Action::Help);
        }),
        with("reconnecting", |client| {
            client.cut(unreachable());
        }),
        with("signed out", |client| {
            client.stream(vec![Bye { reason: ByeReason::Expired }.into()]).pass(1_000);
        }),
        with("the room is gone", |client| {
            client.stream(vec![RoomDeleted { room_id: GENERAL }.into()]);
        }),
        with("review", |client| {
            client.say("no").disk().reply(is_send, Err(refused(403, Kind::Forbidden, "no")));
            client.act(Action::Review).on(Msg::Edited { room: GENERAL, text: "precious".into() });
        }),
        with("editing", |client| {
            client.hear(message(GENERAL, 4, ALICE, "said")).act(Action::Edit);
        }),
        with("delete?", |client| {
            client.hear(message(GENERAL, 4, ALICE, "said")).act(Action::Delete);
        }),
        with("reacting", |client| {
            client.act(Action::React);
        }),
        with("quit?", |client| {
            client.say("unsent").write("precious").act(Action::Quit);
        }),
    ]
}

fn sign_in(client: &mut Client) {
    let credentials = Credentials { name: "alice".into(), password: "correct horse".into() };
    client.on(Msg::SignIn { server: "localhost".into(), credentials, register: false, invite: String::new() });
}

/// One of each Msg, and every Action. Replies match what `client` waits for.
fn msgs(client: &Client) -> Vec<Msg> {
    let call = client.model.internal.calls.keys().next_back().copied().unwrap_or(7);
    let ticket = client.model.internal.saves.keys().next_back().copied().unwrap_or(7);
    let stream = client.model.stream.unwrap_or(7);
    let txn: Arc<str> = "p-1".into();
    let credentials = Credentials { name: "alice".into(), password: "correct horse".into() };
    let page = MessagePage {
        messages: vec![message(GENERAL, 4, BOB, "x")],
        has_older: false,
        has_newer: false,
        own_reactions: Vec::new(),
    };
    let answers = [
        Answer::Session(session(ALICE, "alice")),
        Answer::Session(session(BOB, "bob")),
        Answer::Rooms(Rooms { rooms: rooms(), cursor: Cursor("k-7".into()) }),
        Answer::Room(listed(LOBBY, "Lobby", RoomKind::Public, 5, Some(5))),
        Answer::NoContent(()),
        Answer::Page(page),
        Answer::Message(message(GENERAL, 4, ALICE, "x")),
        Answer::Marker(ReadMarker { last_read_seq: Seq(3), unread: 0, mentions: 0 }),
        Answer::Mentions(Mentions { mentions: vec![mention(GENERAL, 2)], next: Some("2".into()) }),
        Answer::Hits(Hits { hits: vec![found(GENERAL, 2)], next: Some("2".into()) }),
        Answer::Users(Users { users: Vec::new(), next: None }),
    ];
    let failures = [
        unreachable(),
        refused(401, Kind::Unauthenticated, ""),
        refused(404, Kind::NotFound, "no"),
        asking_to_wait(503, 1),
    ];
    let reset = Event::from(Reset { reason: ResetReason::TooOld, cursor: Cursor("k-8".into()) });
    let said = Event::from(MessageCreated { room_id: GENERAL, message: message(GENERAL, 9, BOB, "x") });
    let tell = |event| Msg::Stream { stream, events: vec![ServerEvent::Event(event, Cursor("k-8".into()))] };
    let stored = Stored { draft: "kept".into(), ..Stored::new(OPS) };
    let mut msgs = vec![
        Msg::Start { server: None, name: None, session: Some((origin().into(), session(ALICE, "alice"))) },
        Msg::Tick,
        Msg::Redraw,
        Msg::Stop,
        Msg::Pasted { room: GENERAL, text: "a\nb".into(), at: 99 },
        Msg::EditorClosed { room: GENERAL, text: Ok("edited".into()) },
        Msg::TermFocus(false),
        Msg::Notice("told".into()),
        Msg::Seen(seen_of(&Room::new(info(GENERAL, "general", RoomKind::Public, 3), None), 1, 3, true)),
        tell(reset),
        tell(said),
        Msg::Stream { stream, events: vec![ServerEvent::Ended(unreachable())] },
        Msg::Loaded(Ok(vec![stored])),
        Msg::Loaded(Err(NotKept::Elsewhere)),
        Msg::Saved { ticket, result: Ok(()) },
        Msg::Saved { ticket, result: Err("full".into()) },
        Msg::Edited { room: OPS, text: "x".into() },
        Msg::Recall { back: true },
        Msg::Recall { back: false },
        Msg::Typed('x'),
        Msg::Open(LOBBY),
        Msg::SearchFor("from:@bob x".into()),
        Msg::SearchNow,
        Msg::More,
        Msg::JumpTo(Arc::new(found(OPS, 4))),
        Msg::Pick(Pick::Room(OPS)),
        Msg::Pick(Pick::Create("new".into())),
        Msg::SignIn { server: "localhost".into(), credentials, register: true, invite: String::new() },
        Msg::CreateRoom { name: "den".into(), private: true },
        Msg::Answer(true),
        Msg::Answer(false),
        Msg::SendAgain { room: GENERAL, txn: Arc::clone(&txn) },
        Msg::TakeBack { room: GENERAL, txn },
        Msg::React { room: GENERAL, seq: Seq(3), emoji: "👍".into() },
        Msg::EmojiRecalled(vec!["🎉".into()]),
    ];
    msgs.push(Msg::Act(Action::Interrupt));
    msgs.extend(actions().into_iter().map(Msg::Act));
    msgs.extend(answers.map(|answer| Msg::Done { call, reply: Ok(answer) }));
    msgs.extend(failures.map(|failure| Msg::Done { call, reply: Err(failure) }));
    msgs
}

#[test]
fn every_msg_on_every_screen_leaves_a_valid_client_and_every_draft() {
    let kinds = msgs(&Client::new()).len();
    for screen in screens() {
        let name = screen.name;
        for nth in 0..kinds {
            let mut client = screen.client();
            let msg = msgs(&client).swap_remove(nth);
            let precious = holds(&client, "precious");
            client.on(msg.clone());
            check(&client).unwrap_or_else(|broken| panic!("{msg:?} on {name}: {broken}"));
            assert_eq!(holds(&client, "precious"), precious, "{msg:?} on {name}");
        }
    }
}
