//! The sessions of users.

use quchat_shared::{SessionId, Timestamp, UserId, api::SessionInfo};
use rusqlite::params;

use super::{
    Sqlite,
    columns::{int, json_ids, time, uint},
};
use crate::store::{LiveSession, NewSession, ReadSessions, Result, WriteSessions};

impl ReadSessions for Sqlite {
    fn session(&self, id: SessionId) -> Result<Option<LiveSession>> {
        self.cached(
            |cache| &cache.sessions,
            id,
            || {
                self.one("SELECT user_id, last_used_at FROM sessions WHERE id = ?", [int(id.0)], |row| {
                    Ok(LiveSession { user: UserId(uint(row, 0)?), last_used_at: time(row, 1)? })
                })
            },
        )
    }

    fn sessions_of(&self, user: UserId, now: Timestamp) -> Result<Vec<SessionInfo>> {
        self.all(
            "SELECT id, created_at, expires_at, last_used_at, client FROM sessions
             WHERE user_id = ? AND expires_at > ? ORDER BY id DESC",
            [int(user.0), now.as_millis()],
            |row| {
                Ok(SessionInfo {
                    id: SessionId(uint(row, 0)?),
                    created_at: time(row, 1)?,
                    expires_at: time(row, 2)?,
                    last_used_at: time(row, 3)?,
                    client: row.get(4)?,
                    label: None,
                    current: false, // known to the caller
                })
            },
        )
    }
}

impl WriteSessions for Sqlite {
    fn insert_session(&mut self, new: &NewSession<'_>) -> Result<SessionId> {
        let NewSession { user, created_at, expires_at, client, last_used_at } = new;
        self.run(
            "INSERT INTO sessions (user_id, created_at, expires_at, client, last_used_at) VALUES (?, ?, ?, ?, ?)",
            params![int(user.0), created_at.as_millis(), expires_at.as_millis(), client, last_used_at.as_millis()],
        )?;
        Ok(SessionId(self.connection.last_insert_rowid().cast_unsigned()))
    }

    fn set_last_used(&mut self, ids: &[SessionId], at: Timestamp) -> Result<()> {
        self.change_cache(|cache| {
            for id in ids {
                cache.sessions.change(id, |session| session.last_used_at = at);
            }
        });
        let ids = json_ids(ids.iter().map(|id| id.0));
        self.run(
            "UPDATE sessions SET last_used_at = ? WHERE id IN (SELECT value FROM json_each(?))",
            params![at.as_millis(), ids],
        )
        .map(drop)
    }

    fn delete_session(&mut self, id: SessionId) -> Result<()> {
        self.change_cache(|cache| cache.sessions.forget(&id));
        self.run("DELETE FROM sessions WHERE id = ?", [int(id.0)]).map(drop)
    }

    fn delete_sessions_ended_by(&mut self, then: Timestamp) -> Result<()> {
        if self.run("DELETE FROM sessions WHERE expires_at <= ?", [then.as_millis()])? > 0 {
            self.change_cache(|cache| cache.sessions.forget_all());
        }
        Ok(())
    }

    fn delete_oldest_sessions(&mut self, user: UserId, keep: u32) -> Result<Vec<SessionId>> {
        self.delete_sessions(
            "DELETE FROM sessions WHERE user_id = ?1
                AND id <= (SELECT id FROM sessions WHERE user_id = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)
             RETURNING id",
            params![int(user.0), keep],
        )
    }

    fn delete_sessions_of(&mut self, user: UserId, kept: Option<SessionId>) -> Result<Vec<SessionId>> {
        let sql = "DELETE FROM sessions WHERE user_id = ? AND id IS NOT ? RETURNING id";
        self.delete_sessions(sql, params![int(user.0), kept.map(|kept| int(kept.0))])
    }
}

impl Sqlite {
    /// Runs a statement that returns the ids of the sessions it deletes.
    fn delete_sessions(&mut self, sql: &str, params: impl rusqlite::Params) -> Result<Vec<SessionId>> {
        let deleted = self.all(sql, params, |row| Ok(SessionId(uint(row, 0)?)))?;
        self.change_cache(|cache| deleted.iter().for_each(|id| cache.sessions.forget(id)));
        Ok(deleted)
    }
}
