//! How things change: pure, and the only place where they do.
//!
//! It knows no terminal, no network, no disk, no thread, no clock and no dice: it reads the moment from the model
//! and asks for everything else as an [`Effect`]. This file is the table of contents; the files below it are split
//! by what they change.

mod action;
mod attention;
mod calls;
pub mod commands;
mod dialogs;
mod effect;
mod find;
mod link;
mod msg;
mod navigation;
mod outbox;
mod pages;
mod quotes;
mod reading;
mod rooms;
mod saving;
mod selection;
mod session;
mod sighting;
mod stream;
mod time;
mod writing;

#[cfg(test)]
mod tests;

pub use action::Action;
pub use attention::title;
pub use effect::Effect;
pub use msg::{Msg, NotKept, Pick, ServerEvent};
pub use time::next_deadline;
pub(crate) use writing::measure;

pub(crate) use crate::api::REFUSED;
pub use crate::api::{Answer, Failure, Reply, Request};
pub use crate::model::Stored;

use crate::model::{Dialog, Id, Model, Tone};
use navigation::Step;

/// Takes in what happened. The runtime has set [`Model::now`] before and performs what is returned, in order.
pub fn update(model: &mut Model, msg: Msg) -> Vec<Effect> {
    let mut effects = Vec::new();
    if is_typing(&msg) {
        session::typed(model);
    }
    let again = matches!(msg, Msg::Act(Action::Interrupt | Action::EndOfInput));
    if !again && (is_typing(&msg) || matches!(msg, Msg::Act(_))) {
        model.memory.quit_armed_until = None; // it was no second press
    }
    if msg != Msg::Act(Action::Send) && (is_typing(&msg) || matches!(msg, Msg::Act(_))) {
        model.memory.obeyed_until = None; // another key came between
    }
    attention::note_presence(model, &msg);
    let drawn = matches!(msg, Msg::Seen(_) | Msg::Unseen); // no frame follows it
    take(model, msg, &mut effects);
    if model.selection().is_none() {
        model.selected = None; // gone with its room or its page
    }
    if !drawn {
        find::go_on(model);
    }
    attention::call(model, &mut effects);
    quotes::want(model, &mut effects);
    navigation::remember(model, &mut effects);
    sighting::watch(model);
    model.end_notice();
    time::perform_due(model, &mut effects);
    effects
}

/// Somebody writes, or may do so in a dialog.
fn is_typing(msg: &Msg) -> bool {
    matches!(
        msg,
        Msg::Edited { .. } | Msg::Recall { .. } | Msg::Typed(_) | Msg::Sought(_) | Msg::Redraw | Msg::Act(Action::Send)
    )
}

fn take(model: &mut Model, msg: Msg, out: &mut Vec<Effect>) {
    match msg {
        Msg::Start { server, name, session } => session::start(model, server, name, session, out),
        Msg::Tick | Msg::Redraw => {}
        Msg::TermFocus(focused) => reading::term_focus(model, focused),
        Msg::Stop => dialogs::exit(model, dialogs::INTERRUPTED, out),
        Msg::EditorClosed { room, text } => writing::editor_closed(model, room, text, out),
        Msg::Seen(seen) => reading::seen(model, seen, out),
        Msg::Unseen => model.memory.seen = None,
        Msg::Done { call, reply } => calls::done(model, call, reply, out),
        Msg::Stream { stream, events } => stream::take(model, stream, events, out),
        Msg::Visited(visits) => navigation::visited(model, visits),
        Msg::Loaded(result) => saving::loaded(model, result, out),
        Msg::Saved { ticket, result } => saving::saved(model, ticket, result, out),
        Msg::Copied => selection::copied(model),
        Msg::Notice(text) => model.show_notice(Tone::Error, &text),
        Msg::Act(action) => act(model, action, out),
        Msg::Edited { room, text } => writing::edited(model, room, text),
        Msg::Pasted { room, text, at } => writing::pasted(model, room, text, at),
        Msg::Recall { back } => writing::recall(model, back),
        Msg::Sought(typed) => find::sought(model, typed),
        Msg::Typed(letter) => writing::typed(model, letter),
        Msg::Open(_) if writing::is_enter_of_command(model) => {}
        Msg::Open(room) | Msg::Pick(Pick::Room(room)) => navigation::open(model, room, out),
        Msg::Pick(Pick::Create(name)) => rooms::create(model, name, false, out),
        Msg::SignIn { server, credentials, register } => session::sign_in(model, server, credentials, register, out),
        Msg::CreateRoom { name, private } => rooms::create(model, name, private, out),
        Msg::Answer(yes) => dialogs::answer(model, yes, out),
        Msg::SplitPaste => dialogs::split_paste(model, out),
        Msg::SendAgain { room, txn } => outbox::send_again(model, room, &txn, out),
        Msg::TakeBack { room, txn } => outbox::take_back(model, room, &txn, out),
        Msg::Discard { room, txn } => outbox::discard(model, room, &txn, out),
    }
}

