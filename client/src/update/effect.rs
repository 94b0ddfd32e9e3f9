//! All that can be asked for.

use std::sync::Arc;

use quchat_shared::{Cursor, RoomId, user::Session};

use super::Request;
use crate::model::{Call, Model, Origin, Stored, Visit};

/// Something for the runtime to do, in the order given. None of it blocks the loop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// HTTP workers: perform it, then [`super::Msg::Done`] with the same number, always, exactly once.
    Call {
        /// Never used twice in one run of the program.
        call: u64,
        /// What to ask.
        req: Request,
    },
    /// Stream thread: open `GET /v1/events` from here, then [`super::Msg::Stream`] until it has ended. It does not
    /// reconnect by itself. An older stream that is still open is closed first.
    Listen {
        /// Comes back with each of its events.
        stream: u64,
        /// Where it begins.
        since: Cursor,
    },
    /// Stream thread: close the stream; nothing of it need arrive any more.
    HangUp,
    /// HTTP workers: go on over new connections. What was asked before need not be answered any more.
    Redial,
    /// Runtime: from now on this session's token goes with every call and stream, to this origin and no other.
    /// Disk: store the session (0600) in the origin's directory, remember the origin as the last one; open and lock
    /// the user's directory and read it, then [`super::Msg::Loaded`].
    Enter {
        /// The server.
        origin: Origin,
        /// Who, and the token.
        session: Session,
    },
    /// Runtime: `DELETE /v1/sessions/current` with the present token on an agent of its own (5 s), then shut all
    /// agents down and forget the token. Disk: delete the stored session whatever the answer; drafts and outbox
    /// stay; unlock the directory. Nothing is reported.
    SignOut,
    /// Disk: replace what is kept for this room, at once; nothing to keep deletes the file. Then
    /// [`super::Msg::Saved`]. The latest save per room may overtake earlier ones, which its answer answers as well.
    Save {
        /// Grows with each save.
        ticket: u64,
        /// What to keep.
        stored: Stored,
    },
    /// Disk: remember that these rooms were visited, the latest first. Nothing is reported.
    RememberVisits(Vec<Visit>),
    /// Runtime: call somebody who looks elsewhere, by the terminal or a command of theirs. Both are plain text.
    Notify {
        /// Where something happened.
        title: String,
        /// What.
        body: String,
    },
    /// Runtime: lend the terminal to the user's editor, on a file of its own that holds this draft, then
    /// [`super::Msg::EditorClosed`]. Until then there are no keys and no frames; everything else goes on.
    OpenEditor {
        /// Comes back.
        room: RoomId,
        /// The draft.
        draft: Arc<str>,
    },
    /// Runtime: into the clipboard of whoever looks at the terminal.
    Copy(String),
    /// Runtime: much of a history was let go of; the system may have its memory back.
    GiveBack,
    /// Runtime: draw every cell anew.
    Redraw,
    /// Runtime: restore the terminal, stop the process (SIGTSTP), take the terminal back on return.
    Suspend,
    /// Runtime: wait for the disk (at most 1 s), restore the terminal and exit with this code.
    Exit(i32),
}

/// Makes a request, and notes what for. Returns the number of the call.
pub(super) fn call(model: &mut Model, what: Call, req: Request, effects: &mut Vec<Effect>) -> u64 {
    let call = model.internal.number();
    model.internal.calls.insert(call, (what, model.now.mono_ms));
    effects.push(Effect::Call { call, req });
    call
}
