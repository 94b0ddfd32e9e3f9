//! Decides which quoted message is fetched next: one at a time, for the replies on the screen and the composer.

use quchat_shared::{
    Seq,
    query::{Bound, ListMessages},
};

use crate::{
    model::{Call, EditTarget, Key, Link, Model, Room, Seen},
    update::{Effect, Request, effect::call},
};

/// Requests the next message that something on the screen quotes.
pub(super) fn plan(model: &mut Model, effects: &mut Vec<Effect>) {
    if model.link != Link::Connected {
        return;
    }
    let Some(room) = model.open_room().filter(|room| !room.gone && !room.remembered && !room.distrusted) else {
        return;
    };
    if room.quoted.asked.is_some() || model.now.mono_ms < room.quoted.not_before {
        return;
    }
    let id = room.info.id;
    let Some((seq, before)) = missing(room, model.internal.seen.as_ref()) else { return };
    let request = Request::ListMessages(id, ListMessages { bound: Bound::After(before), limit: Some(1) });
    let asked = call(model, Call::Quote(id, seq), request, effects);
    if let Some(room) = model.rooms.get_mut(&id) {
        room.quoted.asked = Some(asked);
    }
}

/// The first quoted message that is not loaded, and the seq before it.
fn missing(room: &Room, seen: Option<&Seen>) -> Option<(Seq, Seq)> {
    let run = &room.timeline.messages;
    let place = |key: &Key| match key {
        Key::Seq(seq) => room.timeline.index(*seq),
        Key::Txn(_) => Some(run.len()),
    };
    let seen = seen.filter(|seen| seen.room == room.info.id);
    let range = seen.and_then(|seen| Some(place(&seen.first)?..(place(&seen.last)? + 1).min(run.len())));
    let visible = range.filter(|range| range.start <= range.end).map(|range| run.range(range));
    let replies = visible.into_iter().flatten().filter(|message| message.deleted_at.is_none());
    let edited = room.draft.editing.as_ref().and_then(|editing| match editing.target {
        EditTarget::Message(edit) => Some(edit.seq),
        EditTarget::Unsent(_) => None,
    });
    let written = room.outbox.iter().map(|pending| pending.reply_to).chain([room.draft.reply_to, edited]);
    let quoted = replies.map(|message| message.reply_to).chain(written).flatten();
    let unknown = |seq: &Seq| room.timeline.index(*seq).is_none() && !room.quoted.knows(*seq);
    quoted.filter(unknown).find_map(|seq| Some((seq, seq.previous()?)))
}
