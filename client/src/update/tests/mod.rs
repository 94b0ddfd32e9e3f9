//! Tests `update` as a pure function: a `Msg` goes in, the changed model and the effects come out.
//!
//! This file has the client that tests control. The tests are in the files below, by topic.

mod account;
mod anything;
mod approach;
mod attention;
mod composing;
mod deleting;
mod direct;
mod editing;
mod finding;
mod governing;
mod hostile;
mod inbox;
mod mentions;
mod moves;
mod navigation;
mod network;
mod outage;
mod pages;
mod people;
mod presence;
mod reacting;
mod reading;
mod replying;
mod restored;
mod room_changes;
mod rooms;
mod saving;
mod screens;
mod searching;
mod sending;
mod session;
mod silence;
mod splitting;
mod writing;

use std::sync::Arc;

use jiff::tz::TimeZone;
use quchat_shared::{
    Cursor, Event, Kind, Message, Problem, Room as Listed, RoomId, RoomInfo, Seq, SessionId, Timestamp, User, UserId,
    UserRef,
    api::{FoundIn, Hit, Hits, Members, Mention, Mentions, MessagePage, Rooms, Users},
    event::{Hello, MessageCreated},
    room::{Membership, Notify, Role, RoomKind},
    user::{ServerRole, Session},
};

use super::{Action, Answer, Effect, Failure, Msg, Reply, Request, ServerEvent, focus, next_deadline, update};
use crate::model::{Model, Now, Origin, Room, SendState, Stored, Timeline, Visit};

const ALICE: UserId = UserId(1);
const BOB: UserId = UserId(2);
/// Joined by alice; on the screen; messages 1 to 3, all read.
const GENERAL: RoomId = RoomId(1);
/// Joined by alice; 10 messages, 4 of them unread.
const OPS: RoomId = RoomId(2);
/// Public, not joined.
const LOBBY: RoomId = RoomId(3);
/// Private; joined by alice.
const SECRET: RoomId = RoomId(4);

/// A client, and the effects that no test has checked yet.
struct Client {
    model: Model,
    effects: Vec<Effect>,
    /// What the client asks and tells on the side: who is there, and that the user is typing.
    asides: Vec<(u64, Request)>,
    /// A test answers them. Otherwise the server answers at once that nobody is there.
    keeps_asides: bool,
}

impl Client {
    /// Just started; nobody is signed in.
    fn new() -> Self {
        let now = Now { mono_ms: 1_000_000, wall_ms: 1_795_340_400_000 };
        Self {
            model: Model::new(now, TimeZone::UTC, "p".into(), 7),
            effects: Vec::new(),
            asides: Vec::new(),
            keeps_asides: false,
        }
    }

    /// Signed in as alice, the disk read (nothing was stored), rooms listed, stream live, #general open.
    fn online() -> Self {
        let mut client = Self::new();
        client.start();
        client.on(Msg::Loaded(Ok(Vec::new())));
        client.list_rooms(rooms());
        client.hello("k-1");
        client.answer_page(GENERAL, 1..=3, false, false);
        client.model.internal.participants_due = None; // it is known who is there
        client.effects.clear();
        client
    }

    fn start(&mut self) {
        let session = Some((origin().into(), session(ALICE, "alice")));
        self.on(Msg::Start { server: None, name: None, session });
    }

    fn on(&mut self, msg: Msg) -> &mut Self {
        for effect in update(&mut self.model, msg) {
            match effect {
                Effect::Call { call, req } if is_aside(&req) => self.asides.push((call, req)),
                effect => self.effects.push(effect),
            }
        }
        if !self.keeps_asides {
            for (call, req) in std::mem::take(&mut self.asides) {
                self.on(Msg::Done { call, reply: answer_aside(&req) });
            }
        }
        let due = next_deadline(&self.model);
        assert!(due.is_none_or(|due| due > self.model.now.mono_ms), "a deadline in the past would make the loop spin");
        self
    }

