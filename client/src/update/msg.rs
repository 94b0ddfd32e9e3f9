//! Everything that can happen.

use std::sync::Arc;

use quchat_shared::{
    Cursor, Event, InviteId, RoomId, Seq, SessionId, UserRef,
    api::{Credentials, Hit, NewPassword},
    user::Session,
};

use super::{Action, Failure, Reply};
use crate::model::{PersonAction, Reached, Seen, Server, Stored, Visit};

/// Something that happened. Components create those caused by the user; the runtime and its threads create the others.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "there is one at a time")]
pub enum Msg {
    // From the runtime.
    /// The first `Msg`: what disk and command line supplied before the first frame.
    Start {
        /// The address to show in the form, typed or remembered.
        server: Option<String>,
        /// The name to show in the form.
        name: Option<String>,
        /// A stored session and its server; skips the form.
        session: Option<(Server, Session)>,
    },
    /// The deadline of `next_deadline` has come.
    Tick,
    /// The terminal gained or lost the focus.
    TermFocus(bool),
    /// The screen size or a component's own state changed: only redraw.
    Redraw,
    /// A signal arrived or the terminal is gone: save and exit without asking.
    Stop,
    /// The result of `Effect::OpenEditor`.
    EditorClosed {
        /// The room of the draft.
        room: RoomId,
        /// The text that the editor saved, or one sentence on why the draft does not change.
        text: Result<Arc<str>, String>,
    },
    /// What a frame showed, if it differs from the last one.
    Seen(Seen),
    /// A frame shows no message, unlike the one before.
    Unseen,

    // From the workers.
    /// The result of `Effect::Call`. The runtime drops it if its epoch is over.
    Done { call: u64, reply: Reply },
    /// The result of `Effect::Knock`. The runtime drops it if its epoch is over.
    Knocked { call: u64, found: Result<Reached, Failure> },
    /// Up to 256 events of the stream, in order.
    Stream {
        /// The number given in `Effect::Listen`.
        stream: u64,
        events: Vec<ServerEvent>,
    },
    /// The rooms that the user visited, latest first. Comes before [`Msg::Loaded`].
    Visited(Vec<Visit>),
    /// The emoji of the latest reactions, latest first, as stored. Comes before [`Msg::Loaded`].
    EmojiRecalled(Vec<Arc<str>>),
    /// The result of `Effect::Enter`: the stored data of the user. The runtime drops it if its epoch is over.
    Loaded(Result<Vec<Stored>, NotKept>),
    /// The result of `Effect::Save`.
    Saved {
        ticket: u64,
        /// On failure, the reason in one sentence.
        result: Result<(), String>,
    },

    /// tmux has taken the text of `Effect::Copy`. Other terminals do not report it.
    Copied,
    /// A sentence from the disk that belongs to no result.
    Notice(String),

    // From the components.
    /// An Action that the focused component declined.
    Act(Action),
    /// The composer's text changed.
    Edited {
        /// The room whose draft the composer shows.
        room: RoomId,
        /// The whole text.
        text: Arc<str>,
    },
    /// Composer: a long paste; asks before it becomes part of the draft.
    Pasted {
        /// The room whose draft the composer shows.
        room: RoomId,
        /// The pasted text.
        text: Arc<str>,
        /// The byte offset of the cursor.
        at: usize,
    },
    /// Composer: Up on the first visual row or Down on the last one; recalls an earlier or later input.
    Recall {
        /// `true` recalls an earlier input.
        back: bool,
    },
    /// Find bar: the search text changed.
    Sought(Arc<str>),
    /// Search in all rooms: the search text changed.
    SearchFor(Arc<str>),
    /// Search in all rooms: do not wait for more typing.
    SearchNow,
    /// Inbox or search: the end of the list is near.
    More,
    /// Inbox or search: go to this message.
    JumpTo(Arc<Hit>),
    /// Side bar: a letter was typed. The focus and the letter go to the composer.
    Typed(char),
    /// Side bar: Enter on a room. Opens it, and joins it if it is public.
    Open(RoomId),
    /// Switcher: the selected row. Side bar: the clicked room.
    Pick(Pick),
    /// Sign-in form or "signed out" dialog. The Debug text leaves out the password.
    SignIn {
        /// The address as typed.
        server: String,
        /// Name and password as typed.
        credentials: Credentials,
        /// Register the user instead of signing in.
        register: bool,
        /// The invite as typed: a code or a join link. Empty if the form does not ask for it.
        invite: String,
    },
    /// Create-room dialog: create the room.
    CreateRoom {
        /// The name as typed.
        name: String,
        /// Create a private room.
        private: bool,
    },
    /// The answer to the topmost question; `true` is yes.
    Answer(bool),
    /// The question about a long paste: send it now, as several messages.
    SplitPaste,
    /// Review dialog: send it again, with the same txn.
    SendAgain {
        room: RoomId,
        /// The refused message.
        txn: Arc<str>,
    },
    /// Review dialog: move it from the outbox to the front of the room's draft.
    TakeBack {
        room: RoomId,
        /// The refused message.
        txn: Arc<str>,
    },
    /// Review dialog: move it from the outbox to the room's earlier inputs.
    Discard {
        room: RoomId,
        /// The refused message.
        txn: Arc<str>,
    },
    /// Picker of reactions: add this one, or take it back.
    React { room: RoomId, seq: Seq, emoji: Arc<str> },
    /// Switcher: the text changed; finds users by it. Composer: no known name begins with this.
    LookUp(Arc<str>),
    /// List of members or users: the start of the names changed.
    FilterPeople(Arc<str>),
    /// List of members, bans, users or invites: show another page.
    TurnPage {
        /// `true` shows the next one.
        forward: bool,
    },
    /// List of members, bans or users: do this with them.
    ActOn { user: UserRef, action: PersonAction },
    /// List of members: add the user of this name to the room.
    AddByName { room: RoomId, name: String },
    /// List of sessions: end this one.
    EndSession(SessionId),
    /// Form for a new password. The Debug text leaves both out.
    ChangePassword(NewPassword),
    /// Sign-in form: the address is typed; the form shows who may register there.
    LookAt(String),
    /// New invite: copy its link.
    CopyInvite,
    /// List of invites: nobody can register with this one any more.
    RevokeInvite(InviteId),
}

/// The meaning of a row in the switcher.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pick {
    /// Open this room, and join it if it is public.
    Room(RoomId),
    /// Create a public room of this name.
    Create(String),
    /// Open the direct room with this user.
    Person(UserRef),
}

/// Something that arrived on the stream.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "nearly all are events, and at most 1,024 wait")]
pub enum ServerEvent {
    /// An event, and the last id of the stream so far (empty if there was none yet).
    Event(Event, Cursor),
    /// An id without an event: only the position moved.
    At(Cursor),
    /// The stream has ended; nothing follows. Silence of 35 s also ends it.
    Ended(Failure),
}

/// Why nothing is saved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotKept {
    /// Another client has locked the user's directory; it is left untouched.
    Elsewhere,
    /// The disk failed, for this reason.
    Failing(String),
}
