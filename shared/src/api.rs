//! The table of contents of the API: one row per endpoint, used by both ends.
//!
//! A row holds method, path, parameters, body and reply of an endpoint. The server routes by it, the client calls by it.
//! The name of a row is the name of the operation on every layer.

mod path;

use std::fmt;

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{DeserializeOwned, IntoDeserializer},
};

use crate::{
    Cursor, InviteId, Message, Room, RoomId, Seq, SessionId, Timestamp, User, UserId, UserRef,
    invite::{CreatedInvite, Invites, NewInvite},
    limits::{BODY_MAX, Limits},
    query::{self, Query},
    room::{Member, Notify, Role, RoomKind},
    user::{NewUser, Session, UserChange},
};

pub use self::path::{Path, PathPart};

/// The methods in use (RFC 9110 section 9).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Method {
    /// Reads, changes nothing.
    Get,
    /// Does something or creates something.
    Post,
    /// Sets something; idempotent.
    Put,
    /// Changes the given parts of something (RFC 5789).
    Patch,
    /// Removes something; idempotent.
    Delete,
}

impl Method {
    /// As written in the request line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

/// The request body that an endpoint accepts. The server decides by this and the head whether to read a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestBody {
    /// None. The server reads and discards up to `max` bytes if a client sends some anyway.
    Ignored {
        /// In bytes.
        max: usize,
    },
    /// A JSON object, buffered until it is complete.
    Json {
        /// In bytes.
        max: usize,
    },
    /// As `Json`, but it may be left out. Nothing means `{}`.
    OptionalJson {
        /// In bytes.
        max: usize,
    },
}

/// One row of the API.
pub trait Endpoint: Send + Sync + 'static {
    const METHOD: Method;
    /// `{…}` stands for a part of [`Endpoint::Path`].
    const PATH: &'static str;
    /// The ids and other parts in the path.
    type Path: Path;
    /// The parameters after the `?`.
    type Query: Query;
    /// The JSON body; `()` if there is none.
    type Body: Serialize + DeserializeOwned + Send + 'static;
    /// How the body is read before the handler is called.
    const BODY: RequestBody;
    /// The JSON reply; `()` means 204 No Content.
    type Reply: Serialize + DeserializeOwned + Send + 'static;

    /// Path and query of a request.
    fn target(path: &Self::Path, query: &Self::Query) -> String {
        let mut target = path.fill(Self::PATH);
        let mark = target.len();
        target.push('?');
        let mut pairs = form_urlencoded::Serializer::for_suffix(target, mark + 1);
        query.encode(&mut pairs);
        let mut target = pairs.finish();
        if target.len() == mark + 1 {
            target.truncate(mark);
        }
        target
    }
}

/// The default of a row. Each field of a ban and of an invite is optional, and so is the body.
macro_rules! request_body {
    (()) => {
        RequestBody::Ignored { max: BODY_MAX }
    };
    (NewBan) => {
        RequestBody::OptionalJson { max: BODY_MAX }
    };
    (NewInvite) => {
        RequestBody::OptionalJson { max: BODY_MAX }
    };
    ($body:tt) => {
        RequestBody::Json { max: BODY_MAX }
    };
}

