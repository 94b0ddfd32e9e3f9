//! Exchanges with other servers who has a stream where, and tells the hub of users elsewhere.

use std::{
    collections::{BTreeMap, BTreeSet},
    iter,
    sync::Arc,
    time::{Duration, Instant},
};

use quchat_shared::{RoomId, UserId};

use super::others::Others;
use crate::{
    hub::{Hub, Moved, Outbox},
    store::{Feed, Result},
};

/// How often others are looked at without being told: it shows whether they are alive.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How long changes are gathered.
const GATHER: Duration = Duration::from_millis(250);
/// Most changes that are told at once, and that are read at once of each other server.
const CHANGES: usize = 1_000;
/// Most users whose rooms are read at once.
const USERS: usize = 250;
/// Once so many rows say that a user has gone, and more than there are users here, all are written anew.
const GONE_MAX: usize = 10_000;

/// What this server tells of its users, and what it knows of those elsewhere.
pub(super) struct Presence {
    outbox: Arc<Outbox>,
    hub: Hub,
    others: Others,
    /// Users who have come, whose rooms are not read yet.
    coming: BTreeSet<UserId>,
    /// How many users were told to be here.
    here: usize,
    /// How many rows say that a user has gone, at most.
    gone: usize,
    /// The rows of this server were written anew on this connection.
    has_begun: bool,
    /// When the last exchange began.
    last: Instant,
    /// Another server has told of a change since then.
    is_told: bool,
    /// It did not do everything.
    is_more: bool,
}

impl Presence {
    pub(super) fn new(outbox: Arc<Outbox>, hub: Hub) -> Self {
        Self {
            outbox,
            hub,
            others: Others::default(),
            coming: BTreeSet::new(),
            here: 0,
            gone: 0,
            has_begun: false,
            last: Instant::now(),
            is_told: false,
            is_more: false,
        }
    }

    /// When the next exchange begins.
    pub(super) fn due(&self) -> Instant {
        if self.is_more {
            return self.last;
        }
        let is_soon = self.is_told || !self.has_begun || self.outbox.has_changes();
        self.last + if is_soon { GATHER } else { LOOK_EVERY }
    }

    /// Another server tells of a change.
    pub(super) fn be_told(&mut self) {
        self.is_told = true;
    }

    /// The connection is a new one: both sides begin anew.
    pub(super) fn begin_anew(&mut self) {
        self.has_begun = false;
        self.others.read_anew();
    }

    /// The hub has forgotten everybody elsewhere, because events were left out.
    pub(super) fn forget(&mut self) {
        self.others = Others::default();
        self.coming.clear();
        self.is_told = true;
    }

    /// Does a portion of what is due.
    pub(super) fn exchange(&mut self, feed: &mut Feed) -> Result<()> {
        self.last = Instant::now();
        (self.is_told, self.is_more) = (false, false);
        let is_all_told = self.tell(feed)?;
        let is_all_read = self.look(feed)?;
        self.read_rooms(feed)?;
        self.is_more = !is_all_told || !is_all_read || !self.coming.is_empty();
        Ok(())
    }

    /// Tells the others who has come here or gone. Returns whether that was all.
    fn tell(&mut self, feed: &mut Feed) -> Result<bool> {
        if !self.has_begun || self.gone > GONE_MAX.max(self.here) {
            let all = self.outbox.take_all();
            feed.tell_online(&all)?;
            (self.here, self.gone) = (all.len(), 0);
            if !std::mem::replace(&mut self.has_begun, true) {
                feed.forget_dead_nodes()?;
            }
        } else if self.outbox.has_changes() {
            let changes = self.outbox.take_changes(CHANGES);
            feed.tell_moves(&changes.came, &changes.went)?;
            self.here = self.here + changes.came.len() - changes.went.len();
            self.gone += changes.went.len();
        }
        Ok(!self.outbox.has_changes())
    }

    /// Reads what the others tell. Returns whether that was all.
    fn look(&mut self, feed: &Feed) -> Result<bool> {
        let moves = self.others.take(feed.online_elsewhere(self.others.positions(), CHANGES)?, CHANGES);
        self.coming.retain(|user| !moves.went.contains(user));
        self.coming.extend(&moves.came);
        for went in portions(moves.went) {
            self.hub.moved(Moved::Went(went));
        }
        for coming in portions(moves.came) {
            self.hub.moved(Moved::Coming(coming));
        }
        if moves.has_died {
            feed.forget_dead_nodes()?;
        }
        Ok(!moves.is_more)
    }

    /// Reads the rooms of some users who have come. The hub follows from before that what they join and leave.
    fn read_rooms(&mut self, feed: &Feed) -> Result<()> {
        let users = iter::from_fn(|| self.coming.pop_first()).take(USERS).collect::<Vec<_>>();
        if users.is_empty() {
            return Ok(());
        }
        let mut rooms: BTreeMap<UserId, BTreeSet<RoomId>> = users.iter().map(|&user| (user, BTreeSet::new())).collect();
        let read = feed.rooms_of(&users).inspect_err(|_| self.coming.extend(&users))?;
        for (user, room) in read {
            rooms.entry(user).or_default().insert(room);
        }
        self.hub.moved(Moved::Came(rooms.into_iter().collect()));
        Ok(())
    }
}

/// As many as the hub takes at once.
fn portions(users: BTreeSet<UserId>) -> Vec<Vec<UserId>> {
    let users = users.into_iter().collect::<Vec<_>>();
    users.chunks(CHANGES).map(<[UserId]>::to_vec).collect()
}
