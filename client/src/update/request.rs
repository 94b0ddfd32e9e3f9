//! What the HTTP workers do, and what they bring back.

use quchat_shared::{
    Message, Problem, Room, RoomId,
    api::{Credentials, MessagePage, NewMessage, NewReadMarker, NewRoom, ReadMarker, Rooms},
    query::ListMessages,
    user::Session,
};

use crate::model::Origin;

/// A request, one variant per endpoint in use, named as in [`quchat_shared::api`]. Those without an [`Origin`] go to
/// the origin of the last [`super::Effect::Enter`], with its token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// Without a token, to this server. Answer: [`Answer::Session`].
    Register(Origin, Credentials),
    /// Without a token, to this server. Answer: [`Answer::Session`].
    SignIn(Origin, Credentials),
    /// Answer: [`Answer::Rooms`].
    ListRooms,
    /// Answer: [`Answer::Room`].
    CreateRoom(NewRoom),
    /// Answer: [`Answer::Room`].
    GetRoom(RoomId),
    /// Answer: [`Answer::Room`].
    JoinRoom(RoomId),
    /// Answer: [`Answer::Left`].
    LeaveRoom(RoomId),
    /// Answer: [`Answer::Page`].
    ListMessages(RoomId, ListMessages),
    /// Always with a `txn`. Answer: [`Answer::Message`]. Never waits behind reads: one worker is kept for it.
    SendMessage(RoomId, NewMessage),
    /// Answer: [`Answer::Marker`].
    MarkRead(RoomId, NewReadMarker),
}

/// What a worker brings back. A worker that panics, too, brings back [`Failure::Unreachable`].
pub type Reply = Result<Answer, Failure>;

/// A success, decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Signed in; its Debug text hides the token.
    Session(Session),
    /// The rooms and the position of the stream.
    Rooms(Rooms),
    /// A room as it is now.
    Room(Room),
    /// Out of the room.
    Left,
    /// A page of history.
    Page(MessagePage),
    /// The message as stored (201 or 200).
    Message(Message),
    /// Where the marker stands.
    Marker(ReadMarker),
}

/// Why there is no success.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// The server answered, and not with a success.
    Refused {
        /// Its words; made up from the status if the body was no problem document (`Kind::Unknown`).
        problem: Problem,
        /// `Retry-After`, in milliseconds.
        retry_after_ms: Option<u64>,
    },
    /// No answer, or none that could be understood: refused, timed out, cut off, not JSON.
    Unreachable {
        /// One sentence for the person at the keyboard, without the address.
        reason: String,
    },
    /// An answer, and more of it than a client takes: it will hardly be smaller the next time.
    TooLarge,
}

/// Why no connection is made where no program waits for one.
pub(crate) const REFUSED: &str = "nothing listens there";

impl Failure {
    /// The HTTP status, if there was an answer.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Refused { problem, .. } => Some(problem.status),
            Self::Unreachable { .. } | Self::TooLarge => None,
        }
    }

    /// One sentence for the person at the keyboard.
    #[must_use]
    pub fn reason(&self) -> &str {
        match self {
            Self::Refused { problem, .. } => &problem.detail,
            Self::Unreachable { reason } => reason,
            Self::TooLarge => "the server's answer is too large for quchat",
        }
    }

    /// It may go well the next time, unchanged. What is below 400 is no refusal: somebody between here and the server
    /// answered, as the sign-in page of a network does.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        self.status().is_none_or(|status| status < 400 || matches!(status, 401 | 408 | 429 | 500..))
    }

    /// When the server wants to be asked again, in milliseconds from now.
    #[must_use]
    pub fn retry_after_ms(&self) -> Option<u64> {
        match self {
            Self::Refused { retry_after_ms, .. } => *retry_after_ms,
            Self::Unreachable { .. } | Self::TooLarge => None,
        }
    }

    /// An answer to another question than the one asked.
    pub(crate) fn nonsense() -> Self {
        Self::Unreachable { reason: "the server's answer makes no sense".to_owned() }
    }
}
