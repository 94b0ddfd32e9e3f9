//! What the user does with people, and the lists of people on the screen.

use std::sync::Arc;

use quchat_shared::{
    RoomId, UserRef,
    api::SessionInfo,
    room::{Member, Role},
};

use super::{Dialog, Model};

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
}

/// The members of a room, one page at a time: the room may have thousands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct People {
    pub room: RoomId,
    /// The start of the names that are listed.
    pub filter: Arc<str>,
    /// The page on the screen; `None` until it has arrived.
    pub page: Option<Vec<Member>>,
    /// Where the page begins: the `after` of its request.
    pub(crate) after: Option<String>,
    /// Where the pages before it begin.
    pub(crate) before: Vec<Option<String>>,
    /// Where the next page begins; `None` on the last one.
    pub(crate) next: Option<String>,
    /// Increases when another page is shown. The component then chooses its first row.
    pub rev: u64,
    /// The page must be requested, again or for the first time.
    pub(crate) wanted: bool,
    /// Why the page could not be read.
    pub problem: Option<String>,
}

impl People {
    /// The first page of a room's members.
    #[must_use]
    pub fn of(room: RoomId) -> Self {
        let (before, filter) = (Vec::new(), "".into());
        Self { room, filter, page: None, after: None, before, next: None, rev: 0, wanted: true, problem: None }
    }

    /// Whether there is a page before this one.
    #[must_use]
    pub fn has_before(&self) -> bool {
        !self.before.is_empty()
    }

    /// Whether there is a page after this one.
    #[must_use]
    pub fn has_next(&self) -> bool {
        self.next.is_some()
    }
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

/// A search for users by the start of their name, for the switcher.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LookUp {
    /// What to search for; empty for nothing.
    pub(crate) wanted: Arc<str>,
    /// What was searched for last.
    pub(crate) asked: Arc<str>,
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
}