    fn act(&mut self, action: Action) -> &mut Self {
        self.on(Msg::Act(action))
    }

    /// Lets time pass, waking at each deadline on the way.
    fn pass(&mut self, ms: u64) -> &mut Self {
        let until = self.model.now.mono_ms + ms;
        while let Some(due) = next_deadline(&self.model).filter(|&due| due <= until) {
            self.model.now.mono_ms = due;
            self.on(Msg::Tick);
        }
        self.model.now.mono_ms = until;
        self.on(Msg::Tick)
    }

    fn write(&mut self, text: &str) -> &mut Self {
        let room = self.model.open.unwrap();
        self.on(Msg::Edited { room, text: text.into() })
    }

    /// Types and presses Enter.
    fn say(&mut self, text: &str) -> &mut Self {
        self.write(text).act(Action::Send)
    }

    fn room(&self, id: RoomId) -> &Room {
        &self.model.rooms[&id]
    }

    fn draft(&self) -> &str {
        &self.model.open_room().unwrap().draft.text
    }

    fn notice(&self) -> &str {
        self.model.notice.as_ref().map_or("", |notice| &notice.text)
    }

    /// Takes the requests that were not checked yet, with the number of each call.
    fn calls(&mut self) -> Vec<(u64, Request)> {
        let (calls, rest) =
            std::mem::take(&mut self.effects).into_iter().partition(|e| matches!(e, Effect::Call { .. }));
        self.effects = rest;
        let open = |effect| match effect {
            Effect::Call { call, req } => (call, req),
            _ => unreachable!("partitioned above"),
        };
        calls.into_iter().map(open).collect()
    }

    /// Answers the oldest unchecked call that matches.
    fn reply(&mut self, fits: impl Fn(&Request) -> bool, reply: Reply) -> &mut Self {
        let at = self.effects.iter().position(|effect| matches!(effect, Effect::Call { req, .. } if fits(req)));
        let at = at.unwrap_or_else(|| panic!("no such call among {:?}", self.effects));
        let Effect::Call { call, .. } = self.effects.remove(at) else { unreachable!("found above") };
        self.on(Msg::Done { call, reply })
    }

    fn list_rooms(&mut self, rooms: Vec<Listed>) -> &mut Self {
        let listed = Rooms { rooms, cursor: Cursor("k-1".into()) };
        self.reply(|req| *req == Request::ListRooms, Ok(Answer::Rooms(listed)))
    }

    fn answer_page(&mut self, id: RoomId, seqs: std::ops::RangeInclusive<u64>, older: bool, newer: bool) -> &mut Self {
        let messages = seqs.map(|seq| message(id, seq, BOB, "hi")).collect();
        let page = MessagePage { messages, has_older: older, has_newer: newer, own_reactions: Vec::new() };
        self.reply(|req| matches!(req, Request::ListMessages(room, _) if *room == id), Ok(Answer::Page(page)))
    }

    fn answer_mentions(&mut self, mentions: Vec<Mention>, next: Option<&str>) -> &mut Self {
        let page = Mentions { mentions, next: next.map(str::to_owned) };
        self.reply(|req| matches!(req, Request::ListMentions(_)), Ok(Answer::Mentions(page)))
    }

    fn answer_hits(&mut self, hits: Vec<Hit>, next: Option<&str>) -> &mut Self {
        let page = Hits { hits, next: next.map(str::to_owned) };
        self.reply(|req| matches!(req, Request::SearchMessages(_)), Ok(Answer::Hits(page)))
    }

    /// Answers the send in flight with this message.
    fn acknowledge(&mut self, id: RoomId, seq: u64) -> &mut Self {
        let Some((txn, text)) = self.effects.iter().find_map(|effect| match effect {
            Effect::Call { req: Request::SendMessage(room, new), .. } if *room == id => {
                Some((new.txn.clone(), new.text.clone()))
            }
            _ => None,
        }) else {
            panic!("nothing was sent: {:?}", self.effects)
        };
        let message = Message { txn, ..message(id, seq, ALICE, &text) };
        self.reply(|req| matches!(req, Request::SendMessage(..)), Ok(Answer::Message(message)))
    }

