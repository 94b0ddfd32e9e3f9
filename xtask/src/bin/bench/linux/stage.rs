//! What a scenario is played on: the server with its users and a room, the floor, to which any words will do, or the
//! peer, which passes on what it is sent. All are driven alike.

use std::net::SocketAddr;

use quchat_shared::{
    Cursor, RoomId,
    api::{JoinRoom, ListenEvents, NewMessage, SendMessage},
    query,
};

use super::{
    Result,
    api::{Api, encode},
    drive::Drive,
    floor,
    program::Program,
    wire,
};

/// Where the peer has its stream. It takes messages everywhere else.
pub(super) const EVENTS: &str = "/v1/events";

/// Users who send; more connections than that share them.
const SENDERS_MAX: usize = 8;
/// Stands before the counter in a `txn`.
const TXN: &[u8] = b"\"txn\":\"";
/// Stands before the one that the peer passes on.
const SEQ: &[u8] = b"\"seq\":";

/// A program, ready to be driven.
pub(super) struct Stage {
    pub(super) program: Program,
    pub(super) room: RoomId,
    /// Whoever listens; on the server they own the room.
    pub(super) listener: Option<Api>,
    senders: Vec<Api>,
    /// How many messages the room has.
    pub(super) last_seq: u64,
    is_peer: bool,
}

impl Stage {
    /// A fresh server with one room, its owner, and up to `senders` members.
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

    /// What opens a stream, after a position if there is one.
    pub(super) fn listen_request(&self, since: Option<Cursor>) -> Result<Vec<u8>> {
        if self.is_peer {
            return Ok(wire::request("GET", EVENTS, "", "accept: text/event-stream\r\n", ""));
        }
        let token = self.listener.as_ref().map_or("", |api| &api.token);
        encode::<ListenEvents>(token, &(), &query::ListenEvents { since, rooms: Vec::new() }, &())
    }

    /// A drive with so many streams, all live, and so many connections that send to the room.
    pub(super) fn drive(&self, listeners: usize, senders: usize) -> Result<Drive> {
        let mut drive = Drive::new()?;
        let listen = self.listen_request(None)?;
        for _ in 0..listeners {
            drive.listen(self.address(), &listen, self.last_seq + 1)?;
        }
        for n in 0..senders {
            drive.call(self.address(), self.send_request(n)?, Some(if self.is_peer { SEQ } else { TXN }))?;
        }
        drive.greet()?;
        Ok(drive)
    }

    /// A message of an ordinary length. `txn` leaves room for a counter behind which the connection's own number
    /// stands, and the room's length, so that a later drive does not repeat an earlier one's.
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
