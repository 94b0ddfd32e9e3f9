//! The limits on what one user or address may do, by the names that the command line and the metrics use.

use std::fmt;

/// One of them. Its text says what there was too much of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Limit {
    /// Messages of a user.
    Messages,
    /// Edits and reactions of a user.
    Changes,
    /// Registrations from an address.
    Registrations,
    /// Rooms that a user creates.
    Rooms,
    /// Wrong passwords for a name from an address.
    Passwords,
    /// Wrong invites from an address.
    Invites,
    /// Event streams of a user at the same time.
    Streams,
    /// Long requests of a user that run or wait.
    Reads,
}

impl Limit {
    /// Every limit, in the order of the enum.
    pub(crate) const ALL: [Self; 8] = [
        Self::Messages,
        Self::Changes,
        Self::Registrations,
        Self::Rooms,
        Self::Passwords,
        Self::Invites,
        Self::Streams,
        Self::Reads,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Messages => "messages",
            Self::Changes => "changes",
            Self::Registrations => "registrations",
            Self::Rooms => "rooms",
            Self::Passwords => "passwords",
            Self::Invites => "invites",
            Self::Streams => "streams",
            Self::Reads => "reads",
        }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Messages => "you send too many messages",
            Self::Changes => "you edit and react too often",
            Self::Registrations => "too many users registered from this address",
            Self::Rooms => "you create too many rooms",
            Self::Passwords => "too many wrong passwords",
            Self::Invites => "too many wrong invites",
            Self::Streams => "you have too many event streams open",
            Self::Reads => "too many of your long requests are waiting",
        })
    }
}
