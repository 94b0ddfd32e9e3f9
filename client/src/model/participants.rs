//! Who is in a room as far as this client knows: some names, who is online, who is typing, and who is banned.
//!
//! Kept of the open room and of direct rooms only, and never of more people than a room with presence has.

use std::collections::{BTreeMap, BTreeSet};

use quchat_shared::{UserId, UserRef, limits, room::Member};

use super::Room;

/// Rooms with more members have no presence.
pub(crate) const PRESENCE_MAX: usize = limits::PRESENCE_MEMBERS_MAX as usize;
/// How long a typing user is shown, in milliseconds.
const TYPING_MS: u64 = 6_000;
/// Most typing users that are kept of a room.
const TYPING_MAX: usize = 8;
/// How many of a room's newest messages are searched for a sender.
const RECENT: usize = 1_000;

/// The people of a room.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Participants {
    names: BTreeMap<UserId, String>,
    /// `None` if it is not known who is online.
    online: Option<BTreeSet<UserId>>,
    typing: Vec<Typing>,
    /// Users who are not members because they are banned.
    banned: BTreeMap<UserId, String>,
}

/// A user who is typing.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Typing {
    user: UserRef,
    /// In [`super::Now::mono_ms`].
    until: u64,
}

impl Participants {
    /// Takes the members of a room with presence.
    pub fn meet<'a>(&mut self, members: impl IntoIterator<Item = &'a Member>) {
        let members: Vec<&Member> = members.into_iter().take(PRESENCE_MAX).collect();
        self.names = members.iter().map(|member| (member.user.id, member.user.name.clone())).collect();
        self.online = Some(members.iter().filter(|member| member.user.online).map(|member| member.user.id).collect());
    }

    /// Takes whether the other user of a direct room is online.
    pub(crate) fn meet_peer(&mut self, peer: UserId, is_online: bool) {
        self.online = Some(is_online.then_some(peer).into_iter().collect());
    }

    /// Takes a new member.
    pub(crate) fn welcome(&mut self, user: &UserRef) {
        self.unban(user.id);
        if self.online.is_some() && self.names.len() < PRESENCE_MAX {
            self.names.insert(user.id, user.name.clone());
        }
    }

    /// Drops a member who left.
    pub(crate) fn miss(&mut self, user: UserId) {
        self.names.remove(&user);
        self.online.as_mut().map(|online| online.remove(&user));
        self.stopped(user);
    }

    /// Notes that a user is banned.
    pub(crate) fn ban(&mut self, user: &UserRef) {
        if self.banned.len() < PRESENCE_MAX {
            self.banned.insert(user.id, user.name.clone());
        }
    }

    /// Notes that a user is not banned any more.
    pub(crate) fn unban(&mut self, user: UserId) {
        self.banned.remove(&user);
    }

    /// The banned users that are known, by id.
    pub fn banned(&self) -> impl Iterator<Item = (UserId, &str)> {
        self.banned.iter().map(|(&id, name)| (id, name.as_str()))
    }

    /// Takes changes of presence.
    pub(crate) fn changed(&mut self, online: &[UserId], offline: &[UserId]) {
        let Some(known) = &mut self.online else { return };
        known.retain(|user| !offline.contains(user));
        let free = PRESENCE_MAX.saturating_sub(known.len());
        known.extend(online.iter().take(free));
    }

    /// Forgets who is online, after the connection was lost.
    pub(crate) fn forget_presence(&mut self) {
        self.online = None;
        self.typing.clear();
    }

    /// How many are online; `None` if it is not known.
    #[must_use]
    pub fn online(&self) -> Option<usize> {
        self.online.as_ref().map(BTreeSet::len)
    }

    /// Whether it is known that this user is online.
    #[must_use]
    pub fn is_online(&self, user: UserId) -> bool {
        self.online.as_ref().is_some_and(|online| online.contains(&user))
    }

    /// The names of the members, if they are known, by id.
    pub fn names(&self) -> impl Iterator<Item = (UserId, &str)> {
        self.names.iter().map(|(&id, name)| (id, name.as_str()))
    }

    /// Notes that a user is typing.
    pub(crate) fn types(&mut self, user: UserRef, now: u64) {
        self.stopped(user.id);
        if self.typing.len() < TYPING_MAX {
            self.typing.push(Typing { user, until: now.saturating_add(TYPING_MS) });
        }
    }

    /// Notes that a user is not typing any more.
    pub(crate) fn stopped(&mut self, user: UserId) {
        self.typing.retain(|typing| typing.user.id != user);
    }

    /// Forgets those whose time is over.
    pub(crate) fn end_typing(&mut self, now: u64) {
        self.typing.retain(|typing| typing.until > now);
    }

    /// When the first of them is over.
    pub(crate) fn typing_until(&self) -> Option<u64> {
        self.typing.iter().map(|typing| typing.until).min()
    }

    /// Says who is typing; `None` if nobody is.
    #[must_use]
    pub fn typing(&self) -> Option<String> {
        let name = |at: usize| &self.typing[at].user.name;
        Some(match self.typing.len() {
            0 => return None,
            1 => format!("{} is typing…", name(0)),
            2 => format!("{} and {} are typing…", name(0), name(1)),
            n => format!("{n} people are typing…"),
        })
    }
}

impl Room {
    /// The name of a user, if this client knows it from this room.
    pub(crate) fn name_of(&self, user: UserId) -> Option<&str> {
        let peer = self.peer.as_ref().filter(|peer| peer.id == user).map(|peer| peer.name.as_str());
        let member = || self.participants.names.get(&user).map(String::as_str);
        let sender = || {
            let mut senders = self.timeline.messages.iter().rev().take(RECENT).map(|message| &message.sender);
            senders.find(|sender| sender.id == user).map(|sender| sender.name.as_str())
        };
        peer.or_else(member).or_else(sender)
    }

    /// The user of this name, without regard to case, if this client knows them from this room.
    pub(crate) fn user_named(&self, name: &str) -> Option<UserRef> {
        let same = |other: &str| other.eq_ignore_ascii_case(name);
        let member = self.participants.names().chain(self.participants.banned()).find(|(_, other)| same(other));
        let member = member.map(|(id, name)| UserRef { id, name: name.to_owned() });
        let mut senders = self.timeline.messages.iter().rev().take(RECENT).map(|message| &message.sender);
        let peer = self.peer.as_ref().filter(|peer| same(&peer.name)).cloned();
        peer.or(member).or_else(|| senders.find(|sender| same(&sender.name)).cloned())
    }
}
