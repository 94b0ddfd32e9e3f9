//! The users of the server: the list for its admins, what changes of a user, and the user's own role.

use std::sync::Arc;

use quchat_shared::{User, UserRef, api::Users, user::ServerRole};

use super::Failure;
use crate::model::{Dialog, Model, PersonAction, Tone, UserList};

/// Opens the list of users.
pub(super) fn open(model: &mut Model) {
    let dialog = if model.is_signed_out() { Dialog::SignedOut } else { Dialog::Users(UserList::default()) };
    model.show_dialog(dialog);
}

/// Lists the users whose name begins with this.
pub(super) fn filter(model: &mut Model, typed: Arc<str>) {
    if let Some(users) = model.user_list().filter(|users| users.filter != typed) {
        users.filter = typed;
        users.list.restart();
    }
}

/// Handles a page. It is dropped if another one is wanted by now.
pub(super) fn arrived(model: &mut Model, reply: Result<Users, Failure>) {
    let Some(users) = model.user_list() else { return };
    match reply {
        _ if users.list.wanted => {}
        Err(failure) => users.list.problem = Some(failure.reason().to_owned()),
        Ok(Users { users: page, next }) => users.list.take(page, next, |user| user.id.0),
    }
}

/// The user has done this with somebody, if it is about their account.
pub(super) fn done(model: &mut Model, user: &UserRef, action: &PersonAction) {
    let change = |user: &mut User| match action {
        PersonAction::Suspend => user.suspended = true,
        PersonAction::Unsuspend => user.suspended = false,
        PersonAction::SetServerRole(role) => user.role = *role,
        _ => {}
    };
    if let Some(account) = model.account.as_mut().filter(|account| account.user.id == user.id) {
        change(&mut account.user);
    }
    let Some(users) = model.user_list() else { return };
    users.list.problem = None;
    users.list.page.iter_mut().flatten().filter(|listed| listed.id == user.id).for_each(change);
}

/// Shows in the open list why nothing was done. Returns whether it is open.
pub(super) fn shows_refusal(model: &mut Model, action: &PersonAction, why: &str) -> bool {
    let is_governing =
        matches!(action, PersonAction::Suspend | PersonAction::Unsuspend | PersonAction::SetServerRole(_));
    let Some(users) = model.user_list().filter(|_| is_governing) else { return false };
    users.list.problem = Some(why.to_owned());
    true
}

/// Handles the user's own account as it is now. A changed role is told.
pub(super) fn is_me(model: &mut Model, reply: Result<User, Failure>) {
    let (Ok(user), Some(account)) = (reply, &mut model.account) else { return };
    if account.user.id != user.id {
        return;
    }
    let before = std::mem::replace(&mut account.user, user).role;
    match (before, account.user.role) {
        (ServerRole::Member, ServerRole::Admin) => {
            model.show_notice(Tone::Calm, "you are an admin of this server now; /admin users lists its users");
        }
        (ServerRole::Admin, ServerRole::Member) => {
            model.close_dialog(crate::model::DialogId::Users);
            model.close_dialog(crate::model::DialogId::Invites);
            model.show_notice(Tone::Calm, "you are not an admin of this server any more");
        }
        _ => {}
    }
}
