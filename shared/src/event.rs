//! What the event stream tells.
//!
//! Durable events carry an id and are replayed on resume; ephemeral ones (`hello`, `reset`, `bye`, `activity`)
//! are about the stream or the moment and never are.

use serde::{Deserialize, Serialize};

use crate::{
    Cursor, Message, RoomId, RoomInfo, Seq, UserRef,
    room::Role,
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

        /// Something that happened, as the stream tells it.
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

            /// Reads a frame; `None` for a name this version does not know.
            ///
            /// # Errors
            /// The name is known and the data is not what it should be.
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
    /// The stream begins here.
    Hello = "hello" {
        /// X on a resume, the head on a fresh stream.
        cursor: Cursor,
        /// Longest silence to expect, in seconds.
        heartbeat_seconds: u64,
    }
    /// What came after the position asked for cannot be replayed: fetch everything anew.
    Reset = "reset" {
        /// Why.
        reason: ResetReason,
        /// The stream goes on from here.
        cursor: Cursor,
    }
    /// The last frame of the stream.
    Bye = "bye" {
        /// Why.
        reason: ByeReason,
    }
    /// Public rooms with new messages, gathered over two seconds.
    Activity = "activity" {
        /// Each with its newest message.
        rooms: Vec<RoomActivity>,
    }
    /// A room appeared.
    RoomCreated = "room.created" {
        /// The room.
        room: RoomInfo,
    }
    /// A room's name, topic or state changed.
    RoomUpdated = "room.updated" {
        /// The room as it is now.
        room: RoomInfo,
    }
    /// A room is gone.
    RoomDeleted = "room.deleted" {
        /// The room that was.
        room_id: RoomId,
    }
    /// Somebody became a member.
    MemberJoined = "member.joined" {
        /// The room, which may be new to the one who joined.
        room: RoomInfo,
        /// Who.
        user: UserRef,
        /// As what.
        role: Role,
    }
    /// A member's role changed.
    MemberUpdated = "member.updated" {
        /// The room.
        room: RoomInfo,
        /// Who.
        user: UserRef,
        /// The role as it is now.
        role: Role,
    }
    /// Somebody is no longer a member.
    MemberLeft = "member.left" {
        /// The room.
        room_id: RoomId,
        /// Who.
        user: UserRef,
    }
    /// A new message.
    MessageCreated = "message.created" {
        /// The room.
        room_id: RoomId,
        /// The message as it is now.
        message: Message,
    }
    /// A message was edited or deleted, or somebody reacted.
    MessageUpdated = "message.updated" {
        /// The room.
        room_id: RoomId,
        /// The message as it is now.
        message: Message,
    }
    /// The caller's own read marker moved, here or in another client of theirs.
    ReadUpdated = "read.updated" {
        /// The room.
        room_id: RoomId,
        /// Where the marker stands now.
        last_read_seq: Seq,
    }
}

/// Why a stream could not be resumed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResetReason {
    /// The position is not one of this server.
    Unknown,
    /// What came after it is no longer kept.
    TooOld,
    /// More came after it than is replayed.
    TooFar,
}

/// Why a stream ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ByeReason {
    /// The session was ended.
    SignedOut,
    /// The token reached its end.
    Expired,
    /// The server stops.
    Shutdown,
    /// The reader did not keep up; it resumes from its last id.
    Slow,
}

/// A room and how far it has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomActivity {
    /// The room.
    pub id: RoomId,
    /// Its newest message.
    pub last_seq: Seq,
}

impl Event {
    /// Appends the event as one frame; durable events come with their position.
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
