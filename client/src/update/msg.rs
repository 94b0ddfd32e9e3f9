//! All that can happen.

use std::sync::Arc;

use quchat_shared::{Cursor, Event, RoomId, api::Credentials, user::Session};

use super::{Action, Failure, Reply};
use crate::model::{Origin, Seen, Stored, Visit};

/// Something that happened. Components make those of the person at the keyboard, the runtime and its threads the rest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Msg {
    // From the runtime.
    /// The first one: what the disk and the command line said before anything was drawn.
    Start {
        /// The address to put into the form, as typed or remembered.
        server: Option<String>,
        /// The name to put into the form.
        name: Option<String>,
        /// A stored session and the server it belongs to: then the form is skipped.
        session: Option<(Origin, Session)>,
    },
    /// The deadline of `next_deadline` has come.
    Tick,
    /// The terminal gained or lost the focus.
    TermFocus(bool),
    /// Something about the screen changed (size, a component's own state): draw, nothing else.
    Redraw,
    /// A signal came, or the terminal is gone: save and exit without asking.
    Stop,
    /// The answer to `Effect::OpenEditor`.
    EditorClosed {
        /// Whose draft it was.
        room: RoomId,
        /// The text as it was saved, or why it stays as it was, in one sentence.
        text: Result<Arc<str>, String>,
    },
    /// What a frame showed, if it differs from the last one.
    Seen(Seen),
    /// A frame showed no message, after one that did.
    Unseen,

    // From the workers.
    /// The answer to `Effect::Call`. Dropped by the runtime if its epoch is over.
    Done {
        /// The number of the call.
        call: u64,
        /// What came of it.
        reply: Reply,
    },
    /// Up to 256 events of the stream, in order.
    Stream {
        /// The number given in `Effect::Listen`.
        stream: u64,
        /// What it brought.
        events: Vec<ServerEvent>,
    },
    /// Comes before [`Msg::Loaded`]: the rooms the user has visited, the latest first.
    Visited(Vec<Visit>),
    /// The answer to `Effect::Enter`: what is kept for the user. Dropped by the runtime if its epoch is over.
    Loaded(Result<Vec<Stored>, NotKept>),
    /// The answer to `Effect::Save`.
    Saved {
        /// Its ticket.
        ticket: u64,
        /// Why the disk refused, in one sentence.
        result: Result<(), String>,
    },

    /// The answer to `Effect::Copy` where it is known: tmux has the text.
    Copied,
    /// The disk has something to tell that no answer has a place for, in one sentence.
    Notice(String),

    // From the components.
    /// An Action that the focused component did not take for itself.
    Act(Action),
    /// The composer's text changed.
    Edited {
        /// The room whose draft the composer shows.
        room: RoomId,
        /// All of it.
        text: Arc<str>,
    },
    /// Composer: a long paste; asks before it becomes part of the draft.
    Pasted {
        /// The room whose draft the composer shows.
        room: RoomId,
        /// What was pasted.
        text: Arc<str>,
        /// Where the cursor is, in bytes.
        at: usize,
    },
    /// Composer: Up on the first visual row (`true`) or Down on the last one: an earlier or later input.
    Recall {
        /// Towards the earlier ones.
        back: bool,
    },
    /// Find bar: what is searched for.
    Sought(Arc<str>),
    /// Side bar: a letter was typed; the keys go back to the composer and the letter goes along.
    Typed(char),
    /// Side bar: Enter on a room. Opens it, and joins it if need be.
    Open(RoomId),
    /// Switcher: the chosen row; side bar: a room that was clicked.
    Pick(Pick),
    /// Sign-in form, or the "signed out" dialog. The password is not in the Debug text.
    SignIn {
        /// The address as typed.
        server: String,
        /// Name and password as typed.
        credentials: Credentials,
        /// Make the user rather than sign in.
        register: bool,
    },
    /// Create-room dialog.
    CreateRoom {
        /// As typed.
        name: String,
        /// Only for members.
        private: bool,
    },
    /// The question on top: yes or no.
    Answer(bool),
    /// The question about a long paste: send it at once, as several messages.
    SplitPaste,
    /// Review dialog: try it once more, under the same txn.
    SendAgain {
        /// The room.
        room: RoomId,
        /// The refused message.
        txn: Arc<str>,
    },
    /// Review dialog: out of the outbox, in front of the draft of its room.
    TakeBack {
        /// The room.
        room: RoomId,
        /// The refused message.
        txn: Arc<str>,
    },
    /// Review dialog: out of the outbox, among the earlier inputs of its room.
    Discard {
        /// The room.
        room: RoomId,
        /// The refused message.
        txn: Arc<str>,
    },
}

/// What the switcher's chosen row means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pick {
    /// Open this room, and join it if need be.
    Room(RoomId),
    /// Make a public room of this name.
    Create(String),
}

/// Something the stream brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServerEvent {
    /// An event, and the stream's last id as of it (empty if there was none yet).
    Event(Event, Cursor),
    /// A bare id: the position moved and nothing else.
    At(Cursor),
    /// The stream is over; nothing of it follows. Silence of 35 s counts, too.
    Ended(Failure),
}

/// Why nothing is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotKept {
    /// Another client holds the user's directory; it is left alone.
    Elsewhere,
    /// The disk refuses, for this reason.
    Failing(String),
}
