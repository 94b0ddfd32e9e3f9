//! Invites: creating one and showing how to join with it, and the list of those that still work.

use quchat_shared::{
    InviteId,
    invite::{CreatedInvite, Invites, NewInvite},
};

use super::{Effect, Failure, Request, effect::call, selection};
use crate::model::{Call, Dialog, DialogId, FreshInvite, InviteList, Model, Tone};

/// Creates an invite. It is not created again while the same request is pending.
pub(super) fn create(model: &mut Model, new: NewInvite, effects: &mut Vec<Effect>) {
    if model.is_signed_out() {
        return model.show_dialog(Dialog::SignedOut);
    }
    if !model.internal.awaits(|call| *call == Call::CreateInvite) {
        call(model, Call::CreateInvite, Request::CreateInvite(new), effects);
    }
}

/// Shows the new invite. Its code is shown once.
pub(super) fn created(model: &mut Model, reply: Result<CreatedInvite, Failure>) {
    match (reply, &model.account) {
        (Ok(created), Some(account)) => {
            let fresh = FreshInvite::new(&account.server, created);
            model.close_dialog(DialogId::Invited);
            model.show_dialog(Dialog::Invited(fresh));
        }
        (Ok(_), None) => {}
        (Err(failure), _) => {
            let why = format!("could not create the invite: {}", failure.reason());
            model.show_notice(Tone::Error, &why);
        }
    }
}

/// Copies the link of the new invite, or its code where there is no link.
pub(super) fn copy(model: &mut Model) {
    let Some(Dialog::Invited(fresh)) = model.dialogs.last() else { return };
    let (text, what) = (fresh.text(), if fresh.link.is_some() { "link" } else { "code" });
    selection::put(model, &text, what);
}

/// Opens the list of invites.
pub(super) fn open(model: &mut Model) {
    let dialog = if model.is_signed_out() { Dialog::SignedOut } else { Dialog::Invites(InviteList::default()) };
    model.show_dialog(dialog);
}

/// Handles a page. It is dropped if another one is wanted by now.
pub(super) fn arrived(model: &mut Model, reply: Result<Invites, Failure>) {
    let Some(invites) = model.invite_list() else { return };
    match reply {
        _ if invites.list.wanted => {}
        Err(failure) => invites.list.problem = Some(failure.reason().to_owned()),
        Ok(Invites { invites: page, next }) => invites.list.take(page, next, |invite| invite.id.0),
    }
}

/// Revokes an invite: nobody can register with it any more.
pub(super) fn revoke(model: &mut Model, id: InviteId, effects: &mut Vec<Effect>) {
    if !model.internal.awaits(|call| *call == Call::DeleteInvite(id)) {
        call(model, Call::DeleteInvite(id), Request::DeleteInvite(id), effects);
    }
}

/// Handles the reply to that. An invite that does not exist any more is revoked, too.
pub(super) fn revoked(model: &mut Model, id: InviteId, reply: Result<(), Failure>) {
    let gone = reply.as_ref().map_or_else(|failure| failure.status() == Some(404), |()| true);
    let why = reply.err().filter(|_| !gone).map(|failure| format!("could not revoke it: {}", failure.reason()));
    match (why, model.invite_list()) {
        (Some(why), Some(invites)) => invites.list.problem = Some(why),
        (Some(why), None) => model.show_notice(Tone::Error, &why),
        (None, invites) => {
            if let Some(invites) = invites {
                invites.list.problem = None;
                invites.list.retain(|invite| invite.id != id);
            }
            model.show_notice(Tone::Calm, "the invite is revoked");
        }
    }
}
