//! Who is online, and what the rooms are told of it.
//!
//! A user is online from their first stream until some time after their last. Changes are gathered, then each room in
//! which something changed gets one event. Which rooms show presence at all, and who is in them, the store knows: a room
//! is looked up when something changes in it for the first time, and again when its members change. Work is done in
//! small portions, so that no message waits for it.
//!
//! A stream on another server counts like one here.

mod elsewhere;
mod online;
mod recent;
mod room;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, VecDeque},
    time::Duration,
};

use quchat_shared::{Event, RoomId, UserId, event, room::RoomKind};
use tokio::{sync::mpsc, time::Instant};

pub(super) use self::recent::Count as PresenceCount;
use self::{
    elsewhere::Elsewhere,
    recent::{Recent, RecentPresence},
    room::{Room, Touched},
};
pub(crate) use self::{elsewhere::Moved, online::Online, recent::PresencePosition};
use super::{broadcasts::PacedBroadcasts, listeners::Listeners};
use crate::{
    budget::Budget,
    config::Config,
    domain::{
        audience::Audience,
        presence::{Question, RoomMembers},
    },
    store::{EventRef, LoggedEvent},
    stream::Chunk,
};

/// Most users and rooms that one portion of work looks at.
const PORTION: usize = 1000;
/// Rooms that are worked on at once: what changes in further ones is found later.
const ROOMS_AT_ONCE: usize = 20_000;
/// Most rooms that are looked up at once.
const QUESTIONS: usize = 64;
/// Once this many broadcasts wait, no more are begun.
const BROADCASTS: usize = 64;

/// What is known of users and rooms, and the work that waits.
pub(super) struct Presence {
    online: Online,
    delay: Duration,
    offline_after: Duration,
    /// Users with a stream on another server.
    elsewhere: Elsewhere,
    /// Users without a stream whose rooms do not know yet that they are offline.
    away: HashMap<UserId, Away>,
    /// When users without a stream go offline, if they do not come back.
    going: VecDeque<(Instant, UserId)>,
    /// What changed since the last round: users who came or went, …
    users: BTreeSet<UserId>,
    /// … and rooms whose members changed.
    touched: BTreeMap<RoomId, Touched>,
    /// When the next round begins, if there is something to do.
    due: Option<Instant>,
    round: Round,
    recent: RecentPresence,
    rooms: HashMap<RoomId, Room>,
    /// Rooms to look up.
    unknown: BTreeSet<RoomId>,
    questions: mpsc::Sender<Vec<Question>>,
    /// The last questions are not answered yet.
    is_asking: bool,
}

/// A user without a stream.
struct Away {
    rooms: BTreeSet<RoomId>,
    /// When they go offline; `None` once they have.
    until: Option<Instant>,
}

/// Changes that are being worked on.
#[derive(Default)]
struct Round {
    users: BTreeSet<UserId>,
    rooms: BTreeMap<RoomId, Touched>,
    /// Events to broadcast.
    events: VecDeque<event::Presence>,
}

impl Presence {
    pub(super) fn new(config: &Config, questions: mpsc::Sender<Vec<Question>>) -> Self {
        Self {
            online: Online::default(),
            delay: config.presence_delay,
            offline_after: config.offline_after,
            elsewhere: Elsewhere::default(),
            away: HashMap::new(),
            going: VecDeque::new(),
            users: BTreeSet::new(),
            touched: BTreeMap::new(),
            due: None,
            round: Round::default(),
            recent: RecentPresence::default(),
            rooms: HashMap::new(),
            unknown: BTreeSet::new(),
            questions,
            is_asking: false,
        }
    }

    /// Who is online, readable from everywhere.
    pub(super) fn online(&self) -> Online {
        self.online.clone()
    }

    /// The count of what happened, readable from everywhere.
    pub(super) fn count(&self) -> PresenceCount {
        self.recent.count()
    }

