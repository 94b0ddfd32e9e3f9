//! What the user does with people, and the lists of people on the screen.

use std::sync::Arc;

use quchat_shared::{
    RoomId, UserRef,
    api::{Ban, SessionInfo},
    room::{Member, Role},
    user::ServerRole,
};

use super::{Dialog, Model, Paged};

/// Something that the user does with another user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PersonAction {
    /// Open the direct room with them, and send this text there.
    Message(Option<Arc<str>>),
    /// Add them to this room.
    Add(RoomId),
    /// Remove them from this room.
    Remove(RoomId),
    /// Remove them from this room and keep them out, for this reason.
    Ban(RoomId, Option<Arc<str>>),
    /// Lift their ban from this room.
    Unban(RoomId),
    /// Set their role in this room.
    SetRole(RoomId, Role),
    /// Suspend them on the server.
    Suspend,
    /// Lift their suspension.
    Unsuspend,
    /// Set their role on the server.
    SetServerRole(ServerRole),
}

/// The members of a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct People {
    pub room: RoomId,
    /// The start of the names that are listed.
    pub filter: Arc<str>,
    /// The members, by name.
    pub list: Paged<Member>,
}

impl People {
    /// The first page of a room's members.
    #[must_use]
    pub fn of(room: RoomId) -> Self {
        Self { room, filter: "".into(), list: Paged::default() }
    }
}

/// The bans of a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BanList {
    pub room: RoomId,
    /// The bans, by the name of the user.
    pub list: Paged<Ban>,
}

/// The user's sessions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SessionList {
    /// `None` until they have arrived.
    pub sessions: Option<Vec<SessionInfo>>,
    /// Why the last request failed.
    pub problem: Option<String>,
}

/// The part of the form for a new password that the model owns.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PasswordForm {
    /// A reply is awaited.
    pub waiting: bool,
    /// What is wrong.
    pub problem: Option<String>,
    /// Increases when the current password was refused; the form then empties that field.
    pub rev: u64,
}

/// A search for users by the start of their name, for the switcher and for completion.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LookUp {
    /// What to search for; empty for nothing.
    pub(crate) wanted: Arc<str>,
    /// What was searched for last.
    pub(crate) asked: Arc<str>,
    /// The start of the names in [`LookUp::found`].
    pub answered: Arc<str>,
    /// The users found, by name.
    pub found: Vec<UserRef>,
}

impl Model {
    /// The list of members, if it is open.
    pub(crate) fn people_list(&mut self) -> Option<&mut People> {
        self.dialogs.iter_mut().find_map(|dialog| match dialog {
            Dialog::People(people) => Some(people),
            _ => None,
        })
    }

    /// The list of bans, if it is open.
    pub(crate) fn ban_list(&mut self) -> Option<&mut BanList> {
        self.dialogs.iter_mut().find_map(|dialog| match dialog {
            Dialog::Bans(bans) => Some(bans),
            _ => None,
        })
    }
}
