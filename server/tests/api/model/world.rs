//! The users, their rooms and their streams, beside what the model expects of them.

use std::collections::VecDeque;

use quchat_shared::{Event, RoomId, Seq, room::RoomKind};

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
        expected: VecDeque<Entry>,
        mirror: Mirror,
    },
    Away(Position),
}

/// The users and their rooms.
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
    steps: usize,
}

/// Checks that `received` is what must come next. Of the changes of one message, only the newest must come.
fn expect(expected: &mut VecDeque<Entry>, received: &Entry, who: usize) {
    while let Some(next) = expected.pop_front() {
        if next == *received {
            return;
        }
        let may_be_left_out =
            matches!(next, Entry::MessageChanged { .. }) && expected.iter().any(|later| next.gives_way_to(later));
        assert!(may_be_left_out, "on the stream of user {who}: {received:?} instead of {next:?}");
    }
    panic!("on the stream of user {who}: {received:?} instead of nothing");
}

impl<'a> World<'a> {
    pub(super) fn new(clients: &'a [Client; USERS]) -> Self {
        let fence = clients[0].create_room("fence");
        clients.iter().for_each(|client| drop(client.join(fence)));
        let unopened = RoomId(u64::MAX);
        let rooms = [clients[1].create_room("public"), clients[2].create_private_room("private"), unopened];
        let numbers = Numbers { clients, rooms };
        let reader = |who: usize| {
            let stream = Box::new(clients[who].listen());
            Reader::Connected { stream, expected: VecDeque::new(), mirror: Mirror::new(who, numbers) }
        };
        Self {
            numbers,
            rooms: [RoomModel::new(RoomKind::Public, 1), RoomModel::new(RoomKind::Private, 2), RoomModel::unopened()],
            log: Vec::new(),
            sent: [const { None }; USERS],
            readers: (0..USERS).map(reader).collect(),
            bookmarks: vec![Vec::new(); USERS],
            fence,
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
        format!("step {}", self.steps)
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
            Step::Edit { who, room, seq, text } => self.edit(who, room, seq, text),
            Step::DeleteMessage { who, room, seq } => self.delete_message(who, room, seq),
            Step::React { who, room, seq, emoji, adds } => self.react(who, room, seq, emoji, adds),
            Step::Open { who } => self.open(who),
            Step::SetTopic { who, room, topic } => self.set_topic(who, room, topic),
            Step::Archive { who, room, archived } => self.archive(who, room, archived),
            Step::DeleteRoom { who, room } => self.delete_room(who, room),
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
                expected.push_back(entry.clone());
            }
        }
        self.log.push(entry);
    }

    /// The events after `seen` that a user with the current rights must get in a replay.
    fn replayed(&self, user: usize, seen: usize) -> VecDeque<Entry> {
        let replayed = |(at, entry): (usize, &Entry)| {
            let is_joining =
                |e: &Entry| matches!(*e, Entry::Joined { room, who, .. } if (room, who) == (entry.room(), user));
            let joined = self.log.iter().rposition(is_joining).unwrap_or(0);
            entry.replayed(user, &self.rooms[entry.room()], at >= joined, &self.log[at + 1..])
        };
        let mut shown: VecDeque<_> = self.log.iter().enumerate().skip(seen).filter_map(replayed).collect();
        let messages: Vec<_> = shown.iter().filter(|entry| matches!(entry, Entry::Message { .. })).cloned().collect();
        // A message that the replay shows is shown as it is now.
        shown.retain(|entry| match *entry {
            Entry::MessageChanged { room, seq, .. } => !messages.contains(&Entry::Message { room, seq }),
            _ => true,
        });
        shown
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
        while !expected.is_empty() {
            let event = stream.next().event;
            mirror.apply(&event, numbers);
            numbers.entry(who, &event).iter().for_each(|received| expect(expected, received, who));
        }
        let id = stream.last_id().to_owned();
        self.bookmarks[who].push(Position { id, seen, mirror: mirror.clone() });
    }

    /// Checks that a stream delivers exactly the expected events before `fence`, and what a client makes of them.
    fn check_reader(&self, who: usize, reader: Reader, fence: Seq) {
        let Reader::Connected { mut stream, mut expected, mut mirror } = reader else { panic!("user {who} is away") };
        loop {
            let event: Event = stream.next().event;
            if message_of(&event) == Some((self.fence, fence)) {
                break;
            }
            mirror.apply(&event, self.numbers);
            self.numbers.entry(who, &event).iter().for_each(|received| expect(&mut expected, received, who));
        }
        assert_eq!(expected, [], "missing on the stream of user {who}");
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
            assert_eq!(room.info.last_seq, Seq(model.last_seq()));
            let (topic, archived) = (&room.info.topic, room.info.archived);
            assert_eq!((topic, archived, room.info.rev), (&model.topic, model.is_archived, model.rev));
            assert_eq!(room.banned, model.banned.contains(&who));
            assert_eq!(
                room.member.map(|member| (member.role, member.last_read_seq.0, member.notify)),
                member.map(|member| (member.role, member.marker, member.notify)),
            );
            assert_eq!(room.unread, member.map_or(0, |member| model.last_seq() - member.marker));
            if !room.banned {
                self.check_history(who, number);
            }
        }
    }

    fn check_history(&self, who: usize, room: usize) {
        let history = self.client(who).history(self.id(room));
        assert_eq!(history.len() as u64, self.rooms[room].last_seq());
        for (message, model) in history.iter().zip(&self.rooms[room].messages) {
            assert_eq!((message.rev, message.deleted_at.is_some()), (model.rev, model.is_deleted));
            assert_eq!(message.text, if model.is_deleted { "" } else { &model.text });
            let reactions = message.reactions.iter().map(|reaction| reaction.count).sum::<u64>();
            assert_eq!(reactions, model.reactions.len() as u64);
        }
    }
}