    /// Makes up for what a stream that covers these rooms has not heard since then. Returns what was told, with the number
    /// of frames; what nobody heard is told soon.
    pub(super) fn catch_up(&mut self, rooms: &BTreeSet<RoomId>, since: PresencePosition) -> (Vec<u8>, usize) {
        let (mut bytes, mut frames, mut is_touched) = (Vec::new(), 0, false);
        for (room, what) in self.recent.since(since).filter(|(room, _)| rooms.contains(room)) {
            match what {
                Recent::Told(frame) => {
                    bytes.extend_from_slice(frame);
                    frames += 1;
                }
                Recent::Unheard(touched) => match self.rooms.get(room).filter(|known| known.is_shown()) {
                    // Others have heard more since then, so that it is no change to them.
                    Some(known) => {
                        if let Some(event) = known.state_of(*room, &touched.users) {
                            Event::from(event).encode(None, &mut bytes);
                            frames += 1;
                        }
                    }
                    None => {
                        self.touched.entry(*room).or_default().add(touched);
                        is_touched = true;
                    }
                },
            }
        }
        if is_touched {
            self.schedule();
        }
        (bytes, frames)
    }

    /// The user has a stream.
    pub(super) fn arrive(&mut self, user: UserId) {
        self.away.remove(&user);
        if self.online.insert(user) {
            self.users.insert(user);
            self.schedule();
        }
    }

    /// The user's last stream on this server has gone.
    pub(super) fn depart(&mut self, user: UserId, rooms: BTreeSet<RoomId>) {
        if !self.elsewhere.has(user) {
            self.go(user, rooms);
        }
    }

    /// Follows what users do on other servers.
    pub(super) fn follow_elsewhere(&mut self, moved: Moved, listeners: &Listeners) {
        match moved {
            Moved::Coming(users) => users.into_iter().for_each(|user| self.elsewhere.coming(user)),
            Moved::Came(users) => {
                for (user, rooms) in users {
                    if self.elsewhere.came(user, rooms) {
                        self.arrive(user);
                    }
                }
            }
            Moved::Went(users) => {
                for user in users {
                    if let Some(rooms) = self.elsewhere.went(user)
                        && !listeners.has_stream(user)
                    {
                        self.go(user, rooms);
                    }
                }
            }
        }
    }

    /// Events were left out, and all streams were ended: what was known of rooms may be wrong. Users on other servers have
    /// to come anew.
    pub(super) fn restart(&mut self) {
        self.rooms.clear();
        self.unknown.clear();
        for (user, rooms) in self.elsewhere.take_all() {
            self.go(user, rooms);
        }
    }

    /// The user has no stream any more.
    fn go(&mut self, user: UserId, rooms: BTreeSet<RoomId>) {
        let until = Instant::now() + self.offline_after;
        self.away.insert(user, Away { rooms, until: Some(until) });
        self.going.push_back((until, user));
    }

    /// Follows what happens to rooms and their members.
    pub(super) fn follow(&mut self, logged: &LoggedEvent, kind: RoomKind) {
        let room = logged.room;
        match logged.what {
            EventRef::MemberJoined { user, .. } => {
                if let Some(away) = self.away.get_mut(&user) {
                    away.rooms.insert(room);
                }
                self.elsewhere.joined(room, user);
                let is_online = self.online.contains(user);
                let touched = self.touch(room);
                touched.joined += 1;
                if is_online {
                    touched.users.insert(user);
                }
            }
            EventRef::MemberLeft { user, .. } => {
                if let Some(away) = self.away.get_mut(&user) {
                    away.rooms.remove(&room);
                }
                self.elsewhere.left(room, user);
                // That they left says that they are no longer online there.
                if let Some(room) = self.rooms.get_mut(&room) {
                    room.forget(user);
                }
                if let Some(touched) = self.round.rooms.get_mut(&room) {
                    touched.users.remove(&user);
                }
                for event in self.round.events.iter_mut().filter(|event| event.room_id == room) {
                    event.online.retain(|&online| online != user);
                    event.offline.retain(|&offline| offline != user);
                }
                let touched = self.touch(room);
                touched.left += 1;
                touched.users.remove(&user);
            }
            // It may be the first one of its sender.
            EventRef::MessageCreated { .. } if kind == RoomKind::Direct => {
                if !self.rooms.get(&room).is_some_and(Room::is_shown) {
                    self.touch(room).has_begun = true;
                }
            }
            EventRef::RoomDeleted { member } => {
                match member {
                    Some(member) => self.elsewhere.left(room, member),
                    None => self.elsewhere.room_is_gone(room),
                }
                self.rooms.remove(&room);
                self.touched.remove(&room);
                self.round.rooms.remove(&room);
            }
            EventRef::RoomCreated { .. }
            | EventRef::RoomUpdated
            | EventRef::MemberUpdated { .. }
            | EventRef::MessageCreated { .. }
            | EventRef::MessageUpdated { .. }
            | EventRef::ReadUpdated { .. }
            | EventRef::SettingsUpdated { .. }
            | EventRef::BanUpdated { .. } => {}
        }
    }

