//! The table of contents of the API: one row per endpoint, used by both ends.
//!
//! A row holds method, path, parameters, body and reply of an endpoint. The server routes by it, the client calls by it.
//! The name of a row is the name of the operation on every layer.

use std::fmt;

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{DeserializeOwned, IntoDeserializer},
};

use crate::{
    Cursor, Message, Room, RoomId, Seq, User, UserId,
    limits::{BODY_MAX, Limits},
    query::{self, Query},
    room::RoomKind,
    user::Session,
};

/// The methods in use (RFC 9110 section 9).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Method {
    /// Reads, changes nothing.
    Get,
    /// Does something or creates something.
    Post,
    /// Sets something; idempotent.
    Put,
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
}

/// One row of the API.
pub trait Endpoint: Send + Sync + 'static {
    const METHOD: Method;
    /// `{…}` stands for a part of [`Endpoint::Path`].
    const PATH: &'static str;
    /// The ids in the path.
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

/// The ids in a path.
pub trait Path: Sized + Send {
    /// The path with the ids in place of `{…}`.
    fn fill(&self, template: &str) -> String;
    /// Parses the id; `None` if it is invalid.
    fn parse(part: Option<&str>) -> Option<Self>;
}

impl Path for () {
    fn fill(&self, template: &str) -> String {
        template.to_owned()
    }
    fn parse(_: Option<&str>) -> Option<Self> {
        Some(())
    }
}

macro_rules! single_id_paths {
    ($($id:ty),*) => {$(
        impl Path for $id {
            fn fill(&self, template: &str) -> String {
                let (before, rest) = template.split_once('{').expect("a row with an id has a place for it");
                let (_, after) = rest.split_once('}').expect("a row closes its braces");
                format!("{before}{self}{after}")
            }
            fn parse(part: Option<&str>) -> Option<Self> {
                part?.parse().ok()
            }
        }
    )*};
}
single_id_paths!(UserId, RoomId);

/// The default of a row.
macro_rules! request_body {
    (()) => {
        RequestBody::Ignored { max: BODY_MAX }
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
    )*};
}

endpoints! {
    //                                                                    path    query              body
    /// Name, version, limits.
    GetServer     = Get    "/v1/server"                        ((),     (),                  ())            -> ServerInfo;
    /// Registers a user and signs them in. The first user of a new server is its admin.
    Register      = Post   "/v1/users"                         ((),     (),                  Credentials)   -> Session;
    /// Signs in.
    SignIn        = Post   "/v1/sessions"                      ((),     (),                  Credentials)   -> Session;
    /// Signs out: revokes the token and closes the streams of the session.
    SignOut       = Delete "/v1/sessions/current"              ((),     (),                  ())            -> ();
    /// The caller.
    GetMe         = Get    "/v1/users/me"                      ((),     (),                  ())            -> User;
    /// Users by the start of their name, or by id.
    ListUsers     = Get    "/v1/users"                         ((),     query::ListUsers,    ())            -> Users;
    /// One user.
    GetUser       = Get    "/v1/users/{user}"                  (UserId, (),                  ())            -> User;
    /// All rooms that the caller can see, and the stream position of this snapshot.
    ListRooms     = Get    "/v1/rooms"                         ((),     (),                  ())            -> Rooms;
    /// Creates a room. The caller becomes its owner.
    CreateRoom    = Post   "/v1/rooms"                         ((),     (),                  NewRoom)       -> Room;
    /// One room.
    GetRoom       = Get    "/v1/rooms/{room}"                  (RoomId, (),                  ())            -> Room;
    /// Joins a room. Has no effect for a member.
    JoinRoom      = Put    "/v1/rooms/{room}/members/me"       (RoomId, (),                  ())            -> Room;
    /// Leaves a room. Has no effect for someone who is not a member.
    LeaveRoom     = Delete "/v1/rooms/{room}/members/me"       (RoomId, (),                  ())            -> ();
    /// A page of history.
    ListMessages  = Get    "/v1/rooms/{room}/messages"         (RoomId, query::ListMessages, ())            -> MessagePage;
    /// Sends a message and replies once it is durable. The caller joins if the room is public.
    SendMessage   = Post   "/v1/rooms/{room}/messages"         (RoomId, (),                  NewMessage)    -> Message;
    /// Moves the caller's read marker.
    MarkRead      = Put    "/v1/rooms/{room}/read"             (RoomId, (),                  NewReadMarker) -> ReadMarker;
    /// The event stream. The reply is `text/event-stream`, not JSON.
    ListenEvents  = Get    "/v1/events"                        ((),     query::ListenEvents, ())            -> ();
}

/// For registering and signing in.
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
fn by_name<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    let name = Option::<String>::deserialize(deserializer)?;
    name.map(|name| T::deserialize(name.into_deserializer())).transpose()
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
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Registration {
    /// Everyone who can reach the server.
    Open,
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
    }

    #[test]
    fn a_row_says_what_is_read_of_a_body() {
        assert_eq!(SendMessage::BODY, RequestBody::Json { max: 64 * 1024 });
        assert_eq!(ListRooms::BODY, RequestBody::Ignored { max: 64 * 1024 });
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
    fn a_password_is_not_in_the_debug_text() {
        let credentials = Credentials { name: "alice".into(), password: "correct horse".into() };
        assert!(!format!("{credentials:?}").contains("horse"));
    }
}
