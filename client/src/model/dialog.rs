//! Dialogs, and the names of the components that can have the keys.

use std::sync::Arc;

use quchat_shared::{RoomId, Seq};

use super::Model;

/// The components, by which tui-realm mounts and focuses them. `focus` tells which one has the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ComponentId {
    /// The sign-in form, alone on the screen while nobody is signed in.
    SignIn,
    /// The side bar.
    Rooms,
    /// The messages of the open room; it has the keys while one is chosen.
    History,
    /// Where one writes.
    Composer,
    /// Where one says what to search for, in the composer's place.
    Find,
    /// The status line; it never has the keys.
    Status,
    /// A dialog.
    Dialog(DialogId),
}

/// The dialogs, without what is in them. Each is open at most once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DialogId {
    /// See [`Dialog::Switcher`].
    Switcher,
    /// See [`Dialog::CreateRoom`].
    CreateRoom,
    /// See [`Dialog::Help`].
    Help,
    /// See [`Dialog::Ask`].
    Ask,
    /// See [`Dialog::Review`].
    Review,
    /// See [`Dialog::SignedOut`].
    SignedOut,
}

/// A dialog. `Action::Cancel` (Esc) and `Action::Interrupt` (Ctrl+C) close each, and nothing is lost by it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Dialog {
    /// Fuzzy search over rooms; answers with `Msg::Pick`. What is typed and which row is chosen are its own.
    Switcher,
    /// A name and "private"; answers with `Msg::CreateRoom`.
    CreateRoom {
        /// The name to begin with.
        name: String,
        /// The answer is awaited.
        waiting: bool,
        /// Why the last attempt failed; the fields stay as they are.
        problem: Option<String>,
    },
    /// Keys and commands; scrolls by itself.
    Help,
    /// A question that is answered with `Msg::Answer`.
    Ask(Question),
    /// A message the server refused: `Msg::SendAgain`, `Msg::TakeBack` or `Msg::Discard`.
    Review {
        /// Its room.
        room: RoomId,
        /// Which one; its text and reason are in the room's outbox.
        txn: Arc<str>,
    },
    /// The session has ended: the password again, for [`super::Account::user`]; answers with `Msg::SignIn`.
    /// [`super::Model::sign_in`] has its problem and whether it waits, [`super::Link::SignedOut`] the reason.
    /// Closed with Esc, it leaves a screen one can read and write in; `Action::SignOut` then leads to the sign-in form.
    SignedOut,
}

impl Dialog {
    /// Its name.
    #[must_use]
    pub fn id(&self) -> DialogId {
        match self {
            Self::Switcher => DialogId::Switcher,
            Self::CreateRoom { .. } => DialogId::CreateRoom,
            Self::Help => DialogId::Help,
            Self::Ask(_) => DialogId::Ask,
            Self::Review { .. } => DialogId::Review,
            Self::SignedOut => DialogId::SignedOut,
        }
    }
}

/// A question with yes and no.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Question {
    /// Quit although messages are unsent? They are kept and sent next time, unless [`super::Storage`] says otherwise.
    Quit {
        /// How many, drafts included where nothing is kept.
        unsent: usize,
    },
    /// Sign out? Drafts and unsent messages stay for this user on this machine.
    SignOut {
        /// How many are unsent, drafts included where nothing is kept.
        unsent: usize,
    },
    /// Leave this room? Asked where one cannot come back by oneself.
    Leave {
        /// Which one.
        room: RoomId,
    },
    /// Mark every joined room as read, as far as it is unread now?
    CatchUp {
        /// How many messages that is.
        messages: u64,
        /// The rooms with something unread.
        rooms: Arc<[CaughtUp]>,
    },
    /// Take a long paste into the draft? Until that is answered, and if the answer is no, it is an earlier input.
    Paste {
        /// Whose draft.
        room: RoomId,
        /// What was pasted.
        text: Arc<str>,
        /// Where in the draft, in bytes.
        at: usize,
    },
    /// Send a draft that is too long for one message as several?
    Split {
        /// Whose draft.
        room: RoomId,
    },
}

/// What was unread in a room when somebody wished to catch up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CaughtUp {
    /// The room.
    pub room: RoomId,
    /// Its last message.
    pub last: Seq,
    /// How many of the unread ones name one.
    pub mentions: u64,
}

impl Model {
    /// Whether a dialog of this kind is open.
    pub(crate) fn shows_dialog(&self, id: DialogId) -> bool {
        self.dialogs.iter().any(|dialog| dialog.id() == id)
    }

    /// Opens a dialog on top, unless one of its kind is open.
    pub(crate) fn show_dialog(&mut self, dialog: Dialog) {
        if !self.shows_dialog(dialog.id()) {
            self.dialogs.push(dialog);
        }
    }

    /// Asks a question; it replaces one that is open.
    pub(crate) fn ask(&mut self, question: Question) {
        self.close_dialog(DialogId::Ask);
        self.show_dialog(Dialog::Ask(question));
    }

    /// Shows a refused message to decide about, those of the open room first. Returns whether there is one.
    pub(crate) fn show_refused(&mut self) -> bool {
        let mut rooms = self.open_room().into_iter().chain(self.rooms.values());
        let refused = rooms.find_map(|room| {
            let pending = room.refused().next()?;
            Some(Dialog::Review { room: room.info.id, txn: Arc::clone(&pending.txn) })
        });
        let found = refused.is_some();
        if let Some(dialog) = refused {
            self.show_dialog(dialog);
        }
        found
    }

    /// Closes the dialog of this kind, if it is open.
    pub(crate) fn close_dialog(&mut self, id: DialogId) {
        self.dialogs.retain(|dialog| dialog.id() != id);
    }
}
