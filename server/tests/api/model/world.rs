//! The users, their rooms and their streams, beside what the model expects of them.

use quchat_shared::{Event, RoomId, Seq};

use super::{
    ROOMS, Step, USERS,
    entry::{Entry, Numbers},
    mirror::Mirror,
    room::RoomModel,
};
use crate::harness::{Client, Stream, message_of};

/// Most positions of a user from which the events are read once more at the end.
const BOOKMARKS: usize = 3;

/// A position in the events, and what a client knows there.
#[derive(Clone)]
struct Position {
    id: String,
    /// How much of the log lies before it.
    seen: usize,
    mirror: Mirror,
}

/// How a user receives events.
enum Reader {
    /// On a live stream, with the events that must come next.
    Connected {
        stream: Box<Stream>,
        expected: Vec<Entry>,
        mirror: Mirror,
    },
    Away(Position),
}

/// The users of the whole test, with new rooms for each case.
pub(super) struct World<'a> {
    pub(super) numbers: Numbers<'a>,
    pub(super) rooms: [RoomModel; ROOMS],
    pub(super) log: Vec<Entry>,
    /// Room, `txn` and seq of the last message of each user.
    pub(super) sent: [Option<(usize, String, u64)>; USERS],
    readers: Vec<Reader>,
    bookmarks: Vec<Vec<Position>>,
    /// A room in which everybody is. A message in it shows that a stream has nothing else.
    fence: RoomId,
    case: usize,
    steps: usize,
}

impl<'a> World<'a> {
    pub(super) fn new(clients: &'a [Client; USERS], fence: RoomId, case: usize) -> Self {
        let rooms = [
            clients[1].create_room(&format!("public {case}")),
            clients[2].create_private_room(&format!("private {case}")),
        ];
        let numbers = Numbers { clients, rooms };
        let reader = |who: usize| {
            let stream = Box::new(clients[who].listen());
            Reader::Connected { stream, expected: Vec::new(), mirror: Mirror::new(who, numbers) }
        };
        Self {
            numbers,
            rooms: [RoomModel::new(false, 1), RoomModel::new(true, 2)],
            log: Vec::new(),
            sent: [const { None }; USERS],
            readers: (0..USERS).map(reader).collect(),
            bookmarks: vec![Vec::new(); USERS],
            fence,
            case,
            steps: 0,
        }
    }

