//! Where the user has been: the places to go back to after a jump.

use std::collections::VecDeque;

use quchat_shared::RoomId;

use super::{Anchor, Model};

/// Most places that are kept, in each direction.
const PLACES_MAX: usize = 50;

/// A position in a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visited {
    pub room: RoomId,
    pub anchor: Anchor,
}

/// The places before the present one, and those that the user went back from. The nearest are last.
#[derive(Debug, Default)]
pub struct Places {
    back: VecDeque<Visited>,
    forward: VecDeque<Visited>,
}

impl Places {
    /// Takes the nearest place in a direction.
    pub(crate) fn take(&mut self, back: bool) -> Option<Visited> {
        if back { self.back.pop_back() } else { self.forward.pop_back() }
    }

    /// Adds the present place on the other side, before going in a direction.
    pub(crate) fn leave(&mut self, here: Visited, back: bool) {
        push(if back { &mut self.forward } else { &mut self.back }, here);
    }

    /// Adds the present place before a jump. What was ahead is forgotten.
    pub(crate) fn jump(&mut self, here: Visited) {
        self.forward.clear();
        push(&mut self.back, here);
    }
}

fn push(places: &mut VecDeque<Visited>, place: Visited) {
    if places.back() != Some(&place) {
        places.push_back(place);
    }
    if places.len() > PLACES_MAX {
        places.pop_front();
    }
}

impl Model {
    /// The open room and the position in it, or the one where the user is going.
    pub(crate) fn here(&self) -> Option<Visited> {
        self.open_room().map(|room| Visited { room: room.info.id, anchor: room.position().anchor })
    }
}
