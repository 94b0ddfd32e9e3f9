//! The target of a scenario: the server with its users and one room, the floor, which ignores what a request says, or
//! the peer, which forwards the bodies it receives. All take the same load.

use std::net::SocketAddr;

use quchat_shared::{
    Cursor, RoomId,
    api::{JoinRoom, ListenEvents, NewMessage, SendMessage},
    query,
};

use super::{
    Result,
    addresses::Addresses,
    api::{Api, encode},
    floor,
    load::Load,
    program::{Kind, Options, Program},
    store::Store,
    wire,
};

/// The path of the peer's event stream. Messages go to any other path.
pub(super) const EVENTS: &str = "/v1/events";

/// The largest number of users that send. With more connections, several share a user.
const SENDERS_MAX: usize = 8;
/// The text before the digits in a message's `txn`.
const TXN: &[u8] = b"\"txn\":\"";
/// The text before the digits in a message for the peer.
const SEQ: &[u8] = b"\"seq\":";

pub(super) struct Target {
    pub(super) program: Program,
    pub(super) room: RoomId,
    /// The owner of the room, who opens all event streams. `None` for floor and peer.
    owner: Option<Api>,
    senders: Vec<Api>,
    /// The number of messages in the room.
    pub(super) last_seq: u64,
    kind: Kind,
}

impl Target {
    /// Starts a program. Only the server has users: up to `senders` of them are members of its room.
    pub(super) fn start(kind: Kind, store: &Store, senders: usize) -> Result<Self> {
        if kind == Kind::Server {
            return Self::server(store, senders);
        }
        let program = Program::start(kind, store)?;
        Ok(Self { program, room: RoomId(1), owner: None, senders: Vec::new(), last_seq: 0, kind })
    }

    /// A new server with one room, its owner, and up to `senders` members.
    pub(super) fn server(store: &Store, senders: usize) -> Result<Self> {
        Self::server_with(store, senders, &Options::NONE)
    }

    /// The same with another configuration.
    pub(super) fn server_with(store: &Store, senders: usize, options: &Options) -> Result<Self> {
        let program = Program::start_with(Kind::Server, store, options)?;
        let address = program.addresses.first();
        let mut owner = Api::register(address, "alice")?;
        let room = owner.create_room("hall")?;
        let mut members = Vec::new();
        for n in 0..senders.min(SENDERS_MAX) {
            let mut member = Api::register(address, &format!("sender{n}"))?;
            member.call::<JoinRoom>(&room, &(), &())?;
            members.push(member);
        }
        Ok(Self { program, room, owner: Some(owner), senders: members, last_seq: 0, kind: Kind::Server })
    }

    /// # Errors
    /// The target is not the server.
    pub(super) fn owner(&mut self) -> Result<&mut Api> {
        Ok(self.owner.as_mut().ok_or("only a server has users")?)
    }

    /// The address for what needs only one node.
    pub(super) fn address(&self) -> SocketAddr {
        self.program.addresses.first()
    }

    pub(super) fn addresses(&self) -> &Addresses {
        &self.program.addresses
    }

    /// The request that opens an event stream, after the position `since` if given.
    pub(super) fn subscribe_request(&self, since: Option<Cursor>) -> Result<Vec<u8>> {
        if self.kind == Kind::Peer {
            return Ok(wire::request("GET", EVENTS, "", "accept: text/event-stream\r\n", ""));
        }
        let token = self.owner.as_ref().map_or("", |api| &api.token);
        encode::<ListenEvents>(token, &(), &query::ListenEvents { since, rooms: Vec::new() }, &())
    }

    /// Opens `streams` event streams, waits until all are live, and opens `senders` connections.
    pub(super) fn load(&self, streams: usize, senders: usize) -> Result<Load> {
        let mut load = Load::new(self.addresses())?;
        let listen = self.subscribe_request(None)?;
        for _ in 0..streams {
            load.subscribe(&listen, self.last_seq + 1)?;
        }
        self.add_senders(&mut load, senders)?;
        load.wait_for_hello()?;
        Ok(load)
    }

    /// Opens connections that send messages.
    pub(super) fn add_senders(&self, load: &mut Load, senders: usize) -> Result<()> {
        let mark = if self.kind == Kind::Peer { SEQ } else { TXN };
        (0..senders).try_for_each(|n| load.add_requester(self.send_request(n)?, Some(mark)))
    }

    /// A message of typical length. Its `txn` has digits that count up, the number of the connection, and the number of
    /// messages in the room: no two requests of a run have the same one.
    fn send_request(&self, n: usize) -> Result<Vec<u8>> {
        if self.kind == Kind::Peer {
            return Ok(wire::request("POST", "/", "", "", floor::message()));
        }
        let token = if self.senders.is_empty() { "" } else { &self.senders[n % self.senders.len()].token };
        let text = "so far it looks good, the rest of the report comes after lunch".to_owned();
        let txn = Some(format!("{:010}-{n}-{}", 0, self.last_seq));
        encode::<SendMessage>(token, &self.room, &(), &NewMessage { text, txn, reply_to: None })
    }
}
