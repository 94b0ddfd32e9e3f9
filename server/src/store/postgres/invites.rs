//! Invites.

use quchat_shared::{InviteId, RoomId, Timestamp, UserId, UserRef, invite::Invite};
use tokio_postgres::Row;

use super::{
    Postgres,
    columns::{get, int, optional_uint, params, text, time, uint},
    failure::broken,
};
use crate::store::{CodeHash, InviteRow, KnownInvite, ReadInvites, Result, WriteInvites, stored_text::Text};

macro_rules! known {
    ($rest:literal) => {
        concat!("SELECT id, role, room_id, created_by, expires_at FROM invites ", $rest)
    };
}

/// Reads a row of `known!`.
fn known(row: &Row) -> Result<KnownInvite> {
    Ok(KnownInvite {
        id: InviteId(uint(row, 0)?),
        role: text(row, 1)?,
        room: optional_uint(row, 2)?.map(RoomId),
        created_by: optional_uint(row, 3)?.map(UserId),
        expires_at: time(row, 4)?,
    })
}

/// Up to `$3` invites from before `$1` that expire after `$2`, newest first.
macro_rules! listed {
    ($condition:literal) => {
        concat!(
            "SELECT invites.id, room_id, uses, uses_left, invites.created_at, expires_at, users.id, users.name,
                 invites.role = 'admin'
             FROM invites LEFT JOIN users ON users.id = created_by
             WHERE invites.id < $1 AND expires_at > $2 ",
            $condition,
            " ORDER BY invites.id DESC LIMIT $3"
        )
    };
}

/// Reads a row of `listed!`.
fn listed(row: &Row) -> Result<Invite> {
    let created_by = match optional_uint(row, 6)? {
        Some(id) => Some(UserRef { id: UserId(id), name: get(row, 7)? }),
        None => None,
    };
    Ok(Invite {
        id: InviteId(uint(row, 0)?),
        room: optional_uint(row, 1)?.map(RoomId),
        uses: uses(row, 2)?,
        uses_left: uses(row, 3)?,
        created_at: time(row, 4)?,
        expires_at: time(row, 5)?,
        created_by,
        admin: get(row, 8)?,
    })
}

fn uses(row: &Row, column: usize) -> Result<u32> {
    u32::try_from(uint(row, column)?).map_err(|error| broken(&error))
}

impl ReadInvites for Postgres {
    fn invite(&self, id: InviteId) -> Result<Option<KnownInvite>> {
        self.one(known!("WHERE id = $1"), params![int(id.0)], known)
    }

    fn invite_with(&self, code: &CodeHash) -> Result<Option<KnownInvite>> {
        self.one(known!("WHERE code_hash = $1"), params![code.to_vec()], known)
    }

    fn invites(&self, before: InviteId, now: Timestamp, limit: u32) -> Result<Vec<Invite>> {
        self.all(listed!(""), params![int(before.0), now.as_millis(), i64::from(limit)], listed)
    }

    fn invites_of_members(&self, before: InviteId, now: Timestamp, limit: u32) -> Result<Vec<Invite>> {
        let newest = listed!("AND invites.role = 'member'");
        self.all(newest, params![int(before.0), now.as_millis(), i64::from(limit)], listed)
    }

    fn invites_to_rooms_of(&self, owner: UserId, before: InviteId, now: Timestamp, limit: u32) -> Result<Vec<Invite>> {
        // OFFSET 0 has the planner look for the user, not for all owners of rooms.
        let newest = listed!(
            "AND invites.role = 'member'
             AND room_id = ANY (ARRAY(SELECT room_id
                 FROM (SELECT room_id, role FROM members WHERE user_id = $4 OFFSET 0) AS own WHERE role = 'owner'))"
        );
        self.all(newest, params![int(before.0), now.as_millis(), i64::from(limit), int(owner.0)], listed)
    }

    fn count_invites_by(&self, creator: Option<UserId>) -> Result<u64> {
        // No index serves IS NOT DISTINCT FROM.
        let (count, params) = match creator {
            Some(creator) => ("SELECT count(*) FROM invites WHERE created_by = $1", params![int(creator.0)]),
            None => ("SELECT count(*) FROM invites WHERE created_by IS NULL", params![]),
        };
        Ok(self.one(count, params, |row| uint(row, 0))?.unwrap_or(0))
    }
}

impl WriteInvites for Postgres {
    fn insert_invite(&mut self, new: &InviteRow<'_>) -> Result<InviteId> {
        let id = self.insert(
            "INSERT INTO invites (code_hash, role, room_id, created_by, created_at, expires_at, uses, uses_left,
                 is_of_start)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $7, $8) RETURNING id",
            params![
                new.code.to_vec(),
                new.role.to_text(),
                new.room.map(|room| int(room.0)),
                new.created_by.map(|creator| int(creator.0)),
                new.created_at.as_millis(),
                new.expires_at.as_millis(),
                i64::from(new.uses),
                new.is_of_start,
            ],
        )?;
        Ok(InviteId(id))
    }

    fn use_invite(&mut self, id: InviteId) -> Result<()> {
        self.later("DELETE FROM invites WHERE id = $1 AND uses_left = 1", params![int(id.0)]);
        self.later("UPDATE invites SET uses_left = uses_left - 1 WHERE id = $1", params![int(id.0)]);
        Ok(())
    }

    fn delete_invite(&mut self, id: InviteId) -> Result<bool> {
        Ok(self.run("DELETE FROM invites WHERE id = $1", params![int(id.0)])? > 0)
    }

    fn delete_invites_of_start(&mut self) -> Result<()> {
        self.later("DELETE FROM invites WHERE is_of_start", params![]);
        Ok(())
    }

    fn delete_invites_ended_by(&mut self, then: Timestamp) -> Result<()> {
        self.later("DELETE FROM invites WHERE expires_at <= $1", params![then.as_millis()]);
        Ok(())
    }
}
