//! What is said in a room.

use std::sync::Arc;

use quchat_shared::{
    Message,
    api::{ListMessages, SendMessage},
};

use super::{
    problem::Failure,
    request::Request,
    response::{Encoded, Reply},
};
use crate::{
    app::App,
    auth::jwt::Verified,
    domain::messages::{self, Sent},
};

pub(super) async fn list_messages(
    app: Arc<App>,
    who: Verified,
    request: Request<ListMessages>,
) -> Result<Encoded, Failure> {
    let page = move |store: &dyn crate::store::Snapshot| {
        let page = messages::list_messages(store, who.caller, request.path, &request.query)?;
        Ok(Encoded::new(&page, &request.account)?)
    };
    Ok(app.read_much(who.caller, page).await?)
}

pub(super) async fn send_message(
    app: Arc<App>,
    who: Verified,
    request: Request<SendMessage>,
) -> Result<Reply<Message>, Failure> {
    let send = move |tx: &mut dyn crate::store::Tx, now| {
        messages::send_message(tx, who.caller, request.path, &request.body, now)
    };
    Ok(match app.write(who.caller, send).await? {
        Sent::Created(message) => Reply::created(message),
        Sent::Known(message) => Reply::ok(message),
    })
}
