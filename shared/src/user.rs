//! People and their sessions.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Timestamp, UserId};

/// What a user may do on the server as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ServerRole {
    /// An ordinary user.
    Member,
    /// May moderate every room they can see. The first user of a fresh server is one.
    Admin,
}

/// A user as others see them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// Stable name for programs.
    pub id: UserId,
    /// Stable name for people, unique without regard to case.
    pub name: String,
    /// Rights on the server as a whole.
    pub role: ServerRole,
    /// When they registered.
    pub created_at: Timestamp,
    /// Whether they have a stream open and share a room of at most 200 members with the caller.
    pub online: bool,
}

/// A user as a message or an event names them.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct UserRef {
    /// Stable name for programs.
    pub id: UserId,
    /// Stable name for people.
    pub name: String,
}

/// The answer to registering and to signing in.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// The bearer token (RFC 6750), a JWT.
    pub token: String,
    /// When the token stops working.
    pub expires_at: Timestamp,
    /// Who is signed in.
    pub user: User,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("expires_at", &self.expires_at)
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}
