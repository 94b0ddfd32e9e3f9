//! The handler for the list of the caller's mentions.

use std::sync::Arc;

use quchat_shared::api::ListMentions;

use super::{problem::Failure, reply::Encoded, request::Request};
use crate::{
    app::App,
    domain::{Caller, mentions},
    store::Snapshot,
};

pub(super) async fn list_mentions(
    app: Arc<App>,
    caller: Caller,
    request: Request<ListMentions>,
) -> Result<Encoded, Failure> {
    let page = move |store: &dyn Snapshot| {
        let page = mentions::list_mentions(store, caller, &request.query)?;
        Ok(Encoded::new(&page, &request.account)?)
    };
    Ok(app.read_much(caller, page).await?)
}
