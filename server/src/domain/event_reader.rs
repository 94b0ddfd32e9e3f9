//! Turns rows of the event log into events, with the current state of what they refer to. It must not decide who may
//! see an event: `audience` does.

use std::collections::{HashMap, hash_map::Entry};

use quchat_shared::{
    Event, Message, RoomId, RoomInfo, Seq, UserId, UserRef,
    event::{
        BanUpdated, MemberJoined, MemberLeft, MemberUpdated, MessageCreated, MessageUpdated, ReadUpdated, RoomCreated,
        RoomDeleted, RoomUpdated, SettingsUpdated,
    },
    room::{Role, RoomKind},
};

use super::{Result, users};
use crate::store::{EventRef, LoggedEvent, Range, Snapshot};

/// Most messages that are read ahead.
const AHEAD: usize = 50;

/// Reads events within one snapshot, and caches what it has looked up.
pub(crate) struct EventReader<'a> {
    store: &'a dyn Snapshot,
    rooms: HashMap<RoomId, Option<RoomInfo>>,
    /// Messages that were read ahead.
    ahead: HashMap<(RoomId, Seq), Message>,
    /// For the event of a read marker, how many messages after the marker mentioned the user by then, if that was read ahead.
    mentions: HashMap<u64, u64>,
}

impl<'a> EventReader<'a> {
    pub(crate) fn new(store: &'a dyn Snapshot) -> Self {
        Self::with_rows(store, Vec::new(), HashMap::new())
    }

    /// A reader that has these rows already: messages, and mentions after read markers by event. They must come from the
    /// same snapshot.
    pub(crate) fn with_rows(store: &'a dyn Snapshot, messages: Vec<Message>, mentions: HashMap<u64, u64>) -> Self {
        Self { store, rooms: HashMap::new(), ahead: by_place(messages), mentions }
    }

    /// The event with current state; `None` if what it refers to is gone. `next` are the following events, whose
    /// messages may be read ahead.
    pub(crate) fn read(&mut self, event: &LoggedEvent, next: &[LoggedEvent]) -> Result<Option<Event>> {
        let room_id = event.room;
        Ok(match event.what {
            EventRef::RoomCreated { .. } => self.room(room_id)?.map(|room| RoomCreated { room }.into()),
            EventRef::RoomUpdated => self.room(room_id)?.map(|room| RoomUpdated { room }.into()),
            EventRef::RoomDeleted { .. } => Some(RoomDeleted { room_id }.into()),
            EventRef::MemberJoined { user, by } => {
                let (member, by) = (self.member(room_id, user)?, self.user(by)?);
                member.map(|(room, user, role)| MemberJoined { room, user, role, by }.into())
            }
            EventRef::MemberUpdated { user, by } => {
                let (member, by) = (self.member(room_id, user)?, self.user(by)?);
                member.map(|(room, user, role)| MemberUpdated { room, user, role, by }.into())
            }
            EventRef::MemberLeft { user, by, banned } => {
                let (user, by) = (users::reference(self.store, user)?, self.user(by)?);
                Some(MemberLeft { room_id, user, by, banned }.into())
            }
            EventRef::MessageCreated { seq } => {
                let is_next = |other: &&LoggedEvent| {
                    other.room == room_id && matches!(other.what, EventRef::MessageCreated { .. })
                };
                let next = next.iter().take(AHEAD).take_while(is_next).count();
                self.message(room_id, seq, next)?.map(|message| MessageCreated { room_id, message }.into())
            }
            EventRef::MessageUpdated { seq } => {
                let message = match self.ahead.get(&(room_id, seq)) {
                    Some(message) => Some(message.clone()),
                    None => self.store.message(room_id, seq)?,
                };
                message.map(|message| MessageUpdated { room_id, message }.into())
            }
            EventRef::ReadUpdated { user, seq } => match self.room(room_id)? {
                Some(_) => {
                    let mentions = match self.mentions.get(&event.id) {
                        Some(mentions) => *mentions,
                        None => self.mentions_at(event.id, room_id, user, seq)?,
                    };
                    Some(ReadUpdated { room_id, last_read_seq: seq, mentions }.into())
                }
                None => None,
            },
            EventRef::SettingsUpdated { user } => {
                let member = self.store.membership(room_id, user)?;
                member.map(|member| SettingsUpdated { room_id, notify: member.notify }.into())
            }
            EventRef::BanUpdated { user } => match self.room(room_id)? {
                Some(_) => Some(BanUpdated { room_id, banned: self.store.is_banned(room_id, user)? }.into()),
                None => None,
            },
        })
    }

    /// A message. The `next` following ones are read in the same query.
    fn message(&mut self, room: RoomId, seq: Seq, next: usize) -> Result<Option<Message>> {
        if !self.ahead.contains_key(&(room, seq)) {
            let limit = u32::try_from(next + 1).unwrap_or(u32::MAX);
            self.ahead = by_place(self.store.messages(room, Range::After(Seq(seq.0.saturating_sub(1))), limit)?);
        }
        Ok(self.ahead.get(&(room, seq)).cloned())
    }

    /// How many messages after a seq mentioned a user at an event. Those after it follow, and a client counts them itself.
    fn mentions_at(&self, event: u64, room: RoomId, user: UserId, after: Seq) -> Result<u64> {
        let last = self.store.last_seq_at(room, event)?;
        Ok(self.store.count_mentions_between(room, user, after, last)?)
    }

    /// A user with their room and role; the role is `member` if they have left.
    fn member(&mut self, room: RoomId, user: UserId) -> Result<Option<(RoomInfo, UserRef, Role)>> {
        let Some(info) = self.room(room)? else { return Ok(None) };
        let role = self.store.membership(room, user)?.map_or(Role::Member, |member| member.role);
        Ok(Some((info, users::reference(self.store, user)?, role)))
    }

    fn user(&self, id: Option<UserId>) -> Result<Option<UserRef>> {
        id.map(|id| users::reference(self.store, id)).transpose()
    }

    /// The kind of a room. One that is gone is no longer public.
    pub(crate) fn kind(&mut self, room: RoomId) -> Result<RoomKind> {
        Ok(self.room(room)?.map_or(RoomKind::Private, |room| room.kind))
    }

    fn room(&mut self, id: RoomId) -> Result<Option<RoomInfo>> {
        Ok(match self.rooms.entry(id) {
            Entry::Occupied(known) => known.get().clone(),
            Entry::Vacant(unknown) => unknown.insert(self.store.room(id)?).clone(),
        })
    }
}

fn by_place(messages: Vec<Message>) -> HashMap<(RoomId, Seq), Message> {
    messages.into_iter().map(|message| ((message.room_id, message.seq), message)).collect()
}
