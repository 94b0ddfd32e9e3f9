//! Rooms, and what a room is to one of its members.

use serde::{Deserialize, Serialize};

use crate::{Message, RoomId, Seq, Timestamp, UserId};

/// Who can see a room.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RoomKind {
    /// Everyone on the server sees, reads and may join it.
    #[default]
    Public,
    /// Only its members know that it exists.
    Private,
    /// A private conversation of exactly two.
    Direct,
}

/// What a member may do in a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Everything, including ending the room.
    Owner,
    /// Changes the room and its messages.
    Moderator,
    /// Reads and writes.
    Member,
}

/// What a member wants to be told about.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Notify {
    /// Every message.
    All,
    /// Messages that name them.
    #[default]
    Mentions,
    /// Nothing.
    None,
}

/// A room as everyone who can see it sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomInfo {
    /// Stable name for programs.
    pub id: RoomId,
    /// 1, 2, 3 …: of two copies the higher wins. Messages do not move it.
    pub rev: u64,
    /// Unique among public rooms by NFC and lower case.
    pub name: String,
    /// What the room is about; empty if nothing is said.
    pub topic: String,
    /// Who can see it.
    pub kind: RoomKind,
    /// Who made it.
    pub created_by: UserId,
    /// When it was made.
    pub created_at: Timestamp,
    /// The newest message; 0 while there is none.
    pub last_seq: Seq,
    /// Closed to new messages.
    pub archived: bool,
}

/// What a room is to one of its members.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Membership {
    /// Rights in the room.
    pub role: Role,
    /// Everything up to here is seen.
    pub last_read_seq: Seq,
    /// What to be told about.
    pub notify: Notify,
}

/// A room as one user sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Room {
    /// What is the same for everyone.
    #[serde(flatten)]
    pub info: RoomInfo,
    /// The caller's membership; `None` outside.
    pub member: Option<Membership>,
    /// `last_seq - last_read_seq` for members, 0 for others.
    pub unread: u64,
    /// Unread messages that name the caller; 0 for others.
    pub mentions: u64,
    /// The newest message, its text cut to [`PREVIEW_CHARS`]; for members only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_message: Option<Message>,
}

/// Length of the text in [`Room::last_message`], in Unicode scalar values.
pub const PREVIEW_CHARS: u64 = 200;
