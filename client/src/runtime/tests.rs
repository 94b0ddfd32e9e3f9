//! Tests the loop step by step: real disk, real sockets, a screen in memory, a clock that is moved.

mod pastes;

use std::{
    cell::Cell,
    io::Write,
    net::TcpStream,
    rc::Rc,
    sync::mpsc::{self, Receiver},
    thread,
};

use jiff::tz::TimeZone;
use proptest::prelude::*;
use quchat_shared::{
    Cursor, Room, RoomId, RoomInfo, Seq, SessionId, Timestamp, User, UserId,
    api::Rooms,
    event::ReadUpdated,
    room::{Membership, Notify, Role, RoomKind},
    user::{ServerRole, Session},
};
use tuirealm::{
    event::{Key, KeyModifiers},
    ratatui::{backend::Backend, layout::Size},
    terminal::{TerminalAdapter, TestTerminalAdapter},
};

use super::*;
use crate::{
    api::{
        Origin,
        tests::peer::{Heard, SOON, access, peer, reply},
    },
    model::{Draft, Now},
    state::{DraftStore, Log, StateDir},
    update::{Answer, NotKept, Pick},
};

const WIDTH: u16 = 80;
/// An editor that appends to the draft.
const EDITOR: &str = "printf ' and more' >>";

impl<S: Screen> Runtime<S> {
    /// Handles all pending events, and draws.
    fn settle(&mut self) {
        while self.batch_or_stream() {}
        self.frame();
    }
}

struct Client {
    runtime: Runtime<TestTerminalAdapter>,
    woken: Receiver<Wake>,
    now: Rc<Cell<Now>>,
}

impl Client {
    fn start(state_dir: &StateDir) -> Self {
        let now = Rc::new(Cell::new(Now { mono_ms: 1_000, wall_ms: 1_795_340_400_000 }));
        let (wakes, woken) = Wakes::channel();
        let workers = Workers::start(
            state_dir.clone(),
            Arc::new(Log::open(state_dir)),
            Editor::find(|_| Some(EDITOR.into())),
            wakes,
        )
        .unwrap();
        let model = Model::new(now.get(), TimeZone::UTC, "prefix".into(), 7);
        let screen = TestTerminalAdapter::new(Size::new(WIDTH, 24)).unwrap();
        let time = Rc::clone(&now);
        let preferences = Preferences {
            keymap: Keymap::default(),
            themes: Themes::default(),
            notifier: Notifier::new(NotifyMethod::Silent),
            brackets: false,
        };
        let runtime = Runtime::new(model, preferences, screen, Clock::new(move || time.get()), workers);
        Self { runtime, woken, now }
    }

    /// Alice, with a stored session on this server.
    fn of_alice(state_dir: &StateDir, origin: &Origin) -> Self {
        let mut this = Self::start(state_dir);
        let session = Some((origin.clone().into(), alice()));
        this.runtime.step(Msg::Start { server: None, name: None, session });
        this.runtime.settle();
        this
    }

    fn press(&mut self, code: Key, modifiers: KeyModifiers) {
        self.at_once(vec![Event::Keyboard(KeyEvent::new(code, modifiers))]);
    }

    fn type_text(&mut self, text: &str) {
        text.chars().for_each(|c| self.press(Key::Char(c), KeyModifiers::NONE));
    }

    fn at_once(&mut self, events: Vec<Event<Action>>) {
        self.runtime.take(Wake::Input(events));
        self.runtime.settle();
    }

    fn pass(&mut self, ms: u64) {
        let now = self.now.get();
        self.now.set(Now { mono_ms: now.mono_ms + ms, ..now });
    }

    fn screen(&self) -> String {
        let buffer = self.runtime.screen.raw().backend().buffer();
        let rows = buffer.content.chunks(usize::from(buffer.area.width));
        rows.map(|row| row.iter().map(|cell| cell.symbol()).collect::<String>() + "\n").collect()
    }

    /// Handles what arrives until the screen shows it.
    fn until(&mut self, shown: &str) {
        self.until_true(shown, |this| this.screen().contains(shown));
    }

    fn until_true(&mut self, what: &str, done: impl Fn(&Self) -> bool) {
        let begun = Instant::now();
        self.runtime.settle();
        while !done(self) {
            let left = SOON.saturating_sub(begun.elapsed());
            let Ok(wake) = self.woken.recv_timeout(left) else { panic!("never {what}:\n{}", self.screen()) };
            self.runtime.take(wake);
            self.runtime.settle();
        }
    }

