//! How the model changes: pure functions, and the only place that changes it.
//!
//! It uses no terminal, network, disk, threads, clock or randomness. It reads the time from the model and requests
//! everything else as an [`Effect`].
//!
//! Each `Msg` takes two steps. Its handler changes the model; the handlers are in the files below, split by what they
//! change. Then `plan` derives the effects from the model. A handler itself makes only the requests that the model does
//! not represent: signing in, creating, changing, joining and leaving a room, and what the user does with people. This
//! file finds the handler of each `Msg`.

mod account;
mod action;
mod admin;
mod approach;
mod attention;
mod bans;
mod calls;
mod changed;
pub mod commands;
mod connection;
mod deadline;
mod deleting;
mod dialogs;
mod direct;
mod editing;
mod edits;
mod effect;
mod find;
mod inbox;
mod invites;
mod jump;
mod members;
mod membership;
mod msg;
mod navigation;
mod outbox;
mod pages;
mod people;
mod plan;
mod presence;
mod quotes;
mod reactions;
mod reading;
mod recount;
mod room_changes;
mod rooms;
mod saving;
mod search;
mod selection;
mod session;
mod sighting;
mod stream;
mod users;
mod writing;

#[cfg(test)]
mod tests;

pub use action::Action;
pub(crate) use admin::SERVER_ROLES;
pub use attention::title;
pub use deadline::next_deadline;
pub(crate) use deleting::is_deletable;
pub(crate) use editing::is_editable;
pub use effect::Effect;
pub use msg::{Msg, NotKept, Pick, ServerEvent};
pub(crate) use reactions::looks_like_emoji;
pub(crate) use writing::measure;

pub(crate) use crate::api::REFUSED;
pub use crate::api::{Answer, Failure, Reply, Request};
pub use crate::model::{Stored, focus};

use quchat_shared::{Seq, room::RoomKind};

use crate::model::{ComponentId, Dialog, Model, PersonAction, TerminalTask, Tone};
use commands::SlashCommand;
use navigation::Step;

/// Handles one `Msg`. The runtime sets [`Model::now`] before and performs the returned effects in order.
pub fn update(model: &mut Model, msg: Msg) -> Vec<Effect> {
    let mut requests = Vec::new();
    if is_typing(&msg) {
        session::typed(model);
    }
    let again = matches!(msg, Msg::Act(Action::Interrupt | Action::EndOfInput));
    if !again && (is_typing(&msg) || matches!(msg, Msg::Act(_))) {
        model.internal.quit_armed_until = None; // another key came in between
    }
    if msg != Msg::Act(Action::Send) && (is_typing(&msg) || matches!(msg, Msg::Act(_))) {
        model.internal.command_sent_until = None;
    }
    attention::note_presence(model, &msg);
    let drawn = matches!(msg, Msg::Seen(_) | Msg::Unseen); // no frame follows it
    take(model, msg, &mut requests);
    if model.selection().is_none() {
        model.selected = None; // gone with its room or its page
    }
    if !drawn {
        find::go_on(model);
    }
    sighting::watch(model);
    model.end_notice();
    session::ask_when_due(model);
    presence::end_typing(model);
    sighting::mark_due(model);
    plan::plan(model, requests)
}

/// Whether the user is typing, or may be typing in a dialog.
fn is_typing(msg: &Msg) -> bool {
    matches!(
        msg,
        Msg::Edited { .. }
            | Msg::Recall { .. }
            | Msg::Typed(_)
            | Msg::Sought(_)
            | Msg::SearchFor(_)
            | Msg::LookUp(_)
            | Msg::FilterPeople(_)
            | Msg::Redraw
            | Msg::Act(Action::Send)
    )
}

