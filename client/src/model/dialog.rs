//! Dialogs, and the ids of the components that can have the focus.

use std::sync::Arc;

use quchat_shared::{RoomId, Seq, UserRef, pin::Pin};

use super::{
    Approach, BanList, FreshInvite, InviteList, Listing, Model, PasswordForm, People, Server, SessionList, UserList,
};

/// The id under which tui-realm mounts a component. `focus` returns the one with the focus.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ComponentId {
    /// The sign-in form, alone on the screen while nobody is signed in.
    SignIn,
    /// The side bar.
    Rooms,
    /// The messages of the open room; focused while one is selected.
    History,
    /// The text input.
    Composer,
    /// The search input, in place of the composer.
    Find,
    /// The status line; never focused.
    Status,
    Dialog(DialogId),
}

/// The kinds of dialog. Each is open at most once.
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
    /// See [`Dialog::React`].
    React,
    /// See [`Dialog::Inbox`].
    Inbox,
    /// See [`Dialog::Search`].
    Search,
    /// See [`Dialog::People`].
    People,
    /// See [`Dialog::Bans`].
    Bans,
    /// See [`Dialog::Sessions`].
    Sessions,
    /// See [`Dialog::Password`].
    Password,
    /// See [`Dialog::Users`].
    Users,
    /// See [`Dialog::Invites`].
    Invites,
    /// See [`Dialog::Invited`].
    Invited,
}

/// A dialog. `Action::Cancel` (Esc) and `Action::Interrupt` (Ctrl+C) close it without losing any text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Dialog {
    /// Fuzzy search over rooms; answers with `Msg::Pick`. The component owns the typed text and the selected row.
    Switcher,
    /// A name and "private"; answers with `Msg::CreateRoom`.
    CreateRoom {
        /// The initial name.
        name: String,
        /// A reply is awaited.
        waiting: bool,
        /// Why the last attempt failed; the fields stay as they are.
        problem: Option<String>,
    },
    /// Keys and commands. The component owns the scroll position.
    Help,
    /// A question that is answered with `Msg::Answer`.
    Ask(Question),
    /// A message that the server refused; answers with `Msg::SendAgain`, `Msg::TakeBack` or `Msg::Discard`.
    Review {
        room: RoomId,
        /// The message; its text and the reason are in the room's outbox.
        txn: Arc<str>,
    },
    /// The session has ended: asks for the password of [`super::Account::user`]; answers with `Msg::SignIn`.
    /// [`super::Model::sign_in`] holds its problem and whether it waits, [`super::Link::SignedOut`] the reason.
    /// After Esc the user can still read and write; `Action::SignOut` then leads to the sign-in form.
    SignedOut,
    /// The picker of reactions to a message; answers with `Msg::React`.
    React { room: RoomId, seq: Seq },
    /// The mentions of the user in all rooms; answers with `Msg::JumpTo`.
    Inbox(Listing),
    /// The search in all rooms, [`super::Model::search`]; answers with `Msg::JumpTo`.
    Search,
    /// The members of a room; answers with `Msg::FilterPeople`, `Msg::TurnPage`, `Msg::ActOn` or `Msg::AddByName`. The
    /// component owns the chosen row and the menu of what can be done.
    People(People),
    /// The bans of a room; answers with `Msg::TurnPage` or `Msg::ActOn`. The component owns the chosen row.
    Bans(BanList),
    /// The user's sessions; answers with `Msg::EndSession`.
    Sessions(SessionList),
    /// A form for a new password; answers with `Msg::ChangePassword`. The component owns the typed text.
    Password(PasswordForm),
    /// The users of the server, for admins; answers with `Msg::FilterPeople`, `Msg::TurnPage` or `Msg::ActOn`. The
    /// component owns the chosen row and the menu of what can be done.
    Users(UserList),
    /// The invites that still work, for admins; answers with `Msg::TurnPage` or `Msg::RevokeInvite`. The component owns
    /// the chosen row.
    Invites(InviteList),
    /// A new invite and how to join with it; answers with `Msg::CopyInvite`.
    Invited(FreshInvite),
}

