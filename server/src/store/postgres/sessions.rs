//! The sessions of users.

use quchat_shared::{SessionId, Timestamp, UserId, api::SessionInfo};

use super::{
    Postgres,
    columns::{get, int, ints, params, time, uint},
    connection::Param,
};
use crate::store::{LiveSession, NewSession, ReadSessions, Result, WriteSessions};

impl ReadSessions for Postgres {
    fn session(&self, id: SessionId) -> Result<Option<LiveSession>> {
        self.cached(
            |cache| &cache.sessions,
            id,
            || {
                self.one("SELECT user_id, last_used_at FROM sessions WHERE id = $1", params![int(id.0)], |row| {
                    Ok(LiveSession { user: UserId(uint(row, 0)?), last_used_at: time(row, 1)? })
                })
            },
        )
    }

    fn sessions_of(&self, user: UserId, now: Timestamp) -> Result<Vec<SessionInfo>> {
        self.all(
            "SELECT id, created_at, expires_at, last_used_at, client FROM sessions
             WHERE user_id = $1 AND expires_at > $2 ORDER BY id DESC",
            params![int(user.0), now.as_millis()],
            |row| {
                Ok(SessionInfo {
                    id: SessionId(uint(row, 0)?),
                    created_at: time(row, 1)?,
                    expires_at: time(row, 2)?,
                    last_used_at: time(row, 3)?,
                    client: get(row, 4)?,
                    label: None,
                    current: false, // known to the caller
                })
            },
        )
    }
}

impl WriteSessions for Postgres {
    fn insert_session(&mut self, new: &NewSession<'_>) -> Result<SessionId> {
        let &NewSession { user, created_at, expires_at, client, last_used_at } = new;
        let id = self.insert(
            "INSERT INTO sessions (user_id, created_at, expires_at, client, last_used_at) VALUES ($1, $2, $3, $4, $5)
             RETURNING id",
            params![
                int(user.0),
                created_at.as_millis(),
                expires_at.as_millis(),
                client.to_owned(),
                last_used_at.as_millis(),
            ],
        )?;
        Ok(SessionId(id))
    }

    fn set_last_used(&mut self, ids: &[SessionId], at: Timestamp) -> Result<()> {
        self.change_cache(|cache| {
            for id in ids {
                cache.sessions.change(id, |session| session.last_used_at = at);
            }
        });
        self.later(
            "UPDATE sessions SET last_used_at = $1 WHERE id = ANY($2)",
            params![at.as_millis(), ints(ids.iter().map(|id| id.0))],
        );
        Ok(())
    }

    fn delete_session(&mut self, id: SessionId) -> Result<()> {
        self.change_cache(|cache| cache.sessions.forget(&id));
        self.later("DELETE FROM sessions WHERE id = $1", params![int(id.0)]);
        Ok(())
    }

    fn delete_sessions_ended_by(&mut self, then: Timestamp) -> Result<()> {
        self.change_cache(|cache| cache.sessions.forget_all());
        self.later("DELETE FROM sessions WHERE expires_at <= $1", params![then.as_millis()]);
        Ok(())
    }

    fn delete_oldest_sessions(&mut self, user: UserId, keep: u32) -> Result<Vec<SessionId>> {
        self.delete_sessions(
            "DELETE FROM sessions WHERE user_id = $1
                AND id <= (SELECT id FROM sessions WHERE user_id = $1 ORDER BY id DESC LIMIT 1 OFFSET $2)
             RETURNING id",
            params![int(user.0), i64::from(keep)],
        )
    }

    fn delete_sessions_of(&mut self, user: UserId, kept: Option<SessionId>) -> Result<Vec<SessionId>> {
        self.delete_sessions(
            "DELETE FROM sessions WHERE user_id = $1 AND id IS DISTINCT FROM $2 RETURNING id",
            params![int(user.0), kept.map(|kept| int(kept.0))],
        )
    }
}

impl Postgres {
    /// Runs a statement that returns the ids of the sessions it deletes.
    fn delete_sessions(&mut self, sql: &'static str, params: Vec<Param>) -> Result<Vec<SessionId>> {
        let deleted = self.write_returning(sql, params, |row| Ok(SessionId(uint(row, 0)?)))?;
        self.change_cache(|cache| deleted.iter().for_each(|id| cache.sessions.forget(id)));
        Ok(deleted)
    }
}
