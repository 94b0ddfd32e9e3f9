//! A client without threads: it handles keys as the runtime does, and shows the screen as text.

use std::{collections::VecDeque, sync::Arc};

use jiff::tz::TimeZone;
use quchat_client::{
    api::Origin,
    components::App,
    keymap::Keymap,
    model::{Account, Link, Model, Now, Pending, Room, SendState, Storage, Timeline},
    theme::Themes,
    update::{Effect, Msg, focus, update},
    view,
};
use quchat_shared::{
    Cursor, Message, RoomId, RoomInfo, Seq, Timestamp, User, UserId, UserRef,
    room::{Membership, Notify, Role, RoomKind},
    user::ServerRole,
};
use tuirealm::{
    application::Application,
    event::{Event, Key, KeyEvent, KeyModifiers as Mod},
    listener::EventListenerCfg,
    ratatui::{
        buffer::Buffer,
        layout::{Position, Size},
    },
    terminal::{TerminalAdapter, TestTerminalAdapter},
};
use unicode_width::UnicodeWidthStr;

/// 2026-11-22T09:12:00Z, a Sunday.
pub(crate) const MORNING: i64 = 1_795_338_720_000;

pub(crate) struct Stage {
    pub(crate) model: Model,
    pub(crate) app: App,
    pub(crate) effects: Vec<Effect>,
    pub(crate) keymap: Arc<Keymap>,
    pub(crate) themes: Themes,
    term: TestTerminalAdapter,
}

impl Stage {
    /// Nobody is signed in.
    pub(crate) fn new(width: u16, height: u16) -> Self {
        let now = Now { mono_ms: 10_000, wall_ms: MORNING + 3_600_000 };
        let mut stage = Self {
            model: Model::new(now, TimeZone::UTC, "p".to_owned(), 7),
            app: Application::init(EventListenerCfg::default()),
            effects: Vec::new(),
            keymap: Arc::new(Keymap::default()),
            themes: Themes::default(),
            term: TestTerminalAdapter::new(Size::new(width, height)).unwrap(),
        };
        stage.follow();
        stage
    }

    /// alice is signed in and connected; there are no rooms.
    pub(crate) fn signed_in(width: u16, height: u16) -> Self {
        let mut stage = Self::new(width, height);
        let user = User {
            id: UserId(1),
            name: "alice".to_owned(),
            role: ServerRole::Member,
            created_at: at(0),
            online: true,
            suspended: false,
        };
        stage.model.themes = stage.themes.names().cloned().collect();
        stage.model.account = Some(Account { server: Origin::parse("localhost").unwrap().into(), user });
        stage.model.link = Link::Connected;
        stage.model.cursor = Some(Cursor("k3-1".to_owned()));
        stage.model.storage = Storage::Kept;
        stage.follow();
        stage
    }

    /// alice is in #general with these messages. Two more rooms are listed.
    pub(crate) fn in_general(width: u16, height: u16, messages: Vec<Message>) -> Self {
        let mut stage = Self::signed_in(width, height);
        stage.add_room(room(1, "general", "the living room", true));
        stage.add_room(room(2, "ops", "deploys and alarms", true));
        stage.add_room(room(3, "upcoming events", "", false));
        stage.model.open = Some(RoomId(1));
        stage.hold(RoomId(1), messages);
        stage.follow();
        stage
    }

    pub(crate) fn add_room(&mut self, room: Room) {
        self.model.rooms.insert(room.info.id, room);
    }

    pub(crate) fn room(&mut self) -> &mut Room {
        let open = self.model.open.unwrap();
        self.model.rooms.get_mut(&open).unwrap()
    }

    /// Sets all messages of the room; all of them are read.
    pub(crate) fn hold(&mut self, id: RoomId, messages: Vec<Message>) {
        let room = self.model.rooms.get_mut(&id).unwrap();
        let last = messages.last().map_or(Seq(0), |message| message.seq);
        room.info.last_seq = last;
        room.known_seq = last;
        if let Some(member) = &mut room.member {
            member.last_read_seq = last;
        }
        let run: VecDeque<_> = messages.into_iter().map(Arc::new).collect();
        room.timeline = Timeline { messages: run, has_older: false, has_newer: false };
    }

    /// Handles a Msg as the runtime does.
    pub(crate) fn msg(&mut self, msg: Msg) {
        let effects = update(&mut self.model, msg);
        self.effects.extend(effects);
        self.follow();
    }

    pub(crate) fn follow(&mut self) {
        view::follow(&self.model, &self.keymap, &mut self.app);
        assert_eq!(self.app.focus(), Some(&focus(&self.model)));
    }

    /// Handles a key as the runtime does: chord, Action, component, Msg.
    pub(crate) fn press(&mut self, code: Key, modifiers: Mod) -> Option<Msg> {
        let key = KeyEvent::new(code, modifiers);
        let id = focus(&self.model);
        let action = self.keymap.action(id, key);
        let event = action.map_or(Event::Keyboard(key), Event::User);
        let component = self.app.get_component_mut(&id).unwrap();
        let msg = component.on(&event).or(action.map(Msg::Act));
        if let Some(msg) = &msg {
            self.msg(msg.clone());
        }
        msg
    }

    pub(crate) fn key(&mut self, code: Key) -> Option<Msg> {
        self.press(code, Mod::NONE)
    }

