//! Signing in and out.

use std::time::Duration;

use quchat_shared::{SessionId, Timestamp, UserId};

use super::{Caller, Error, Result};
use crate::store::{Change, Snapshot, Tx};

/// Most sessions of one user; a further one ends the oldest.
const SESSIONS_MAX: u32 = 100;

/// A user who is signed in from now on.
#[derive(Debug)]
pub(crate) struct SignedIn {
    pub(crate) session: SessionId,
    pub(crate) issued_at: Timestamp,
    pub(crate) expires_at: Timestamp,
}

/// Refuses a caller whose session is not theirs or has ended.
pub(crate) fn require(store: &dyn Snapshot, caller: Caller) -> Result<()> {
    match store.session(caller.session)? {
        Some((user, _)) if user == caller.user => Ok(()),
        _ => Err(Error::Unauthenticated),
    }
}

/// Begins a session of a user whose password has been checked.
pub(crate) fn sign_in(tx: &mut dyn Tx, user: UserId, now: Timestamp, lifetime: Duration) -> Result<SignedIn> {
    // Tokens count in whole seconds.
    let issued = now.as_millis() - now.as_millis().rem_euclid(1000);
    let lifetime = i64::try_from(lifetime.as_millis()).unwrap_or(i64::MAX);
    let (issued_at, expires_at) =
        (Timestamp::from_millis(issued), Timestamp::from_millis(issued.saturating_add(lifetime)));
    let session = tx.insert_session(user, issued_at, expires_at)?;
    for oldest in tx.delete_oldest_sessions(user, SESSIONS_MAX)? {
        tx.publish(Change::SessionEnded(oldest));
    }
    Ok(SignedIn { session, issued_at, expires_at })
}

/// Ends the caller's session: its token is dead, its streams end.
pub(crate) fn sign_out(tx: &mut dyn Tx, caller: Caller) -> Result<()> {
    tx.delete_session(caller.session)?;
    tx.publish(Change::SessionEnded(caller.session));
    Ok(())
}
