//! What `update` can ask the runtime to do.

use std::sync::Arc;

use quchat_shared::{Cursor, RoomId, user::Session};

use super::Request;
use crate::model::{Address, Call, Intent, Model, Server, Stored, Visit};

/// Something for the runtime to do, in the given order. No effect blocks the event loop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// HTTP workers: perform the request, then report [`super::Msg::Done`] with the same number exactly once.
    Call {
        /// Unique within one run of the program.
        call: u64,
        req: Request,
    },
    /// HTTP workers: find out what answers at this address, with the pin that the disk keeps for it, then report
    /// [`super::Msg::Knocked`] with the same number exactly once. Nothing of the user's is sent.
    Knock {
        /// Unique within one run of the program.
        call: u64,
        address: Address,
    },
    /// Disk: keep the pin of this server. Nothing is reported.
    Trust(Server),
    /// Stream thread: open `GET /v1/events` at this position, then report [`super::Msg::Stream`] until it has ended. It
    /// does not reconnect by itself. An older stream that is still open is closed first.
    Listen {
        /// Returned with each of its events.
        stream: u64,
        /// The position where it begins.
        since: Cursor,
    },
    /// Stream thread: close the stream. Its remaining events may be dropped.
    HangUp,
    /// HTTP workers: use new connections. Earlier requests need no reply any more.
    Redial,
    /// Runtime: send this session's token with every call and stream, to this origin only. Disk: store the session
    /// (0600) in the origin's directory and the origin as the last one; open, lock and read the user's directory, then
    /// report [`super::Msg::Loaded`].
    Enter {
        server: Server,
        /// The user and the token.
        session: Session,
    },
    /// Runtime: send `DELETE /v1/sessions/current` with the current token over its own agent (5 s), then shut all
    /// agents down and drop the token. Disk: delete the stored session whatever the reply, keep drafts and outbox, and
    /// unlock the directory. Nothing is reported.
    SignOut,
    /// Disk: replace the stored data of this room at once; empty data deletes the file. Then report
    /// [`super::Msg::Saved`]. The latest save of a room may replace earlier ones; its report then covers them too.
    Save {
        /// Increases with each save.
        ticket: u64,
        stored: Stored,
    },
    /// Disk: store the visited rooms, latest first. Nothing is reported.
    RememberVisits(Vec<Visit>),
    /// Disk: store the emoji of the latest reactions, latest first. Nothing is reported.
    RememberEmoji(Vec<Arc<str>>),
    /// Runtime: notify a user who looks elsewhere, through the terminal or a configured command. Both texts are plain.
    Notify {
        /// The room.
        title: String,
        /// The author and the message.
        body: String,
    },
    /// Runtime: run the user's editor in the terminal on a temporary file with this draft, then report
    /// [`super::Msg::EditorClosed`]. Until then there are no keys and no frames; everything else continues.
    OpenEditor {
        /// Returned with the text.
        room: RoomId,
        draft: Arc<str>,
    },
    /// Runtime: copy to the clipboard of the terminal.
    Copy(String),
    /// Runtime: much of a history was dropped; return the memory to the system.
    GiveBack,
    /// Runtime: redraw every cell.
    Redraw,
    /// Runtime: restore the terminal, stop the process (SIGTSTP), take the terminal back on return.
    Suspend,
    /// Runtime: wait for the disk (at most 1 s), restore the terminal and exit with this code.
    Exit(i32),
}

/// Knocks at an address and notes what the user wants there.
pub(super) fn knock(model: &mut Model, address: Address, intent: Intent, effects: &mut Vec<Effect>) {
    let call = model.internal.number();
    let what = Call::Knock { address: address.clone(), intent };
    model.internal.calls.insert(call, (what, model.now.mono_ms));
    effects.push(Effect::Knock { call, address });
}

/// Makes a request and notes its purpose. Returns the number of the call.
pub(super) fn call(model: &mut Model, what: Call, req: Request, effects: &mut Vec<Effect>) -> u64 {
    let call = model.internal.number();
    model.internal.calls.insert(call, (what, model.now.mono_ms));
    effects.push(Effect::Call { call, req });
    call
}
