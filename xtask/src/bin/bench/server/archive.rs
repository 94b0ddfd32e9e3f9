//! The archive: a server with many messages of real-looking text in many rooms. Scenarios share it, because filling it
//! takes minutes.
//!
//! No room is public, which is the hardest case: each room is a scope of its own in the search index. One user is in all
//! rooms but a quiet one and writes there, another reads there and is mentioned now and then, a third is alone in the
//! quiet room.

use std::time::{Duration, Instant};

use quchat_shared::{
    RoomId, Seq,
    api::{AddMember, CreateRoom, NewMessage, NewRoom, SendMessage},
    room::RoomKind,
};

use super::{
    Result,
    api::Api,
    filling::{Post, send_posts, wait_until_indexed},
    program::{Kind, Program},
    store::Store,
    texts::{Random, text},
};

/// The user who is mentioned.
const READER: &str = "reader";
/// Indices of the authors.
const BUSY: usize = 0;
const QUIET: usize = 1;

pub(super) struct Archive {
    pub(super) program: Program,
    /// The owner of all rooms but the quiet one.
    pub(super) busy: Api,
    /// A member of the same rooms.
    pub(super) reader: Api,
    /// Alone in the quiet room.
    pub(super) quiet: Api,
    rooms: Vec<RoomId>,
    quiet_room: RoomId,
    /// How many messages there are, without a few that belong to the setup.
    pub(super) messages: u64,
}

/// How long it took to fill the archive: to send the messages, and until all could be found.
pub(super) struct Filled {
    pub(super) sent: Duration,
    pub(super) indexed: Duration,
}

/// What is special about a message.
#[derive(PartialEq, Eq)]
enum Special {
    InQuietRoom,
    NamesReader,
    AnswersReader,
    NamesEveryone,
}

/// Eleven messages of a thousand mention the reader: about what somebody in two hundred rooms is asked.
fn special(number: u64) -> Option<Special> {
    match number % 1000 {
        0 => Some(Special::InQuietRoom),
        53 => Some(Special::NamesEveryone),
        rest if rest % 200 == 3 => Some(Special::NamesReader),
        rest if rest % 200 == 103 => Some(Special::AnswersReader),
        _ => None,
    }
}

impl Archive {
    /// An archive of this many rooms, without messages.
    pub(super) fn start(store: &Store, rooms: u64) -> Result<Self> {
        let program = Program::start(Kind::Server, store)?;
        let register = |name| Api::register(program.addresses.first(), name);
        let (mut busy, mut reader, mut quiet) = (register("busy")?, register(READER)?, register("quiet")?);
        let mut others = Vec::new();
        for n in 1..rooms {
            let room = create_private_room(&mut busy, &format!("room {n}"))?;
            busy.call::<AddMember>(&(room, reader.user), &(), &())?;
            let first = NewMessage { text: "what is new here?".to_owned(), txn: None, reply_to: None };
            reader.call::<SendMessage>(&room, &(), &first)?; // to be answered
            others.push(room);
        }
        let quiet_room = create_private_room(&mut quiet, "quiet")?;
        Ok(Self { program, busy, reader, quiet, rooms: others, quiet_room, messages: 0 })
    }

    /// Sends until there are this many messages, and waits until all can be found.
    pub(super) fn fill(&mut self, messages: u64) -> Result<Filled> {
        let (begin, this) = (Instant::now(), &*self);
        let authors = [&this.busy, &this.quiet];
        send_posts(&self.program.addresses, &authors, &(self.messages..messages), |number| this.post(number))?;
        let sent = begin.elapsed();
        self.messages = messages;
        wait_until_indexed(&mut self.quiet, self.quiet_room, &format!("fence{messages}"))?;
        self.busy.reconnect()?;
        self.reader.reconnect()?;
        Ok(Filled { sent, indexed: begin.elapsed() })
    }

    /// How many messages mention the reader.
    pub(super) fn mentions(&self) -> u64 {
        (0..self.messages).filter_map(special).filter(|special| *special != Special::InQuietRoom).count() as u64
    }

    /// The mean length of a text, in bytes.
    pub(super) fn mean_length(&self) -> f64 {
        (0..self.messages).map(|number| self.post(number).text.len()).sum::<usize>() as f64 / self.messages as f64
    }

    fn post(&self, number: u64) -> Post {
        let (special, text) = (special(number), text(number));
        // Some rooms are busier than others.
        let mut random = Random(number ^ 0x5bd1_e995);
        let mut any = || usize::try_from(random.below(self.rooms.len() as u64)).unwrap_or(0);
        let room = self.rooms[any().min(any())];
        let post = |text, reply_to| Post { author: BUSY, room, text, reply_to };
        match special {
            None => post(text, None),
            Some(Special::InQuietRoom) => Post { author: QUIET, room: self.quiet_room, text, reply_to: None },
            Some(Special::NamesReader) => post(format!("@{READER} {text}"), None),
            Some(Special::NamesEveryone) => post(format!("@all {text}"), None),
            Some(Special::AnswersReader) => post(text, Some(Seq(1))),
        }
    }
}

fn create_private_room(api: &mut Api, name: &str) -> Result<RoomId> {
    let new = NewRoom { name: name.to_owned(), topic: None, kind: Some(RoomKind::Private) };
    Ok(api.call::<CreateRoom>(&(), &(), &new)?.info.id)
}
