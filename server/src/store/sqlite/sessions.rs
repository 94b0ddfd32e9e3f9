//! The sessions of users.

use quchat_shared::{SessionId, Timestamp, UserId};
use rusqlite::params;

use super::{
    Sqlite,
    columns::{int, time, uint},
};
use crate::store::{ReadSessions, Result, WriteSessions};

impl ReadSessions for Sqlite {
    fn session(&self, id: SessionId) -> Result<Option<(UserId, Timestamp)>> {
        self.cached(
            |cache| &cache.sessions,
            id,
            || {
                self.one("SELECT user_id, expires_at FROM sessions WHERE id = ?", [int(id.0)], |row| {
                    Ok((UserId(uint(row, 0)?), time(row, 1)?))
                })
            },
        )
    }
}

impl WriteSessions for Sqlite {
    fn insert_session(&mut self, user: UserId, from: Timestamp, until: Timestamp) -> Result<SessionId> {
        self.run(
            "INSERT INTO sessions (user_id, created_at, expires_at) VALUES (?, ?, ?)",
            [int(user.0), from.as_millis(), until.as_millis()],
        )?;
        Ok(SessionId(self.connection.last_insert_rowid().cast_unsigned()))
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
        let deleted = self.all(
            "DELETE FROM sessions WHERE user_id = ?1
                AND id <= (SELECT id FROM sessions WHERE user_id = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)
             RETURNING id",
            params![int(user.0), keep],
            |row| Ok(SessionId(uint(row, 0)?)),
        )?;
        self.change_cache(|cache| deleted.iter().for_each(|id| cache.sessions.forget(id)));
        Ok(deleted)
    }
}
