//! Who is there.

use std::time::Duration;

use quchat_shared::{
    Timestamp, User, UserId, api,
    limits::{self, PAGE_MAX},
    query,
    user::ServerRole,
};

use super::{
    Caller, Error, Result, invalid,
    sessions::{self, SignedIn},
};
use crate::store::{NewUser, Snapshot, Tx};

/// Rooms above this size tell nobody who of their members is online.
pub(crate) const PRESENCE_ROOM_MAX: u32 = 200;

/// Refuses a registration that cannot succeed, before its password is hashed.
pub(crate) fn check_registration(store: &dyn Snapshot, new: &api::Credentials) -> Result<()> {
    invalid("name", limits::user_name(&new.name))?;
    invalid("password", limits::password(&new.password))?;
    match store.user_named(&new.name)? {
        Some(_) => Err(Error::NameTaken),
        None => Ok(()),
    }
}

/// Registers a user and signs them in. The first one becomes the server's admin.
pub(crate) fn register(
    tx: &mut dyn Tx,
    name: &str,
    password_hash: &str,
    now: Timestamp,
    lifetime: Duration,
) -> Result<(User, SignedIn)> {
    if tx.user_named(name)?.is_some() {
        return Err(Error::NameTaken);
    }
    let role = if tx.any_user()? { ServerRole::Member } else { ServerRole::Admin };
    let user = tx.insert_user(&NewUser { name, password_hash, role, created_at: now })?;
    let session = sessions::sign_in(tx, user.id, now, lifetime)?;
    Ok((user, session))
}

/// The user of that name with their password hash, to check a password against.
pub(crate) fn credentials(store: &dyn Snapshot, name: &str) -> Result<Option<(User, String)>> {
    let Some(user) = store.user_named(name)? else { return Ok(None) };
    let hash = store.password_hash(user.id)?.ok_or(crate::store::Error::Corrupt("a user without a password"))?;
    Ok(Some((user, hash)))
}

/// One user. `online` tells who has a stream open.
pub(crate) fn get_user(
    store: &dyn Snapshot,
    caller: Caller,
    id: UserId,
    online: impl Fn(UserId) -> bool,
) -> Result<User> {
    let mut user = store.user(id)?.ok_or(Error::NotFound("user"))?;
    user.online = is_visibly_online(store, caller, id, online)?;
    Ok(user)
}

/// A page of users, by name.
pub(crate) fn list_users(
    store: &dyn Snapshot,
    caller: Caller,
    filter: &query::ListUsers,
    online: impl Fn(UserId) -> bool + Copy,
) -> Result<api::Users> {
    let limit = invalid("limit", limits::page(filter.limit))?;
    if filter.ids.as_ref().is_some_and(|ids| ids.len() > PAGE_MAX as usize) {
        let detail = format!("at most {PAGE_MAX} at once").into();
        return Err(Error::Invalid { field: "ids".into(), detail });
    }
    let mut users = store.users(filter, limit + 1)?;
    let more = users.len() > limit as usize;
    users.truncate(limit as usize);
    for user in &mut users {
        user.online = is_visibly_online(store, caller, user.id, online)?;
    }
    let next = if more { users.last().map(|user| user.name.clone()) } else { None };
    Ok(api::Users { users, next })
}

fn is_visibly_online(
    store: &dyn Snapshot,
    caller: Caller,
    user: UserId,
    online: impl Fn(UserId) -> bool,
) -> Result<bool> {
    Ok(online(user) && (user == caller.user || store.share_a_room(caller.user, user, PRESENCE_ROOM_MAX)?))
}
