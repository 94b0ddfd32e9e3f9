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
    api::{Api, encode},
    floor,
    load::Load,
    program::Program,
    wire,
};

/// The path of the peer's event stream. Messages go to any other path.
pub(super) const EVENTS: &str = "/v1/events";

/// Most users that send; with more connections, several share a user.
const SENDERS_MAX: usize = 8;
/// The text before the digits in a message's `txn`.
const TXN: &[u8] = b"\"txn\":\"";
/// The text before the digits in a message for the peer.
const SEQ: &[u8] = b"\"seq\":";

pub(super) struct Target {
    pub(super) program: Program,
    pub(super) room: RoomId,
    /// The user of all event streams; the owner of the room. `None` for floor and peer.
    pub(super) listener: Option<Api>,
    senders: Vec<Api>,
    /// The number of messages in the room.
    pub(super) last_seq: u64,
    is_peer: bool,
}

impl Target {
    /// A new server with one room, its owner, and up to `senders` members.
    pub(super) fn server(senders: usize) -> Result<Self> {
        let program = Program::server()?;
        let mut listener = Api::register(program.address, "alice")?;
        let room = listener.create_room("hall")?;
        let mut members = Vec::new();
        for n in 0..senders.min(SENDERS_MAX) {
            let mut member = Api::register(program.address, &format!("sender{n}"))?;
            member.call::<JoinRoom>(&room, &(), &())?;
            members.push(member);
        }
        Ok(Self { program, room, listener: Some(listener), senders: members, last_seq: 0, is_peer: false })
    }

    pub(super) fn floor() -> Result<Self> {
        Ok(Self::bare(Program::floor()?, false))
    }

    pub(super) fn peer() -> Result<Self> {
        Ok(Self::bare(Program::peer()?, true))
    }

    fn bare(program: Program, is_peer: bool) -> Self {
        Self { program, room: RoomId(1), listener: None, senders: Vec::new(), last_seq: 0, is_peer }
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.program.address
    }

    /// The request that opens an event stream, after the position `since` if given.
    pub(super) fn subscribe_request(&self, since: Option<Cursor>) -> Result<Vec<u8>> {
        if self.is_peer {
            return Ok(wire::request("GET", EVENTS, "", "accept: text/event-stream\r\n", ""));
        }
        let token = self.listener.as_ref().map_or("", |api| &api.token);
        encode::<ListenEvents>(token, &(), &query::ListenEvents { since, rooms: Vec::new() }, &())
    }

    /// Opens `listeners` event streams, waits until all are live, and opens `senders` connections.
    pub(super) fn load(&self, listeners: usize, senders: usize) -> Result<Load> {
        let mut load = Load::new()?;
        let listen = self.subscribe_request(None)?;
        for _ in 0..listeners {
            load.subscribe(self.address(), &listen, self.last_seq + 1)?;
        }
        for n in 0..senders {
            load.add_requester(self.address(), self.send_request(n)?, Some(if self.is_peer { SEQ } else { TXN }))?;
        }
        load.wait_for_hello()?;
        Ok(load)
    }

    /// A message of typical length. Its `txn` has digits that count up, the number of the connection, and the number of
    /// messages in the room: no two requests of a run have the same one.
    fn send_request(&self, n: usize) -> Result<Vec<u8>> {
        if self.is_peer {
            return Ok(wire::request("POST", "/", "", "", floor::message()));
        }
        let token = if self.senders.is_empty() { "" } else { &self.senders[n % self.senders.len()].token };
        let text = "so far it looks good, the rest of the report comes after lunch".to_owned();
        let txn = Some(format!("{:010}-{n}-{}", 0, self.last_seq));
        encode::<SendMessage>(token, &self.room, &(), &NewMessage { text, txn, reply_to: None })
    }
}