    /// The disk completes every save that was not checked yet.
    fn disk(&mut self) -> &mut Self {
        let saves = self.effects.extract_if(.., |effect| matches!(effect, Effect::Save { .. })).collect::<Vec<_>>();
        for save in saves {
            if let Effect::Save { ticket, .. } = save {
                self.on(Msg::Saved { ticket, result: Ok(()) });
            }
        }
        self
    }

    fn stream(&mut self, events: Vec<Event>) -> &mut Self {
        let events = events.into_iter().map(|event| ServerEvent::Event(event, Cursor::default())).collect();
        let stream = self.model.stream.unwrap_or_default();
        self.on(Msg::Stream { stream, events })
    }

    fn hello(&mut self, cursor: &str) -> &mut Self {
        self.stream(vec![Hello { cursor: Cursor(cursor.into()), heartbeat_seconds: 15 }.into()])
    }

    fn hear(&mut self, message: Message) -> &mut Self {
        self.stream(vec![MessageCreated { room_id: message.room_id, message }.into()])
    }

    fn cut(&mut self, failure: Failure) -> &mut Self {
        let stream = self.model.stream.unwrap_or_default();
        self.on(Msg::Stream { stream, events: vec![ServerEvent::Ended(failure)] })
    }

    /// What the last frame showed: the end of the open room.
    fn look(&mut self) -> &mut Self {
        let room = self.model.open_room().unwrap();
        let last = room.timeline.last().unwrap();
        let seen = seen_of(room, room.timeline.first().unwrap().0.max(last.0.saturating_sub(20)), last.0, true);
        self.on(Msg::Seen(seen))
    }

    fn states(&self, id: RoomId) -> Vec<&SendState> {
        self.room(id).outbox.iter().map(|pending| &pending.state).collect()
    }
}

fn seen_of(room: &Room, first: u64, last: u64, at_end: bool) -> crate::model::Seen {
    use crate::model::{Anchor, Key, Seen};
    let top = Key::Seq(Seq(first));
    let anchor = if at_end { Anchor::End } else { Anchor::At { top: top.clone(), byte: 0 } };
    let (last, ended) = (Key::Seq(Seq(last)), Some(Seq(last)));
    Seen { room: room.info.id, anchor, first: top, last, at_end, rows: 20, scrolled: room.scroll_rows, ended }
}

fn is_aside(req: &Request) -> bool {
    match req {
        Request::NotifyTyping(_) | Request::ListMembers(..) | Request::GetMe => true,
        Request::ListUsers(filter) => filter.ids.is_some(),
        _ => false,
    }
}

fn answer_aside(req: &Request) -> Reply {
    Ok(match req {
        Request::ListUsers(_) => Answer::Users(Users { users: Vec::new(), next: None }),
        Request::ListMembers(..) => Answer::Members(Members { members: Vec::new(), next: None }),
        Request::GetMe => Answer::User(session(ALICE, "alice").user),
        _ => Answer::NoContent(()),
    })
}

fn origin() -> Origin {
    Origin::parse("localhost").unwrap()
}

fn session(id: UserId, name: &str) -> Session {
    let moment = Timestamp::from_millis(0);
    let user =
        User { id, name: name.into(), role: ServerRole::Member, created_at: moment, online: true, suspended: false };
    Session { id: SessionId(1), token: "t0ken".into(), expires_at: moment, user }
}

fn rooms() -> Vec<Listed> {
    vec![
        listed(GENERAL, "general", RoomKind::Public, 3, Some(3)),
        listed(OPS, "ops", RoomKind::Public, 10, Some(6)),
        listed(LOBBY, "Lobby", RoomKind::Public, 5, None),
        listed(SECRET, "secret", RoomKind::Private, 0, Some(0)),
    ]
}