    fn touch(&mut self, room: RoomId) -> &mut Touched {
        self.schedule();
        let touched = self.touched.entry(room).or_default();
        touched.is_stale = true;
        touched
    }

    fn schedule(&mut self) {
        let delay = self.delay;
        self.due.get_or_insert_with(|| Instant::now() + delay);
    }

    /// When there is something to do next, besides what is under way.
    pub(super) fn next_due(&self) -> Option<Instant> {
        let round = self.due.filter(|_| !self.is_under_way());
        [round, self.going.front().map(|&(at, _)| at)].into_iter().flatten().min()
    }

    /// Whether a portion of work can be done now.
    pub(super) fn is_under_way(&self) -> bool {
        !self.round.users.is_empty() || !self.round.rooms.is_empty() || !self.round.events.is_empty()
    }

    /// Does a portion of the work.
    pub(super) fn advance(&mut self, listeners: &Listeners, broadcasts: &mut PacedBroadcasts, budget: &Budget) {
        let now = Instant::now();
        self.end_grace(now, listeners);
        if !self.is_under_way() && self.due.is_some_and(|due| due <= now) {
            self.due = None;
            self.round.users = std::mem::take(&mut self.users);
            self.round.rooms = std::mem::take(&mut self.touched);
        }
        if !self.round.users.is_empty() && self.round.rooms.len() < ROOMS_AT_ONCE {
            self.find_rooms(listeners);
        } else {
            self.look_at_rooms(listeners);
        }
        while broadcasts.len() < BROADCASTS
            && let Some(event) = self.round.events.pop_front()
        {
            if event.online.is_empty() && event.offline.is_empty() {
                continue; // whom it was about has left
            }
            let (room, keys) = (event.room_id, listeners.keys(Audience::of_presence(&event)));
            let mut bytes = Vec::new();
            Event::from(event).encode(None, &mut bytes);
            if !keys.is_empty() {
                broadcasts.begin_event(Chunk::new(budget, &bytes, 1), keys);
            }
            self.recent.push(room, Recent::Told(bytes.into()));
        }
        self.ask();
    }

    /// Takes users offline who have not come back.
    fn end_grace(&mut self, now: Instant, listeners: &Listeners) {
        while let Some(&(until, user)) = self.going.front()
            && until <= now
        {
            self.going.pop_front();
            let Some(away) = self.away.get_mut(&user).filter(|away| away.until == Some(until)) else { continue };
            if listeners.has_stream(user) {
                self.away.remove(&user);
                continue;
            }
            away.until = None;
            self.online.remove(user);
            self.users.insert(user);
            self.schedule();
        }
    }

    /// Turns users who came or went into rooms to look at.
    fn find_rooms(&mut self, listeners: &Listeners) {
        let mut left = PORTION;
        while left > 0
            && let Some(user) = self.round.users.pop_first()
        {
            let rooms: Vec<RoomId> = match self.away.get(&user) {
                Some(away) => away.rooms.iter().copied().collect(),
                None => listeners.rooms_of(user).chain(self.elsewhere.rooms_of(user)).collect(),
            };
            if self.away.get(&user).is_some_and(|away| away.until.is_none()) {
                self.away.remove(&user); // their rooms are told now
            }
            left = left.saturating_sub(1 + rooms.len());
            for room in rooms {
                if self.rooms.get(&room).is_some_and(Room::is_hidden) {
                    continue;
                }
                self.round.rooms.entry(room).or_default().users.insert(user);
            }
        }
    }

