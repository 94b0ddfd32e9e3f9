//! Requests on their way: who asked, and where the answer goes.
//!
//! An answer counts only while its call is remembered; sign-out and the end of a session forget all of them.

use super::{Answer, Effect, Failure, Reply, Request, link, outbox, pages, quotes, reading, rooms, session};
use crate::model::{Call, Model};

/// The one kind of answer that fits the question.
macro_rules! narrow {
    ($reply:expr, $kind:ident) => {
        $reply.and_then(|answer| match answer {
            Answer::$kind(value) => Ok(value),
            _ => Err(Failure::nonsense()),
        })
    };
}

/// Asks, and remembers what for.
pub(super) fn call(model: &mut Model, what: Call, req: Request, out: &mut Vec<Effect>) -> u64 {
    let call = model.memory.number();
    model.memory.calls.insert(call, (what, model.now.mono_ms));
    out.push(Effect::Call { call, req });
    call
}

/// Takes an answer to the one who asked.
pub(super) fn done(model: &mut Model, call: u64, reply: Reply, out: &mut Vec<Effect>) {
    let Some((what, since)) = model.memory.calls.remove(&call) else { return };
    if !matches!(what, Call::SignIn { .. }) {
        link::heard(model, &what, since, &reply);
    }
    let unauthenticated = reply.as_ref().is_err_and(|failure| failure.status() == Some(401));
    match what {
        Call::SignIn { origin } => session::signed_in(model, origin, narrow!(reply, Session), out),
        _ if unauthenticated => session::end(model, "your session has ended", out),
        Call::ListRooms => link::rooms_listed(model, narrow!(reply, Rooms), out),
        Call::CreateRoom => rooms::created(model, narrow!(reply, Room), out),
        Call::JoinRoom(room) => rooms::joined(model, room, narrow!(reply, Room), out),
        Call::GetRoom(room) => rooms::got(model, room, narrow!(reply, Room)),
        Call::LeaveRoom(room) => rooms::left(model, room, reply.map(drop), out),
        Call::ListMessages(room) => pages::arrived(model, room, call, narrow!(reply, Page), out),
        Call::Quote(room, seq) => quotes::arrived(model, room, seq, call, narrow!(reply, Page), out),
        Call::SendMessage(room, txn) => outbox::answered(model, room, &txn, narrow!(reply, Message), out),
        Call::MarkRead(room, seq) => reading::marked(model, room, seq, narrow!(reply, Marker)),
    }
}
