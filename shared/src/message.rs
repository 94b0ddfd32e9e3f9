//! A message: the same for every viewer, so that one encoding serves all.

use serde::{Deserialize, Serialize};

use crate::{RoomId, Seq, Timestamp, UserId, UserRef};

/// A message of a room, named by `room_id` and `seq`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    pub room_id: RoomId,
    /// Position in the room: 1 … n without gaps.
    pub seq: Seq,
    /// 1, 2, 3 …: of two copies the one with the higher revision is newer.
    pub rev: u64,
    pub sender: UserRef,
    /// 1 to 4,000 characters; empty if the message was deleted.
    pub text: String,
    /// When the server committed it.
    pub sent_at: Timestamp,
    /// When the text was last edited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edited_at: Option<Timestamp>,
    /// When the message was deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted_at: Option<Timestamp>,
    /// Who deleted it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted_by: Option<UserRef>,
    /// The message of the same room that this one replies to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<Seq>,
    /// The author of the message that this one replies to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answers: Option<UserId>,
    /// Users mentioned with `@name`, each once, sorted by id.
    #[serde(default)]
    pub mentions: Vec<UserId>,
    /// Whether it mentions everyone in the room, with `@all`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub mentions_all: bool,
    /// In the order in which each emoji came first.
    #[serde(default)]
    pub reactions: Vec<Reaction>,
    /// Chosen by the sender, who recognises the message by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub txn: Option<String>,
}

impl Message {
    /// A new message without edits, reactions or mentions.
    #[must_use]
    pub fn new(room_id: RoomId, seq: Seq, sender: UserRef, text: String, sent_at: Timestamp) -> Self {
        Self {
            room_id,
            seq,
            rev: 1,
            sender,
            text,
            sent_at,
            edited_at: None,
            deleted_at: None,
            deleted_by: None,
            reply_to: None,
            answers: None,
            mentions: Vec::new(),
            mentions_all: false,
            reactions: Vec::new(),
            txn: None,
        }
    }
}

/// One emoji on a message and the users who reacted with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reaction {
    /// Fully qualified.
    pub emoji: String,
    /// Number of users who reacted with it.
    #[serde(default)]
    pub count: u64,
    /// The first [`REACTION_USERS_MAX`] of them, oldest reaction first.
    pub users: Vec<UserId>,
}

/// Maximum number of users that [`Reaction::users`] holds.
pub const REACTION_USERS_MAX: usize = 20;
/// Maximum number of different emoji on one message.
pub const REACTIONS_MAX: usize = 20;
