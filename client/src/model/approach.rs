//! Getting to a server: what is known of it before anything is sent there, and what the user wants there.

use quchat_shared::{
    api::Credentials,
    user::{NewUser, Session},
};

use super::Server;

/// What the user wants from a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Intent {
    /// Sign in. The Debug text leaves out the password.
    SignIn(Credentials),
    /// Register a user. The Debug text leaves out password and invite.
    Register(NewUser),
    /// Continue with a session that was stored when the server was not encrypted.
    Resume(Box<Session>),
    /// Read who may register there, so that the form shows it. The address as typed.
    Look(String),
}

/// A server, and what is wanted there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approach {
    pub server: Server,
    pub intent: Intent,
}
