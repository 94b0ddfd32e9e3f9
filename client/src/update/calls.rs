//! Dispatches each reply to the handler of its request.
//!
//! A reply is handled only while its call is pending in the model. Sign-out and the end of a session drop all calls.

use super::{
    Answer, Failure, Reply, connection, deleting, edits, find, inbox, membership, outbox, pages, quotes, reactions,
    reading, recount, search, session,
};
use crate::model::{Call, Model};

/// Converts a reply to the answer type of its request.
macro_rules! narrow {
    ($reply:expr, $kind:ident) => {
        $reply.and_then(|answer| match answer {
            Answer::$kind(value) => Ok(value),
            _ => Err(Failure::nonsense()),
        })
    };
}

pub(super) fn done(model: &mut Model, call: u64, reply: Reply) {
    let Some((what, since)) = model.internal.calls.remove(&call) else { return };
    if !matches!(what, Call::SignIn { .. }) {
        connection::heard(model, &what, since, &reply);
    }
    let unauthenticated = reply.as_ref().is_err_and(|failure| failure.status() == Some(401));
    match what {
        Call::SignIn { origin } => session::signed_in(model, origin, narrow!(reply, Session)),
        _ if unauthenticated => session::end(model, "your session has ended"),
        Call::ListRooms => connection::rooms_listed(model, narrow!(reply, Rooms)),
        Call::CreateRoom => membership::created(model, narrow!(reply, Room)),
        Call::JoinRoom(room) => membership::joined(model, room, narrow!(reply, Room)),
        Call::GetRoom(room) => membership::got(model, room, narrow!(reply, Room)),
        Call::LeaveRoom(room) => membership::left(model, room, reply.map(drop)),
        Call::ListMessages(room) => pages::arrived(model, room, call, narrow!(reply, Page)),
        Call::Quote(room, seq) => quotes::arrived(model, room, seq, call, narrow!(reply, Page)),
        Call::SendMessage(room, txn) => outbox::answered(model, room, &txn, narrow!(reply, Message)),
        Call::EditMessage(room, txn) => edits::answered(model, room, &txn, narrow!(reply, Message)),
        Call::DeleteMessage(room, seq) => deleting::answered(model, room, seq, narrow!(reply, NoContent)),
        Call::React(room) => reactions::answered(model, room, call, narrow!(reply, Message)),
        Call::MarkRead(room, seq) => reading::marked(model, room, seq, narrow!(reply, Marker)),
        Call::CountMentions(room) => recount::arrived(model, room, narrow!(reply, Room)),
        Call::ListMentions(after) => inbox::arrived(model, after.as_deref(), narrow!(reply, Mentions)),
        Call::SearchMessages(query) => search::arrived(model, &query, narrow!(reply, Hits)),
        Call::FindSender(name) => search::sender_found(model, &name, narrow!(reply, Users)),
        Call::FindFurther(query) => find::arrived(model, &query, narrow!(reply, Hits)),
    }
}