    /// Finds out what is to be said in rooms in which something changed.
    fn look_at_rooms(&mut self, listeners: &Listeners) {
        let mut left = PORTION;
        while left > 0
            && self.round.events.len() < BROADCASTS
            && let Some((id, touched)) = self.round.rooms.pop_first()
        {
            left = left.saturating_sub(1 + touched.users.len());
            let has_reader = match touched.only_user() {
                Some(user) if !self.rooms.get(&id).is_some_and(Room::has_untold) => listeners.has_others(id, user),
                _ => listeners.has_any(id),
            };
            if !has_reader {
                self.forget_room(id, touched);
                continue;
            }
            let room = self.rooms.entry(id).or_default();
            if room.waits_for(&touched) {
                self.unknown.insert(id);
                continue;
            }
            let whereabouts =
                Whereabouts { online: &self.online, listeners, elsewhere: &self.elsewhere, away: &self.away };
            if let Some(event) = room.change(id, &touched.users, |user| whereabouts.is_there(id, user)) {
                self.round.events.push_back(event);
            }
        }
    }

    /// Looks rooms up, if the last answer is there and its events are on their way.
    fn ask(&mut self) {
        if self.is_asking || self.unknown.is_empty() || !self.round.events.is_empty() {
            return;
        }
        let mut questions = Vec::new();
        while questions.len() < QUESTIONS
            && let Some(id) = self.unknown.pop_first()
        {
            if let Some(room) = self.rooms.get_mut(&id) {
                questions.push(Question { room: id, joined: room.ask() });
            }
        }
        self.is_asking = !questions.is_empty() && self.questions.try_send(questions).is_ok();
    }

    /// Takes the answers to the last questions.
    pub(super) fn looked_up(&mut self, answers: Vec<RoomMembers>, listeners: &Listeners) {
        self.is_asking = false;
        for answer in answers {
            let id = answer.room;
            let Some(room) = self.rooms.get_mut(&id) else { continue };
            let whereabouts =
                Whereabouts { online: &self.online, listeners, elsewhere: &self.elsewhere, away: &self.away };
            let is_there = |user| whereabouts.is_there(id, user);
            let is_pending = |user| {
                let is_touched =
                    |touched: Option<&Touched>| touched.is_some_and(|touched| touched.users.contains(&user));
                self.users.contains(&user)
                    || self.round.users.contains(&user)
                    || is_touched(self.touched.get(&id))
                    || is_touched(self.round.rooms.get(&id))
            };
            let event = room.looked_up(answer, is_there, is_pending);
            self.round.events.extend(event);
        }
    }

    /// Forgets rooms in which nobody listens any more.
    pub(super) fn forget_unheard(&mut self, listeners: &Listeners) {
        for id in self.rooms.keys().copied().filter(|&id| !listeners.has_any(id)).collect::<Vec<_>>() {
            self.forget_room(id, Touched::default());
        }
    }

    /// Forgets a room in which nobody is told what has changed. It is looked up anew for whoever comes.
    fn forget_room(&mut self, id: RoomId, mut touched: Touched) {
        if let Some(room) = self.rooms.remove(&id) {
            touched.add(&room.untold());
        }
        if touched != Touched::default() {
            self.recent.push(id, Recent::Unheard(touched));
        }
    }
}

/// Where to look for users.
struct Whereabouts<'a> {
    online: &'a Online,
    listeners: &'a Listeners,
    elsewhere: &'a Elsewhere,
    away: &'a HashMap<UserId, Away>,
}

impl Whereabouts<'_> {
    /// Whether a user is online and a member of the room.
    fn is_there(&self, room: RoomId, user: UserId) -> bool {
        let is_away = || self.away.get(&user).is_some_and(|away| away.rooms.contains(&room));
        self.online.contains(user)
            && (self.listeners.is_member(room, user) || self.elsewhere.is_member(room, user) || is_away())
    }
}

#[cfg(test)]
mod tests;