fn act(model: &mut Model, action: Action, out: &mut Vec<Effect>) {
    let held = std::mem::replace(&mut model.memory.after_end_of_input, action == Action::EndOfInput);
    match action {
        Action::Redraw => out.push(Effect::Redraw),
        Action::Suspend => {
            saving::flush(model, out);
            model.memory.seen = None; // the screen is the shell's
            out.push(Effect::Suspend);
        }
        Action::Quit => dialogs::quit(model, out),
        Action::Interrupt => dialogs::interrupt(model, out),
        Action::EndOfInput if held || matches!(focus(model), Id::Composer | Id::Rooms) && writing::has_draft(model) => {
        }
        Action::EndOfInput => dialogs::interrupt(model, out),
        Action::Cancel => dialogs::cancel(model),
        Action::Help if model.dialogs.last() == Some(&Dialog::Help) => dialogs::cancel(model),
        Action::Help => model.show_dialog(Dialog::Help),
        Action::SignOut => session::ask_to_sign_out(model, out),
        _ if model.account.is_none() || !model.dialogs.is_empty() => {} // a dialog is modal
        Action::Send => writing::send(model, out),
        Action::OpenEditor => writing::open_editor(model, out),
        Action::KillOrSwitch | Action::Switch => model.show_dialog(Dialog::Switcher),
        Action::CreateRoom => dialogs::ask_for_room(model),
        Action::Review => dialogs::review(model),
        Action::NextRoom => navigation::step(model, Step::Next, out),
        Action::PreviousRoom => navigation::step(model, Step::Previous, out),
        Action::LastRoom => navigation::last(model, out),
        Action::RoomNumber(number) => navigation::number(model, number.into(), out),
        Action::NextUnread => navigation::next_unread(model, out),
        Action::Find => find::open(model, ""),
        Action::FindNext => find::step(model, 1),
        Action::FindPrevious => find::step(model, -1),
        Action::Select => selection::start(model),
        Action::SelectFirst => selection::to_edge(model, false, out),
        Action::SelectLast => selection::to_edge(model, true, out),
        Action::Copy => selection::copy(model, false, out),
        Action::CopyWithAuthor => selection::copy(model, true, out),
        Action::CopyLinks => selection::copy_links(model, out),
        Action::Details => selection::tell(model),
        Action::Reply => selection::reply(model),
        Action::Unfold => selection::unfold(model),
        Action::ToReplied => selection::to_replied(model, out),
        Action::PageUp if model.selected.is_some() => selection::step(model, -selection::page(model)),
        Action::PageDown if model.selected.is_some() => selection::step(model, selection::page(model)),
        Action::LineUp if model.selected.is_some() => selection::step(model, -1),
        Action::LineDown if model.selected.is_some() => selection::step(model, 1),
        Action::ToBottom if model.selected.is_some() => selection::to_edge(model, true, out),
        Action::FocusRooms | Action::ToNew if selection::leave(model) => act(model, action, out),
        Action::FocusRooms => {
            find::stay(model);
            model.in_side_bar = !model.in_side_bar;
        }
        Action::Reconnect => link::reconnect(model, out),
        Action::Bare => model.bare = !model.bare,
        Action::ToNew => reading::to_new(model, out),
        Action::ToBottom => reading::to_bottom(model, out),
        Action::PageUp => reading::scroll(model, -reading::page(model), out),
        Action::PageDown => reading::scroll(model, reading::page(model), out),
        Action::LineUp => reading::scroll(model, -1, out),
        Action::LineDown => reading::scroll(model, 1, out),
        Action::Newline
        | Action::LineStart
        | Action::LineEnd
        | Action::CharBack
        | Action::WordBack
        | Action::WordForward
        | Action::DeleteBack
        | Action::DeleteForward
        | Action::DeleteWordBack
        | Action::DeleteWordForward
        | Action::DeleteToStart
        | Action::Yank
        | Action::Undo
        | Action::Redo
        | Action::Complete
        | Action::CompleteBack
        | Action::NextField
        | Action::PreviousField
        | Action::Register
        | Action::ShowPassword => {} // a component's own; it declined
    }
}

/// Which component has the keys: the only truth. The runtime makes tui-realm's Application follow after each `Msg`.
#[must_use]
pub fn focus(model: &Model) -> Id {
    match model.dialogs.last() {
        Some(dialog) => Id::Dialog(dialog.id()),
        None if model.account.is_none() => Id::SignIn,
        None if model.selection().is_some() => Id::History,
        None if model.find.is_some() && model.open_room().is_some() => Id::Find,
        None if model.in_side_bar => Id::Rooms,
        None if model.open_room().is_none() && model.command.text.is_empty() => Id::Rooms,
        None => Id::Composer,
    }
}
