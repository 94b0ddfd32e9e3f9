//! The rules: who may do what, and what follows.
//!
//! Synchronous functions that run inside a transaction of the store, so that checks and changes are atomic. They must
//! not know HTTP or the storage engine.

pub(crate) mod audience;
pub(crate) mod bans;
pub(crate) mod direct_rooms;
pub(crate) mod event_reader;
pub(crate) mod events;
mod found_rooms;
pub(crate) mod invites;
mod limit;
pub(crate) mod members;
mod memberships;
pub(crate) mod mentions;
pub(crate) mod message_changes;
pub(crate) mod messages;
pub(crate) mod operator;
mod paging;
pub(crate) mod policy;
pub(crate) mod presence;
pub(crate) mod reactions;
pub(crate) mod read_markers;
pub(crate) mod registration;
pub(crate) mod roles;
pub(crate) mod room_filter;
pub(crate) mod rooms;
pub(crate) mod search;
pub(crate) mod sessions;
pub(crate) mod shown_messages;
pub(crate) mod typing;
pub(crate) mod users;

use std::{borrow::Cow, time::Duration};

use quchat_shared::{SessionId, UserId, limits::Refusal};

pub(crate) use self::limit::Limit;
use crate::{budget::Full, store};

/// The authenticated caller, from their token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Caller {
    pub(crate) user: UserId,
    pub(crate) session: SessionId,
}

/// Who does something that the operator of the server may do as well as a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Principal {
    User(Caller),
    /// Whoever can use the data directory. They are no user, see every room and have every right.
    Operator,
}

impl Principal {
    /// The user; `None` for the operator. This is also whom events name as the one who did it.
    pub(crate) fn user(self) -> Option<UserId> {
        match self {
            Self::User(caller) => Some(caller.user),
            Self::Operator => None,
        }
    }
}

impl From<Caller> for Principal {
    fn from(caller: Caller) -> Self {
        Self::User(caller)
    }
}

/// Why a request is refused: one variant per thing that the caller can do about it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("sign in: the token is missing, has expired or was revoked")]
    Unauthenticated,
    #[error("the name or the password is wrong")]
    WrongCredentials,
    #[error("{0}")]
    Forbidden(&'static str),
    #[error("there is no such {0}")]
    NotFound(&'static str),
    #[error("this name is taken")]
    NameTaken,
    #[error("{0}")]
    Conflict(Cow<'static, str>),
    #[error("{field}: {detail}")]
    Invalid { field: Cow<'static, str>, detail: Refusal },
    #[error("{limit}; wait before you try again")]
    RateLimited { limit: Limit, retry_after: Duration },
    #[error("{0}")]
    Unavailable(&'static str),
    #[error("search is not ready: {percent} % of the messages are indexed; try again in a moment")]
    NotIndexed { percent: u64 },
    #[error(transparent)]
    Store(#[from] store::Error),
    #[error("{0}; close one, or wait until one ends")]
    TooMany(Limit),
}

impl From<Full> for Error {
    fn from(_: Full) -> Self {
        Self::Unavailable("the server's memory budget is exhausted; try again in a moment")
    }
}

pub(crate) type Result<T> = std::result::Result<T, Error>;

/// Turns the error of a validator into one that names the field.
pub(crate) fn invalid<T>(field: &'static str, outcome: std::result::Result<T, Refusal>) -> Result<T> {
    outcome.map_err(|detail| Error::Invalid { field: field.into(), detail })
}
