//! Handler for search.

use std::sync::Arc;

use quchat_shared::api::SearchMessages;

use super::{problem::Failure, reply::Encoded, request::Request};
use crate::{
    app::App,
    domain::{Caller, search},
    store::Snapshot,
};

pub(super) async fn search_messages(
    app: Arc<App>,
    caller: Caller,
    request: Request<SearchMessages>,
) -> Result<Encoded, Failure> {
    let page = move |store: &dyn Snapshot| {
        let hits = search::search_messages(store, caller, &request.query)?;
        Ok(Encoded::new(&hits, &request.account)?)
    };
    Ok(app.read_much(caller, page).await?)
}
