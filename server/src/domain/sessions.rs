//! Signing in and out, and the list of a user's sessions.

use std::time::Duration;

use quchat_shared::{SessionId, Timestamp, UserId, api::SessionInfo};

use super::{Caller, Error, Result};
use crate::store::{Change, NewSession, Snapshot, Tx};

/// Most sessions per user; a further one ends the oldest.
const SESSIONS_MAX: u32 = 100;
/// How exactly it is known when a session was used last, in milliseconds.
const HOUR: i64 = 60 * 60 * 1000;

/// A new session.
#[derive(Debug)]
pub(crate) struct SignedIn {
    pub(crate) session: SessionId,
    pub(crate) issued_at: Timestamp,
    pub(crate) expires_at: Timestamp,
}

/// The hash against which a password was checked, and the one that is to take its place.
#[derive(Debug)]
pub(crate) struct CheckedHash {
    pub(crate) hash: String,
    pub(crate) renewed: Option<String>,
}

/// Refuses a caller whose session is not theirs or has ended. Returns when it was used last, to the hour.
pub(crate) fn require(store: &dyn Snapshot, caller: Caller) -> Result<Timestamp> {
    match store.session(caller.session)? {
        Some(session) if session.user == caller.user => Ok(session.last_used_at),
        _ => Err(Error::Unauthenticated),
    }
}

/// The hour in which a moment lies.
pub(crate) fn to_the_hour(at: Timestamp) -> Timestamp {
    Timestamp::from_millis(at.as_millis() - at.as_millis().rem_euclid(HOUR))
}

/// Begins a session of a user whose password has been checked; `None` if that was not against the hash they have now.
/// `client` is what they sign in with.
pub(crate) fn sign_in(
    tx: &mut dyn Tx,
    user: UserId,
    checked: &CheckedHash,
    client: &str,
    now: Timestamp,
    lifetime: Duration,
) -> Result<Option<SignedIn>> {
    if tx.password_hash(user)?.as_ref() != Some(&checked.hash) {
        return Ok(None);
    }
    if tx.user(user)?.is_some_and(|user| user.suspended) {
        return Err(Error::Forbidden("this account is suspended; ask an admin of the server"));
    }
    if let Some(renewed) = &checked.renewed {
        tx.replace_password_hash(user, &checked.hash, renewed)?;
    }
    begin(tx, user, client, now, lifetime).map(Some)
}

/// Begins a session of a user.
pub(super) fn begin(
    tx: &mut dyn Tx,
    user: UserId,
    client: &str,
    now: Timestamp,
    lifetime: Duration,
) -> Result<SignedIn> {
    // Tokens count in whole seconds.
    let issued = now.as_millis() - now.as_millis().rem_euclid(1000);
    let lifetime = i64::try_from(lifetime.as_millis()).unwrap_or(i64::MAX);
    let (issued_at, expires_at) =
        (Timestamp::from_millis(issued), Timestamp::from_millis(issued.saturating_add(lifetime)));
    let last_used_at = to_the_hour(now);
    let session = tx.insert_session(&NewSession { user, created_at: issued_at, expires_at, client, last_used_at })?;
    for oldest in tx.delete_oldest_sessions(user, SESSIONS_MAX)? {
        tx.publish(Change::SessionEnded { user, session: oldest });
    }
    Ok(SignedIn { session, issued_at, expires_at })
}

/// Ends the caller's session: its token becomes invalid and its streams end.
pub(crate) fn sign_out(tx: &mut dyn Tx, caller: Caller) -> Result<()> {
    end(tx, caller.user, caller.session)
}

/// The caller's sessions that have not ended or expired, newest first.
pub(crate) fn list_sessions(store: &dyn Snapshot, caller: Caller, now: Timestamp) -> Result<Vec<SessionInfo>> {
    let mut sessions = store.sessions_of(caller.user, now)?;
    for session in &mut sessions {
        session.current = session.id == caller.session;
    }
    Ok(sessions)
}

/// Ends a session of the caller as signing out there would. Those of others do not exist for them.
pub(crate) fn end_session(tx: &mut dyn Tx, caller: Caller, session: SessionId) -> Result<()> {
    match tx.session(session)? {
        Some(known) if known.user == caller.user => end(tx, caller.user, session),
        _ => Err(Error::NotFound("session")),
    }
}

/// Ends every session of the caller but the one they use.
pub(super) fn end_others(tx: &mut dyn Tx, caller: Caller) -> Result<()> {
    for session in tx.delete_sessions_of(caller.user, Some(caller.session))? {
        tx.publish(Change::SessionEnded { user: caller.user, session });
    }
    Ok(())
}

/// Ends every session of a user.
pub(super) fn end_all(tx: &mut dyn Tx, user: UserId) -> Result<()> {
    for session in tx.delete_sessions_of(user, None)? {
        tx.publish(Change::SessionEnded { user, session });
    }
    Ok(())
}

fn end(tx: &mut dyn Tx, user: UserId, session: SessionId) -> Result<()> {
    tx.delete_session(session)?;
    tx.publish(Change::SessionEnded { user, session });
    Ok(())
}
