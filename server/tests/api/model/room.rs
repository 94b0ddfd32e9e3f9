//! The expected state of a room, and the rights in it.

use std::collections::{BTreeMap, BTreeSet};

use quchat_shared::room::{Notify, Role, RoomKind};

/// The admin of the server.
const ADMIN: usize = 0;

#[derive(Debug, Clone, Copy)]
pub(super) struct MemberModel {
    pub(super) role: Role,
    pub(super) marker: u64,
    pub(super) notify: Notify,
    /// Grows from one joining to the next.
    pub(super) joined: usize,
}

#[derive(Debug)]
pub(super) struct MessageModel {
    pub(super) sender: usize,
    pub(super) text: String,
    pub(super) rev: u64,
    pub(super) is_deleted: bool,
    /// Who reacted with what.
    pub(super) reactions: BTreeSet<(&'static str, usize)>,
}

#[derive(Debug, Default)]
pub(super) struct RoomModel {
    pub(super) kind: RoomKind,
    /// It was deleted, or nobody has opened it yet.
    pub(super) is_absent: bool,
    pub(super) is_archived: bool,
    pub(super) topic: String,
    pub(super) rev: u64,
    /// The first has seq 1.
    pub(super) messages: Vec<MessageModel>,
    pub(super) members: BTreeMap<usize, MemberModel>,
    pub(super) banned: BTreeSet<usize>,
}

impl RoomModel {
    pub(super) fn new(kind: RoomKind, owner: usize) -> Self {
        let member = MemberModel { role: Role::Owner, marker: 0, notify: Notify::default(), joined: 0 };
        Self { kind, rev: 1, members: BTreeMap::from([(owner, member)]), ..Self::default() }
    }

    /// A direct room that nobody has opened.
    pub(super) fn unopened() -> Self {
        Self { kind: RoomKind::Direct, rev: 1, is_absent: true, ..Self::default() }
    }

    pub(super) fn is_public(&self) -> bool {
        self.kind == RoomKind::Public
    }

    pub(super) fn last_seq(&self) -> u64 {
        self.messages.len() as u64
    }

    /// The message with this seq.
    pub(super) fn message(&self, seq: u64) -> Option<&MessageModel> {
        self.messages.get(seq.checked_sub(1)? as usize)
    }

    pub(super) fn message_mut(&mut self, seq: u64) -> &mut MessageModel {
        &mut self.messages[seq as usize - 1]
    }

    pub(super) fn has(&self, user: usize) -> bool {
        self.members.contains_key(&user)
    }

    /// Whether the user may know that the room exists.
    pub(super) fn is_visible_to(&self, user: usize) -> bool {
        !self.is_absent && (self.is_public() || self.has(user))
    }

    /// 0 outside, 1 member, 2 moderator, 3 owner, 4 admin of the server.
    pub(super) fn rank(&self, user: usize) -> u8 {
        match self.members.get(&user).map(|member| member.role) {
            _ if user == ADMIN && self.is_public() => 4,
            Some(Role::Owner) => 3,
            Some(Role::Moderator) => 2,
            Some(Role::Member) => 1,
            None => 0,
        }
    }

    pub(super) fn may_ban(&self, who: usize, whom: usize) -> bool {
        self.rank(who) >= 2 && whom != ADMIN && self.rank(who) > self.rank(whom)
    }

    pub(super) fn owners(&self) -> usize {
        self.members.values().filter(|member| member.role == Role::Owner).count()
    }

    /// Who becomes owner if there is none: the moderator, or else the member, who joined first.
    pub(super) fn heir(&self) -> Option<usize> {
        let first = |(_, member): &(&usize, &MemberModel)| (member.role != Role::Moderator, member.joined);
        self.members.iter().min_by_key(first).map(|(user, _)| *user)
    }

    /// The role that events show; a former member is shown as an ordinary one.
    pub(super) fn role(&self, user: usize) -> Role {
        self.members.get(&user).map_or(Role::Member, |member| member.role)
    }
}
