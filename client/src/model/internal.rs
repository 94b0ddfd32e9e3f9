//! State that only `update` uses: no component draws it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use quchat_shared::{
    RoomId, Seq,
    event::{ByeReason, ResetReason},
    user::Session,
};

use super::{Cause, Origin, Seen, Stored};

/// State that only `update` uses.
#[derive(Debug, Default)]
pub(crate) struct Internal {
    /// The last number given to a call, a stream or a save.
    pub(crate) numbers: u64,
    /// The calls that are to be answered, and when each was made.
    pub(crate) calls: BTreeMap<u64, (Call, u64)>,
    /// The saves that are to be answered.
    pub(crate) saves: BTreeMap<u64, RoomId>,
    /// Rooms in which something may wait for time to pass: a save, a send, a read marker.
    pub(crate) busy: BTreeSet<RoomId>,
    /// Saves of rooms that are not in the model any more, with their tickets.
    pub(crate) last_saves: Vec<(u64, Stored)>,
    /// What is kept for rooms that one cannot see: not yet, or no more.
    pub(crate) unplaced: BTreeMap<RoomId, Stored>,
    /// What the last frame showed of the open room.
    pub(crate) seen: Option<Seen>,
    /// What is on the screen and not seen yet.
    pub(crate) watched: Watched,
    /// The newest message of the open room when the terminal lost the focus.
    pub(crate) left_at: Option<(RoomId, Seq)>,
    /// Ctrl+C quits until then.
    pub(crate) quit_armed_until: Option<u64>,
    /// A command was sent while no room was open: until then, a further Enter belongs to it.
    pub(crate) command_sent_until: Option<u64>,
    /// The last key was a Ctrl+D on an empty input.
    pub(crate) after_end_of_input: bool,
    /// When something was typed last.
    pub(crate) typed_at: Option<u64>,
    /// When the password is asked for: not while somebody is typing.
    pub(crate) password_due: Option<u64>,
    /// Bytes that newer copies of messages have added since the rooms were last kept within theirs.
    pub(crate) grown: usize,
    /// Counts what makes rooms unread.
    pub(crate) arrivals: u64,
    /// Counts visits of rooms.
    pub(crate) visits: u64,
    /// The rooms that were visited before this client was started, the latest last.
    pub(crate) visited: Vec<RoomId>,
    /// The disk does not know yet which rooms were visited, or how they are by now.
    pub(crate) visits_changed: bool,
    /// The stream is to be closed.
    pub(crate) hang_up: bool,
    /// Connections are to be made anew.
    pub(crate) redial: bool,
    /// The runtime is to go on as another user, or as none.
    pub(crate) session_change: Option<SessionChange>,
    /// What is to be done with the terminal.
    pub(crate) terminal_task: Option<TerminalTask>,
    /// So much of a history was dropped that the system should have its memory back.
    pub(crate) give_back: bool,
    /// Attempts to connect that have failed in a row.
    pub(crate) link_failures: u32,
    /// When the stream last said hello.
    pub(crate) connected_at: u64,
    /// The reason the server gave for ending the stream.
    pub(crate) bye: Option<ByeReason>,
    /// The last time somebody was certainly at the keyboard.
    pub(crate) last_key: u64,
    /// The terminal has told about its focus, so that it will again.
    pub(crate) tells_focus: bool,
    /// What has come in this step that is worth a call.
    pub(crate) alert: Option<Alert>,
    /// The calls that are one.
    pub(crate) burst: Option<Burst>,
    /// The stream lost its place, for this reason: what the next list of rooms finds at hand is stale.
    pub(crate) stale: Option<ResetReason>,
    /// Since when the stream is being opened.
    pub(crate) dialled: Option<u64>,
    /// When the oldest attempt to send began that was given up without an answer; nothing has come from the server since.
    pub(crate) gave_up: Option<u64>,
    /// When somebody last asked to connect anew.
    pub(crate) redialled: Option<u64>,
    /// The server has done or refused what a call asked since the stream was lost.
    pub(crate) answered: bool,
    /// When the last attempt to connect failed.
    pub(crate) lost_at: u64,
    /// The server named the time of the next attempt.
    pub(crate) wait_asked: bool,
    /// The rooms that were known when the list was asked for: only of these can it say that they are gone.
    pub(crate) listed: BTreeSet<RoomId>,
    /// The stream that counts has said hello.
    pub(crate) greeted: bool,
    /// The stream was reset, and no connection has held since.
    pub(crate) was_reset: bool,
    /// What the notice is about.
    pub(crate) cause: Option<Cause>,
    /// Somebody was told that not all rooms are shown.
    pub(crate) told_of_rooms: bool,
}

/// The messages of the open room that somebody looks at.
#[derive(Debug, Default)]
pub(crate) struct Watched {
    /// The first and the last one on the screen.
    pub(crate) range: Option<(Seq, Seq)>,
    /// Those of them that do not count as seen yet, and since when each has been there without interruption.
    pub(crate) since: BTreeMap<Seq, u64>,
}

/// From now on another session counts.
#[derive(Debug)]
pub(crate) enum SessionChange {
    Enter { origin: Origin, session: Session },
    SignOut,
}

/// Something to do with the terminal after everything is saved that has to be.
#[derive(Debug)]
pub(crate) enum TerminalTask {
    Redraw,
    Suspend,
    Copy(String),
    /// Open the draft of this room in the editor.
    OpenEditor(RoomId),
    Exit(i32),
}

/// Something worth calling somebody for.
#[derive(Debug)]
pub(crate) struct Alert {
    pub(crate) room: RoomId,
    pub(crate) title: String,
    pub(crate) body: String,
    /// So many came before it.
    pub(crate) more: u64,
}

/// When a burst began, and when it last went on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Burst {
    pub(crate) begun: u64,
    pub(crate) last: u64,
}

/// A call that is to be answered, and what for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Call {
    SignIn { origin: Origin },
    ListRooms,
    CreateRoom,
    JoinRoom(RoomId),
    GetRoom(RoomId),
    LeaveRoom(RoomId),
    ListMessages(RoomId),
    SendMessage(RoomId, Arc<str>),
    MarkRead(RoomId, Seq),
    Quote(RoomId, Seq),
}

impl Call {
    /// Somebody asked for it, and nothing but the status line tells that it is on its way.
    pub(crate) fn is_asked_for(&self) -> bool {
        matches!(self, Self::CreateRoom | Self::JoinRoom(_) | Self::LeaveRoom(_))
    }
}

impl Internal {
    /// Whether such a call is to be answered.
    pub(crate) fn awaits(&self, wanted: impl Fn(&Call) -> bool) -> bool {
        self.calls.values().any(|(call, _)| wanted(call))
    }

    /// A number that was never given before.
    pub(crate) fn number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }
}
