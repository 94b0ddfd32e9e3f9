//! What a search asks of the index, and how far the index has come.

use quchat_shared::{RoomId, UserId, text::search::Search};

/// The place of a message in the order in which messages were sent, over all rooms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Position(pub(crate) u64);

impl Position {
    /// Before the oldest message.
    pub(crate) const START: Self = Self(0);
    /// After the newest message.
    pub(crate) const END: Self = Self(i64::MAX.cast_unsigned());
}

/// Which messages a search is about.
pub(crate) struct Wanted<'a> {
    pub(crate) search: &'a Search,
    pub(crate) public: Public,
    /// Rooms that are not public.
    pub(crate) rooms: Vec<RoomId>,
    pub(crate) sender: Option<UserId>,
    /// Whether a long word is looked up as a whole, instead of by its first characters. Then fewer of the messages found do
    /// not match, but the index first has to go through every message with the word. PostgreSQL ignores this.
    pub(crate) by_whole_words: bool,
}

/// Which public rooms a search is about.
#[derive(Clone)]
pub(crate) enum Public {
    None,
    One(RoomId),
    AllBut(Vec<RoomId>),
}

/// How far the index has come with the messages that were there when it was begun, by position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unindexed {
    pub(crate) done: u64,
    pub(crate) of: u64,
}

/// What indexing some messages led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Indexed {
    /// Whether every message is in the index.
    pub(crate) is_complete: bool,
    /// The newest event. If it moves between two transactions, others write as well.
    pub(crate) head: u64,
}