fn info(id: RoomId, name: &str, kind: RoomKind, last_seq: u64) -> RoomInfo {
    RoomInfo {
        id,
        rev: 1,
        name: name.into(),
        topic: String::new(),
        kind,
        created_by: BOB,
        created_at: Timestamp::from_millis(0),
        last_seq: Seq(last_seq),
        archived: false,
    }
}

fn listed(id: RoomId, name: &str, kind: RoomKind, last_seq: u64, read: Option<u64>) -> Listed {
    let member =
        read.map(|read| Membership { role: Role::Member, last_read_seq: Seq(read), notify: Notify::default() });
    let unread = read.map_or(0, |read| last_seq - read);
    Listed {
        info: info(id, name, kind, last_seq),
        member,
        unread,
        mentions: 0,
        peer: None,
        banned: false,
        last_message: None,
    }
}

/// A visited room as stored on disk.
fn visit(id: RoomId, name: &str, joined: bool) -> Visit {
    Visit { info: info(id, name, RoomKind::Public, 2), joined, peer: None }
}

fn message(room_id: RoomId, seq: u64, sender: UserId, text: &str) -> Message {
    let sender = UserRef { id: sender, name: if sender == ALICE { "alice" } else { "bob" }.into() };
    Message::new(room_id, Seq(seq), sender, text.into(), Timestamp::from_millis(1_795_340_400_000))
}

fn found_in(id: RoomId) -> FoundIn {
    FoundIn { id, name: format!("room {id}"), kind: RoomKind::Public, peer: None }
}

/// A message by bob that mentions alice, sent so many seconds after the first.
fn mention(id: RoomId, seq: u64) -> Mention {
    let sent_at = Timestamp::from_millis(1_795_340_400_000 + 1_000 * seq as i64);
    let message = Message { mentions: vec![ALICE], sent_at, ..message(id, seq, BOB, "hi @alice") };
    Mention { message, room: found_in(id) }
}

/// A message by bob in which "hi" was found.
fn found(id: RoomId, seq: u64) -> Hit {
    let Mention { message, room } = mention(id, seq);
    Hit { message, room, ranges: vec![(0, 2)] }
}

fn unreachable() -> Failure {
    Failure::Unreachable { reason: "connection refused".into() }
}

fn refused(status: u16, kind: Kind, detail: &str) -> Failure {
    let (type_uri, title, detail) = ("about:blank".into(), String::new(), detail.into());
    Failure::Refused {
        problem: Problem { type_uri, title, status, detail, kind, errors: Vec::new() },
        retry_after_ms: None,
    }
}

fn asking_to_wait(status: u16, retry_after_ms: u64) -> Failure {
    match refused(status, Kind::Unavailable, "later") {
        Failure::Refused { problem, .. } => Failure::Refused { problem, retry_after_ms: Some(retry_after_ms) },
        other => other,
    }
}

/// Contiguous messages by bob, already loaded.
fn at_hand(client: &mut Client, id: RoomId, seqs: std::ops::RangeInclusive<u64>) {
    let (first, last) = (*seqs.start(), *seqs.end());
    let room = client.model.rooms.get_mut(&id).unwrap();
    let run = seqs.map(|seq| Arc::new(message(id, seq, BOB, "hi"))).collect();
    room.timeline = Timeline { messages: run, has_older: first > 1, has_newer: false };
    room.info.last_seq = Seq(last);
    room.member = room.member.map(|member| Membership { last_read_seq: Seq(last), ..member });
}

fn is_send(req: &Request) -> bool {
    matches!(req, Request::SendMessage(..))
}

fn sent(client: &mut Client) -> Vec<(String, String)> {
    let open = |(_, req)| match req {
        Request::SendMessage(_, new) => Some((new.txn.unwrap(), new.text)),
        _ => None,
    };
    client.calls().into_iter().filter_map(open).collect()
}