fn take(model: &mut Model, msg: Msg, requests: &mut Vec<Effect>) {
    match msg {
        Msg::Start { server, name, session } => session::start(model, server, name, session, requests),
        Msg::Tick | Msg::Redraw => {}
        Msg::TermFocus(focused) => reading::term_focus(model, focused),
        Msg::Stop => dialogs::exit(model, dialogs::INTERRUPTED),
        Msg::EditorClosed { room, text } => writing::editor_closed(model, room, text),
        Msg::Seen(seen) => reading::seen(model, seen),
        Msg::Unseen => model.internal.seen = None,
        Msg::Done { call, reply } => calls::done(model, call, reply, requests),
        Msg::Knocked { call, found } => approach::knocked(model, call, found, requests),
        Msg::Stream { stream, events } => stream::take(model, stream, events, requests),
        Msg::Visited(visits) => navigation::visited(model, visits),
        Msg::EmojiRecalled(emoji) => reactions::recalled(model, emoji),
        Msg::Loaded(result) => saving::loaded(model, result),
        Msg::Saved { ticket, result } => saving::saved(model, ticket, result),
        Msg::Copied => selection::copied(model),
        Msg::Notice(text) => model.show_notice(Tone::Error, &text),
        Msg::Act(action) => act(model, action, requests),
        Msg::Edited { room, text } => writing::edited(model, room, text),
        Msg::Pasted { room, text, at } => writing::pasted(model, room, text, at),
        Msg::Recall { back } => writing::recall(model, back),
        Msg::Sought(typed) => find::sought(model, typed),
        Msg::SearchFor(typed) => search::sought(model, typed),
        Msg::SearchNow => search::now(model),
        Msg::More => inbox::more(model),
        Msg::JumpTo(hit) => jump::to(model, hit),
        Msg::Typed(letter) => writing::typed(model, letter),
        Msg::Open(_) if writing::is_enter_of_command(model) => {}
        Msg::Open(room) | Msg::Pick(Pick::Room(room)) => membership::open(model, room, requests),
        Msg::Pick(Pick::Person(user)) => people::act_on(model, user, PersonAction::Message(None), requests),
        Msg::Pick(Pick::Create(name)) => membership::create(model, name, RoomKind::Public, requests),
        Msg::SignIn { server, credentials, register, invite } => {
            let register = register.then_some(invite);
            session::sign_in(model, server, credentials, register, requests)
        }
        Msg::CreateRoom { name, private } => {
            let kind = if private { RoomKind::Private } else { RoomKind::Public };
            membership::create(model, name, kind, requests);
        }
        Msg::Answer(yes) => dialogs::answer(model, yes, requests),
        Msg::SplitPaste => dialogs::split_paste(model),
        Msg::SendAgain { room, txn } => outbox::send_again(model, room, &txn),
        Msg::TakeBack { room, txn } => outbox::take_back(model, room, &txn),
        Msg::Discard { room, txn } => outbox::discard(model, room, &txn),
        Msg::React { room, seq, emoji } => reactions::toggle(model, room, seq, &emoji),
        Msg::LookUp(typed) => people::look_up(model, &typed),
        Msg::FilterPeople(typed) => dialogs::filter(model, typed),
        Msg::TurnPage { forward } => dialogs::turn_page(model, forward),
        Msg::ActOn { user, action } => people::act_on(model, user, action, requests),
        Msg::AddByName { room, name } => people::by_name(model, &name, PersonAction::Add(room), requests),
        Msg::EndSession(id) => account::end_session(model, id, requests),
        Msg::ChangePassword(new) => account::change_password(model, new, requests),
        Msg::LookAt(server) => approach::look(model, &server, requests),
        Msg::CopyInvite => invites::copy(model),
        Msg::RevokeInvite(id) => invites::revoke(model, id, requests),
    }
}

fn act(model: &mut Model, action: Action, requests: &mut Vec<Effect>) {
    let held = std::mem::replace(&mut model.internal.after_end_of_input, action == Action::EndOfInput);
    match action {
        Action::Redraw => model.internal.terminal_task = Some(TerminalTask::Redraw),
        Action::Suspend => {
            model.save_all_now();
            model.internal.seen = None; // the screen is the shell's
            model.internal.terminal_task = Some(TerminalTask::Suspend);
        }
        Action::Quit => dialogs::quit(model),
        Action::Interrupt => dialogs::interrupt(model),
        Action::EndOfInput
            if held
                || matches!(focus(model), ComponentId::Composer | ComponentId::Rooms) && writing::has_draft(model) => {}
        Action::EndOfInput => dialogs::interrupt(model),
        Action::Cancel => dialogs::cancel(model),
        Action::Help if model.dialogs.last() == Some(&Dialog::Help) => dialogs::cancel(model),
        Action::Help => model.show_dialog(Dialog::Help),
        Action::SignOut => session::ask_to_sign_out(model, requests),
        _ if model.account.is_none() || !model.dialogs.is_empty() => {} // a dialog is modal
        Action::Send => {
            if let Some((command, reply_to)) = writing::send(model) {
                run(model, command, reply_to, requests);
            }
        }
        Action::OpenEditor => writing::open_editor(model),
        Action::KillOrSwitch | Action::Switch => {
            people::look_up(model, "");
            model.show_dialog(Dialog::Switcher);
        }
        Action::People => members::open(model),
        Action::CreateRoom => dialogs::ask_for_room(model),
        Action::Review => dialogs::review(model),
        Action::NextRoom => navigation::step(model, Step::Next),
        Action::PreviousRoom => navigation::step(model, Step::Previous),
        Action::LastRoom => navigation::last(model),
        Action::RoomNumber(number) => navigation::number(model, number.into()),
        Action::NextUnread => navigation::next_unread(model),
        Action::Inbox => inbox::open(model),
        Action::Search => search::open(model, None),
        Action::Back => jump::back(model, true),
        Action::Forward => jump::back(model, false),
        Action::Find => find::open(model, ""),
        Action::FindNext => find::step(model, 1),
        Action::FindPrevious => find::step(model, -1),
        Action::Select => selection::start(model),
        Action::SelectFirst => selection::to_edge(model, false),
        Action::SelectLast => selection::to_edge(model, true),
        Action::Copy => selection::copy(model, false),
        Action::CopyWithAuthor => selection::copy(model, true),
        Action::CopyLinks => selection::copy_links(model),
        Action::Details => selection::show_times(model),
        Action::Reply => selection::reply(model),
        Action::Unfold => selection::unfold(model),
        Action::ToReplied => selection::to_replied(model),
        Action::Edit => editing::edit(model),
        Action::Delete => deleting::ask(model),
        Action::React => reactions::pick(model),
        Action::ToggleReaction(number) => reactions::toggle_nth(model, number),
        Action::PageUp if model.selected.is_some() => selection::step(model, -selection::page(model)),
        Action::PageDown if model.selected.is_some() => selection::step(model, selection::page(model)),
        Action::LineUp if model.selected.is_some() => selection::step(model, -1),
        Action::LineDown if model.selected.is_some() => selection::step(model, 1),
        Action::ToBottom if model.selected.is_some() => selection::to_edge(model, true),
        Action::FocusRooms | Action::ToNew if selection::leave(model) => act(model, action, requests),
        Action::FocusRooms => {
            find::stay(model);
            model.in_side_bar = !model.in_side_bar;
        }
        Action::Reconnect => connection::reconnect(model, requests),
        Action::Bare => model.bare = !model.bare,
        Action::ToNew => reading::to_new(model),
        Action::ToBottom => reading::to_bottom(model),
        Action::PageUp => reading::scroll(model, -reading::page(model)),
        Action::PageDown => reading::scroll(model, reading::page(model)),
        Action::LineUp => reading::scroll(model, -1),
        Action::LineDown => reading::scroll(model, 1),
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
        | Action::ShowPassword => {} // only components use these; the focused one declined
    }
}

