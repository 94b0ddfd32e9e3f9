//! The scripted server: a few routes, rooms whose messages are computed from their numbers, and an event stream on which
//! the bench decides when to send what. It speaks the wire format and stores nothing.

use std::{
    io::BufReader,
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, Sender, channel},
    },
    thread,
    time::{SystemTime, UNIX_EPOCH},
};

use quchat_shared::{
    Cursor, Event, Message, Room, RoomId, RoomInfo, Seq, SessionId, Timestamp, User, UserId, UserRef,
    api::{MessagePage, NewReadMarker, OwnReaction, ReadMarker, Rooms},
    event::{Hello, MessageCreated},
    limits::PAGE_DEFAULT,
    message::Reaction,
    query::{Bound, ListMessages, Query},
    room::{Membership, Notify, Role, RoomKind},
    user::{ServerRole, Session},
};

use super::{
    Result, TIMEOUT,
    wire::{self, Request},
};

/// The name of the client's user.
pub(super) const USER: &str = "alice";
const USER_ID: UserId = UserId(1);
/// The heartbeat interval that it announces.
pub(super) const HEARTBEAT_SECONDS: u64 = 15;

const OTHERS: [&str; 3] = ["bob", "carol", "dave"];
/// Rooms with fewer messages have no reactions: the bytes for a message are those of text alone.
const REACTED_FROM: u64 = 1_000;
/// One message in this many carries reactions: 5 %.
const REACTED: u64 = 20;
const EMOJI: [&str; 5] = ["👍", "🎉", "❤️", "👀", "✅"];
/// The text that messages are cut from.
const TEXT: &str = "so far it looks good, the rest of the report comes after lunch; somebody has taken the long cable \
     from the second drawer, and the printer wants paper again. the kettle is on, see you at four";

/// A running server. It closes its port and all connections on drop.
pub(super) struct ScriptedServer {
    address: SocketAddr,
    state: Arc<State>,
    streams: Receiver<TcpStream>,
}

/// The state that all connections share.
struct State {
    begun_ms: i64,
    /// Some messages carry reactions.
    has_reactions: bool,
    /// The number of messages in each room; room 1 is at index 0.
    rooms: Mutex<Vec<u64>>,
    is_stopped: AtomicBool,
}

impl ScriptedServer {
    /// Starts a server with `rooms` rooms of `messages` messages each. The client is a member of all rooms and has read
    /// everything.
    pub(super) fn start(rooms: usize, messages: u64) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let begun_ms = i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis())?;
        let state = State {
            begun_ms,
            has_reactions: messages >= REACTED_FROM,
            rooms: Mutex::new(vec![messages; rooms]),
            is_stopped: AtomicBool::new(false),
        };
        let (state, (opened, streams)) = (Arc::new(state), channel());
        let accepting = Arc::clone(&state);
        thread::spawn(move || accepting.accept(&listener, &opened));
        Ok(Self { address, state, streams })
    }

    /// The address in the form that `--server` accepts. It does not speak TLS.
    pub(super) fn address(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Waits for a client to open an event stream.
    pub(super) fn stream(&self) -> Result<Stream> {
        let connection = self.streams.recv_timeout(TIMEOUT).map_err(|_| "the client opened no event stream")?;
        Ok(Stream { connection, state: Arc::clone(&self.state), bytes: Vec::new() })
    }
}

impl Drop for ScriptedServer {
    fn drop(&mut self) {
        self.state.is_stopped.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address); // wakes the accepting thread, which then ends
    }
}

pub(super) struct Stream {
    connection: TcpStream,
    state: Arc<State>,
    bytes: Vec<u8>,
}

impl Stream {
    /// Sends the next `count` messages of a room in one write. Returns the `seq` of the last one.
    pub(super) fn send_messages(&mut self, room: RoomId, count: u64) -> Result<u64> {
        let mut rooms = self.state.rooms();
        let last_seq = index(room).and_then(|at| rooms.get_mut(at)).ok_or("no such room")?;
        self.bytes.clear();
        for _ in 0..count {
            *last_seq += 1;
            let message = self.state.message(room, *last_seq);
            let position = Cursor(format!("b-{}-{last_seq}", room.0));
            Event::from(MessageCreated { room_id: room, message }).encode(Some(&position), &mut self.bytes);
        }
        let last_seq = *last_seq;
        drop(rooms);
        wire::chunk(&mut self.connection, &self.bytes)?;
        Ok(last_seq)
    }

