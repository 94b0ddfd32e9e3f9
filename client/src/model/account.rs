//! Who is signed in and to which server, and the state of the connection.
//!
//! It holds no token. The runtime keeps the token and sends it to its origin only.

use std::sync::Arc;

use quchat_shared::{User, api::Registration, invite::InviteCode};

use super::{Model, Server};

/// How long the keyboard must be idle before the password dialog opens, in milliseconds. Otherwise text that is being
/// typed would land in the password field.
const TYPING_PAUSE_MS: u64 = 1_000;

/// The user of this client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    pub server: Server,
    pub user: User,
}

/// The connection, as the status line shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Link {
    /// Nobody is signed in, or the session has ended.
    SignedOut {
        /// Why the session ended, in one sentence; `None` if no session ended by itself.
        reason: Option<String>,
    },
    /// A request was sent or a stream is being opened.
    Connecting {
        /// Attempts that failed in a row.
        failures: u32,
    },
    /// The stream is live.
    Connected,
    /// Waits before the next attempt. The screen is redrawn once a second for the countdown.
    Reconnecting {
        /// When the next attempt begins, in [`super::Now::mono_ms`].
        at: u64,
        /// Attempts that failed in a row.
        failures: u32,
        /// Why the last attempt failed, in one sentence.
        reason: String,
    },
}

/// Whether drafts and outbox reach the disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Storage {
    /// The user's directory is being opened and read. Nothing is saved before `Msg::Loaded`.
    Opening,
    /// Everything is saved.
    Kept,
    /// The last save failed. Messages are still sent, the status line shows the reason, and the save is retried after a
    /// pause.
    Failing(Arc<str>),
    /// Another client has locked the directory, or it cannot be read. It is left untouched, this client saves nothing,
    /// and the status line says so.
    Elsewhere(Arc<str>),
}

/// The part of the sign-in form that the model owns. The form and [`super::Dialog::SignedOut`] show it and answer with
/// `Msg::SignIn`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SignInForm {
    /// The initial address, typed or remembered.
    pub server: String,
    /// The initial user name.
    pub name: String,
    /// Increases when `update` itself changes [`SignInForm::server`] or [`SignInForm::name`]; the form then reloads
    /// them.
    pub rev: u64,
    /// Increases when the password was refused or used; the form then empties that field only.
    pub password_rev: u64,
    /// A reply is awaited. The form shows that and ignores Enter.
    pub waiting: bool,
    /// The invite of the join link that started quchat, to register with.
    pub invite: Option<InviteCode>,
    /// What is wrong, and the field to show it next to.
    pub problem: Option<(Field, String)>,
    /// Who may register at a server, if it has told. With the address as typed.
    pub registration: Option<(String, Registration)>,
}

/// A field of the sign-in form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// The server's address. "Cannot be reached" is shown here too.
    Server,
    Name,
    Password,
    /// Shown where the server asks for an invite.
    Invite,
}

impl SignInForm {
    /// Whether the server at the address last submitted or left is known to register nobody. An invite that came with a
    /// link may be one for its first admin.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        let known = self.registration.as_ref().filter(|(server, _)| *server == self.server);
        known.is_some_and(|(_, mode)| *mode == Registration::Closed) && self.invite.is_none()
    }
}

impl Model {
    /// Shows that an attempt to connect begins.
    pub(crate) fn connect(&mut self) {
        if self.account.is_some() {
            self.link = Link::Connecting { failures: self.internal.link_failures };
        }
    }

    /// Opens the password dialog once the user stops typing.
    pub(crate) fn ask_for_password(&mut self) {
        let now = self.now.mono_ms;
        let paused = self.internal.typed_at.map_or(now, |at| now.max(at.saturating_add(TYPING_PAUSE_MS)));
        self.internal.password_due = Some(paused);
    }
}