macro_rules! endpoints {
    ($($(#[$doc:meta])* $name:ident = $method:ident $path:literal ($p:ty, $q:ty, $b:tt) -> $reply:ty;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy)]
        pub struct $name;
        impl Endpoint for $name {
            const METHOD: Method = Method::$method;
            const PATH: &'static str = $path;
            type Path = $p;
            type Query = $q;
            type Body = $b;
            const BODY: RequestBody = request_body!($b);
            type Reply = $reply;
        }
    )*
        /// The name, method and path of every row.
        pub const ROWS: &[(&str, Method, &str)] = &[$((stringify!($name), Method::$method, $path)),*];
    };
}

endpoints! {
    /// Name, version, limits.
    GetServer = Get "/v1/server" ((), (), ()) -> ServerInfo;
    /// Registers a user and signs them in. The first user of a new server is its admin if they are on its machine.
    Register = Post "/v1/users" ((), (), NewUser) -> Session;
    /// Signs in.
    SignIn = Post "/v1/sessions" ((), (), Credentials) -> Session;
    /// Signs out: revokes the token and closes the streams of the session.
    SignOut = Delete "/v1/sessions/current" ((), (), ()) -> ();
    /// The caller's sessions.
    ListSessions = Get "/v1/sessions" ((), (), ()) -> Sessions;
    /// Ends a session of the caller, as signing out there would.
    EndSession = Delete "/v1/sessions/{session}" (SessionId, (), ()) -> ();
    /// The caller.
    GetMe = Get "/v1/users/me" ((), (), ()) -> User;
    /// Changes the caller's password. Every other session of theirs ends.
    ChangePassword = Put "/v1/users/me/password" ((), (), NewPassword) -> ();
    /// Users by the start of their name, or by id.
    ListUsers = Get "/v1/users" ((), query::ListUsers, ()) -> Users;
    /// One user.
    GetUser = Get "/v1/users/{user}" (UserId, (), ()) -> User;
    /// Sets the role of a user on the server, or suspends them.
    UpdateUser = Patch "/v1/users/{user}" (UserId, (), UserChange) -> User;
    /// Creates an invite, with which people register.
    CreateInvite = Post "/v1/invites" ((), (), NewInvite) -> CreatedInvite;
    /// The invites that the caller may delete, newest first.
    ListInvites = Get "/v1/invites" ((), query::Page, ()) -> Invites;
    /// Deletes an invite. Nobody can register with it any more.
    DeleteInvite = Delete "/v1/invites/{id}" (InviteId, (), ()) -> ();
    /// All rooms that the caller can see, and the stream position of this snapshot.
    ListRooms = Get "/v1/rooms" ((), (), ()) -> Rooms;
    /// Creates a room. The caller becomes its owner.
    CreateRoom = Post "/v1/rooms" ((), (), NewRoom) -> Room;
    /// One room.
    GetRoom = Get "/v1/rooms/{room}" (RoomId, (), ()) -> Room;
    /// Renames a room, sets its topic, archives it.
    UpdateRoom = Patch "/v1/rooms/{room}" (RoomId, (), RoomChange) -> Room;
    /// Deletes a room for everybody.
    DeleteRoom = Delete "/v1/rooms/{room}" (RoomId, (), ()) -> ();
    /// Opens the direct room of the caller and a user; with the caller's own id, a place for notes.
    OpenDirectRoom = Put "/v1/direct/{user}" (UserId, (), ()) -> Room;
    /// Joins a room. Has no effect for a member.
    JoinRoom = Put "/v1/rooms/{room}/members/me" (RoomId, (), ()) -> Room;
    /// Leaves a room. Has no effect for someone who is not a member.
    LeaveRoom = Delete "/v1/rooms/{room}/members/me" (RoomId, (), ()) -> ();
    /// Sets what the room notifies the caller about.
    SetNotify = Patch "/v1/rooms/{room}/members/me" (RoomId, (), NewNotify) -> Room;
    /// The members of a room, by name.
    ListMembers = Get "/v1/rooms/{room}/members" (RoomId, query::ListMembers, ()) -> Members;
    /// Adds a user to a room. Has no effect for a member. With the caller's own id it is [`JoinRoom`], and so is the
    /// reply.
    AddMember = Put "/v1/rooms/{room}/members/{user}" ((RoomId, UserId), (), ()) -> Member;
    /// Sets the role of a member.
    SetRole = Patch "/v1/rooms/{room}/members/{user}" ((RoomId, UserId), (), NewRole) -> Member;
    /// Removes a member. Has no effect for someone who is not one. With the caller's own id it is [`LeaveRoom`].
    RemoveMember = Delete "/v1/rooms/{room}/members/{user}" ((RoomId, UserId), (), ()) -> ();
    /// The users who are banned from a room, by name.
    ListBans = Get "/v1/rooms/{room}/bans" (RoomId, query::Page, ()) -> Bans;
    /// Removes a user from a room and keeps them out.
    BanUser = Put "/v1/rooms/{room}/bans/{user}" ((RoomId, UserId), (), NewBan) -> ();
    /// Lifts a ban.
    UnbanUser = Delete "/v1/rooms/{room}/bans/{user}" ((RoomId, UserId), (), ()) -> ();
    /// A page of history.
    ListMessages = Get "/v1/rooms/{room}/messages" (RoomId, query::ListMessages, ()) -> MessagePage;
    /// Sends a message and replies once it is durable. The caller joins if the room is public.
    SendMessage = Post "/v1/rooms/{room}/messages" (RoomId, (), NewMessage) -> Message;
    /// One message.
    GetMessage = Get "/v1/rooms/{room}/messages/{seq}" ((RoomId, Seq), (), ()) -> Message;
    /// Replaces the text of a message.
    EditMessage = Patch "/v1/rooms/{room}/messages/{seq}" ((RoomId, Seq), (), MessageEdit) -> Message;
    /// Deletes the text, the mentions and the reactions of a message. A tombstone stays.
    DeleteMessage = Delete "/v1/rooms/{room}/messages/{seq}" ((RoomId, Seq), (), ()) -> ();
    /// Reacts to a message with an emoji. Has no effect the second time.
    AddReaction = Put "/v1/rooms/{room}/messages/{seq}/reactions/{emoji}" ((RoomId, Seq, String), (), ()) -> Message;
    /// Takes a reaction of the caller back.
    RemoveReaction = Delete "/v1/rooms/{room}/messages/{seq}/reactions/{emoji}" ((RoomId, Seq, String), (), ()) -> Message;
    /// Moves the caller's read marker.
    MarkRead = Put "/v1/rooms/{room}/read" (RoomId, (), NewReadMarker) -> ReadMarker;
    /// Notifies the other members that the caller is typing.
    NotifyTyping = Post "/v1/rooms/{room}/typing" (RoomId, (), ()) -> ();
    /// Messages that mention the caller, newest first.
    ListMentions = Get "/v1/mentions" ((), query::Page, ()) -> Mentions;
    /// Messages that contain some words, newest first.
    SearchMessages = Get "/v1/search" ((), query::SearchMessages, ()) -> Hits;
    /// The event stream. The reply is `text/event-stream`, not JSON.
    ListenEvents = Get "/v1/events" ((), query::ListenEvents, ()) -> ();
}

/// For signing in.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credentials {
    /// See [`crate::limits::user_name`].
    pub name: String,
    /// See [`crate::limits::password`].
    pub password: String,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("name", &self.name).finish_non_exhaustive()
    }
}