    pub(super) fn client(&self, who: usize) -> &'a Client {
        &self.numbers.clients[who]
    }

    pub(super) fn id(&self, room: usize) -> RoomId {
        self.numbers.rooms[room]
    }

    /// A text that nobody has sent yet.
    pub(super) fn text(&self) -> String {
        format!("{}-{}", self.case, self.steps)
    }

    pub(super) fn take(&mut self, step: &Step) {
        self.steps += 1;
        match *step {
            Step::Join { who, room } => self.join(who, room),
            Step::Leave { who, room } => self.leave(who, room),
            Step::Send { who, room } => self.send(who, room),
            Step::Retry { who } => self.retry(who),
            Step::Read { who, room, seq } => self.read(who, room, seq),
            Step::Notify { who, room, notify } => self.set_notify(who, room, notify),
            Step::Add { who, whom, room } => self.add(who, whom, room),
            Step::Remove { who, whom, room } => self.remove(who, whom, room),
            Step::SetRole { who, whom, room, role } => self.set_role(who, whom, room, role),
            Step::Ban { who, whom, room } => self.ban(who, whom, room),
            Step::Unban { who, whom, room } => self.unban(who, whom, room),
            Step::CatchUp { who } => self.catch_up(who),
            Step::Disconnect { who } => self.disconnect(who),
            Step::Connect { who } => self.connect(who),
        }
    }

    /// Adds an event that follows from what is already in the model.
    pub(super) fn happens(&mut self, entry: Entry) {
        for (who, reader) in self.readers.iter_mut().enumerate() {
            if let Reader::Connected { expected, .. } = reader
                && entry.is_for(who, &self.rooms[entry.room()])
            {
                expected.push(entry.clone());
            }
        }
        self.log.push(entry);
    }

    /// The events after `seen` that a user with the current rights must get in a replay.
    fn replayed(&self, user: usize, seen: usize) -> Vec<Entry> {
        let replayed = |(at, entry): (usize, &Entry)| {
            let is_joining =
                |e: &Entry| matches!(*e, Entry::Joined { room, who, .. } if (room, who) == (entry.room(), user));
            let joined = self.log.iter().rposition(is_joining).unwrap_or(0);
            entry.replayed(user, &self.rooms[entry.room()], at >= joined, &self.log[at + 1..])
        };
        self.log.iter().enumerate().skip(seen).filter_map(replayed).collect()
    }

    fn disconnect(&mut self, who: usize) {
        self.catch_up(who);
        if let Reader::Connected { stream, mirror, .. } = &self.readers[who] {
            let id = stream.last_id().to_owned();
            self.readers[who] = Reader::Away(Position { id, seen: self.log.len(), mirror: mirror.clone() });
        }
    }

    fn connect(&mut self, who: usize) {
        if let Reader::Away(position) = &self.readers[who] {
            self.readers[who] = self.resumed(who, position.clone());
        }
    }

    fn resumed(&self, who: usize, position: Position) -> Reader {
        let Position { id, seen, mirror } = position;
        let stream = Box::new(self.client(who).resume(&id));
        Reader::Connected { stream, expected: self.replayed(who, seen), mirror }
    }

    /// Reads the expected events, which must be what comes next, and remembers the position.
    fn catch_up(&mut self, who: usize) {
        let (numbers, seen) = (self.numbers, self.log.len());
        let Reader::Connected { stream, expected, mirror } = &mut self.readers[who] else { return };
        for expected in expected.drain(..) {
            let mut events = std::iter::repeat_with(|| stream.next().event);
            let received = events.find_map(|event| {
                mirror.apply(&event, numbers);
                numbers.entry(who, &event)
            });
            assert_eq!(received, Some(expected), "on the stream of user {who}");
        }
        let id = stream.last_id().to_owned();
        self.bookmarks[who].push(Position { id, seen, mirror: mirror.clone() });
    }

    /// Checks that a stream delivers exactly the expected events before `fence`, and what a client makes of them.
    fn check_reader(&self, who: usize, reader: Reader, fence: Seq) {
        let Reader::Connected { mut stream, expected, mut mirror } = reader else { panic!("user {who} is away") };
        let mut received = Vec::new();
        loop {
            let event: Event = stream.next().event;
            if message_of(&event) == Some((self.fence, fence)) {
                break;
            }
            mirror.apply(&event, self.numbers);
            received.extend(self.numbers.entry(who, &event));
        }
        assert_eq!(received, expected, "on the stream of user {who}");
        mirror.check(self.numbers);
    }

    /// Ends the case: everything that is open or was remembered must agree with a new snapshot.
    pub(super) fn check(&mut self) {
        (0..USERS).for_each(|who| self.connect(who));
        let fence = self.client(0).send_message(self.fence, "fence").seq;
        for (who, reader) in std::mem::take(&mut self.readers).into_iter().enumerate() {
            self.check_reader(who, reader, fence);
            self.check_rooms(who);
            let every = self.bookmarks[who].len().div_ceil(BOOKMARKS).max(1);
            for position in self.bookmarks[who].iter().step_by(every) {
                self.check_reader(who, self.resumed(who, position.clone()), fence);
            }
        }
    }

    /// Checks that a snapshot says what the model says.
    fn check_rooms(&self, who: usize) {
        let listed = self.client(who).rooms().rooms;
        for (number, model) in self.rooms.iter().enumerate() {
            let room = listed.iter().find(|room| room.info.id == self.id(number));
            assert_eq!(room.is_some(), model.is_visible_to(who));
            let Some(room) = room else { continue };
            let member = model.members.get(&who);
            assert_eq!(room.info.last_seq, Seq(model.last_seq));
            assert_eq!(room.banned, model.banned.contains(&who));
            assert_eq!(
                room.member.map(|member| (member.role, member.last_read_seq.0, member.notify)),
                member.map(|member| (member.role, member.marker, member.notify)),
            );
            assert_eq!(room.unread, member.map_or(0, |member| model.last_seq - member.marker));
            if !room.banned {
                assert_eq!(self.client(who).history(self.id(number)).len() as u64, model.last_seq);
            }
        }
    }
}
