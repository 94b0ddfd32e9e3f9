//! Which messages were seen: on the screen for a second without interruption.
//!
//! The read marker moves to the end of the unbroken range of seen messages after it. Skipped messages stay unread.

use quchat_shared::Seq;

use crate::model::{Key, Model, Watched};

/// How long a message must be on the screen to count as seen.
const SEEN_AFTER_MS: u64 = 1_000;

/// Notes since when each message has been on the screen. If something hides it, the second starts again.
pub(super) fn watch(model: &mut Model) {
    let range = on_screen(model);
    if range == model.internal.watched.range {
        return;
    }
    let before = std::mem::take(&mut model.internal.watched.since);
    let since = range.zip(model.open_room()).map(|((first, last), room)| {
        let read = room.read();
        let unseen = (first.0..=last.0).map(Seq).filter(|seq| *seq > read && !room.sighted.holds(*seq));
        unseen.map(|seq| (seq, before.get(&seq).copied().unwrap_or(model.now.mono_ms))).collect()
    });
    model.internal.watched = Watched { range, since: since.unwrap_or_default() };
}

/// The first and last visible message, if the user is looking. The end of the last one is visible.
fn on_screen(model: &Model) -> Option<(Seq, Seq)> {
    let looking = model.account.is_some() && model.term_focused && model.dialogs.is_empty();
    let room = model.open_room().filter(|room| looking && room.joined() && !room.distrusted)?;
    let seen = model.internal.seen.as_ref().filter(|seen| seen.room == room.info.id)?;
    let (Key::Seq(first), last) = (&seen.first, seen.ended?) else { return None };
    let most = Seq(last.0.saturating_sub(u64::from(seen.rows))); // a message has a row at least
    room.timeline.index(last)?; // otherwise the frame is from before a reset
    (*first <= last).then_some((most.max(*first), last))
}

/// When the next message counts as seen.
pub(super) fn deadline(model: &Model) -> Option<u64> {
    model.internal.watched.since.values().min().map(|since| since + SEEN_AFTER_MS)
}

/// Marks messages that were on the screen long enough as seen, and moves the read marker up to the first unseen one.
pub(super) fn mark_due(model: &mut Model) {
    let now = model.now.mono_ms;
    let Some(room) = model.open.and_then(|open| model.rooms.get_mut(&open)).filter(|room| room.joined()) else {
        return;
    };
    let seen = model.internal.watched.since.extract_if(.., |_, since| *since + SEEN_AFTER_MS <= now);
    for (seq, _) in seen {
        room.sighted.add(seq, seq);
    }
    let (read, end) = (room.read(), room.sighted.run_after(room.read()));
    if end > read {
        room.marker.wanted = Some(end);
        model.internal.busy.insert(room.info.id);
    }
}

/// Marks the open room as read, because the user went to its end on purpose.
pub(super) fn mark_all(model: &mut Model) {
    let me = model.me();
    let unread = |room: &&mut crate::model::Room| room.unread() > 0;
    let Some(room) = model.open.and_then(|open| model.rooms.get_mut(&open)).filter(unread) else { return };
    let (id, last) = (room.info.id, room.info.last_seq);
    room.marker.wanted = room.marker.wanted.max(Some(last));
    room.read_to(last, me);
    model.internal.busy.insert(id);
}