    pub(super) fn send_heartbeat(&mut self) -> Result<()> {
        wire::chunk(&mut self.connection, b":\nid: b-0\n\n")
    }
}

/// The start of a message, which occurs in no other text.
pub(super) fn mark(seq: u64) -> String {
    format!("no. {seq}:")
}

/// The name of a room, without `#`.
pub(super) fn room_name(room: RoomId) -> String {
    format!("room-{:03}", room.0)
}

/// The index of a room in [`State::rooms`].
fn index(room: RoomId) -> Option<usize> {
    usize::try_from(room.0).ok()?.checked_sub(1)
}

impl State {
    fn rooms(&self) -> MutexGuard<'_, Vec<u64>> {
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Accepts connections until the server is dropped.
    fn accept(self: Arc<Self>, listener: &TcpListener, opened: &Sender<TcpStream>) {
        let mut open = Vec::new();
        for connection in listener.incoming().flatten() {
            if self.is_stopped.load(Ordering::SeqCst) {
                break;
            }
            let (state, opened, copy) = (Arc::clone(&self), opened.clone(), connection.try_clone());
            open.extend(copy);
            thread::spawn(move || {
                let _ = state.serve(connection, &opened); // the client may close its connection at any time
            });
        }
        for connection in open {
            let _ = connection.shutdown(std::net::Shutdown::Both); // may be closed already
        }
    }

    fn serve(&self, connection: TcpStream, opened: &Sender<TcpStream>) -> Result<()> {
        connection.set_nodelay(true)?;
        let mut answers = connection.try_clone()?;
        let mut requests = BufReader::new(connection);
        while let Some(request) = Request::read(&mut requests)? {
            let parts: Vec<&str> = request.path.trim_start_matches("/v1/").split('/').collect();
            match (&*request.method, parts.as_slice()) {
                ("POST", ["sessions"]) => wire::answer(&mut answers, 201, &self.session())?,
                ("GET", ["rooms"]) => wire::answer(&mut answers, 200, &self.list())?,
                ("GET", ["rooms", room, "messages"]) => {
                    let query = ListMessages::decode(&request.query).map_err(|error| error.to_string())?;
                    wire::answer(&mut answers, 200, &self.page(room.parse()?, query))?;
                }
                ("PUT", ["rooms", _, "read"]) => {
                    let marker =
                        ReadMarker { last_read_seq: request.body::<NewReadMarker>()?.seq, unread: 0, mentions: 0 };
                    wire::answer(&mut answers, 200, &marker)?;
                }
                ("GET", ["events"]) => {
                    let hello = Hello { cursor: Cursor("b-0".into()), heartbeat_seconds: HEARTBEAT_SECONDS };
                    let mut bytes = Vec::new();
                    Event::from(hello).encode(None, &mut bytes);
                    wire::begin_stream(&mut answers)?;
                    wire::chunk(&mut answers, &bytes)?;
                    let _ = opened.send(answers.try_clone()?); // fails if the bench has dropped the server
                }
                _ => wire::answer(&mut answers, 404, &())?,
            }
        }
        Ok(())
    }

    fn session(&self) -> Session {
        let user = User {
            id: USER_ID,
            name: USER.to_owned(),
            role: ServerRole::Member,
            created_at: self.at(0),
            online: true,
            suspended: false,
        };
        Session { id: SessionId(1), token: "bench".to_owned(), expires_at: Timestamp::from_millis(i64::MAX), user }
    }

    fn list(&self) -> Rooms {
        let lengths = self.rooms().clone();
        let rooms = (1..).zip(lengths).map(|(id, last_seq)| self.room(RoomId(id), Seq(last_seq)));
        Rooms { rooms: rooms.collect(), cursor: Cursor("b-0".into()) }
    }

    fn room(&self, id: RoomId, last_seq: Seq) -> Room {
        let info = RoomInfo {
            id,
            rev: 1,
            name: room_name(id),
            topic: "what there is to say".to_owned(),
            kind: RoomKind::Public,
            created_by: UserId(2),
            created_at: self.at(0),
            last_seq,
            archived: false,
        };
        let member = Membership { role: Role::Member, last_read_seq: last_seq, notify: Notify::Mentions };
        Room { info, member: Some(member), unread: 0, mentions: 0, peer: None, banned: false, last_message: None }
    }

