//! Dialogs, Esc, Ctrl+C and quitting.

use std::sync::Arc;

use super::{
    Effect, approach, deleting, editing, find, focus, jump, members, membership, people, reading, room_changes,
    selection, session, users, writing,
};
use crate::model::{Cause, ComponentId, Dialog, Model, PersonAction, Question, TerminalTask, Tone};

/// The exit code after a signal or the loss of the terminal.
pub(super) const INTERRUPTED: i32 = 130;

/// How long after the first Ctrl+C a second one quits.
const QUIT_ARMED_MS: u64 = 2_000;

/// Opens the dialog that creates a room.
pub(super) fn ask_for_room(model: &mut Model) {
    model.show_dialog(Dialog::CreateRoom { name: String::new(), waiting: false, problem: None });
}

/// Shows a refused message, those of the open room first.
pub(super) fn review(model: &mut Model) {
    if !model.show_refused() {
        model.show_notice(Tone::Calm, "no message was refused");
    }
}

/// Esc: closes the topmost dialog, else ends the search, the selection or the highlight of a jump, else cancels the edit
/// or the reply, and leaves the side bar. In the sign-in form, cancels a pending sign-in.
pub(super) fn cancel(model: &mut Model) {
    let closed = model.dialogs.pop();
    let signing_in = closed.as_ref().map_or(model.account.is_none(), |dialog| *dialog == Dialog::SignedOut);
    if signing_in {
        model.sign_in.waiting = false;
        model.internal.calls.retain(|_, (call, _)| !call.is_sign_in());
    }
    if closed == Some(Dialog::SignedOut) {
        let text = "signed out: sending asks for the password again";
        model.show_notice_while(Cause::SignedOut, Tone::Calm, text);
    }
    if closed.is_none() && !selection::leave(model) && !find::leave(model) && !jump::end(model) {
        if focus(model) == ComponentId::Composer && !editing::cancel(model) {
            writing::cancel_reply(model);
        }
        model.in_side_bar = false;
    }
}

/// Handles the answer to the topmost question.
pub(super) fn answer(model: &mut Model, yes: bool, effects: &mut Vec<Effect>) {
    let Some(Dialog::Ask(question)) = model.dialogs.last().cloned() else { return };
    model.dialogs.pop();
    match question {
        _ if !yes => {}
        Question::Quit { .. } => exit(model, 0),
        Question::SignOut { .. } => session::sign_out(model, effects),
        Question::Leave { room } => membership::leave(model, room, effects),
        Question::CatchUp { rooms, .. } => reading::catch_up(model, &rooms),
        Question::Paste { room, text, at } => writing::paste(model, room, &text, at),
        Question::Split { room } => writing::send_split(model, room),
        Question::DeleteMessage { room, seq } => deleting::delete(model, room, seq, effects),
        Question::DeleteRoom { room } => room_changes::delete(model, room, effects),
        Question::Archive { room } => room_changes::set_archived(model, room, true, effects),
        Question::Remove { room, user } => people::change(model, user, PersonAction::Remove(room), effects),
        Question::Trust(approach) => approach::trust(model, *approach, effects),
        Question::ChangedKey { .. } => {}
        Question::Ban { room, user, reason } => {
            people::change(model, user, PersonAction::Ban(room, reason), effects);
        }
        Question::Suspend { user } => people::change(model, user, PersonAction::Suspend, effects),
    }
}

/// Shows the next page of the topmost list, or the one before.
pub(super) fn turn_page(model: &mut Model, forward: bool) {
    match model.dialogs.last_mut() {
        Some(Dialog::People(people)) => people.list.turn(forward),
        Some(Dialog::Bans(bans)) => bans.list.turn(forward),
        Some(Dialog::Users(users)) => users.list.turn(forward),
        Some(Dialog::Invites(invites)) => invites.list.turn(forward),
        _ => {}
    }
}

/// Lists only what begins with this in the topmost list.
pub(super) fn filter(model: &mut Model, typed: Arc<str>) {
    match model.dialogs.last() {
        Some(Dialog::Users(_)) => users::filter(model, typed),
        _ => members::filter(model, typed),
    }
}

/// Sends the paste in question as several messages, together with the draft around it.
pub(super) fn split_paste(model: &mut Model) {
    if let Some(Dialog::Ask(Question::Paste { room, text, at })) = model.dialogs.last().cloned() {
        model.dialogs.pop();
        writing::paste(model, room, &text, at);
        writing::send_split(model, room);
    }
}

/// Ctrl+C.
pub(super) fn interrupt(model: &mut Model) {
    let now = model.now.mono_ms;
    if !model.dialogs.is_empty() || model.selected.is_some() || model.find.is_some() {
        return cancel(model);
    }
    let writing = focus(model) == ComponentId::Composer;
    if writing && model.open_room().is_none() {
        return model.command.replace("".into());
    }
    if writing && editing::cancel(model) {
        model.internal.quit_armed_until = None; // this press had another meaning
        return;
    }
    let room = model.open.filter(|_| writing).and_then(|open| model.rooms.get_mut(&open));
    if let Some(room) = room.filter(|room| !room.draft.text.is_empty()) {
        let id = room.info.id;
        room.draft.reply_to = None; // the next draft is not a reply
        room.inputs.keep_cleared(&room.draft.text);
        room.cleared_when_gone |= room.gone;
        room.clear_draft();
        model.touch(id);
        model.save_now(id);
        model.internal.quit_armed_until = None; // this press had another meaning
        let left = Cause::Draft(id, model.open_room().map_or("".into(), |room| Arc::clone(&room.draft.text)));
        return model.show_notice_while(left, Tone::Calm, "cleared; Up brings it back");
    }
    if model.internal.quit_armed_until.take().is_some_and(|until| now < until) {
        return quit(model);
    }
    model.internal.quit_armed_until = Some(now.saturating_add(QUIT_ARMED_MS));
    model.show_notice_while(Cause::QuitArmed, Tone::Calm, "press again to quit");
}

/// Quits, or asks first. A second request while the question is open means yes.
pub(super) fn quit(model: &mut Model) {
    let asked = matches!(model.dialogs.last(), Some(Dialog::Ask(Question::Quit { .. })));
    match model.at_stake().count() {
        unsent if unsent > 0 && !asked => model.ask(Question::Quit { unsent }),
        _ => exit(model, 0),
    }
}

/// Saves all changes and ends the program.
pub(super) fn exit(model: &mut Model, code: i32) {
    model.save_all_now();
    model.internal.terminal_task = Some(TerminalTask::Exit(code));
}
