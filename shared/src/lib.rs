//! The wire of quchat, once for both ends.
//!
//! What a request, a reply and an event look like, how long a name may be, what a text says, how a stream is cut into
//! frames. It does no I/O, knows no clock and no async runtime, and neither of the two ends.

pub mod api;
pub mod event;
pub mod id;
pub mod limits;
pub mod message;
pub mod problem;
pub mod query;
pub mod room;
pub mod sse;
pub mod text;
pub mod time;
pub mod user;
pub mod visible;

pub use event::Event;
pub use id::{Cursor, RoomId, Seq, SessionId, UserId};
pub use message::Message;
pub use problem::{Kind, Problem};
pub use room::{Room, RoomInfo};
pub use time::Timestamp;
pub use user::{User, UserRef};