/// A room to create.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewRoom {
    /// See [`crate::limits::room_name`].
    pub name: String,
    /// See [`crate::limits::topic`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic: Option<String>,
    /// Public by default; never direct.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "by_name")]
    pub kind: Option<RoomKind>,
}

/// One of a fixed list of names. The enum that serde derives would also accept `{"public":null}`.
pub(crate) fn by_name<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    let name = Option::<String>::deserialize(deserializer)?;
    name.map(|name| T::deserialize(name.into_deserializer())).transpose()
}

/// As [`by_name`], for a field that must be there.
fn required_by_name<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<T, D::Error> {
    let name = String::deserialize(deserializer)?;
    T::deserialize(name.into_deserializer())
}

/// A message to send.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewMessage {
    /// See [`crate::limits::message_text`].
    pub text: String,
    /// Chosen by the sender: a message that is sent twice with the same `txn` is stored once. See [`crate::limits::txn`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub txn: Option<String>,
    /// The message of this room that this one replies to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<Seq>,
}

/// A new text for a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageEdit {
    /// See [`crate::limits::message_text`].
    pub text: String,
    /// The `rev` whose text the editor saw. The edit is refused if the text was changed after it to something else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expect_rev: Option<u64>,
}

/// What changes of a room. Absent parts stay as they are.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomChange {
    /// See [`crate::limits::room_name`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// See [`crate::limits::topic`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic: Option<String>,
    /// Whether the room is closed to new messages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archived: Option<bool>,
}

/// What a room notifies the caller about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewNotify {
    #[serde(deserialize_with = "required_by_name")]
    pub notify: Notify,
}

/// A role to set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewRole {
    #[serde(deserialize_with = "required_by_name")]
    pub role: Role,
}

/// A ban to set.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewBan {
    /// See [`crate::limits::ban_reason`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A change of password.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewPassword {
    /// The password up to now.
    pub current: String,
    /// See [`crate::limits::password`].
    pub new: String,
}

impl fmt::Debug for NewPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewPassword").finish_non_exhaustive()
    }
}

/// A new position of the read marker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewReadMarker {
    /// Every message up to this one is read. Clamped to the end of the room.
    pub seq: Seq,
    /// Allows the marker to move back.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub rewind: bool,
}

/// The read marker of a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadMarker {
    /// Every message up to this one is read.
    pub last_read_seq: Seq,
    /// Number of messages after it.
    pub unread: u64,
    /// Number of messages after it that mention the member.
    #[serde(default)]
    pub mentions: u64,
}

/// A session of the caller.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionInfo {
    pub id: SessionId,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    /// To the hour.
    pub last_used_at: Timestamp,
    /// The first 64 characters of the `User-Agent` that signed in; may be empty.
    pub client: String,
    /// The name of a token for scripts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Whether it is the session of this request.
    pub current: bool,
}

/// The caller's sessions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sessions {
    /// Newest first.
    pub sessions: Vec<SessionInfo>,
}

