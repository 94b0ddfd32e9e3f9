//! Requests and their answers as plain values, for callers that must not block. A worker thread performs them.
//!
//! One table. Each row is a request: its endpoint, its values, and the path, query and body that they become. Rows are
//! grouped by their answer.

use quchat_shared::{
    Message, Room, RoomId, Seq,
    api::{
        self, Credentials, Endpoint, Hits, Mentions, MessageEdit, MessagePage, Method, NewMessage, NewReadMarker,
        NewRoom, ReadMarker, Rooms, Users,
    },
    query::{ListMessages, ListUsers, Page, SearchMessages},
    user::Session,
};

use super::{Client, Failure, Origin};

/// The result of a [`Request`].
pub type Reply = Result<Answer, Failure>;

macro_rules! requests {
    ($(
        $(#[$answer_doc:meta])*
        $answer:ident($reply:ty) {
            $(
                $(#[$doc:meta])*
                $name:ident $(($($value:ident: $type:ty),+))? => ($path:expr, $query:expr, $body:expr);
            )+
        }
    )+) => {
        /// A request, named after its endpoint in [`quchat_shared::api`].
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum Request {
            $($($(#[$doc])* $name $(($($type),+))?,)+)+
        }

        /// The reply to a request.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum Answer {
            $($(#[$answer_doc])* $answer($reply),)+
        }

        impl Request {
            /// The method of its endpoint.
            #[must_use]
            pub const fn method(&self) -> Method {
                match self {
                    $($(Self::$name { .. } => <api::$name as Endpoint>::METHOD,)+)+
                }
            }
        }

        impl Client {
            /// Performs a request and waits for the answer.
            ///
            /// # Errors
            /// As [`Client::call`].
            pub fn perform(&self, request: &Request) -> Reply {
                match request {
                    $($(Request::$name $(($($value),+))? => {
                        self.call::<api::$name>($path, $query, $body).map(Answer::$answer)
                    })+)+
                }
            }
        }
    };
}

requests! {
    /// The user and the token.
    Session(Session) {
        /// Sent to this server, without a token.
        Register(_server: Origin, credentials: Credentials) => (&(), &(), credentials);
        /// Sent to this server, without a token.
        SignIn(_server: Origin, credentials: Credentials) => (&(), &(), credentials);
    }
    /// All rooms, and the position of the stream.
    Rooms(Rooms) {
        /// All rooms the user can see.
        ListRooms => (&(), &(), &());
    }
    /// The current state of a room.
    Room(Room) {
        /// Creates a room.
        CreateRoom(new: NewRoom) => (&(), &(), new);
        /// Reads a room.
        GetRoom(room: RoomId) => (room, &(), &());
        /// Joins a room.
        JoinRoom(room: RoomId) => (room, &(), &());
    }
    /// Success without content.
    NoContent(()) {
        /// Leaves a room.
        LeaveRoom(room: RoomId) => (room, &(), &());
        /// Deletes a message.
        DeleteMessage(message: (RoomId, Seq)) => (message, &(), &());
    }
    /// A page of history.
    Page(MessagePage) {
        /// Reads a page of a room's history.
        ListMessages(room: RoomId, page: ListMessages) => (room, page, &());
    }
    /// The message as it is now.
    Message(Message) {
        /// Sends a message. Always with a `txn`, so that it can be sent again after a failure.
        SendMessage(room: RoomId, new: NewMessage) => (room, &(), new);
        /// Replaces the text of a message.
        EditMessage(message: (RoomId, Seq), edit: MessageEdit) => (message, &(), edit);
        /// Reacts to a message.
        AddReaction(reaction: (RoomId, Seq, String)) => (reaction, &(), &());
        /// Takes a reaction back.
        RemoveReaction(reaction: (RoomId, Seq, String)) => (reaction, &(), &());
    }
    /// The new position of the read marker.
    Marker(ReadMarker) {
        /// Moves the read marker.
        MarkRead(room: RoomId, marker: NewReadMarker) => (room, &(), marker);
    }
    /// A page of messages that mention the user.
    Mentions(Mentions) {
        /// Reads a page of the inbox.
        ListMentions(page: Page) => (&(), page, &());
    }
    /// A page of messages that contain some words.
    Hits(Hits) {
        /// Searches the messages that the user can read.
        SearchMessages(query: SearchMessages) => (&(), query, &());
    }
    /// A page of users.
    Users(Users) {
        /// Finds users by the beginning of their name.
        ListUsers(query: ListUsers) => (&(), query, &());
    }
}