    fn draft(&self) -> &Draft {
        &self.runtime.model.open_room().unwrap().draft
    }
}

fn alice() -> Session {
    let user = User {
        id: UserId(1),
        name: "alice".into(),
        role: ServerRole::Member,
        created_at: Timestamp::from_millis(0),
        online: true,
        suspended: false,
    };
    Session { id: SessionId(1), token: "a.b.c".into(), expires_at: Timestamp::from_millis(1), user }
}

fn rooms() -> Rooms {
    let room = |(id, name): (u64, &str)| Room {
        info: RoomInfo {
            id: RoomId(id),
            rev: 1,
            name: name.into(),
            topic: String::new(),
            kind: RoomKind::Public,
            created_by: UserId(1),
            created_at: Timestamp::from_millis(0),
            last_seq: Seq(0),
            archived: false,
        },
        member: Some(Membership { role: Role::Member, last_read_seq: Seq(0), notify: Notify::All }),
        unread: 0,
        mentions: 0,
        peer: None,
        banned: false,
        last_message: None,
    };
    Rooms { rooms: [(1, "general"), (2, "ops")].map(room).into(), cursor: Cursor("k3-1".into()) }
}

const HELLO: &str = "event: hello\ndata: {\"cursor\":\"k3-1\",\"heartbeat_seconds\":15}\n\n";
const PAGE: &str = r#"{"messages":[],"has_older":false,"has_newer":false}"#;

/// A server with two rooms that streams nothing more and never answers a send.
fn stalling(request: &Heard, out: &mut TcpStream) {
    match &*request.line {
        line if line.starts_with("get /v1/rooms http") => {
            reply(out, "200 OK", "", &serde_json::to_string(&rooms()).unwrap());
        }
        line if line.starts_with("get /v1/events") => stream(out, HELLO.as_bytes()),
        line if line.starts_with("get /v1/rooms/") => reply(out, "200 OK", "", PAGE),
        _ => {}
    }
}

fn stream(out: &mut TcpStream, bytes: &[u8]) {
    write!(out, "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n").ok();
    write!(out, "{:x}\r\n", bytes.len()).ok();
    out.write_all(bytes).ok();
    out.write_all(b"\r\n").ok();
}

fn home() -> (tempfile::TempDir, StateDir) {
    let dir = tempfile::tempdir().unwrap();
    let state_dir = StateDir::at(dir.path().join("quchat"));
    (dir, state_dir)
}

/// A client that shows the empty room #general of a server with these answers.
fn in_general(state_dir: &StateDir, answer: impl Fn(&Heard, &mut TcpStream) + Clone + Send + 'static) -> Client {
    let mut client = Client::of_alice(state_dir, &peer(answer).0.server.origin);
    client.until("Say hello");
    client
}

fn key(code: Key) -> Event<Action> {
    Event::Keyboard(KeyEvent::new(code, KeyModifiers::NONE))
}

fn text(text: &str) -> Vec<Event<Action>> {
    text.chars().map(|c| key(if c == '\n' { Key::Enter } else { Key::Char(c) })).collect()
}

#[test]
fn keys_are_drawn_while_every_call_hangs_and_quitting_does_not_wait_for_them() {
    let (_dir, state_dir) = home();
    let mut client = in_general(&state_dir, stalling);
    for n in 0..20 {
        client.type_text("still typing");
        assert!(client.screen().contains("still typing"));
        client.press(Key::Enter, KeyModifiers::NONE);
        assert!(client.draft().text.is_empty(), "{n}");
    }
    client.until_true("sent", |client| {
        client
            .runtime
            .model
            .open_room()
            .unwrap()
            .outbox
            .front()
            .is_some_and(|head| matches!(head.state, crate::model::SendState::InFlight(_)))
    });
    let begun = Instant::now();
    client.runtime.take(Wake::Stop);
    assert_eq!(client.runtime.run(&client.woken), 130);
    drop(client);
    assert!(begun.elapsed() < Duration::from_secs(2));
}

#[test]
fn a_dead_server_is_named_and_the_form_keeps_what_was_typed() {
    let (_dir, state_dir) = home();
    let mut client = Client::start(&state_dir);
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    client.runtime.step(Msg::Start { server: Some(format!("127.0.0.1:{port}")), name: None, session: None });
    client.runtime.settle();
    client.type_text("alice");
    client.press(Key::Tab, KeyModifiers::NONE);
    client.type_text("correct horse");
    client.press(Key::Enter, KeyModifiers::NONE);
    client.until("cannot be reached");
    assert!(client.screen().contains("alice") && client.screen().contains(&port.to_string()));
}

