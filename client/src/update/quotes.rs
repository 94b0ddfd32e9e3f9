//! What visible replies quote: fetched where it is not at hand, one message at a time.

use quchat_shared::{
    RoomId, Seq,
    api::MessagePage,
    query::{Bound, ListMessages},
};

use super::{Effect, Failure, Request, calls::call};
use crate::model::{Call, Key, Link, Model, Room, Seen};

/// Asks for the next message that something on the screen quotes.
pub(super) fn want(model: &mut Model, out: &mut Vec<Effect>) {
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
    let Some((seq, before)) = missing(room, model.memory.seen.as_ref()) else { return };
    let request = Request::ListMessages(id, ListMessages { bound: Bound::After(before), limit: Some(1) });
    let asked = call(model, Call::Quote(id, seq), request, out);
    if let Some(room) = model.rooms.get_mut(&id) {
        room.quoted.asked = Some(asked);
    }
}

/// The first message that is quoted and not at hand, and the one before it.
fn missing(room: &Room, seen: Option<&Seen>) -> Option<(Seq, Seq)> {
    let run = &room.timeline.run;
    let place = |key: &Key| match key {
        Key::Seq(seq) => room.timeline.index(*seq),
        Key::Txn(_) => Some(run.len()),
    };
    let seen = seen.filter(|seen| seen.room == room.info.id);
    let range = seen.and_then(|seen| Some(place(&seen.first)?..(place(&seen.last)? + 1).min(run.len())));
    let visible = range.filter(|range| range.start <= range.end).map(|range| run.range(range));
    let replies = visible.into_iter().flatten().filter(|message| message.deleted_at.is_none());
    let written = room.outbox.iter().map(|pending| pending.reply_to).chain([room.draft.reply_to]);
    let quoted = replies.map(|message| message.reply_to).chain(written).flatten();
    let unknown = |seq: &Seq| room.timeline.index(*seq).is_none() && !room.quoted.knows(*seq);
    quoted.filter(unknown).find_map(|seq| Some((seq, seq.previous()?)))
}

/// The answer.
pub(super) fn arrived(
    model: &mut Model,
    id: RoomId,
    seq: Seq,
    call: u64,
    reply: Result<MessagePage, Failure>,
    out: &mut Vec<Effect>,
) {
    let Some(room) = model.rooms.get_mut(&id).filter(|room| room.quoted.asked == Some(call)) else { return };
    room.quoted.asked = None;
    match reply {
        Err(failure) if failure.may_pass() && failure != Failure::TooLarge => postpone(model, id, &failure),
        reply => {
            let first = reply.ok().and_then(|page| page.messages.into_iter().next());
            room.quoted.take(seq, first.filter(|message| message.seq == seq));
            want(model, out);
        }
    }
}

/// It may go well later: the same message is asked for again after a pause.
fn postpone(model: &mut Model, id: RoomId, failure: &Failure) {
    let failures = model.rooms.get(&id).map_or(0, |room| room.quoted.failures);
    let pause = model.pause(failures, failure.retry_after_ms());
    let Some(room) = model.rooms.get_mut(&id) else { return };
    room.quoted.failures = failures.saturating_add(1);
    room.quoted.not_before = model.now.mono_ms.saturating_add(pause);
}

/// When the pause after a failure is over.
pub(super) fn deadline(model: &Model) -> Option<u64> {
    let room = model.open_room().filter(|_| model.link == Link::Connected)?;
    Some(room.quoted.not_before).filter(|&at| at > model.now.mono_ms)
}
