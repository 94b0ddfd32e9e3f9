//! Who is signed in, where, and how the connection stands.
//!
//! No token lives here: the runtime keeps it and hands it to its origin only.

use std::sync::Arc;

use quchat_shared::User;

use super::{Model, Origin};

/// The password is asked for only after nothing was typed for so long, in milliseconds: what is being typed is no
/// password.
const TYPING_PAUSE_MS: u64 = 1_000;

/// The user of this client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The server that knows them.
    pub origin: Origin,
    /// Themselves.
    pub user: User,
}

/// The connection, as the status line tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Link {
    /// Nobody is signed in, or the session has ended.
    SignedOut {
        /// Why, if it was not one's own wish: one sentence.
        reason: Option<String>,
    },
    /// A request or a stream is on its way.
    Connecting {
        /// How many attempts have failed in a row.
        failures: u32,
    },
    /// The stream is live.
    Connected,
    /// Waiting before the next attempt; the whole screen is redrawn once a second for the countdown.
    Reconnecting {
        /// When the next attempt begins, in [`super::Now::mono_ms`].
        at: u64,
        /// How many attempts have failed in a row.
        failures: u32,
        /// Why the last one failed: one sentence.
        reason: String,
    },
}

/// Whether drafts and outbox reach the disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Storage {
    /// The user's directory is being opened and read; nothing is saved before `Msg::Loaded`.
    Opening,
    /// Everything is kept.
    Kept,
    /// The disk refuses: sends go out all the same, the status line tells the reason, and what it refused is offered
    /// again after a pause.
    Failing(Arc<str>),
    /// Another client holds the directory, or it cannot be read: what is in it is left alone and nothing is kept
    /// here; the status line tells so.
    Elsewhere(Arc<str>),
}

/// What of the sign-in form belongs to the model. The form (and [`super::Dialog::SignedOut`]) shows it and
/// answers with `Msg::SignIn`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SignInForm {
    /// The address to begin with, as it was typed or remembered.
    pub server: String,
    /// The user name to begin with.
    pub name: String,
    /// Moves when `update` changed [`SignInForm::server`] or [`SignInForm::name`] by itself; the form reloads them.
    pub rev: u64,
    /// Moves when the password was refused or used up; the form empties that field and no other.
    pub password_rev: u64,
    /// The answer is awaited; the form shows so and takes no second Enter.
    pub waiting: bool,
    /// What is wrong, and beside which field to say so.
    pub problem: Option<(Field, String)>,
}

/// A field of the sign-in form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// The server's address; also where "cannot be reached" is told.
    Server,
    /// The user name.
    Name,
    /// The password.
    Password,
}

impl Model {
    /// An attempt to connect begins.
    pub(crate) fn connect(&mut self) {
        if self.account.is_some() {
            self.link = Link::Connecting { failures: self.internal.link_failures };
        }
    }

    /// Asks for the password once the user stops typing.
    pub(crate) fn ask_for_password(&mut self) {
        let now = self.now.mono_ms;
        let paused = self.internal.typed_at.map_or(now, |at| now.max(at.saturating_add(TYPING_PAUSE_MS)));
        self.internal.password_due = Some(paused);
    }
}
