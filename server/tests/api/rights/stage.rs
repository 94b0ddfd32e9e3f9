//! The people of the test, each with a stream, and the rooms in which they meet.

use std::collections::{BTreeMap, BTreeSet};

use quchat_shared::{Event, RoomId};
use serde_json::json;

use crate::harness::{Client, Stream, TestServer, at_once, message_of};

/// Who asks, and whom it is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Person {
    Stranger,
    Banned,
    Former,
    Member,
    Moderator,
    Owner,
    Admin,
    OwnerElsewhere,
    /// An ordinary member to whom things are done.
    Target,
}

use Person::{Admin, Banned, Former, Member, Moderator, Owner, OwnerElsewhere, Stranger, Target};

/// Everybody, with the name under which they are registered. The first three are prepared.
const NAMES: [(Person, &str); 9] = [
    (Admin, "alice"),
    (Owner, "bob"),
    (Member, "carol"),
    (Stranger, "stranger"),
    (Banned, "banned"),
    (Former, "former"),
    (Moderator, "moderator"),
    (OwnerElsewhere, "elsewhere"),
    (Target, "target"),
];

/// The columns of the table.
pub(super) const ACTORS: [Person; 8] = [Stranger, Banned, Former, Member, Moderator, Owner, Admin, OwnerElsewhere];

/// The groups of columns of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Public,
    Archived,
    Private,
    Direct,
}

/// A room as the rows expect it.
pub(super) struct Place {
    pub(super) room: RoomId,
    pub(super) members: BTreeSet<Person>,
    /// The newest message of each of them.
    own: BTreeMap<Person, u64>,
}

impl Place {
    /// The last message of this person, or else of the target.
    pub(super) fn message_of(&self, person: Person) -> u64 {
        *self.own.get(&person).unwrap_or(&self.own[&Target])
    }
}

pub(super) struct Stage {
    pub(super) server: TestServer,
    people: BTreeMap<Person, (Client, Stream)>,
    /// A room in which everybody is, so that a message in it ends what is read of each stream.
    fence: RoomId,
    rooms: u32,
}

impl Stage {
    pub(super) fn new() -> Self {
        let server = TestServer::start_with(|config| {
            config.max_rooms_per_user = 10_000;
            config.max_rooms = 10_000;
            config.max_private_rooms_per_user = 10_000;
            config.room_invites = true;
        });
        let clients = at_once(NAMES.len(), |i| server.user(NAMES[i].1));
        let fence = clients[0].create_room("fence");
        clients.iter().for_each(|client| drop(client.join(fence)));
        clients[7].create_room("elsewhere");
        let people = NAMES.into_iter().zip(clients).map(|((person, _), client)| {
            let stream = client.listen();
            (person, (client, stream))
        });
        Self { people: people.collect(), server, fence, rooms: 0 }
    }

    pub(super) fn client(&self, person: Person) -> &Client {
        &self.people[&person].0
    }

    /// A room of this kind in which nothing has been tried yet.
    pub(super) fn place(&mut self, kind: Kind) -> Place {
        self.rooms += 1;
        let place = match kind {
            Kind::Direct => self.direct_room(),
            Kind::Public | Kind::Archived | Kind::Private => self.named_room(kind),
        };
        self.heard(); // none of it is of interest
        place
    }

    fn named_room(&self, kind: Kind) -> Place {
        let (name, owner) = (format!("room {}", self.rooms), self.client(Owner));
        let room = if kind == Kind::Private { owner.create_private_room(&name) } else { owner.create_room(&name) };
        let mut own = BTreeMap::from([(Owner, owner.send_message(room, "hello").seq.0)]);
        for person in [Member, Moderator, Former, Banned, Target] {
            owner.add_member(room, self.client(person));
            own.insert(person, self.client(person).send_message(room, "hello").seq.0);
        }
        owner.set_role(room, self.client(Moderator), "moderator");
        self.client(Former).leave(room);
        owner.ban(room, self.client(Banned));
        if kind == Kind::Archived {
            let archive = json!({"archived": true});
            owner.request("PATCH", &format!("/v1/rooms/{room}"), Some(&archive)).expect(200);
        }
        Place { room, members: BTreeSet::from([Member, Moderator, Owner, Target]), own }
    }

    /// Always the same room, with new messages.
    fn direct_room(&self) -> Place {
        let (member, target) = (self.client(Member), self.client(Target));
        let opened = member.request("PUT", &format!("/v1/direct/{}", target.user().id), None);
        let room = RoomId(opened.value()["id"].as_u64().unwrap());
        let own = [(Member, member), (Target, target)].map(|(p, client)| (p, client.send_message(room, "hello").seq.0));
        Place { room, members: BTreeSet::from([Member, Target]), own: own.into() }
    }

    /// The names of the durable events that each stream got since the last call.
    pub(super) fn heard(&mut self) -> BTreeMap<Person, Vec<&'static str>> {
        let fence = (self.fence, self.client(Admin).send_message(self.fence, "fence").seq);
        let heard = self.people.iter_mut().map(|(person, (_, stream))| {
            let mut received = stream.until(|event| message_of(event) == Some(fence));
            received.pop();
            let is_durable = |event: &Event| !matches!(event, Event::Presence(_) | Event::Typing(_));
            let names = received.iter().filter(|received| is_durable(&received.event));
            (*person, names.map(|received| received.event.name()).collect())
        });
        heard.collect()
    }
}
