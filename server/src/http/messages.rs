//! Handlers for messages: a page of history, and sending.

use std::sync::Arc;

use quchat_shared::{
    Message,
    api::{ListMessages, SendMessage},
};

use super::{
    problem::Failure,
    reply::{Encoded, Reply},
    request::Request,
};
use crate::{
    app::App,
    domain::{
        Caller,
        messages::{self, Sent},
    },
    store::{Snapshot, Tx},
};

pub(super) async fn list_messages(
    app: Arc<App>,
    caller: Caller,
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
    let send = move |tx: &mut dyn Tx, now| messages::send_message(tx, caller, request.path, &request.body, now);
    Ok(match app.write(caller, send).await? {
        Sent::Created(message) => Reply::created(message),
        Sent::Known(message) => Reply::ok(message),
    })
}
