//! What only the operator of the server does. The rest they do as [`super::Principal::Operator`].

use quchat_shared::{Timestamp, User, UserId, limits, user::ServerRole};

use super::{Error, Result, invalid, sessions};
use crate::store::{NewUser, Snapshot, Tx};

/// Refuses a user that cannot be added, before the password is hashed.
pub(crate) fn check_new_user(store: &dyn Snapshot, name: &str, password: &str) -> Result<()> {
    invalid("name", limits::new_user_name(name))?;
    invalid("password", limits::password(password))?;
    match store.user_named(name)? {
        Some(_) => Err(Error::NameTaken),
        None => Ok(()),
    }
}

/// Adds a user without a session. The first user of a server is its admin, whatever `role` says.
pub(crate) fn add_user(tx: &mut dyn Tx, name: &str, hash: &str, role: ServerRole, now: Timestamp) -> Result<User> {
    if tx.user_named(name)?.is_some() {
        return Err(Error::NameTaken);
    }
    let role = if tx.any_user()? { role } else { ServerRole::Admin };
    Ok(tx.insert_user(&NewUser { name, password_hash: hash, role, created_at: now })?)
}

/// Gives a user a new password and ends all their sessions.
pub(crate) fn reset_password(tx: &mut dyn Tx, user: UserId, hash: &str) -> Result<()> {
    let old = tx.password_hash(user)?.ok_or(Error::NotFound("user"))?;
    tx.replace_password_hash(user, &old, hash)?;
    sessions::end_all(tx, user)
}
