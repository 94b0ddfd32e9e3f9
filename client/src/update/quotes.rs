//! The reply to a request for a quoted message. `plan` decides which one is fetched next.

use quchat_shared::{RoomId, Seq, api::MessagePage};

use super::Failure;
use crate::model::{Link, Model};

/// Handles the page that was fetched for a quote.
pub(super) fn arrived(model: &mut Model, id: RoomId, seq: Seq, call: u64, reply: Result<MessagePage, Failure>) {
    let Some(room) = model.rooms.get_mut(&id).filter(|room| room.quoted.asked == Some(call)) else { return };
    room.quoted.asked = None;
    match reply {
        Err(failure) if failure.may_pass() && failure != Failure::TooLarge => postpone(model, id, &failure),
        reply => {
            let first = reply.ok().and_then(|page| page.messages.into_iter().next());
            room.quoted.take(seq, first.filter(|message| message.seq == seq));
        }
    }
}

/// Retries the same message after a pause.
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
