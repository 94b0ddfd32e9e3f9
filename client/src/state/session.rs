//! The stored session: token and user in one file, so that they always match.

use std::io;

use quchat_shared::user::Session;

use super::{StateDir, files};
use crate::api::Origin;

/// The stored session of this origin. An unreadable file is set aside, and the user has to sign in again.
#[must_use]
pub fn kept_session(state_dir: &StateDir, origin: &Origin) -> Option<Session> {
    let path = state_dir.token(origin);
    let bytes = match files::read(&path) {
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => Vec::new(), // a pipe or a directory
        bytes => bytes.ok()??,
    };
    let session = serde_json::from_slice::<Session>(&bytes).ok().filter(|session| is_header_text(&session.token));
    if session.is_none() {
        files::set_aside(&path).ok(); // if this fails, too, the next sign-in overwrites it
    }
    session
}

/// Stores the session for the next start.
///
/// # Errors
/// The file cannot be written.
pub fn keep_session(state_dir: &StateDir, origin: &Origin, session: &Session) -> io::Result<()> {
    files::replace(&state_dir.token(origin), &serde_json::to_vec(session)?)
}

/// Deletes the session, unless it now holds the token of another client's sign-in.
///
/// # Errors
/// The file cannot be deleted.
pub(super) fn forget_session(state_dir: &StateDir, origin: &Origin, token: &str) -> io::Result<()> {
    match kept_session(state_dir, origin) {
        Some(kept) if kept.token != token => Ok(()),
        _ => files::remove(&state_dir.token(origin)),
    }
}

/// Whether the token is a valid header value (RFC 9110 section 5.5), so that it cannot inject another header.
fn is_header_text(token: &str) -> bool {
    !token.is_empty() && token.bytes().all(|b| b.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use quchat_shared::{SessionId, Timestamp, User, UserId, user::ServerRole};

    use super::*;

    fn session(token: &str) -> Session {
        let user = User {
            id: UserId(7),
            name: "alice".into(),
            role: ServerRole::Member,
            created_at: Timestamp::from_millis(0),
            online: true,
            suspended: false,
        };
        Session { id: SessionId(1), token: token.into(), expires_at: Timestamp::from_millis(1), user }
    }

    #[test]
    fn a_token_is_stored_per_origin_and_deleted_only_by_its_session() {
        let dir = tempfile::tempdir().unwrap();
        let state_dir = StateDir::at(dir.path().join("quchat"));
        let [here, there] = ["localhost", "localhost:80"].map(|typed| Origin::parse(typed).unwrap());
        keep_session(&state_dir, &here, &session("a.b.c")).unwrap();
        assert_eq!(kept_session(&state_dir, &here), Some(session("a.b.c")));
        assert_eq!(kept_session(&state_dir, &there), None);
        forget_session(&state_dir, &here, "another").unwrap();
        assert!(kept_session(&state_dir, &here).is_some());
        forget_session(&state_dir, &here, "a.b.c").unwrap();
        assert_eq!(kept_session(&state_dir, &here), None);
        forget_session(&state_dir, &here, "a.b.c").unwrap();
    }

    #[test]
    fn an_invalid_token_file_is_set_aside_and_a_token_with_a_line_break_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let state_dir = StateDir::at(dir.path().join("quchat"));
        let here = Origin::parse("localhost").unwrap();
        for (n, broken) in
            [&b"{\"token\":"[..], &serde_json::to_vec(&session("x\r\nHost: y")).unwrap()].iter().enumerate()
        {
            files::replace(&state_dir.token(&here), broken).unwrap();
            assert_eq!(kept_session(&state_dir, &here), None);
            let aside = state_dir.token(&here).with_file_name(format!("token.broken-{}", n + 1));
            assert_eq!(&std::fs::read(aside).unwrap(), broken);
        }
    }
}
