//! From the closed list of requests to the rows of the API, and back from their replies.

use quchat_shared::api;

use super::{bounds, call::Server, pool::Lane};
use crate::update::{Answer, Reply, Request};

/// What a request does to the server.
pub(super) fn lane(request: &Request) -> Lane {
    match request {
        Request::ListRooms | Request::GetRoom(_) | Request::ListMessages(..) => Lane::Read,
        Request::Register(..)
        | Request::SignIn(..)
        | Request::CreateRoom(_)
        | Request::JoinRoom(_)
        | Request::LeaveRoom(_)
        | Request::SendMessage(..)
        | Request::MarkRead(..) => Lane::Write,
    }
}

/// Performs a request; blocks until it is answered or has failed.
pub(super) fn perform(server: &Server<'_>, request: &Request) -> Reply {
    ask(server, request).and_then(bounds::answer)
}

fn ask(server: &Server<'_>, request: &Request) -> Reply {
    match request {
        Request::Register(_, credentials) => server.call::<api::Register>(&(), &(), credentials).map(Answer::Session),
        Request::SignIn(_, credentials) => server.call::<api::SignIn>(&(), &(), credentials).map(Answer::Session),
        Request::ListRooms => server.call::<api::ListRooms>(&(), &(), &()).map(Answer::Rooms),
        Request::CreateRoom(new) => server.call::<api::CreateRoom>(&(), &(), new).map(Answer::Room),
        Request::GetRoom(room) => server.call::<api::GetRoom>(room, &(), &()).map(Answer::Room),
        Request::JoinRoom(room) => server.call::<api::JoinRoom>(room, &(), &()).map(Answer::Room),
        Request::LeaveRoom(room) => server.call::<api::LeaveRoom>(room, &(), &()).map(|()| Answer::Left),
        Request::ListMessages(room, page) => server.call::<api::ListMessages>(room, page, &()).map(Answer::Page),
        Request::SendMessage(room, new) => server.call::<api::SendMessage>(room, &(), new).map(Answer::Message),
        Request::MarkRead(room, marker) => server.call::<api::MarkRead>(room, &(), marker).map(Answer::Marker),
    }
}
