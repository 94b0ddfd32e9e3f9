//! Ids: integers that the server counts up, and an opaque text for a position in the event stream.

use std::{fmt, num::NonZeroU64, str::FromStr};

use serde::{Deserialize, Serialize};

/// The text is not an id: an id has 1 to 20 ASCII digits and is at most 2^64 - 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ParseIdError;

impl fmt::Display for ParseIdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a whole number of 0 or more")
    }
}

impl std::error::Error for ParseIdError {}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub u64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = ParseIdError;

            fn from_str(text: &str) -> Result<Self, ParseIdError> {
                if !text.bytes().all(|b| b.is_ascii_digit()) {
                    return Err(ParseIdError); // `u64::from_str` would take "+1"
                }
                text.parse().map(Self).map_err(|_| ParseIdError)
            }
        }
    )*};
}

ids! {
    /// A user. Never reused.
    UserId;
    /// A room. Never reused.
    RoomId;
    /// A signed-in session of a user.
    SessionId;
    /// An invite. Never reused.
    InviteId;
    /// The position of a message in its room: 1, 2, 3 … without gaps, in commit order. 0 is the position before the first.
    Seq;
}

impl Seq {
    /// The message after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// The message before this one; `None` at the start of the room.
    #[must_use]
    pub fn previous(self) -> Option<Self> {
        NonZeroU64::new(self.0).map(|n| Self(n.get() - 1))
    }
}

/// A position in the event stream. Only the server that issued it can interpret it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cursor(pub String);

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_digits_and_nothing_else() {
        assert_eq!("17".parse(), Ok(RoomId(17)));
        for text in ["", "+1", "-1", " 1", "1.0", "x", "١", "18446744073709551616"] {
            assert_eq!(text.parse::<RoomId>(), Err(ParseIdError), "{text:?}");
        }
    }

    #[test]
    fn nothing_precedes_the_start_of_a_room() {
        assert_eq!(Seq(1).previous(), Some(Seq(0)));
        assert_eq!(Seq(0).previous(), None);
    }
}
