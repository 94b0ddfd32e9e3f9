//! Read markers: how far each member has read, and so what is unread.

use quchat_shared::{
    RoomId, Timestamp,
    api::{NewReadMarker, ReadMarker},
    event::ReadUpdated,
};

use super::{
    Caller, Result,
    policy::{self, Action},
};
use crate::store::{EventRef, Tx};

/// Moves the caller's read marker. It moves only forward, unless `rewind` is set, and never beyond the end of the room.
pub(crate) fn mark_read(
    tx: &mut dyn Tx,
    caller: Caller,
    room: RoomId,
    new: NewReadMarker,
    now: Timestamp,
) -> Result<ReadMarker> {
    let (info, actor) = policy::authorize(tx, caller, Action::MarkRead, room)?;
    let member = actor.member()?;
    let wanted = new.seq.min(info.last_seq);
    let seq = if new.rewind { wanted } else { wanted.max(member.last_read_seq) };
    let has_moved = seq != member.last_read_seq;
    if has_moved {
        tx.set_last_read(room, caller.user, seq)?;
    }
    let mentions = tx.count_unread_mentions(room, caller.user)?;
    if has_moved {
        let event = ReadUpdated { room_id: room, last_read_seq: seq, mentions };
        tx.record(&info, EventRef::ReadUpdated { user: caller.user, seq }, event.into(), now)?;
    }
    Ok(ReadMarker { last_read_seq: seq, unread: info.last_seq.0 - seq.0, mentions })
}
