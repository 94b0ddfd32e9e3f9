//! The events of the event stream.
//!
//! Durable events carry an id and are replayed on resume. Ephemeral ones (`hello`, `reset`, `bye`, `activity`, `presence`,
//! `typing`) concern the stream or the moment and are never replayed.

use serde::{Deserialize, Serialize};

use crate::{
    Cursor, Message, RoomId, RoomInfo, Seq, UserId, UserRef,
    room::{Notify, Role},
    sse::{self, Frame},
};

macro_rules! events {
    ($($(#[$doc:meta])* $name:ident = $wire:literal { $($(#[$fdoc:meta])* $field:ident: $type:ty),* $(,)? })*) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
            pub struct $name { $($(#[$fdoc])* pub $field: $type),* }

            impl From<$name> for Event {
                fn from(event: $name) -> Self {
                    Self::$name(event)
                }
            }
        )*

        /// An event of the stream.
        #[derive(Debug, Clone, PartialEq, Eq, Serialize)]
        #[serde(untagged)]
        pub enum Event {
            $($(#[$doc])* $name($name)),*
        }

        impl Event {
            /// The name in the `event:` field.
            #[must_use]
            pub const fn name(&self) -> &'static str {
                match self {
                    $(Self::$name(_) => $wire),*
                }
            }

            /// Parses a frame; `None` if this version does not know the name.
            ///
            /// # Errors
            /// The name is known, but the data is invalid.
            pub fn decode(frame: &Frame) -> Result<Option<Self>, serde_json::Error> {
                Ok(match &*frame.event {
                    $($wire => Some(Self::$name(serde_json::from_str(&frame.data)?)),)*
                    _ => None,
                })
            }
        }
    };
}

events! {
    /// The first event of a stream.
    Hello = "hello" {
        /// The position resumed from, or the current position of a new stream.
        cursor: Cursor,
        /// Maximum time between two frames, in seconds.
        heartbeat_seconds: u64,
    }
    /// The server cannot replay from the requested position. Fetch everything again.
    Reset = "reset" {
        reason: ResetReason,
        /// The position at which the stream continues.
        cursor: Cursor,
    }
    /// The last frame of the stream.
    Bye = "bye" {
        reason: ByeReason,
    }
    /// Public rooms with new messages, collected over two seconds. Sent to every stream that is not limited to some rooms.
    Activity = "activity" {
        rooms: Vec<RoomActivity>,
    }
    /// A room was created or became visible.
    RoomCreated = "room.created" {
        room: RoomInfo,
    }
    /// A room's name, topic or state changed.
    RoomUpdated = "room.updated" {
        /// Current state.
        room: RoomInfo,
    }
    /// A room was deleted or is no longer visible.
    RoomDeleted = "room.deleted" {
        room_id: RoomId,
    }
    /// A user became a member.
    MemberJoined = "member.joined" {
        /// The room, which the new member may not know yet.
        room: RoomInfo,
        user: UserRef,
        role: Role,
        /// Who did it, if it was not the user themselves.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<UserRef>,
    }
    /// A member's role changed.
    MemberUpdated = "member.updated" {
        room: RoomInfo,
        user: UserRef,
        /// The new role.
        role: Role,
        /// Who did it, if it was not the user themselves.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<UserRef>,
    }
    /// A user is no longer a member.
    MemberLeft = "member.left" {
        room_id: RoomId,
        user: UserRef,
        /// Who did it, if it was not the user themselves.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<UserRef>,
        /// Whether they were banned.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        banned: bool,
    }
    /// A new message.
    MessageCreated = "message.created" {
        room_id: RoomId,
        /// Current state.
        message: Message,
    }
    /// A message was edited or deleted, or its reactions changed.
    MessageUpdated = "message.updated" {
        room_id: RoomId,
        /// Current state.
        message: Message,
    }
    /// The caller's own read marker moved, here or in another client of theirs.
    ReadUpdated = "read.updated" {
        room_id: RoomId,
        /// The new read marker.
        last_read_seq: Seq,
        /// Number of messages after it that mention the caller.
        #[serde(default)]
        mentions: u64,
    }
    /// The caller changed what a room notifies them about, here or in another client of theirs.
    SettingsUpdated = "settings.updated" {
        room_id: RoomId,
        notify: Notify,
    }
    /// The caller was banned from a public room, or the ban was lifted.
    BanUpdated = "ban.updated" {
        room_id: RoomId,
        banned: bool,
    }
    /// Members of a room who came online or went offline, collected over a second.
    Presence = "presence" {
        room_id: RoomId,
        online: Vec<UserId>,
        offline: Vec<UserId>,
    }
    /// A member is typing. Shown for six seconds, or until a message of theirs comes.
    Typing = "typing" {
        room_id: RoomId,
        user_id: UserId,
    }
}

/// Why a stream could not be resumed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResetReason {
    /// The position was not issued by this server.
    Unknown,
    /// The events after it are no longer kept.
    TooOld,
    /// There are more events after it than the server replays.
    TooFar,
}

/// Why a stream ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ByeReason {
    /// The session was ended.
    SignedOut,
    /// The token expired.
    Expired,
    /// The server is shutting down.
    Shutdown,
    /// The reader was too slow. It can resume from its last id.
    Slow,
}

/// A room with new messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomActivity {
    pub id: RoomId,
    /// The newest message.
    pub last_seq: Seq,
}

impl Event {
    /// Appends the event as one frame. `id` is the position of a durable event.
    pub fn encode(&self, id: Option<&Cursor>, out: &mut Vec<u8>) {
        let data = serde_json::to_string(self).expect("events are plain structs, which always serialise");
        sse::encode(id.map(|id| &*id.0), Some(self.name()), &data, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sse::Decoder;

    fn decode_one(bytes: &[u8]) -> (Event, String) {
        let mut decoder = Decoder::default();
        decoder.push(bytes).unwrap();
        let frame = decoder.next_frame().unwrap();
        (Event::decode(&frame).unwrap().unwrap(), frame.id.to_string())
    }

    #[test]
    fn an_event_survives_the_wire() {
        let event = Event::from(Activity { rooms: vec![RoomActivity { id: RoomId(1), last_seq: Seq(42) }] });
        let mut bytes = Vec::new();
        event.encode(Some(&Cursor("k3-7".into())), &mut bytes);
        assert_eq!(
            String::from_utf8_lossy(&bytes),
            "id: k3-7\nevent: activity\ndata: {\"rooms\":[{\"id\":1,\"last_seq\":42}]}\n\n"
        );
        assert_eq!(decode_one(&bytes), (event, "k3-7".to_owned()));
    }

    #[test]
    fn an_unknown_event_is_nothing_and_a_broken_one_an_error() {
        let frame = |event: &str, data: &str| Frame { event: event.into(), data: data.into(), id: "".into() };
        assert_eq!(Event::decode(&frame("weather", "{}")).unwrap(), None);
        assert!(Event::decode(&frame("bye", "{}")).is_err());
        assert_eq!(
            Event::decode(&frame("bye", r#"{"reason":"slow","new":1}"#)).unwrap(),
            Some(Event::Bye(Bye { reason: ByeReason::Slow }))
        );
    }
}
