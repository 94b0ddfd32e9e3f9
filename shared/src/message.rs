//! A message: the same for every viewer, so that one encoding serves all.

use serde::{Deserialize, Serialize};

use crate::{RoomId, Seq, Timestamp, UserId, UserRef};

/// A message of a room, named by `room_id` and `seq`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Where it was said.
    pub room_id: RoomId,
    /// Its place in the room: 1 … n without gaps.
    pub seq: Seq,
    /// 1, 2, 3 …: of two copies the higher wins.
    pub rev: u64,
    /// Who said it.
    pub sender: UserRef,
    /// 1 to 4,000 characters; empty in a tombstone.
    pub text: String,
    /// When the server took it.
    pub sent_at: Timestamp,
    /// When its text was last changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edited_at: Option<Timestamp>,
    /// When it became a tombstone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted_at: Option<Timestamp>,
    /// The message of the same room that it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<Seq>,
    /// Whom it names with `@name`, each once, by id.
    #[serde(default)]
    pub mentions: Vec<UserId>,
    /// Who reacted with what.
    #[serde(default)]
    pub reactions: Vec<Reaction>,
    /// The sender's own name for this message, by which they recognise it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub txn: Option<String>,
}

impl Message {
    /// A message as it is when it has just been said: nothing of it changed, nobody reacted, no one named.
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
            reply_to: None,
            mentions: Vec::new(),
            reactions: Vec::new(),
            txn: None,
        }
    }
}

/// One emoji under a message and everyone who chose it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reaction {
    /// The emoji itself.
    pub emoji: String,
    /// Who chose it, oldest first.
    pub users: Vec<UserId>,
}