#[test]
fn a_stopped_client_redraws_the_screen_when_it_continues() {
    let (_dir, state_dir) = home();
    let mut client = in_general(&state_dir, stalling);
    client.runtime.screen.raw_mut().backend_mut().clear().unwrap(); // another program wrote to the screen
    client.runtime.take(Wake::Continued);
    client.runtime.settle();
    assert!(client.screen().contains("Say hello"), "{}", client.screen());
}

#[test]
fn a_resize_to_the_same_size_redraws_the_screen() {
    let (_dir, state_dir) = home();
    let mut client = in_general(&state_dir, stalling);
    client.runtime.screen.raw_mut().backend_mut().clear().unwrap(); // as if it had shrunk and grown again
    client.runtime.take(Wake::Resized);
    client.runtime.settle();
    assert!(client.screen().contains("Say hello"), "{}", client.screen());
}

#[test]
fn keys_after_the_one_that_opens_a_dialog_go_to_the_dialog() {
    let (_dir, state_dir) = home();
    let mut client = in_general(&state_dir, stalling);
    let switch = Event::Keyboard(KeyEvent::new(Key::Char('k'), KeyModifiers::CONTROL));
    client.at_once([vec![switch], text("ops\n"), text("hi")].concat());
    assert_eq!((client.runtime.model.open, &*client.draft().text), (Some(RoomId(2)), "hi"));
}

#[test]
#[cfg(unix)]
fn keys_typed_ahead_of_the_editor_apply_after_it() {
    let (dir, state_dir) = home();
    let mut client = in_general(&state_dir, stalling);
    client.type_text("draft");
    let edit = Event::Keyboard(KeyEvent::new(Key::Char('x'), KeyModifiers::CONTROL));
    client.at_once([vec![edit], text("!")].concat());
    client.at_once(text("?\n")); // later keys do not replace it
    client.runtime.take(Wake::Interrupt); // belongs to the editor while it has the terminal
    client.until_true("sent", |client| !client.runtime.model.open_room().unwrap().outbox.is_empty());
    assert_eq!(&*client.runtime.model.open_room().unwrap().outbox[0].text, "draft and more!?");
    assert!(client.runtime.workers.finish(SOON));
    let sheets = |dir: &std::path::Path| std::fs::read_dir(dir).unwrap().flatten().map(|entry| entry.path());
    let mut dirs = vec![dir.path().to_owned()];
    while let Some(path) = dirs.pop() {
        assert_ne!(path.extension().unwrap_or_default(), "txt", "the file is gone, its text is in a save");
        dirs.extend(path.is_dir().then(|| sheets(&path)).into_iter().flatten());
    }
}

#[test]
fn a_wheel_scrolls_and_leaves_the_draft_alone() {
    let (_dir, state_dir) = home();
    let mut client = in_general(&state_dir, stalling);
    client.type_text("first");
    client.press(Key::Enter, KeyModifiers::NONE);
    client.type_text("draft");
    client.at_once(vec![key(Key::Up); 3]);
    assert_eq!(&*client.draft().text, "draft");
}

#[test]
fn a_click_on_a_room_opens_it_and_one_beside_it_or_under_a_dialog_does_not() {
    let (_dir, state_dir) = home();
    let mut client = in_general(&state_dir, stalling);
    let row = client.screen().lines().position(|line| line.starts_with("  #ops")).unwrap() as u16;
    let click = |column, row| {
        let kind = MouseEventKind::Down(MouseButton::Left);
        vec![Event::Mouse(MouseEvent { kind, modifiers: KeyModifiers::NONE, column, row })]
    };
    let open = |client: &Client| client.runtime.model.open;
    client.at_once(click(60, row));
    client.press(Key::Function(1), KeyModifiers::NONE);
    client.at_once(click(4, row));
    client.press(Key::Esc, KeyModifiers::NONE);
    assert_eq!(open(&client), Some(RoomId(1)));
    client.at_once(click(4, row));
    assert_eq!(open(&client), Some(RoomId(2)));
}

