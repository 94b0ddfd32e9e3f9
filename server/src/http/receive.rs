//! Taking in a request's body, before anything is decided about it: whoever is still sending when the answer comes
//! may never see it, and would lose the connection with it.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::{
    HeaderMap,
    body::{Body as _, Incoming},
    header::EXPECT,
};
use quchat_shared::limits::BODY_MAX;
use tokio::time::{Instant, timeout_at};

use super::problem::Failure;

/// Most bytes beyond the limit that are read and thrown away, so that their sender comes to read the answer.
const DISCARD_MAX: usize = 1024 * 1024;
/// Longest time spent on that.
const DISCARD_TIME: Duration = Duration::from_secs(2);

/// The whole body, up to [`BODY_MAX`] bytes, if it arrives within `patience`.
pub(super) async fn receive(headers: &HeaderMap, mut body: Incoming, patience: Duration) -> Result<Bytes, Failure> {
    if body.is_end_stream() {
        return Ok(Bytes::new());
    }
    if body.size_hint().lower() > BODY_MAX as u64 {
        // Who asked whether to send it has not begun.
        if !headers.contains_key(EXPECT) {
            discard(body).await;
        }
        return Err(Failure::TooLarge);
    }
    let deadline = Instant::now() + patience;
    match timeout_at(deadline, Limited::new(&mut body, BODY_MAX).collect()).await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            discard(body).await;
            Err(Failure::TooLarge)
        }
        Ok(Err(_)) => Err(Failure::Incomplete("the body ended before it was complete")),
        Err(_) => Err(Failure::Incomplete("the body took too long to arrive")),
    }
}

async fn discard(mut body: Incoming) {
    let deadline = Instant::now() + DISCARD_TIME;
    let mut left = DISCARD_MAX;
    while let Ok(Some(Ok(frame))) = timeout_at(deadline, body.frame()).await {
        left = left.saturating_sub(frame.data_ref().map_or(0, Bytes::len));
        if left == 0 {
            break;
        }
    }
}
