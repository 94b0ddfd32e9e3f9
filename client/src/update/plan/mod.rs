//! Derives effects from the changed model. This is the only place that does.
//!
//! `update` runs it once after each `Msg`, in a fixed order: connection, requests that a handler made, saves, sends,
//! reactions, pages, quotes, lists of messages, people, markers, visits, recent emoji, notifications, terminal. It changes
//! the model only to note what is pending.

mod connection;
mod lists;
mod markers;
mod notifications;
mod outbox;
mod pages;
mod people;
mod quotes;
mod reactions;
mod recounts;

use quchat_shared::RoomId;

use super::Effect;
use crate::model::{Model, Room, TerminalTask, VISITS_KEPT};

/// The effects of this step; `requests` are those that handlers made for the user.
pub(super) fn plan(model: &mut Model, requests: Vec<Effect>) -> Vec<Effect> {
    let mut effects = Vec::new();
    connection::plan(model, &mut effects);
    effects.extend(requests);
    let busy: Vec<RoomId> = model.internal.busy.iter().copied().collect();
    for &id in &busy {
        outbox::save(model, id, &mut effects);
    }
    for &id in &busy {
        outbox::send(model, id, &mut effects);
    }
    for &id in &busy {
        reactions::plan(model, id, &mut effects);
    }
    pages::plan(model, &mut effects);
    quotes::plan(model, &mut effects);
    recounts::plan(model, &mut effects);
    lists::plan(model, &mut effects);
    people::plan(model, &mut effects);
    for &id in &busy {
        markers::plan(model, id, &mut effects);
    }
    let rooms = &model.rooms;
    model.internal.busy.retain(|id| rooms.get(id).is_some_and(is_busy));
    remember_visits(model, &mut effects);
    remember_emoji(model, &mut effects);
    notifications::plan(model, &mut effects);
    use_terminal(model, &mut effects);
    effects
}

fn is_busy(room: &Room) -> bool {
    let reacting = room.reactions.pending.iter().any(|reacting| reacting.in_flight.is_none());
    reacting || room.unsaved_since.is_some() || !room.outbox.is_empty() || room.marker.wanted.is_some()
}

/// Saves the visited rooms if they changed. Those that are gone are kept while they hold text of the user.
fn remember_visits(model: &mut Model, effects: &mut Vec<Effect>) {
    if !model.storage.takes_saves() || !std::mem::take(&mut model.internal.visits_changed) {
        return;
    }
    let mut visited: Vec<_> = model.rooms.values().filter(|room| room.visited > 0 && !room.is_over()).collect();
    visited.sort_by_key(|room| std::cmp::Reverse(room.visited));
    effects.push(Effect::RememberVisits(visited.into_iter().take(VISITS_KEPT).map(Room::visit).collect()));
}

/// Saves the recent emoji if they changed.
fn remember_emoji(model: &mut Model, effects: &mut Vec<Effect>) {
    if model.storage.takes_saves() && std::mem::take(&mut model.internal.emoji_changed) {
        effects.push(Effect::RememberEmoji(model.recent_emoji.clone()));
    }
}

/// Adds the effects on the terminal. Due saves come before them.
fn use_terminal(model: &mut Model, effects: &mut Vec<Effect>) {
    if std::mem::take(&mut model.internal.give_back) {
        effects.push(Effect::GiveBack);
    }
    match model.internal.terminal_task.take() {
        Some(TerminalTask::Redraw) => effects.push(Effect::Redraw),
        Some(TerminalTask::Suspend) => effects.push(Effect::Suspend),
        Some(TerminalTask::Copy(text)) => effects.push(Effect::Copy(text)),
        Some(TerminalTask::OpenEditor(room)) => {
            let draft = model.rooms.get(&room).map(|room| room.draft.text.clone());
            effects.extend(draft.map(|draft| Effect::OpenEditor { room, draft }));
        }
        Some(TerminalTask::Exit(code)) => effects.push(Effect::Exit(code)),
        None => {}
    }
}
