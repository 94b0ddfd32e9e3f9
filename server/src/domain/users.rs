//! Users: registration, look-ups, and who may see that a user is online.

use std::{collections::HashSet, time::Duration};

use quchat_shared::{
    Timestamp, User, UserId, UserRef, api,
    limits::{self, PAGE_MAX, PRESENCE_MEMBERS_MAX},
    query,
    user::ServerRole,
};

use super::{
    Caller, Error, Result, invalid, paging,
    sessions::{self, SignedIn},
};
use crate::store::{NewUser, Snapshot, Tx};

/// Refuses a registration that cannot succeed, before its password is hashed.
pub(crate) fn check_registration(store: &dyn Snapshot, new: &api::Credentials) -> Result<()> {
    invalid("name", limits::new_user_name(&new.name))?;
    invalid("password", limits::password(&new.password))?;
    match store.user_named(&new.name)? {
        Some(_) => Err(Error::NameTaken),
        None => Ok(()),
    }
}

/// Registers a user and signs them in. The first one becomes the server's admin. `client` is what they registered with.
pub(crate) fn register(
    tx: &mut dyn Tx,
    name: &str,
    password_hash: &str,
    client: &str,
    now: Timestamp,
    lifetime: Duration,
) -> Result<(User, SignedIn)> {
    if tx.user_named(name)?.is_some() {
        return Err(Error::NameTaken);
    }
    let role = if tx.any_user()? { ServerRole::Member } else { ServerRole::Admin };
    let user = tx.insert_user(&NewUser { name, password_hash, role, created_at: now })?;
    let session = sessions::begin(tx, user.id, client, now, lifetime)?;
    Ok((user, session))
}

/// The user with this name, and their password hash to check a password against.
pub(crate) fn credentials(store: &dyn Snapshot, name: &str) -> Result<Option<(User, String)>> {
    let Some(user) = store.user_named(name)? else { return Ok(None) };
    let hash = store.password_hash(user.id)?.ok_or(crate::store::Error::BrokenRow("a user without a password"))?;
    Ok(Some((user, hash)))
}

/// The caller's name and password hash.
pub(crate) fn own_credentials(store: &dyn Snapshot, caller: Caller) -> Result<(String, String)> {
    let user = store.user(caller.user)?.ok_or(Error::Unauthenticated)?;
    let hash = store.password_hash(user.id)?.ok_or(crate::store::Error::BrokenRow("a user without a password"))?;
    Ok((user.name, hash))
}

/// Refuses a new password that nobody may have, before the current one is checked.
pub(crate) fn check_new_password(passwords: &api::NewPassword) -> Result<()> {
    invalid("new", limits::password(&passwords.new)).map(drop)
}

/// Replaces the hash of the caller's password, against which the current one was checked, and ends their other sessions.
/// Returns false if that is not the hash any more.
pub(crate) fn change_password(tx: &mut dyn Tx, caller: Caller, old: &str, new: &str) -> Result<bool> {
    if !tx.replace_password_hash(caller.user, old, new)? {
        return Ok(false);
    }
    sessions::end_others(tx, caller)?;
    Ok(true)
}

/// One user. `online` tells who counts as online.
pub(crate) fn get_user(
    store: &dyn Snapshot,
    caller: Caller,
    id: UserId,
    online: impl Fn(UserId) -> bool,
) -> Result<User> {
    let mut user = store.user(id)?.ok_or(Error::NotFound("user"))?;
    mark_online(store, caller, std::slice::from_mut(&mut user), online)?;
    Ok(user)
}

/// A user as referred to in events and messages.
pub(crate) fn reference(store: &dyn Snapshot, user: UserId) -> Result<UserRef> {
    let user = store.user(user)?.ok_or(Error::NotFound("user"))?;
    Ok(UserRef { id: user.id, name: user.name })
}

/// Whether the user is an admin of the server.
pub(super) fn is_admin(store: &dyn Snapshot, user: UserId) -> Result<bool> {
    Ok(store.user(user)?.is_some_and(|user| user.role == ServerRole::Admin))
}

/// A page of users, by name.
pub(crate) fn list_users(
    store: &dyn Snapshot,
    caller: Caller,
    filter: &query::ListUsers,
    online: impl Fn(UserId) -> bool,
) -> Result<api::Users> {
    let limit = invalid("limit", limits::page(filter.limit))?;
    if filter.ids.as_ref().is_some_and(|ids| ids.len() > PAGE_MAX as usize) {
        let detail = format!("at most {PAGE_MAX} at once").into();
        return Err(Error::Invalid { field: "ids".into(), detail });
    }
    let mut users = store.users(filter, limit + 1)?;
    let next = paging::cut(&mut users, limit, |user| user.name.clone());
    mark_online(store, caller, &mut users, online)?;
    Ok(api::Users { users, next })
}

/// Sets [`User::online`] of those who are, and who share a room with the caller that shows it.
pub(super) fn mark_online(
    store: &dyn Snapshot,
    caller: Caller,
    users: &mut [User],
    online: impl Fn(UserId) -> bool,
) -> Result<()> {
    let others = users.iter().map(|user| user.id).filter(|&id| id != caller.user && online(id)).collect::<Vec<_>>();
    let visible = if others.is_empty() {
        HashSet::new()
    } else {
        store.sharing_a_room(caller.user, &others, PRESENCE_MEMBERS_MAX)?
    };
    for user in users {
        user.online = visible.contains(&user.id) || (user.id == caller.user && online(user.id));
    }
    Ok(())
}
