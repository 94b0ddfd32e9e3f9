//! Turns rows of the log into what the commit of another server would have published here.

use quchat_shared::{Event, event::RoomActivity, room::RoomKind};

use super::late::Late;
use crate::{
    domain::{self, event_reader::EventReader},
    store::{Change, Ephemeral, Error, EventRef, LogPage, LogView, LoggedEvent, LoggedRow, Result},
};

/// Changes, each with the event that it belongs to.
pub(super) type Changes = Vec<(u64, Change)>;

/// Reads what else the rows refer to. Returns up to which event these are all, and their changes. Nothing follows the last
/// page up to the head, even if the newest row was superseded.
///
/// A message is read as it is now, so several rows may show the same. None of them is left out: a stream that begins between
/// them has shown the message as it was then.
pub(super) fn read(log: &LogView<'_>, page: LogPage, is_last: bool) -> Result<(u64, Changes)> {
    let LogPage { head, rows, messages, mentions } = page;
    let through = rows.last().filter(|_| !is_last).map_or(head, LoggedRow::id);
    let mut late = Late::default();
    rows.iter().for_each(|row| late.published(row));
    if through < head {
        log.losses_between(through, head)?.iter().for_each(|row| late.later(row));
    }
    let events = rows.iter().filter_map(LoggedRow::event).copied().collect::<Vec<_>>();
    let (mut reader, mut read) = (EventReader::with_rows(log.snapshot(), messages, mentions), 0);
    let mut changes: Changes = late.first(through).collect();
    for row in rows {
        if let LoggedRow::Event { logged, room_kind } = row {
            read += 1;
            // Unless what it refers to is gone.
            if let Some(event) = reader.read(&logged, &events[read..]).map_err(of_store)? {
                add(logged, room_kind, event, &mut changes);
            }
        }
    }
    Ok((through, changes))
}

fn add(logged: LoggedEvent, room_kind: RoomKind, event: Event, changes: &mut Changes) {
    changes.push((logged.id, Change::Event { logged, room_kind, event }));
    if let (EventRef::MessageCreated { seq }, RoomKind::Public) = (logged.what, room_kind) {
        let activity = RoomActivity { id: logged.room, last_seq: seq };
        changes.push((logged.id, Change::Ephemeral(Ephemeral::Activity(activity))));
    }
}

/// Reading events refuses nothing: only the store fails.
fn of_store(error: domain::Error) -> Error {
    match error {
        domain::Error::Store(error) => error,
        _ => Error::BrokenRow("an event refers to something that does not exist"),
    }
}
