//! Users and their sessions.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{SessionId, Timestamp, UserId, api::by_name};

/// The rights of a user on the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ServerRole {
    Member,
    /// May moderate every room they can see. The first user of a new server is an admin.
    Admin,
}

/// The public profile of a user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    pub id: UserId,
    /// Unique, case-insensitive. Never changes.
    pub name: String,
    pub role: ServerRole,
    /// Time of registration.
    pub created_at: Timestamp,
    /// Whether the user has an open stream and shares a room of at most 200 members with the caller.
    pub online: bool,
    /// Whether an admin has suspended the user, who then cannot sign in. Left out if not.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub suspended: bool,
}

/// For registering.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewUser {
    /// See [`crate::limits::new_user_name`].
    pub name: String,
    /// See [`crate::limits::password`].
    pub password: String,
    /// The code of an invite, where registration asks for one. A secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invite: Option<String>,
}

impl fmt::Debug for NewUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewUser").field("name", &self.name).finish_non_exhaustive()
    }
}

/// What changes of a user. Absent parts stay as they are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserChange {
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "by_name")]
    pub role: Option<ServerRole>,
    /// Whether the user may not sign in. Their sessions end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suspended: Option<bool>,
}

/// A user, as referred to in messages and events.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct UserRef {
    pub id: UserId,
    pub name: String,
}

/// The reply to registering and signing in.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    #[serde(default)]
    pub id: SessionId,
    /// The bearer token (RFC 6750), a JWT.
    pub token: String,
    pub expires_at: Timestamp,
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
