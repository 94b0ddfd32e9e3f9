//! What the user may do in a room: what is not permitted is not offered. The server decides.

use quchat_shared::{
    RoomId,
    room::{Member, Role, RoomKind},
    user::ServerRole,
};

use super::{Model, PersonAction, Room};

/// What a user is in a room; each may do what the ones before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    Outsider,
    Member,
    Moderator,
    Owner,
    /// An admin of the server, in a public room.
    Admin,
}

impl From<Role> for Rank {
    fn from(role: Role) -> Self {
        match role {
            Role::Member => Self::Member,
            Role::Moderator => Self::Moderator,
            Role::Owner => Self::Owner,
        }
    }
}

impl Model {
    /// The user's rank in a room; nobody ranks above the other in a direct room.
    #[must_use]
    pub fn rank(&self, room: &Room) -> Rank {
        match room.member {
            _ if room.is_direct() => Rank::Outsider,
            _ if self.is_admin() && room.info.kind == RoomKind::Public => Rank::Admin,
            Some(member) => member.role.into(),
            None => Rank::Outsider,
        }
    }

    /// Whether the user may add members to a room.
    #[must_use]
    pub fn may_add(&self, room: &Room) -> bool {
        self.rank(room) >= Rank::Member
    }

    /// What the user may do with a member of a room.
    #[must_use]
    pub fn offers(&self, room: &Room, member: &Member) -> Vec<PersonAction> {
        let id: RoomId = room.info.id;
        let mine = self.rank(room);
        let me = self.me() == Some(member.user.id);
        let admin = member.user.role == ServerRole::Admin && room.info.kind == RoomKind::Public;
        let theirs = if admin { Rank::Admin } else { member.role.into() };
        let mut offers = Vec::new();
        if !me {
            offers.push(PersonAction::Message(None));
        }
        if mine >= Rank::Owner {
            let others = [Role::Owner, Role::Moderator, Role::Member].into_iter().filter(|role| *role != member.role);
            offers.extend(others.map(|role| PersonAction::SetRole(id, role)));
        }
        if !me && mine >= Rank::Moderator && mine > theirs {
            offers.extend([PersonAction::Remove(id), PersonAction::Ban(id, None)]);
        }
        offers
    }
}
