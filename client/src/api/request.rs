//! Requests and their answers as plain values, for callers that must not block. A worker thread performs them.
//!
//! One table. Each row is a request: its endpoint, its values, and the path, query and body that they become. Rows are
//! grouped by their answer.

use quchat_shared::{
    InviteId, Message, Room, RoomId, Seq, SessionId, User, UserId,
    api::{
        self, Bans, Credentials, Endpoint, Hits, Members, Mentions, MessageEdit, MessagePage, Method, NewBan,
        NewMessage, NewNotify, NewPassword, NewReadMarker, NewRole, NewRoom, ReadMarker, RoomChange, Rooms, ServerInfo,
        Sessions, Users,
    },
    invite::{CreatedInvite, Invites, NewInvite},
    query::{self, ListMessages, ListUsers, Page, SearchMessages},
    room::Member,
    user::{NewUser, Session, UserChange},
};

use super::{Client, Failure, Server};

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
        Register(_server: Server, new: NewUser) => (&(), &(), new);
        /// Sent to this server, without a token.
        SignIn(_server: Server, credentials: Credentials) => (&(), &(), credentials);
    }
    /// What a server says about itself.
    About(ServerInfo) {
        /// Sent to this server, without a token.
        GetServer(_server: Server) => (&(), &(), &());
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
        /// Renames a room, sets its topic, archives it.
        UpdateRoom(room: RoomId, change: RoomChange) => (room, &(), change);
        /// Opens the direct room with this user.
        OpenDirectRoom(user: UserId) => (user, &(), &());
        /// Sets what a room notifies the user about.
        SetNotify(room: RoomId, notify: NewNotify) => (room, &(), notify);
    }
    /// Success without content.
    NoContent(()) {
        /// Leaves a room.
        LeaveRoom(room: RoomId) => (room, &(), &());
        /// Deletes a message.
        DeleteMessage(message: (RoomId, Seq)) => (message, &(), &());
        /// Deletes a room for everybody.
        DeleteRoom(room: RoomId) => (room, &(), &());
        /// Removes a member.
        RemoveMember(room: RoomId, user: UserId) => (&(*room, *user), &(), &());
        /// Removes a user from a room and keeps them out.
        BanUser(room: RoomId, user: UserId, ban: NewBan) => (&(*room, *user), &(), ban);
        /// Lifts a ban.
        UnbanUser(room: RoomId, user: UserId) => (&(*room, *user), &(), &());
        /// Says that the user is typing.
        NotifyTyping(room: RoomId) => (room, &(), &());
        /// Ends a session of the user.
        EndSession(session: SessionId) => (session, &(), &());
        /// Changes the password. The Debug text leaves it out.
        ChangePassword(new: NewPassword) => (&(), &(), new);
        /// Deletes an invite.
        DeleteInvite(invite: InviteId) => (invite, &(), &());
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
    /// A user as they are now.
    User(User) {
        /// Reads the user of the session.
        GetMe => (&(), &(), &());
        /// Sets the role of a user on the server, or suspends them.
        UpdateUser(user: UserId, change: UserChange) => (user, &(), change);
    }
    /// A page of users.
    Users(Users) {
        /// Finds users by the beginning of their name, or by id.
        ListUsers(query: ListUsers) => (&(), query, &());
    }
    /// A member of a room.
    Member(Member) {
        /// Adds a user to a room.
        AddMember(room: RoomId, user: UserId) => (&(*room, *user), &(), &());
        /// Sets the role of a member.
        SetRole(room: RoomId, user: UserId, role: NewRole) => (&(*room, *user), &(), role);
    }
    /// A page of members.
    Members(Members) {
        /// Reads a page of a room's members.
        ListMembers(room: RoomId, page: query::ListMembers) => (room, page, &());
    }
    /// A page of bans.
    Bans(Bans) {
        /// Reads a page of a room's bans.
        ListBans(room: RoomId, page: Page) => (room, page, &());
    }
    /// A new invite. No other answer has its code.
    Invite(CreatedInvite) {
        /// Creates an invite.
        CreateInvite(new: NewInvite) => (&(), &(), new);
    }
    /// A page of invites.
    Invites(Invites) {
        /// Reads a page of the invites.
        ListInvites(page: Page) => (&(), page, &());
    }
    /// The sessions of the user.
    Sessions(Sessions) {
        /// Reads the user's sessions.
        ListSessions => (&(), &(), &());
    }
}
