//! Ephemeral events: changes are gathered for a moment and published as one event to their audience.

use std::{collections::BTreeMap, time::Duration};

use quchat_shared::{
    Event, RoomId, Seq,
    event::{Activity, RoomActivity},
};
use tokio::time::Instant;

use crate::{domain::audience::Audience, store::Ephemeral};

/// The changes that are not published yet.
pub(super) struct EphemeralEvents {
    activity: Option<GatheredActivity>,
    activity_delay: Duration,
}

struct GatheredActivity {
    due: Instant,
    audience: Audience,
    /// Rooms with new messages, each with the newest.
    rooms: BTreeMap<RoomId, Seq>,
}

impl EphemeralEvents {
    pub(super) fn new(activity_delay: Duration) -> Self {
        Self { activity: None, activity_delay }
    }

    /// Adds a change that happened now.
    pub(super) fn add(&mut self, happened: Ephemeral) {
        let audience = Audience::of_ephemeral(happened);
        match happened {
            Ephemeral::Activity(room) => {
                let delay = self.activity_delay;
                let activity = self.activity.get_or_insert_with(|| GatheredActivity {
                    due: Instant::now() + delay,
                    audience,
                    rooms: BTreeMap::new(),
                });
                activity.rooms.insert(room.id, room.last_seq);
            }
        }
    }

    /// Leaves out what was gathered about a room that is gone.
    pub(super) fn forget_room(&mut self, room: RoomId) {
        if let Some(activity) = &mut self.activity {
            activity.rooms.remove(&room);
        }
        self.activity.take_if(|activity| activity.rooms.is_empty());
    }

    /// When the next event is to be published.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.activity.as_ref().map(|activity| activity.due)
    }

    /// Takes the next event that is due at `now`, and its audience.
    pub(super) fn take_due(&mut self, now: Instant) -> Option<(Event, Audience)> {
        let activity = self.activity.take_if(|activity| activity.due <= now)?;
        let rooms = activity.rooms.into_iter().map(|(id, last_seq)| RoomActivity { id, last_seq }).collect();
        Some((Activity { rooms }.into(), activity.audience))
    }
}