    pub(crate) fn ctrl(&mut self, c: char) -> Option<Msg> {
        self.press(Key::Char(c), Mod::CONTROL)
    }

    pub(crate) fn type_text(&mut self, text: &str) {
        for c in text.chars() {
            self.key(Key::Char(c));
        }
    }

    pub(crate) fn paste(&mut self, text: &str) {
        let id = focus(&self.model);
        if let Some(msg) = self.app.get_component_mut(&id).unwrap().on(&Event::Paste(text.to_owned())) {
            self.msg(msg);
        }
    }

    pub(crate) fn resize(&mut self, width: u16, height: u16) {
        self.term.raw_mut().backend_mut().resize(width, height);
    }

    /// Draws one frame, reports the shown messages to the model, and returns the screen as text.
    pub(crate) fn screen(&mut self) -> String {
        self.draw();
        dump(self.term.raw().backend().buffer())
    }

    pub(crate) fn draw(&mut self) {
        let (model, keymap, themes, app) = (&self.model, &self.keymap, &self.themes, &mut self.app);
        self.term.draw(|frame| view::view(model, keymap, themes, app, frame)).unwrap();
        let msg = view::seen(&mut self.app).map_or(Msg::Unseen, Msg::Seen);
        let effects = update(&mut self.model, msg);
        self.effects.extend(effects);
    }

    pub(crate) fn buffer(&self) -> &Buffer {
        self.term.raw().backend().buffer()
    }

    pub(crate) fn cursor(&mut self) -> Position {
        self.term.raw_mut().get_cursor_position().unwrap()
    }

    pub(crate) fn draft(&mut self) -> String {
        self.room().draft.text.to_string()
    }

    pub(crate) fn pend(&mut self, txn: &str, text: &str, state: SendState) {
        let written_ms = self.model.now.wall_ms;
        let (edit, changed) = (None, false);
        let pending = Pending { txn: txn.into(), text: text.into(), reply_to: None, edit, changed, written_ms, state };
        self.room().outbox.push_back(pending);
    }
}

/// The screen as text. The second cell of a wide character is left out.
pub(crate) fn dump(buffer: &Buffer) -> String {
    let mut screen = String::new();
    for y in buffer.area.rows() {
        let mut line = String::new();
        let mut x = y.x;
        while x < y.right() {
            let symbol = visible(buffer[(x, y.y)].symbol());
            line.push_str(symbol);
            x += u16::try_from(symbol.width()).unwrap().max(1);
        }
        screen.push_str(line.trim_end());
        screen.push('\n');
    }
    screen
}

/// What a terminal shows for a symbol: for a link its text, without the sequences around it.
pub(crate) fn visible(symbol: &str) -> &str {
    let link = symbol.strip_prefix("\x1b]8;id=").and_then(|link| link.strip_suffix("\x1b]8;;\x1b\\"));
    link.and_then(|link| link.split_once("\x1b\\")).map_or(symbol, |(_, text)| text)
}

pub(crate) fn room(id: u64, name: &str, topic: &str, joined: bool) -> Room {
    let info = RoomInfo {
        id: RoomId(id),
        rev: 1,
        name: name.to_owned(),
        topic: topic.to_owned(),
        kind: RoomKind::Public,
        created_by: UserId(2),
        created_at: at(0),
        last_seq: Seq(0),
        archived: false,
    };
    let member = Membership { role: Role::Member, last_read_seq: Seq(0), notify: Notify::All };
    Room::new(info, joined.then_some(member))
}

fn at(minutes: i64) -> Timestamp {
    Timestamp::from_millis(MORNING + minutes * 60_000)
}

/// A message of alice, bob or carol, this many minutes after 09:12.
pub(crate) fn message(seq: u64, minutes: i64, sender: &str, text: &str) -> Message {
    let id = ["alice", "bob", "carol"].iter().position(|name| *name == sender).map_or(9, |at| at as u64 + 1);
    let sender = UserRef { id: UserId(id), name: sender.to_owned() };
    let mentions = if text.contains("@alice") { vec![UserId(1)] } else { Vec::new() };
    Message { mentions, ..Message::new(RoomId(1), Seq(seq), sender, text.to_owned(), at(minutes)) }
}

/// A small conversation over two days.
pub(crate) fn talk() -> Vec<Message> {
    vec![
        message(1, -1_440, "bob", "does anyone know why the build is slow since Friday?"),
        message(2, -1_432, "carol", "the cache was emptied; the second run is fast again"),
        message(3, 0, "bob", "morning! deploy is green"),
        message(4, 1, "bob", "all of it, for once"),
        message(5, 28, "carol", "@alice can you look at #42?\nthe log says `disk full`, see https://ci.example.org/42"),
        message(6, 30, "alice", "on it"),
    ]
}

/// This many messages of varying length.
pub(crate) fn long_talk(count: u64) -> Vec<Message> {
    let sender = |seq: u64| ["bob", "carol", "alice"][(seq / 2 % 3) as usize];
    let text = |seq: u64| format!("message {seq} {}", "word ".repeat((seq * 7 % 23) as usize).trim_end());
    (1..=count).map(|seq| message(seq, seq as i64 * 3, sender(seq), text(seq).trim_end())).collect()
}
