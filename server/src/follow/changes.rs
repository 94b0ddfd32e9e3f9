//! Turns rows of the log into what the commit of another server would have published here.

use std::collections::HashMap;

use quchat_shared::{Event, RoomId, Seq, event::RoomActivity, room::RoomKind};

use crate::{
    domain::{self, event_reader::EventReader},
    store::{Change, Ephemeral, Error, EventRef, LogView, LoggedEvent, LoggedRow, Result},
};

/// Changes, each with the event that it belongs to.
pub(super) type Changes = Vec<(u64, Change)>;

/// The messages that were published while the log was read, each with its revision.
///
/// A message is published as it is now, so its events up to now may all show the same.
#[derive(Default)]
pub(super) struct Shown(HashMap<(RoomId, Seq), u64>);

impl Shown {
    /// Notes what is about to be published. Returns whether it shows anything new.
    pub(super) fn is_new(&mut self, change: &Change) -> bool {
        let message = match change {
            Change::Event { event: Event::MessageCreated(created), .. } => &created.message,
            Change::Event { event: Event::MessageUpdated(updated), .. } => &updated.message,
            _ => return true,
        };
        self.0.insert((message.room_id, message.seq), message.rev) != Some(message.rev)
    }
}

/// Reads up to `limit` rows of the log after `after`. Returns up to which event, and their changes.
pub(super) fn read(log: &LogView<'_>, after: u64, head: u64, limit: u32) -> Result<(u64, Changes)> {
    let rows = log.rows(after, head, limit)?;
    let through = match rows.last() {
        Some(last) if rows.len() >= limit as usize => last.id(),
        _ => head, // nothing follows up to the head, even if the newest row was superseded
    };
    let events = rows.iter().filter_map(LoggedRow::event).copied().collect::<Vec<_>>();
    let (mut reader, mut read, mut changes) = (EventReader::new(log.snapshot()), 0, Vec::new());
    for row in &rows {
        match *row {
            LoggedRow::SessionEnded { id, user, session } => {
                changes.push((id, Change::SessionEnded { user, session }));
            }
            LoggedRow::Event(logged) => {
                read += 1;
                add(&mut reader, &logged, &events[read..], &mut changes)?;
            }
        }
    }
    Ok((through, changes))
}

/// Adds an event, unless what it refers to is gone.
fn add(reader: &mut EventReader<'_>, logged: &LoggedEvent, next: &[LoggedEvent], changes: &mut Changes) -> Result<()> {
    let Some(event) = reader.read(logged, next).map_err(of_store)? else { return Ok(()) };
    let room_kind = reader.kind(logged.room).map_err(of_store)?;
    changes.push((logged.id, Change::Event { logged: *logged, room_kind, event }));
    if let (EventRef::MessageCreated { seq }, RoomKind::Public) = (logged.what, room_kind) {
        let activity = RoomActivity { id: logged.room, last_seq: seq };
        changes.push((logged.id, Change::Ephemeral(Ephemeral::Activity(activity))));
    }
    Ok(())
}

/// Reading events refuses nothing: only the store fails.
fn of_store(error: domain::Error) -> Error {
    match error {
        domain::Error::Store(error) => error,
        _ => Error::BrokenRow("an event refers to something that does not exist"),
    }
}