impl Dialog {
    #[must_use]
    pub fn id(&self) -> DialogId {
        match self {
            Self::Switcher => DialogId::Switcher,
            Self::CreateRoom { .. } => DialogId::CreateRoom,
            Self::Help => DialogId::Help,
            Self::Ask(_) => DialogId::Ask,
            Self::Review { .. } => DialogId::Review,
            Self::SignedOut => DialogId::SignedOut,
            Self::React { .. } => DialogId::React,
            Self::Inbox(_) => DialogId::Inbox,
            Self::Search => DialogId::Search,
            Self::People(_) => DialogId::People,
            Self::Bans(_) => DialogId::Bans,
            Self::Sessions(_) => DialogId::Sessions,
            Self::Password(_) => DialogId::Password,
            Self::Users(_) => DialogId::Users,
            Self::Invites(_) => DialogId::Invites,
            Self::Invited(_) => DialogId::Invited,
        }
    }
}

/// A question that is answered with yes or no; one of them has no yes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Question {
    /// Quit although messages are unsent? They are kept and sent next time, unless [`super::Storage`] cannot save them.
    Quit {
        /// How many messages; includes drafts if they cannot be saved.
        unsent: usize,
    },
    /// Sign out? Drafts and unsent messages stay for this user on this machine.
    SignOut {
        /// How many messages; includes drafts if they cannot be saved.
        unsent: usize,
    },
    /// Leave this room? Asked only if the user cannot rejoin on their own, or discards unsent text by it.
    Leave { room: RoomId },
    /// Mark all messages that are unread now as read, in every joined room?
    CatchUp {
        /// How many messages are unread.
        messages: u64,
        /// The rooms with something unread.
        rooms: Arc<[CaughtUp]>,
    },
    /// Insert a long paste into the draft? Until the answer, and after a no, the paste is kept as an earlier input.
    Paste {
        room: RoomId,
        /// The pasted text.
        text: Arc<str>,
        /// Where it is inserted: a byte offset in the draft.
        at: usize,
    },
    /// Split a draft that is too long for one message into several?
    Split { room: RoomId },
    /// Delete this message for everyone?
    DeleteMessage { room: RoomId, seq: Seq },
    /// Delete this room for everybody?
    DeleteRoom { room: RoomId },
    /// Close this room to new messages?
    Archive { room: RoomId },
    /// Remove this user from the room?
    Remove { room: RoomId, user: UserRef },
    /// Trust this key? Nobody vouches for it, and nothing was sent to the server yet.
    Trust(Box<Approach>),
    /// No question: the server shows another key than the pin that is kept for it, and there is no yes.
    ChangedKey { server: Box<Server>, seen: Pin },
    /// Ban this user from the room?
    Ban { room: RoomId, user: UserRef, reason: Option<Arc<str>> },
    /// End the sessions of this user, and keep them from signing in?
    Suspend { user: UserRef },
}

/// The unread part of a room when the user asked to mark everything as read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CaughtUp {
    pub room: RoomId,
    /// The room's last message.
    pub last: Seq,
    /// How many unread messages mention the user.
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

    /// Asks a question in place of the one that is open, if any.
    pub(crate) fn ask(&mut self, question: Question) {
        self.close_dialog(DialogId::Ask);
        self.show_dialog(Dialog::Ask(question));
    }

    /// Opens the review dialog for a refused message, preferring the open room. Returns whether there is one.
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

    /// The list in the inbox, if it is open.
    pub(crate) fn inbox(&self) -> Option<&Listing> {
        self.dialogs.iter().find_map(|dialog| match dialog {
            Dialog::Inbox(listing) => Some(listing),
            _ => None,
        })
    }

    /// The list in the inbox, mutable.
    pub(crate) fn inbox_mut(&mut self) -> Option<&mut Listing> {
        self.dialogs.iter_mut().find_map(|dialog| match dialog {
            Dialog::Inbox(listing) => Some(listing),
            _ => None,
        })
    }

    /// Closes the dialog of this kind, if it is open.
    pub(crate) fn close_dialog(&mut self, id: DialogId) {
        self.dialogs.retain(|dialog| dialog.id() != id);
    }
}
