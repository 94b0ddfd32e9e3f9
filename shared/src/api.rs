//! The table of contents of the API: one row per endpoint, used by both ends.
//!
//! A row says where an endpoint lives and what goes in and out; the server routes by it, the client calls by it.
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
    /// Look, change nothing.
    Get,
    /// Do, or make something new.
    Post,
    /// Make it so; twice is the same as once.
    Put,
    /// End it.
    Delete,
}

impl Method {
    /// As the request line has it.
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

/// What an endpoint takes as the body of a request. The server decides by it, and by the head, whether to read a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestBody {
    /// The endpoint has no body. Up to `max` bytes that are sent all the same are read and thrown away.
    Ignored {
        /// Most bytes.
        max: usize,
    },
    /// A JSON object, kept in memory until all of it has arrived.
    Json {
        /// Most bytes.
        max: usize,
    },
}

/// One row of the API.
pub trait Endpoint: Send + Sync + 'static {
    /// How.
    const METHOD: Method;
    /// Where; `{…}` stands for a part of [`Endpoint::Path`].
    const PATH: &'static str;
    /// The ids in the path.
    type Path: Path;
    /// The parameters behind the `?`.
    type Query: Query;
    /// The JSON body; `()` where there is none.
    type Body: Serialize + DeserializeOwned + Send + 'static;
    /// What is read of a body before the endpoint is called.
    const BODY: RequestBody;
    /// The JSON reply; `()` is 204 No Content.
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
    /// The path with its `{…}` filled in.
    fn fill(&self, template: &str) -> String;
    /// Reads the id; `None` if it is not one.
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

/// What a row takes unless it says otherwise.
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
    /// Registers a user and signs them in. The first one of a fresh server is its admin.
    Register      = Post   "/v1/users"                         ((),     (),                  Credentials)   -> Session;
    /// Signs in.
    SignIn        = Post   "/v1/sessions"                      ((),     (),                  Credentials)   -> Session;
    /// Signs out: the token is dead at once, streams of the session end.
    SignOut       = Delete "/v1/sessions/current"              ((),     (),                  ())            -> ();
    /// Who am I?
    GetMe         = Get    "/v1/users/me"                      ((),     (),                  ())            -> User;
    /// Users by the start of their name or by id.
    ListUsers     = Get    "/v1/users"                         ((),     query::ListUsers,    ())            -> Users;
    /// One user.
    GetUser       = Get    "/v1/users/{user}"                  (UserId, (),                  ())            -> User;
    /// All rooms the caller can see, and the position in the stream as of which that is true.
    ListRooms     = Get    "/v1/rooms"                         ((),     (),                  ())            -> Rooms;
    /// Makes a room; the caller owns it.
    CreateRoom    = Post   "/v1/rooms"                         ((),     (),                  NewRoom)       -> Room;
    /// One room.
    GetRoom       = Get    "/v1/rooms/{room}"                  (RoomId, (),                  ())            -> Room;
    /// Joins; already in changes nothing.
    JoinRoom      = Put    "/v1/rooms/{room}/members/me"       (RoomId, (),                  ())            -> Room;
    /// Leaves; already out changes nothing.
    LeaveRoom     = Delete "/v1/rooms/{room}/members/me"       (RoomId, (),                  ())            -> ();
    /// A page of history.
    ListMessages  = Get    "/v1/rooms/{room}/messages"         (RoomId, query::ListMessages, ())            -> MessagePage;
    /// Sends a message: answered once it is durable, joins a public room.
    SendMessage   = Post   "/v1/rooms/{room}/messages"         (RoomId, (),                  NewMessage)    -> Message;
    /// Moves the caller's read marker.
    MarkRead      = Put    "/v1/rooms/{room}/read"             (RoomId, (),                  NewReadMarker) -> ReadMarker;
    /// The event stream: no JSON reply but `text/event-stream`.
    ListenEvents  = Get    "/v1/events"                        ((),     query::ListenEvents, ())            -> ();
}

/// Name and password, to register or to sign in.
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

/// A room to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewRoom {
    /// See [`crate::limits::room_name`].
    pub name: String,
    /// See [`crate::limits::topic`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic: Option<String>,
    /// Public unless said otherwise; never direct.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "by_name")]
    pub kind: Option<RoomKind>,
}

/// One of a fixed list of names. What serde derives for an enum takes `{"public":null}`, too.
fn by_name<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    let name = Option::<String>::deserialize(deserializer)?;
    name.map(|name| T::deserialize(name.into_deserializer())).transpose()
}

/// A message to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewMessage {
    /// See [`crate::limits::message_text`].
    pub text: String,
    /// The sender's own name for it: sent twice, it is still one message. See [`crate::limits::txn`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub txn: Option<String>,
    /// The message of this room that it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<Seq>,
}

/// Where the read marker shall stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewReadMarker {
    /// Everything up to here is seen; clamped to the room's end.
    pub seq: Seq,
    /// Allows the marker to move back.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub rewind: bool,
}

/// Where the read marker stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadMarker {
    /// Everything up to here is seen.
    pub last_read_seq: Seq,
    /// What lies beyond it.
    pub unread: u64,
}

/// A page of users, by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Users {
    /// The page.
    pub users: Vec<User>,
    /// There is more: ask again with `after` set to this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// All rooms the caller can see.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rooms {
    /// By id.
    pub rooms: Vec<Room>,
    /// The position in the event stream as of which that is true.
    pub cursor: Cursor,
}

/// A page of a room's history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessagePage {
    /// Ascending by seq, without gaps.
    pub messages: Vec<Message>,
    /// There are messages before the page.
    pub has_older: bool,
    /// There are messages after the page.
    pub has_newer: bool,
}

/// Who may register.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Registration {
    /// Everyone who can reach the server.
    Open,
}

/// The server about itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerInfo {
    /// What it calls itself.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The limits in force.
    pub limits: Limits,
    /// Longest silence on an event stream, in seconds.
    pub heartbeat_seconds: u64,
    /// Who may register.
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
