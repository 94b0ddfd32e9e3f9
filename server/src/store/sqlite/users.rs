//! Users.

use quchat_shared::{User, UserId, limits::user_key, query};
use rusqlite::{Row, params};

use super::{
    Sqlite,
    columns::{int, json_ids, text, time, uint},
};
use crate::store::{NewUser, ReadUsers, Result, WriteUsers, stored_text::Text};

/// Reads `id`, `name`, `role`, `created_at`, `is_suspended`.
pub(super) fn user(row: &Row<'_>) -> rusqlite::Result<User> {
    Ok(User {
        id: UserId(uint(row, 0)?),
        name: row.get(1)?,
        role: text(row, 2)?,
        created_at: time(row, 3)?,
        online: false, // known to the hub, not to the disk
        suspended: row.get(4)?,
    })
}

impl ReadUsers for Sqlite {
    fn any_user(&self) -> Result<bool> {
        self.exists("SELECT 1 FROM users LIMIT 1", ())
    }

    fn user(&self, id: UserId) -> Result<Option<User>> {
        self.cached(
            |cache| &cache.users,
            id,
            || self.one("SELECT id, name, role, created_at, is_suspended FROM users WHERE id = ?", [int(id.0)], user),
        )
    }

    fn has_admin_besides(&self, user: Option<UserId>) -> Result<bool> {
        let other = "SELECT 1 FROM users WHERE role = 'admin' AND is_suspended = 0 AND id IS NOT ?";
        self.exists(other, [user.map(|user| int(user.0))])
    }

    fn user_named(&self, name: &str) -> Result<Option<User>> {
        self.one(
            "SELECT id, name, role, created_at, is_suspended FROM users WHERE name_key = ?",
            [user_key(name)],
            user,
        )
    }

    fn password_hash(&self, user: UserId) -> Result<Option<String>> {
        self.one("SELECT password_hash FROM users WHERE id = ?", [int(user.0)], |row| row.get(0))
    }

    fn users(&self, filter: &query::ListUsers, limit: u32) -> Result<Vec<User>> {
        // '~' sorts after every character that a name may contain.
        let prefix = user_key(filter.prefix.as_deref().unwrap_or_default());
        let after = user_key(filter.after.as_deref().unwrap_or_default());
        let ids = filter.ids.as_ref().map(|ids| json_ids(ids.iter().map(|id| id.0)));
        self.all(
            "SELECT id, name, role, created_at, is_suspended FROM users
             WHERE name_key >= ?1 AND name_key < ?1 || '~' AND name_key > ?2
               AND (?3 IS NULL OR id IN (SELECT value FROM json_each(?3)))
             ORDER BY name_key LIMIT ?4",
            params![prefix, after, ids, limit],
            user,
        )
    }
}

impl WriteUsers for Sqlite {
    fn insert_user(&mut self, new: &NewUser<'_>) -> Result<User> {
        self.run(
            "INSERT INTO users (name, name_key, password_hash, role, created_at) VALUES (?, ?, ?, ?, ?)",
            params![new.name, user_key(new.name), new.password_hash, new.role.to_text(), new.created_at.as_millis()],
        )?;
        Ok(User {
            id: UserId(self.connection.last_insert_rowid().cast_unsigned()),
            name: new.name.to_owned(),
            role: new.role,
            created_at: new.created_at,
            online: false,
            suspended: false,
        })
    }

    fn update_user(&mut self, user: &User) -> Result<()> {
        self.change_cache(|cache| cache.users.forget(&user.id));
        self.run(
            "UPDATE users SET role = ?, is_suspended = ? WHERE id = ?",
            params![user.role.to_text(), user.suspended, int(user.id.0)],
        )
        .map(drop)
    }

    fn replace_password_hash(&mut self, user: UserId, old: &str, new: &str) -> Result<bool> {
        let replaced = self.run(
            "UPDATE users SET password_hash = ? WHERE id = ? AND password_hash = ?",
            params![new, int(user.0), old],
        )?;
        Ok(replaced > 0)
    }
}