/// A page of members, by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Members {
    pub members: Vec<Member>,
    /// The `after` of the next page; `None` on the last page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// A ban.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ban {
    pub user: UserRef,
    /// Who set it; absent if the server's operator did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<UserRef>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    pub created_at: Timestamp,
}

/// A page of bans, by the name of the user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bans {
    pub bans: Vec<Ban>,
    /// The `after` of the next page; `None` on the last page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// The room of a message that was found outside its history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundIn {
    pub id: RoomId,
    /// Empty for a direct room.
    pub name: String,
    pub kind: RoomKind,
    /// The other user of a direct room.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer: Option<UserRef>,
}

/// A message that mentions the caller.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mention {
    pub message: Message,
    pub room: FoundIn,
}

/// A page of mentions, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mentions {
    pub mentions: Vec<Mention>,
    /// The `after` of the next page; `None` on the last page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// A message that a search found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hit {
    pub message: Message,
    pub room: FoundIn,
    /// The words that were found: byte offsets into `message.text` (UTF-8), half-open, sorted, disjoint.
    pub ranges: Vec<(usize, usize)>,
}

/// A page of what a search found, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hits {
    pub hits: Vec<Hit>,
    /// The `after` of the next page; `None` on the last page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// A page of users, by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Users {
    pub users: Vec<User>,
    /// The `after` of the next page; `None` on the last page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// All rooms that the caller can see.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rooms {
    /// Sorted by id.
    pub rooms: Vec<Room>,
    /// Stream position of this snapshot.
    pub cursor: Cursor,
}

/// A page of a room's history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessagePage {
    /// Ascending by `seq`, without gaps.
    pub messages: Vec<Message>,
    /// Whether there are messages before the page.
    pub has_older: bool,
    /// Whether there are messages after the page.
    pub has_newer: bool,
    /// The caller's reactions to messages of the page. Beside the messages, which are the same for every viewer.
    #[serde(default)]
    pub own_reactions: Vec<OwnReaction>,
}

/// A reaction of the caller.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnReaction {
    pub seq: Seq,
    pub emoji: String,
}

/// Who may register.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Registration {
    /// Everyone who can reach the server.
    #[default]
    Open,
    /// Everyone who has an invite.
    Invite,
    /// Nobody. The server's operator adds users.
    Closed,
}

/// About the server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerInfo {
    /// Display name.
    pub name: String,
    pub version: String,
    pub limits: Limits,
    /// Maximum time between two frames of an event stream, in seconds.
    pub heartbeat_seconds: u64,
    pub registration: Registration,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::Bound;

    #[test]
    fn a_target_is_the_path_filled_in_and_the_query_if_there_is_one() {
        let page = query::ListMessages { bound: Bound::Before(Seq(9)), limit: None };
        assert_eq!(ListMessages::target(&RoomId(4), &page), "/v1/rooms/4/messages?before=9");
        assert_eq!(JoinRoom::target(&RoomId(4), &()), "/v1/rooms/4/members/me");
        assert_eq!(ListRooms::target(&(), &()), "/v1/rooms");
        let reaction = (RoomId(4), Seq(2), "👍".to_owned());
        assert_eq!(AddReaction::target(&reaction, &()), "/v1/rooms/4/messages/2/reactions/%F0%9F%91%8D");
    }

    #[test]
    fn a_row_says_what_is_read_of_a_body() {
        assert_eq!(SendMessage::BODY, RequestBody::Json { max: 64 * 1024 });
        assert_eq!(ListRooms::BODY, RequestBody::Ignored { max: 64 * 1024 });
        assert_eq!(BanUser::BODY, RequestBody::OptionalJson { max: 64 * 1024 });
    }

    #[test]
    fn the_kind_of_a_room_is_given_by_its_name_alone() {
        let kind = |kind: &str| serde_json::from_str::<NewRoom>(&format!(r#"{{"name":"x","kind":{kind}}}"#));
        assert_eq!(kind("\"private\"").unwrap().kind, Some(RoomKind::Private));
        assert_eq!(kind("null").unwrap().kind, None);
        for other in [r#"{"public":null}"#, "0", r#"["public"]"#, "\"Public\""] {
            assert!(kind(other).is_err_and(|error| error.is_data()), "{other}");
        }
    }

    #[test]
    fn a_secret_is_not_in_the_debug_text() {
        let credentials = Credentials { name: "alice".into(), password: "correct horse".into() };
        assert!(!format!("{credentials:?}").contains("horse"));
        let new = NewUser { name: "alice".into(), password: "correct horse".into(), invite: Some("battery".into()) };
        assert!(!format!("{new:?}").contains("horse") && !format!("{new:?}").contains("battery"));
    }
}
