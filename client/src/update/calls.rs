//! Dispatches each reply to the handler of its request.
//!
//! A reply is handled only while its call is pending in the model. Sign-out and the end of a session drop all calls.

use super::{
    Answer, Effect, Failure, Reply, account, approach, attention, bans, connection, deleting, direct, edits, find,
    inbox, invites, members, membership, outbox, pages, people, presence, quotes, reactions, reading, recount,
    room_changes, search, session, users,
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

pub(super) fn done(model: &mut Model, call: u64, reply: Reply, effects: &mut Vec<Effect>) {
    let Some((what, since)) = model.internal.calls.remove(&call) else { return };
    if !what.is_sign_in() && !what.is_look() {
        connection::heard(model, &what, since, &reply);
    }
    let unauthenticated = reply.as_ref().is_err_and(|failure| failure.status() == Some(401));
    match what {
        Call::SignIn { server, register } => session::signed_in(model, server, register, narrow!(reply, Session)),
        Call::Knock { .. } => {} // its answer is a `Msg` of its own
        Call::GetServer(typed) => approach::told(model, typed, narrow!(reply, About)),
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
        Call::FindUser(name, action) => people::found(model, &name, action, narrow!(reply, Users), effects),
        Call::OpenDirectRoom(user, text) => direct::opened(model, &user, text, narrow!(reply, Room)),
        Call::ChangeMember(user, action) => people::changed(model, &user, &action, reply.map(drop)),
        Call::UpdateRoom(room, change) => room_changes::changed(model, room, &change, narrow!(reply, Room)),
        Call::DeleteRoom(room) => room_changes::deleted(model, room, reply.map(drop)),
        Call::SetNotify(room, level) => attention::level_set(model, room, level, reply.map(drop)),
        Call::ListMembers(room) => members::arrived(model, room, narrow!(reply, Members)),
        Call::ListBans(room) => bans::arrived(model, room, narrow!(reply, Bans)),
        Call::MeetMembers(room) => presence::met_members(model, room, narrow!(reply, Members)),
        Call::MeetPeers => presence::met_peers(model, narrow!(reply, Users)),
        Call::LookUp(prefix) => people::looked_up(model, &prefix, narrow!(reply, Users)),
        Call::NotifyTyping => {} // nobody waits for it
        Call::ListSessions => account::sessions_listed(model, narrow!(reply, Sessions)),
        Call::EndSession(id) => account::session_ended(model, id, reply.map(drop)),
        Call::ChangePassword => account::password_changed(model, reply.map(drop)),
        Call::GetMe => users::is_me(model, narrow!(reply, User)),
        Call::ListUsers => users::arrived(model, narrow!(reply, Users)),
        Call::CreateInvite => invites::created(model, narrow!(reply, Invite)),
        Call::ListInvites => invites::arrived(model, narrow!(reply, Invites)),
        Call::DeleteInvite(id) => invites::revoked(model, id, reply.map(drop)),
    }
}
