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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        UserRef,
        limits::{LISTED_ROOM_MAX, MENTIONS_MAX, ROOM_NAME_MAX, TOPIC_MAX, TXN_MAX, USER_NAME_MAX},
    };

    /// The longest that each field can be, with text that takes `text` for each character.
    fn longest(text: char) -> Room {
        let repeated = |chars: usize| text.to_string().repeat(chars);
        let at = Timestamp::from_millis(i64::MIN);
        let (seq, preview) = (Seq(u64::MAX), usize::try_from(PREVIEW_CHARS).unwrap());
        let sender = UserRef { id: UserId(u64::MAX), name: "x".repeat(USER_NAME_MAX) };
        let message = Message::new(RoomId(u64::MAX), seq, sender, repeated(preview), at);
        let last_message = Message {
            rev: u64::MAX,
            edited_at: Some(at),
            deleted_at: Some(at),
            reply_to: Some(seq),
            mentions: vec![UserId(u64::MAX); MENTIONS_MAX],
            txn: Some("\"".repeat(TXN_MAX)),
            ..message
        };
        let info = RoomInfo {
            id: RoomId(u64::MAX),
            rev: u64::MAX,
            name: repeated(ROOM_NAME_MAX),
            topic: repeated(TOPIC_MAX),
            kind: RoomKind::Private,
            created_by: UserId(u64::MAX),
            created_at: at,
            last_seq: seq,
            archived: false,
        };
        let member = Membership { role: Role::Moderator, last_read_seq: seq, notify: Notify::Mentions };
        Room { info, member: Some(member), unread: u64::MAX, mentions: u64::MAX, last_message: Some(last_message) }
    }

    #[test]
    fn the_longest_room_is_as_long_as_the_limits_say() {
        for text in ['\u{10FFFD}', '\\', '"', '\n', 'é'] {
            let bytes = serde_json::to_vec(&longest(text)).unwrap().len() as u64 + 1; // and a comma
            assert!(bytes <= LISTED_ROOM_MAX, "{bytes} bytes of {text:?}, of {LISTED_ROOM_MAX}");
        }
    }
}