/// Runs a slash command. A message that it sends replies to `reply_to`.
fn run(model: &mut Model, command: SlashCommand, reply_to: Option<Seq>, requests: &mut Vec<Effect>) {
    match command {
        SlashCommand::Do(action) => act(model, action, requests),
        SlashCommand::Join(id) => membership::open(model, id, requests),
        SlashCommand::Room(id) => navigation::visit(model, id),
        SlashCommand::Create { name, kind } => membership::create(model, name, kind, requests),
        SlashCommand::Notify(level) => attention::set(model, level),
        SlashCommand::Mute => attention::mute(model),
        SlashCommand::Mouse => {
            model.mouse = !model.mouse;
            let what = match model.mouse {
                true => "mouse on: the wheel scrolls, a click opens a room",
                false => "mouse off: the terminal selects text again",
            };
            model.show_notice(Tone::Calm, what);
        }
        SlashCommand::Theme(name) => model.theme = name,
        SlashCommand::Search(text) => search::open(model, Some(&text)),
        SlashCommand::Find(text) => find::open(model, &text),
        SlashCommand::Reply(text) => {
            let reply_to = reply_to.or_else(|| writing::newest_of_others(model));
            writing::post_here(model, text, reply_to);
        }
        SlashCommand::Edit(text) => edits::edit_last(model, text),
        SlashCommand::React(emoji) => reactions::react_to_newest(model, &emoji),
        SlashCommand::Post(text) => writing::post_here(model, text, reply_to),
        SlashCommand::Unfold => selection::unfold_all(model),
        SlashCommand::CatchUp => reading::ask_to_catch_up(model),
        SlashCommand::Change(change) => room_changes::change(model, change, requests),
        SlashCommand::Topic => show_topic(model),
        SlashCommand::Archive => room_changes::archive(model, requests),
        SlashCommand::DeleteRoom => room_changes::ask_to_delete(model),
        SlashCommand::Person { name, action } => people::by_name(model, &name, action, requests),
        SlashCommand::Bans => bans::open(model),
        SlashCommand::Admin(command) => admin::run(model, command, requests),
        SlashCommand::Sessions => account::open_sessions(model, requests),
        SlashCommand::Password => account::open_password(model),
        SlashCommand::Leave => {
            if let Err(why) = membership::ask_to_leave(model, requests) {
                model.show_notice(Tone::Error, &why);
            }
        }
    }
}

fn show_topic(model: &mut Model) {
    let text = match model.open_room() {
        None => "no room is open".to_owned(),
        Some(room) if room.info.topic.is_empty() => "this room has no topic".to_owned(),
        Some(room) => room.info.topic.clone(),
    };
    model.show_notice(Tone::Calm, &text);
}
