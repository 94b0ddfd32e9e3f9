//! Users.

use quchat_shared::{User, UserId, limits::user_key, query};
use tokio_postgres::Row;

use super::{
    Postgres,
    columns::{get, int, ints, params, sought, text, time, uint},
    connection::Param,
};
use crate::store::{Error, NewUser, ReadUsers, Result, WriteUsers, stored_text::Text};

macro_rules! select {
    ($rest:literal) => {
        concat!("SELECT id, name, role, created_at, is_suspended FROM ", $rest)
    };
}

/// '~' sorts after every character that a name may contain.
const BY_NAME: &str = select!(
    "users WHERE name_key >= $1 AND name_key < $1 || '~' AND name_key > $2
     ORDER BY name_key LIMIT $3"
);
/// As [`BY_NAME`], of a few users. OFFSET 0 has the planner look for the ids, however many names there are.
const BY_NAME_AND_ID: &str = select!(
    "(SELECT * FROM users WHERE id = ANY($4) OFFSET 0) AS asked
     WHERE name_key >= $1 AND name_key < $1 || '~' AND name_key > $2
     ORDER BY name_key LIMIT $3"
);

/// Reads `id`, `name`, `role`, `created_at`, `is_suspended`.
pub(super) fn user(row: &Row) -> Result<User> {
    Ok(User {
        id: UserId(uint(row, 0)?),
        name: get(row, 1)?,
        role: text(row, 2)?,
        created_at: time(row, 3)?,
        online: false, // known to the hub, not to the database
        suspended: get(row, 4)?,
    })
}

impl ReadUsers for Postgres {
    fn any_user(&self) -> Result<bool> {
        self.exists("SELECT 1 FROM users LIMIT 1", params![])
    }

    fn user(&self, id: UserId) -> Result<Option<User>> {
        self.cached(|cache| &cache.users, id, || self.one(select!("users WHERE id = $1"), params![int(id.0)], user))
    }

    fn has_admin_besides(&self, user: Option<UserId>) -> Result<bool> {
        self.exists(
            "SELECT 1 FROM users WHERE role = 'admin' AND NOT is_suspended AND id IS DISTINCT FROM $1 LIMIT 1",
            params![user.map(|user| int(user.0))],
        )
    }

    fn user_named(&self, name: &str) -> Result<Option<User>> {
        self.one(select!("users WHERE name_key = $1"), params![sought(&user_key(name))], user)
    }

    fn password_hash(&self, user: UserId) -> Result<Option<String>> {
        self.one("SELECT password_hash FROM users WHERE id = $1", params![int(user.0)], |row| get(row, 0))
    }

    fn users(&self, filter: &query::ListUsers, limit: u32) -> Result<Vec<User>> {
        let key = |name: &Option<String>| sought(&user_key(name.as_deref().unwrap_or_default()));
        let mut params = params![key(&filter.prefix), key(&filter.after), i64::from(limit)];
        match &filter.ids {
            None => self.all(BY_NAME, params, user),
            Some(ids) => {
                params.extend(params![ints(ids.iter().map(|id| id.0))]);
                self.all(BY_NAME_AND_ID, params, user)
            }
        }
    }
}

impl Postgres {
    /// Inserts a row and returns its id.
    pub(super) fn insert(&self, sql: &'static str, params: Vec<Param>) -> Result<u64> {
        let ids = self.write_returning(sql, params, |row| uint(row, 0))?;
        ids.first().copied().ok_or(Error::BrokenRow("an inserted row has no id"))
    }
}

impl WriteUsers for Postgres {
    fn insert_user(&mut self, new: &NewUser<'_>) -> Result<User> {
        let id = self.insert(
            "INSERT INTO users (name, name_key, password_hash, role, created_at) VALUES ($1, $2, $3, $4, $5)
             RETURNING id",
            params![
                new.name.to_owned(),
                user_key(new.name),
                new.password_hash.to_owned(),
                new.role.to_text(),
                new.created_at.as_millis(),
            ],
        )?;
        Ok(User {
            id: UserId(id),
            name: new.name.to_owned(),
            role: new.role,
            created_at: new.created_at,
            online: false,
            suspended: false,
        })
    }

    fn update_user(&mut self, user: &User) -> Result<()> {
        self.change_cache(|cache| {
            cache.users.change(&user.id, |cached| {
                (cached.role, cached.suspended) = (user.role, user.suspended);
            });
        });
        self.later(
            "UPDATE users SET role = $1, is_suspended = $2 WHERE id = $3",
            params![user.role.to_text(), user.suspended, int(user.id.0)],
        );
        Ok(())
    }

    fn replace_password_hash(&mut self, user: UserId, old: &str, new: &str) -> Result<bool> {
        let replaced = self.run(
            "UPDATE users SET password_hash = $1 WHERE id = $2 AND password_hash = $3",
            params![new.to_owned(), int(user.0), old.to_owned()],
        )?;
        Ok(replaced > 0)
    }
}
