//! Invites.

use quchat_shared::{InviteId, RoomId, Timestamp, UserId, UserRef, invite::Invite};
use rusqlite::{Row, params};

use super::{
    Sqlite,
    columns::{int, optional_uint, text, time, uint},
};
use crate::store::{CodeHash, InviteRow, KnownInvite, ReadInvites, Result, WriteInvites, stored_text::Text};

const KNOWN: &str = "SELECT id, role, room_id, created_by, expires_at FROM invites";

/// Reads a row of [`KNOWN`].
fn known(row: &Row<'_>) -> rusqlite::Result<KnownInvite> {
    Ok(KnownInvite {
        id: InviteId(uint(row, 0)?),
        role: text(row, 1)?,
        room: optional_uint(row, 2)?.map(RoomId),
        created_by: optional_uint(row, 3)?.map(UserId),
        expires_at: time(row, 4)?,
    })
}

const LISTED: &str =
    "SELECT invites.id, room_id, uses, uses_left, invites.created_at, expires_at, users.id, users.name,
        invites.role = 'admin'
    FROM invites LEFT JOIN users ON users.id = created_by WHERE invites.id < ?1 AND expires_at > ?2";

/// Reads a row of [`LISTED`].
fn listed(row: &Row<'_>) -> rusqlite::Result<Invite> {
    let created_by = match optional_uint(row, 6)? {
        Some(id) => Some(UserRef { id: UserId(id), name: row.get(7)? }),
        None => None,
    };
    Ok(Invite {
        id: InviteId(uint(row, 0)?),
        room: optional_uint(row, 1)?.map(RoomId),
        uses: row.get(2)?,
        uses_left: row.get(3)?,
        created_at: time(row, 4)?,
        expires_at: time(row, 5)?,
        created_by,
        admin: row.get(8)?,
    })
}

impl ReadInvites for Sqlite {
    fn invite(&self, id: InviteId) -> Result<Option<KnownInvite>> {
        self.one(&format!("{KNOWN} WHERE id = ?"), [int(id.0)], known)
    }

    fn invite_with(&self, code: &CodeHash) -> Result<Option<KnownInvite>> {
        self.one(&format!("{KNOWN} WHERE code_hash = ?"), [code], known)
    }

    fn invites(&self, before: InviteId, now: Timestamp, limit: u32) -> Result<Vec<Invite>> {
        let newest = format!("{LISTED} ORDER BY invites.id DESC LIMIT ?3");
        self.all(&newest, params![int(before.0), now.as_millis(), limit], listed)
    }

    fn invites_of_members(&self, before: InviteId, now: Timestamp, limit: u32) -> Result<Vec<Invite>> {
        let newest = format!("{LISTED} AND invites.role = 'member' ORDER BY invites.id DESC LIMIT ?3");
        self.all(&newest, params![int(before.0), now.as_millis(), limit], listed)
    }

    fn invites_to_rooms_of(&self, owner: UserId, before: InviteId, now: Timestamp, limit: u32) -> Result<Vec<Invite>> {
        let newest = format!(
            "{LISTED} AND invites.role = 'member' AND room_id IN (SELECT room_id FROM members WHERE user_id = ?4 AND role = 'owner')
             ORDER BY invites.id DESC LIMIT ?3"
        );
        self.all(&newest, params![int(before.0), now.as_millis(), limit, int(owner.0)], listed)
    }

    fn count_invites_by(&self, creator: Option<UserId>) -> Result<u64> {
        let count = "SELECT count(*) FROM invites WHERE created_by IS ?";
        let count = self.one(count, [creator.map(|creator| int(creator.0))], |row| uint(row, 0))?;
        Ok(count.unwrap_or(0))
    }
}

impl WriteInvites for Sqlite {
    fn insert_invite(&mut self, new: &InviteRow<'_>) -> Result<InviteId> {
        self.run(
            "INSERT INTO invites (code_hash, role, room_id, created_by, created_at, expires_at, uses, uses_left,
                 is_of_start)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7, ?8)",
            params![
                new.code,
                new.role.to_text(),
                new.room.map(|room| int(room.0)),
                new.created_by.map(|creator| int(creator.0)),
                new.created_at.as_millis(),
                new.expires_at.as_millis(),
                new.uses,
                new.is_of_start,
            ],
        )?;
        Ok(InviteId(self.connection.last_insert_rowid().cast_unsigned()))
    }

    fn use_invite(&mut self, id: InviteId) -> Result<()> {
        if self.run("UPDATE invites SET uses_left = uses_left - 1 WHERE id = ? AND uses_left > 1", [int(id.0)])? == 0 {
            self.delete_invite(id)?;
        }
        Ok(())
    }

    fn delete_invite(&mut self, id: InviteId) -> Result<bool> {
        Ok(self.run("DELETE FROM invites WHERE id = ?", [int(id.0)])? > 0)
    }

    fn delete_invites_of_start(&mut self) -> Result<()> {
        self.run("DELETE FROM invites WHERE is_of_start = 1", ()).map(drop)
    }

    fn delete_invites_ended_by(&mut self, then: Timestamp) -> Result<()> {
        self.run("DELETE FROM invites WHERE expires_at <= ?", [then.as_millis()]).map(drop)
    }
}
