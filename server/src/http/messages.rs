//! Handlers for messages: a page of history, one message, sending, editing and deleting.

use std::sync::Arc;

use quchat_shared::{
    Message,
    api::{DeleteMessage, EditMessage, GetMessage, ListMessages, SendMessage},
};

use super::{
    problem::Failure,
    reply::{Encoded, Reply},
    request::Request,
};
use crate::{
    app::App,
    domain::{
        Caller, Principal, message_changes,
        messages::{self, Sent},
    },
    store::{Hints, Snapshot, Tx},
};

pub(super) async fn list_messages(
    app: Arc<App>,
    caller: Principal,
    request: Request<ListMessages>,
) -> Result<Encoded, Failure> {
    let page = move |store: &dyn Snapshot| {
        let page = messages::list_messages(store, caller, request.path, &request.query)?;
        Ok(Encoded::new(&page, &request.account)?)
    };
    Ok(app.read_much(caller, page).await?)
}

pub(super) async fn send_message(
    app: Arc<App>,
    caller: Caller,
    request: Request<SendMessage>,
) -> Result<Reply<Message>, Failure> {
    let hints = Hints { txn: request.body.txn.clone(), ..Hints::of_room(request.path) };
    let send = move |tx: &mut dyn Tx, now| messages::send_message(tx, caller, request.path, &request.body, now);
    Ok(match app.write_with(caller, hints, send).await? {
        Sent::Created(message) => Reply::created(message),
        Sent::Known(message) => Reply::ok(message),
    })
}

pub(super) async fn get_message(
    app: Arc<App>,
    caller: Principal,
    request: Request<GetMessage>,
) -> Result<Reply<Message>, Failure> {
    let get = move |store: &dyn Snapshot| messages::get_message(store, caller, request.path);
    Ok(Reply::ok(app.read(caller, get).await?))
}

pub(super) async fn edit_message(
    app: Arc<App>,
    caller: Caller,
    request: Request<EditMessage>,
) -> Result<Reply<Message>, Failure> {
    let hints = Hints::of_room(request.path.0);
    let edit = move |tx: &mut dyn Tx, now| message_changes::edit_message(tx, caller, request.path, &request.body, now);
    Ok(Reply::ok(app.write_with(caller, hints, edit).await?))
}

pub(super) async fn delete_message(
    app: Arc<App>,
    caller: Principal,
    request: Request<DeleteMessage>,
) -> Result<Reply<()>, Failure> {
    let hints = Hints::of_room(request.path.0);
    let delete = move |tx: &mut dyn Tx, now| message_changes::delete_message(tx, caller, request.path, now);
    Ok(Reply::ok(app.write_with(caller, hints, delete).await?))
}