#[test]
fn a_draft_and_an_unacknowledged_message_survive_the_client() {
    let (_dir, state_dir) = home();
    let (access, heard) = peer(stalling);
    let mut client = Client::of_alice(&state_dir, &access.server.origin);
    client.until("Say hello");
    client.type_text("unanswered");
    client.press(Key::Enter, KeyModifiers::NONE);
    client.type_text("half a thought");
    client.runtime.take(Wake::Stop);
    client.runtime.run(&client.woken);
    drop(client);
    // The disk thread releases the lock some time later.
    let begun = Instant::now();
    while DraftStore::open(&state_dir, &access.server.origin, &alice().user).err() == Some(NotKept::Elsewhere) {
        assert!(begun.elapsed() < SOON);
        thread::yield_now();
    }

    let mut client = Client::of_alice(&state_dir, &access.server.origin);
    client.until("half a thought");
    client.until("unanswered");
    client.until("● connected"); // the disk reported before
    let posted = heard.iter().find(|request| request.line.starts_with("post")).unwrap();
    assert!(posted.body.contains("\"txn\":\"prefix"), "{}", posted.body);
}

#[test]
fn a_second_client_of_an_account_says_so() {
    let (_dir, state_dir) = home();
    let (access, _heard) = peer(stalling);
    let mut first = Client::of_alice(&state_dir, &access.server.origin);
    first.until("Say hello");
    let mut second = Client::of_alice(&state_dir, &access.server.origin);
    second.until("another quchat has this account open");
}

/// Like [`stalling`], but with a long backlog in its stream.
fn flooding(request: &Heard, out: &mut TcpStream) {
    if request.line.starts_with("get /v1/events") {
        let mut bytes = HELLO.as_bytes().to_vec();
        for seq in 1..=20_000 {
            let event =
                quchat_shared::Event::from(ReadUpdated { room_id: RoomId(1), last_read_seq: Seq(seq), mentions: 0 });
            event.encode(Some(&Cursor(format!("k3-{seq}"))), &mut bytes);
        }
        stream(out, &bytes);
    } else {
        stalling(request, out);
    }
}

#[test]
fn a_key_overtakes_a_flood_of_events() {
    let (_dir, state_dir) = home();
    let mut client = Client::of_alice(&state_dir, &peer(flooding).0.server.origin);
    client.until_true("in a room", |client| client.runtime.model.open.is_some());
    let (wakes, woken) = Wakes::channel();
    client.runtime.stream_waits = true; // while the flood lasts
    for c in "overtaking".chars() {
        wakes.send(Wake::Input(vec![key(Key::Char(c))]));
        assert!(client.runtime.advance(&woken), "the wake");
        assert!(client.runtime.advance(&woken), "the key");
        assert!(client.draft().text.ends_with(c));
    }
    client.until_true("all of it", |client| {
        client.runtime.model.cursor.as_ref().is_some_and(|cursor| cursor.0 == "k3-20000")
    });
}

#[test]
fn stream_events_are_drawn_at_once_and_then_at_the_frame_rate() {
    let (_dir, state_dir) = home();
    let mut client = Client::of_alice(&state_dir, &peer(flooding).0.server.origin);
    client.until_true("in a room", |client| client.runtime.model.open.is_some());
    client.pass(FRAME_EVERY_MS);
    let hear = |client: &mut Client| {
        let begun = Instant::now();
        while !client.runtime.dirty {
            assert!(begun.elapsed() < SOON, "no event arrives");
            client.runtime.stream_waits = true; // while the flood lasts
            client.runtime.batch_or_stream();
        }
    };
    hear(&mut client);
    assert_eq!(client.runtime.frame_waits_until(), None);
    client.runtime.frame();
    hear(&mut client);
    let due = client.now.get().mono_ms + FRAME_EVERY_MS;
    assert_eq!(client.runtime.frame_waits_until(), Some(due));
    client.runtime.take(Wake::Input(vec![key(Key::Char('x'))]));
    assert!(client.runtime.batch_or_stream());
    assert_eq!(client.runtime.frame_waits_until(), None, "typed text is not delayed");
    client.runtime.frame();
    hear(&mut client);
    assert_eq!(client.runtime.frame_waits_until(), Some(due));
    client.pass(FRAME_EVERY_MS);
    assert_eq!(client.runtime.frame_waits_until(), None);
}

#[test]
fn deadlines_are_met_during_a_flood_of_events() {
    let (_dir, state_dir) = home();
    let mut client = Client::start(&state_dir);
    client.runtime.step(Msg::Notice("a passing word".into()));
    client.runtime.settle();
    assert!(client.screen().contains("a passing word"));
    let (wakes, woken) = Wakes::channel();
    (0..100).for_each(|_| assert!(wakes.send(Wake::Resized)));
    client.pass(60_000);
    client.runtime.advance(&woken);
    client.runtime.settle();
    assert!(!client.screen().contains("a passing word"));
}

