//! The wire of quchat, once for both ends.
//!
//! Requests, replies, events, limits, markup, mentions and emoji, join links, and the SSE codec. This crate does no
//! I/O. It knows no clock, no async runtime, and neither the server nor the client.

pub mod api;
pub mod emoji;
pub mod event;
pub mod id;
pub mod invite;
pub mod join_link;
pub mod limits;
pub mod message;
pub mod pin;
pub mod problem;
pub mod query;
pub mod room;
pub mod sse;
pub mod text;
pub mod time;
pub mod user;
pub mod visible;

pub use event::Event;
pub use id::{Cursor, InviteId, RoomId, Seq, SessionId, UserId};
pub use message::Message;
pub use problem::{Kind, Problem};
pub use room::{Room, RoomInfo};
pub use time::Timestamp;
pub use user::{User, UserRef};
