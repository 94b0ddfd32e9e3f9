//! How far the caller has read.

use std::sync::Arc;

use quchat_shared::api::{MarkRead, ReadMarker};

use super::{problem::Failure, request::Request, response::Reply};
use crate::{app::App, auth::jwt::Verified, domain::read_markers};

pub(super) async fn mark_read(
    app: Arc<App>,
    who: Verified,
    request: Request<MarkRead>,
) -> Result<Reply<ReadMarker>, Failure> {
    let mark = move |tx: &mut dyn crate::store::Tx, now| {
        read_markers::mark_read(tx, who.caller, request.path, request.body, now)
    };
    Ok(Reply::ok(app.write(who.caller, mark).await?))
}