#[test]
fn a_frame_is_drawn_only_if_something_changed() {
    let (_dir, state_dir) = home();
    let mut client = in_general(&state_dir, stalling);
    let mut frames = || client.runtime.screen.raw_mut().get_frame().count();
    let before = frames();
    client.runtime.settle();
    client.runtime.take(Wake::Done { epoch: 99, call: 1, reply: Box::new(Ok(Answer::NoContent(()))) });
    client.runtime.take(Wake::Stream { stream: 4711 });
    client.runtime.settle();
    let mut frames = || client.runtime.screen.raw_mut().get_frame().count();
    assert_eq!(frames(), before);
    client.type_text("x");
    let mut frames = || client.runtime.screen.raw_mut().get_frame().count();
    assert_eq!(frames(), before + 1);
}

#[test]
fn too_small_a_terminal_ignores_keys_and_loses_nothing() {
    let (_dir, state_dir) = home();
    let mut client = in_general(&state_dir, stalling);
    client.type_text("draft");
    client.runtime.screen.raw_mut().backend_mut().resize(39, 11);
    client.runtime.take(Wake::Resized);
    client.runtime.settle();
    client.type_text("lost?");
    client.press(Key::Enter, KeyModifiers::NONE);
    client.press(Key::Char('c'), KeyModifiers::CONTROL);
    client.runtime.screen.raw_mut().backend_mut().resize(WIDTH, 24);
    client.runtime.take(Wake::Resized);
    client.runtime.settle();
    assert!(client.screen().contains("draft") && &*client.draft().text == "draft");
    client.press(Key::Enter, KeyModifiers::NONE); // it does not send here
    client.runtime.screen.raw_mut().backend_mut().resize(38, 8);
    client.runtime.take(Wake::Resized);
    client.runtime.settle();
    assert!(client.screen().contains("Ctrl+Q quits"), "{}", client.screen());
    client.press(Key::Char('q'), KeyModifiers::CONTROL);
    assert!(client.screen().contains("Ctrl+Q again quits"), "{}", client.screen());
    client.runtime.screen.raw_mut().backend_mut().resize(1, 1);
    client.runtime.take(Wake::Resized);
    client.press(Key::Char('q'), KeyModifiers::CONTROL);
    assert_eq!(client.runtime.run(&client.woken), 0);
}

#[test]
fn a_sleeping_loop_wakes_at_the_first_event() {
    let (_dir, state_dir) = home();
    let (wakes, woken) = Wakes::channel();
    let mut client = Client::start(&state_dir);
    let (started, begun) = mpsc::channel();
    let sender = thread::spawn(move || {
        begun.recv().unwrap();
        wakes.send(Wake::Input(vec![key(Key::Char('x'))]));
        wakes.send(Wake::Stop);
    });
    started.send(()).unwrap();
    assert_eq!(client.runtime.run(&woken), 130);
    sender.join().unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn the_application_has_the_focus_of_the_model_after_every_msg(msgs in prop::collection::vec(any_msg(), 1..60)) {
        let (_dir, state_dir) = home();
        let mut client = Client::of_alice(&state_dir, &access(9).server.origin);
        for call in 0..4 {
            client.runtime.step(Msg::Done { call, reply: Ok(Answer::Rooms(rooms())) });
        }
        for msg in msgs {
            client.runtime.step(msg);
            prop_assert_eq!(client.runtime.app.focus(), Some(&focus(&client.runtime.model)));
        }
        client.runtime.settle();
    }
}

fn any_msg() -> impl Strategy<Value = Msg> {
    let action = prop::sample::select(vec![
        Action::Switch,
        Action::CreateRoom,
        Action::Help,
        Action::Cancel,
        Action::FocusRooms,
        Action::NextRoom,
        Action::LastRoom,
        Action::Send,
        Action::Review,
        Action::SignOut,
        Action::Interrupt,
        Action::PageUp,
        Action::Quit,
    ]);
    let room = || (1..=3_u64).prop_map(RoomId);
    prop_oneof![
        6 => action.prop_map(Msg::Act),
        2 => room().prop_map(Msg::Open),
        1 => room().prop_map(|room| Msg::Pick(Pick::Room(room))),
        1 => any::<char>().prop_map(Msg::Typed),
        2 => (room(), ".{0,9}").prop_map(|(room, text)| Msg::Edited { room, text: text.into() }),
        1 => any::<bool>().prop_map(Msg::Answer),
        1 => any::<bool>().prop_map(Msg::TermFocus),
        1 => Just(Msg::Start { server: None, name: None, session: Some((access(9).server, alice())) }),
        1 => Just(Msg::Tick),
    ]
}
