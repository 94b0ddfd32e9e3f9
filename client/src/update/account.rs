//! The user's own sessions and password.

use quchat_shared::{
    SessionId,
    api::{NewPassword, Sessions},
    limits,
};

use super::{Effect, Failure, Request, effect::call};
use crate::model::{Call, Dialog, DialogId, Model, PasswordForm, SessionList, Tone};

/// Opens the list of sessions.
pub(super) fn open_sessions(model: &mut Model, effects: &mut Vec<Effect>) {
    if model.is_signed_out() {
        return model.show_dialog(Dialog::SignedOut);
    }
    model.show_dialog(Dialog::Sessions(SessionList::default()));
    if !model.internal.awaits(|call| *call == Call::ListSessions) {
        call(model, Call::ListSessions, Request::ListSessions, effects);
    }
}

fn list(model: &mut Model) -> Option<&mut SessionList> {
    model.dialogs.iter_mut().find_map(|dialog| match dialog {
        Dialog::Sessions(list) => Some(list),
        _ => None,
    })
}

/// Handles the list.
pub(super) fn sessions_listed(model: &mut Model, reply: Result<Sessions, Failure>) {
    let Some(list) = list(model) else { return };
    match reply {
        Ok(listed) => list.sessions = Some(listed.sessions),
        Err(failure) => list.problem = Some(failure.reason().to_owned()),
    }
}

/// Ends a session.
pub(super) fn end_session(model: &mut Model, id: SessionId, effects: &mut Vec<Effect>) {
    if !model.internal.awaits(|call| *call == Call::EndSession(id)) {
        call(model, Call::EndSession(id), Request::EndSession(id), effects);
    }
}

/// Handles the reply to that.
pub(super) fn session_ended(model: &mut Model, id: SessionId, reply: Result<(), Failure>) {
    match reply {
        Err(failure) => {
            if let Some(list) = list(model) {
                list.problem = Some(failure.reason().to_owned());
            } else {
                model.show_notice(Tone::Error, failure.reason());
            }
        }
        Ok(()) => {
            if let Some(list) = list(model) {
                list.problem = None;
                list.sessions.iter_mut().for_each(|sessions| sessions.retain(|session| session.id != id));
            }
            model.show_notice(Tone::Calm, "the session has ended");
        }
    }
}

/// Opens the form for a new password.
pub(super) fn open_password(model: &mut Model) {
    let dialog = if model.is_signed_out() { Dialog::SignedOut } else { Dialog::Password(PasswordForm::default()) };
    model.show_dialog(dialog);
}

fn form(model: &mut Model) -> Option<&mut PasswordForm> {
    model.dialogs.iter_mut().find_map(|dialog| match dialog {
        Dialog::Password(form) => Some(form),
        _ => None,
    })
}

/// Changes the password.
pub(super) fn change_password(model: &mut Model, new: NewPassword, effects: &mut Vec<Effect>) {
    let Some(form) = form(model).filter(|form| !form.waiting) else { return };
    if let Err(refusal) = limits::password(&new.new) {
        form.problem = Some(refusal.into_owned());
        return;
    }
    (form.waiting, form.problem) = (true, None);
    call(model, Call::ChangePassword, Request::ChangePassword(new), effects);
}

/// Handles the reply to that.
pub(super) fn password_changed(model: &mut Model, reply: Result<(), Failure>) {
    match reply {
        Ok(()) => {
            model.close_dialog(DialogId::Password);
            model.show_notice(Tone::Calm, "password changed; your other sessions have ended");
        }
        Err(failure) => {
            let current = match &failure {
                Failure::Refused { problem, .. } => problem.errors.iter().find(|error| error.field == "current"),
                _ => None,
            };
            let why = current.map_or(failure.reason(), |error| &error.detail).to_owned();
            let refused = current.is_some();
            match form(model) {
                Some(form) => {
                    form.rev += u64::from(refused);
                    (form.waiting, form.problem) = (false, Some(why));
                }
                None => model.show_notice(Tone::Error, &why),
            }
        }
    }
}
