//! Reads for a whole group of writes at once what they are about to read.

use std::collections::{BTreeSet, HashMap};

use quchat_shared::{RoomId, Seq, SessionId, UserId};
use tokio_postgres::Row;

use super::{
    columns::{get, int, params, sought, time, uint},
    connection::Planned,
    members::membership,
    rooms::info,
    users::user,
};
use crate::store::{
    Hints, LiveSession, Result,
    row_cache::{Counted, RowCache},
};

const SESSIONS: &str = "SELECT id, user_id, last_used_at FROM sessions WHERE id = ANY($1)";
const USERS: &str = "SELECT id, name, role, created_at, is_suspended FROM users WHERE id = ANY($1)";
const ROOMS: &str =
    "SELECT id, rev, name, topic, kind, created_by, created_at, last_seq, archived, member_count FROM rooms
    WHERE id = ANY($1) AND NOT is_deleted";
const MEMBERS: &str = "SELECT role, last_read_seq, notify, members.room_id, members.user_id
    FROM unnest($1::bigint[], $2::bigint[]) AS asked(room_id, user_id)
    CROSS JOIN LATERAL (SELECT * FROM members
        WHERE members.user_id = asked.user_id AND members.room_id = asked.room_id) AS members";
const TXNS: &str = "SELECT asked.user_id, asked.txn, known.room_id, known.seq
    FROM unnest($1::bigint[], $2::text[]) AS asked(user_id, txn)
    CROSS JOIN LATERAL (SELECT room_id, seq FROM messages
        WHERE sender_id = asked.user_id AND txn = asked.txn LIMIT 1) AS known";

/// Messages by sender and `txn`; `None` if there is none.
pub(super) type Txns = HashMap<(UserId, String), Option<(RoomId, Seq)>>;

/// The txns that were asked for.
pub(super) struct Prefetch(BTreeSet<(UserId, String)>);

/// Adds the reads to a flight: five statements.
pub(super) fn plan(hints: &[&Hints], flight: &mut Vec<Planned>) -> Prefetch {
    let ids = |ids: BTreeSet<u64>| ids.into_iter().map(int).collect::<Vec<_>>();
    let sessions = hints.iter().filter_map(|hints| Some(hints.session?.0)).collect();
    let users = hints.iter().filter_map(|hints| Some(hints.user?.0)).collect();
    let rooms = hints.iter().filter_map(|hints| Some(hints.room?.0)).collect();
    let members = hints.iter().filter_map(|hints| Some((hints.room?, hints.user?))).collect::<BTreeSet<_>>();
    let (in_rooms, of_users): (Vec<_>, Vec<_>) =
        members.into_iter().map(|(room, user)| (int(room.0), int(user.0))).unzip();
    let txns = hints.iter().filter_map(|hints| Some((hints.user?, hints.txn.clone()?))).collect::<BTreeSet<_>>();
    let (senders, texts): (Vec<_>, Vec<_>) = txns.iter().map(|(user, txn)| (int(user.0), sought(txn))).unzip();
    flight.push(Planned::Prepared(SESSIONS, params![ids(sessions)]));
    flight.push(Planned::Prepared(USERS, params![ids(users)]));
    flight.push(Planned::Prepared(ROOMS, params![ids(rooms)]));
    flight.push(Planned::Prepared(MEMBERS, params![in_rooms, of_users]));
    flight.push(Planned::Prepared(TXNS, params![senders, texts]));
    Prefetch(txns)
}

impl Prefetch {
    /// Takes the rows of the five statements.
    pub(super) fn fill(self, rows: &[Vec<Row>], cache: &mut RowCache, txns: &mut Txns) -> Result<()> {
        let [sessions, users, rooms, members, known] = rows else { return Ok(()) };
        for row in sessions {
            let session = LiveSession { user: UserId(uint(row, 1)?), last_used_at: time(row, 2)? };
            cache.sessions.insert(SessionId(uint(row, 0)?), session);
        }
        for row in users {
            let user = user(row)?;
            cache.users.insert(user.id, user);
        }
        for row in rooms {
            let room = info(row)?;
            cache.counts.insert(Counted::MembersOf(room.id), uint(row, 9)?);
            cache.rooms.insert(room.id, room);
        }
        for row in members {
            cache.members.insert((RoomId(uint(row, 3)?), UserId(uint(row, 4)?)), membership(row, 0)?);
        }
        txns.extend(self.0.into_iter().map(|asked| (asked, None)));
        for row in known {
            let sender_and_txn = (UserId(uint(row, 0)?), get::<String>(row, 1)?);
            txns.insert(sender_and_txn, Some((RoomId(uint(row, 2)?), Seq(uint(row, 3)?))));
        }
        Ok(())
    }
}
