//! Rooms and memberships.

use serde::{Deserialize, Serialize};

use crate::{Message, RoomId, Seq, Timestamp, User, UserId, UserRef};

/// Who can see a room.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RoomKind {
    /// Every user of the server can see, read and join it.
    #[default]
    Public,
    /// Only members know that it exists.
    Private,
    /// A private conversation of exactly two users.
    Direct,
}

/// The rights of a member in a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// May do everything, including deleting the room.
    Owner,
    /// May change the room and moderate its messages.
    Moderator,
    /// May read and write.
    Member,
}

/// Which messages a member is notified of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Notify {
    /// Every message.
    All,
    /// Messages that mention the member.
    #[default]
    Mentions,
    /// Nothing.
    None,
}

/// The part of a room that is the same for everyone who can see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomInfo {
    pub id: RoomId,
    /// 1, 2, 3 …: of two copies the one with the higher revision is newer. New messages do not change it.
    pub rev: u64,
    /// Unique among public rooms; compared by [`crate::limits::room_key`].
    pub name: String,
    /// Empty if none is set.
    pub topic: String,
    pub kind: RoomKind,
    pub created_by: UserId,
    pub created_at: Timestamp,
    /// The newest message; 0 if there is none.
    pub last_seq: Seq,
    /// Whether the room is closed to new messages.
    pub archived: bool,
}

/// The membership of one user in a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Membership {
    pub role: Role,
    /// The read marker: every message up to this one is read.
    pub last_read_seq: Seq,
    pub notify: Notify,
}

/// A user in a room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    pub user: User,
    pub role: Role,
    pub joined_at: Timestamp,
}

/// A room as one user sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Room {
    #[serde(flatten)]
    pub info: RoomInfo,
    /// `None` if the caller is not a member.
    pub member: Option<Membership>,
    /// `last_seq - last_read_seq`; 0 if the caller is not a member.
    pub unread: u64,
    /// Unread messages that mention the caller; 0 if the caller is not a member.
    pub mentions: u64,
    /// The other user of a direct room; the caller, if it is the room of their notes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer: Option<UserRef>,
    /// Whether the caller is banned from the room.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub banned: bool,
    /// The newest message, its text cut to [`PREVIEW_CHARS`]. `None` if there is none or the caller is not a member.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_message: Option<Message>,
}

/// Maximum length of the text in [`Room::last_message`], in Unicode scalar values.
pub const PREVIEW_CHARS: u64 = 200;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        emoji,
        limits::{LISTED_ROOM_MAX, MENTIONS_MAX, ROOM_NAME_MAX, TOPIC_MAX, TXN_MAX, USER_NAME_MAX},
        message::{REACTION_USERS_MAX, REACTIONS_MAX, Reaction},
    };

    /// A room with every field at its maximum length, `text` being each character.
    fn longest(text: char) -> Room {
        let repeated = |chars: usize| text.to_string().repeat(chars);
        let at = Timestamp::from_millis(i64::MIN);
        let (seq, preview) = (Seq(u64::MAX), usize::try_from(PREVIEW_CHARS).unwrap());
        let sender = UserRef { id: UserId(u64::MAX), name: "x".repeat(USER_NAME_MAX) };
        let user = sender.clone();
        let message = Message::new(RoomId(u64::MAX), seq, sender, repeated(preview), at);
        let reaction = Reaction {
            emoji: "x".repeat(emoji::BYTES_MAX),
            count: u64::MAX,
            users: vec![UserId(u64::MAX); REACTION_USERS_MAX],
        };
        let last_message = Message {
            rev: u64::MAX,
            edited_at: Some(at),
            deleted_at: Some(at),
            deleted_by: Some(user.clone()),
            reply_to: Some(seq),
            answers: Some(UserId(u64::MAX)),
            mentions_all: true,
            mentions: vec![UserId(u64::MAX); MENTIONS_MAX],
            reactions: vec![reaction; REACTIONS_MAX],
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
        Room {
            info,
            member: Some(member),
            unread: u64::MAX,
            mentions: u64::MAX,
            peer: Some(user),
            banned: true,
            last_message: Some(last_message),
        }
    }

    #[test]
    fn the_longest_room_is_as_long_as_the_limits_say() {
        for text in ['\u{10FFFD}', '\\', '"', '\n', 'é'] {
            let bytes = serde_json::to_vec(&longest(text)).unwrap().len() as u64 + 1; // and a comma
            assert!(bytes <= LISTED_ROOM_MAX, "{bytes} bytes of {text:?}, of {LISTED_ROOM_MAX}");
        }
    }
}