    fn page(&self, room: RoomId, query: ListMessages) -> MessagePage {
        let last = index(room).and_then(|at| self.rooms().get(at).copied()).unwrap_or(0);
        let limit = u64::from(query.limit.unwrap_or(PAGE_DEFAULT));
        let before = |end: u64| end.saturating_sub(limit - 1).max(1)..=end;
        let range = match query.bound {
            Bound::Newest => before(last),
            Bound::Before(seq) => before(seq.0.saturating_sub(1)),
            Bound::After(seq) => seq.0 + 1..=last.min(seq.0 + limit),
            Bound::Around(seq) => seq.0.saturating_sub(limit / 2).max(1)..=last.min(seq.0 + limit / 2),
        };
        let (has_older, has_newer) = (*range.start() > 1, *range.end() < last);
        let messages: Vec<Message> = range.map(|seq| self.message(room, seq)).collect();
        let own_reactions = messages.iter().flat_map(own_reactions).collect();
        MessagePage { messages, has_older, has_newer, own_reactions }
    }

    /// Each user sends a few messages in a row, of different lengths, all on one day. Some carry reactions.
    fn message(&self, room: RoomId, seq: u64) -> Message {
        let spread = |by: u64, of: usize| usize::try_from(seq.wrapping_mul(by)).unwrap_or(0) % of;
        let who = spread(1, 12) / 4;
        let sender = UserRef { id: UserId(2 + who as u64), name: OTHERS[who].to_owned() };
        let (start, length) = (spread(7, 60), 20 + spread(31, 90));
        let text = format!("{} {}", mark(seq), &TEXT[start..start + length]);
        let txn = Some(format!("{:024x}-{seq}", seq.wrapping_mul(0x9E37_79B9_7F4A_7C15)));
        let mut message = Message::new(room, Seq(seq), sender, text, self.at(seq));
        message.txn = txn;
        if self.has_reactions {
            message.reactions = reactions(seq);
        }
        message
    }

    fn at(&self, seq: u64) -> Timestamp {
        Timestamp::from_millis(self.begun_ms.saturating_add_unsigned(seq))
    }
}

/// The reactions to a message: one to three different ones, by one to four users, some of them by the client's user.
fn reactions(seq: u64) -> Vec<Reaction> {
    let nth = seq / REACTED;
    let first = 1 + nth % 2; // the client's user is the first one
    let reaction = |emoji: u64| {
        let users: Vec<UserId> = (first..=first + (nth + emoji) % 4).map(UserId).collect();
        let emoji = EMOJI[usize::try_from(nth + emoji).unwrap_or(0) % EMOJI.len()].to_owned();
        Reaction { emoji, count: users.len() as u64, users }
    };
    if seq.is_multiple_of(REACTED) { (0..1 + nth % 3).map(reaction).collect() } else { Vec::new() }
}

fn own_reactions(message: &Message) -> impl Iterator<Item = OwnReaction> {
    let own = message.reactions.iter().filter(|reaction| reaction.users.contains(&USER_ID));
    own.map(|reaction| OwnReaction { seq: message.seq, emoji: reaction.emoji.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_join_and_end_with_the_room() {
        let state = State {
            begun_ms: 0,
            has_reactions: true,
            rooms: Mutex::new(vec![130]),
            is_stopped: AtomicBool::new(false),
        };
        let page = |bound| {
            let page = state.page(RoomId(1), ListMessages { bound, limit: Some(50) });
            let seqs: Vec<u64> = page.messages.iter().map(|message| message.seq.0).collect();
            (seqs.first().copied().zip(seqs.last().copied()), page.has_older, page.has_newer)
        };
        assert_eq!(page(Bound::Newest), (Some((81, 130)), true, false));
        assert_eq!(page(Bound::Before(Seq(31))), (Some((1, 30)), false, true));
        assert_eq!(page(Bound::After(Seq(100))), (Some((101, 130)), true, false));
        assert_eq!(page(Bound::After(Seq(130))), (None, true, false));
    }
}
