//! Users: look-ups, their role and suspension, and who may see that a user is online.

use std::collections::HashSet;

use quchat_shared::{
    User, UserId, UserRef, api,
    limits::{self, PAGE_MAX, PRESENCE_MEMBERS_MAX},
    query,
    user::{ServerRole, UserChange},
};

use super::{Caller, Error, Principal, Result, invalid, paging, sessions};
use crate::store::{self, Snapshot, Tx};

/// Sets the role of a user on the server, or suspends them. Their sessions end then. An admin remains.
pub(crate) fn update_user(
    tx: &mut dyn Tx,
    caller: Principal,
    id: UserId,
    change: UserChange,
    online: impl Fn(UserId) -> bool,
) -> Result<User> {
    if let Some(user) = caller.user()
        && !is_admin(tx, user)?
    {
        return Err(Error::Forbidden("only admins of this server may do this"));
    }
    change_user(tx, id, change)?;
    get_user(tx, caller, id, online)
}

/// As [`update_user`], for whoever has the right.
fn change_user(tx: &mut dyn Tx, id: UserId, change: UserChange) -> Result<()> {
    let user = tx.user(id)?.ok_or(Error::NotFound("user"))?;
    let mut changed = user.clone();
    changed.role = change.role.unwrap_or(user.role);
    changed.suspended = change.suspended.unwrap_or(user.suspended);
    let governs = |user: &User| user.role == ServerRole::Admin && !user.suspended;
    if governs(&user) && !governs(&changed) && !tx.has_admin_besides(Some(id))? {
        return Err(Error::Conflict("the last admin stays admin; make somebody else an admin first".into()));
    }
    if changed == user {
        return Ok(());
    }
    tx.update_user(&changed)?;
    if governs(&changed) {
        tx.delete_invites_of_start()?;
    }
    if changed.suspended && !user.suspended {
        sessions::end_all(tx, id)?;
    }
    Ok(())
}

/// The user with this name, and their password hash to check a password against.
pub(crate) fn credentials(store: &dyn Snapshot, name: &str) -> Result<Option<(User, String)>> {
    let Some(user) = store.user_named(name)? else { return Ok(None) };
    let hash = store.password_hash(user.id)?.ok_or(store::Error::BrokenRow("a user without a password"))?;
    Ok(Some((user, hash)))
}

/// The caller's name and password hash.
pub(crate) fn own_credentials(store: &dyn Snapshot, caller: Caller) -> Result<(String, String)> {
    let user = store.user(caller.user)?.ok_or(Error::Unauthenticated)?;
    let hash = store.password_hash(user.id)?.ok_or(store::Error::BrokenRow("a user without a password"))?;
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
    caller: impl Into<Principal>,
    id: UserId,
    online: impl Fn(UserId) -> bool,
) -> Result<User> {
    let mut user = store.user(id)?.ok_or(Error::NotFound("user"))?;
    mark_online(store, caller.into(), std::slice::from_mut(&mut user), online)?;
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
    caller: Principal,
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

/// Sets [`User::online`] of those who are, and who share a room with the caller that shows it. The operator sees it of
/// everybody.
pub(super) fn mark_online(
    store: &dyn Snapshot,
    caller: Principal,
    users: &mut [User],
    online: impl Fn(UserId) -> bool,
) -> Result<()> {
    let Principal::User(caller) = caller else {
        users.iter_mut().for_each(|user| user.online = online(user.id));
        return Ok(());
    };
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
