//! Who must not get what is read of the log late.
//!
//! Rows show their room and its messages as they are when they are read, which may be after a user has lost the right to
//! see them, but they are delivered to whoever had it at the time of the row. So the streams of such users end before.

use std::collections::{BTreeSet, HashMap};

use quchat_shared::{RoomId, SessionId, UserId};

use crate::store::{Change, EventRef, LoggedEvent, LoggedRow};

/// What is known of the rows up to one of them.
#[derive(Debug, Default)]
pub(super) struct Late {
    /// The rooms of which something is published, with those who have left since.
    rooms: HashMap<RoomId, Vec<UserId>>,
    /// Those whose room has changed since they left.
    users: BTreeSet<UserId>,
    sessions: Vec<(u64, UserId, SessionId)>,
}

impl Late {
    /// Takes the next row that is published.
    pub(super) fn published(&mut self, row: &LoggedRow) {
        self.later(row);
        if let LoggedRow::Event { logged, .. } = row {
            self.rooms.entry(logged.room).or_default();
        }
    }

    /// Takes the next row that was there when the others were read, but is published with those after them.
    pub(super) fn later(&mut self, row: &LoggedRow) {
        match *row {
            LoggedRow::SessionEnded { id, user, session } => self.sessions.push((id, user, session)),
            LoggedRow::Event { logged: LoggedEvent { room, what, .. }, .. } => {
                let Some(left) = self.rooms.get_mut(&room) else { return };
                match what {
                    EventRef::MemberLeft { user, .. } => left.push(user),
                    EventRef::RoomUpdated | EventRef::MemberUpdated { .. } | EventRef::MessageUpdated { .. } => {
                        self.users.extend(left.drain(..));
                    }
                    // They show nothing of before, or they concern one user alone. Nothing changes in a room that is gone.
                    EventRef::RoomCreated { .. }
                    | EventRef::RoomDeleted { .. }
                    | EventRef::MemberJoined { .. }
                    | EventRef::MessageCreated { .. }
                    | EventRef::ReadUpdated { .. }
                    | EventRef::SettingsUpdated { .. }
                    | EventRef::BanUpdated { .. } => {}
                }
            }
        }
    }

    /// What must happen before anything up to the event `through` is published.
    pub(super) fn first(self, through: u64) -> impl Iterator<Item = (u64, Change)> {
        let ended = self.sessions.into_iter();
        let ended = ended.map(|(id, user, session)| (id, Change::SessionEnded { user, session }));
        let users = (!self.users.is_empty()).then(|| self.users.into_iter().collect());
        ended.chain(users.map(|users| (through, Change::RightsLost { users })))
    }
}

#[cfg(test)]
mod tests {
    use quchat_shared::{Seq, room::RoomKind};

    use super::*;

    const BOB: UserId = UserId(2);
    const SENT: EventRef = EventRef::MessageCreated { seq: Seq(1) };
    const CHANGED: EventRef = EventRef::MessageUpdated { seq: Seq(1) };
    const LEFT: EventRef = EventRef::MemberLeft { user: BOB, by: None, banned: false };

    fn row(id: u64, room: u64, what: EventRef) -> LoggedRow {
        LoggedRow::Event { logged: LoggedEvent { id, room: RoomId(room), what }, room_kind: RoomKind::Private }
    }

    /// The users whose streams end before rows of these rooms are published, if the last ones are not published yet.
    fn ended(rows: &[(u64, EventRef)], later: usize) -> Vec<UserId> {
        let mut late = Late::default();
        for (nth, (room, what)) in rows.iter().enumerate() {
            let row = row(11 + nth as u64, *room, *what);
            if nth < rows.len() - later { late.published(&row) } else { late.later(&row) }
        }
        let found = late.first(20).flat_map(|(_, change)| match change {
            Change::RightsLost { users } => users,
            _ => panic!("no session has ended"),
        });
        found.collect()
    }

    #[test]
    fn who_left_before_a_change_must_not_get_what_is_older_than_that() {
        for change in [CHANGED, EventRef::RoomUpdated] {
            let rows = [(1, SENT), (1, LEFT), (1, change)];
            (0..=2).for_each(|later| assert_eq!(ended(&rows, later), [BOB], "{later} of them are not published yet"));
        }
    }

    #[test]
    fn who_leaves_gets_what_has_not_changed_since() {
        assert_eq!(ended(&[(1, SENT), (1, CHANGED), (1, LEFT), (1, SENT)], 0), []);
        assert_eq!(ended(&[(1, LEFT), (1, SENT), (1, CHANGED)], 0), [], "nothing of before");
        assert_eq!(ended(&[(1, SENT), (1, LEFT), (2, SENT), (2, CHANGED)], 0), [], "another room");
        assert_eq!(ended(&[(2, SENT), (1, SENT), (1, LEFT), (1, CHANGED)], 3), [], "nothing of the room is published");
    }

    #[test]
    fn a_session_that_ends_later_ends_first() {
        let mut late = Late::default();
        late.published(&row(11, 1, SENT));
        late.later(&LoggedRow::SessionEnded { id: 12, user: BOB, session: SessionId(7) });
        let first: Vec<_> = late.first(11).collect();
        assert!(matches!(first[..], [(12, Change::SessionEnded { user: BOB, session: SessionId(7) })]), "{first:?}");
    }
}
