//! Handlers for sessions: signing in and out, listing them, ending one.

use std::{net::IpAddr, sync::Arc};

use hyper::{HeaderMap, header::USER_AGENT};
use quchat_shared::{
    User,
    api::{Credentials, EndSession, ListSessions, Sessions, SignIn, SignOut},
    user::Session,
};

use super::{problem::Failure, reply::Reply, request::Request};
use crate::{
    app::App,
    auth::passwords::Verdict,
    domain::{
        Caller, Error,
        sessions::{self, CheckedHash},
        users,
    },
    store::{Snapshot, Tx},
};

/// How often a password is checked anew because its hash has changed meanwhile.
pub(super) const CHECKS_MAX: u32 = 3;
/// Most characters kept of the name of a client.
const CLIENT_MAX: usize = 64;

pub(super) async fn sign_in(app: Arc<App>, request: Request<SignIn>) -> Result<Reply<Session>, Failure> {
    let (credentials, client) = (request.body, client(&request.headers));
    let address = request.client.ip;
    let attempt = app.login_throttle.begin(&credentials.name, address, app.config.clock.elapsed()).await?;
    let outcome = check(&app, credentials, client, address).await;
    if !matches!(outcome, Err(Failure::Refused(Error::WrongCredentials))) {
        attempt.forgive();
    }
    outcome.map(Reply::created)
}

async fn check(app: &App, credentials: Credentials, client: String, peer: IpAddr) -> Result<Session, Failure> {
    let Credentials { name, password } = credentials;
    for _ in 0..CHECKS_MAX {
        let wanted = name.clone();
        let known = app.store.read(move |store| users::credentials(store, &wanted)).await?;
        let (user, hash) = known.unzip();
        let renewed = match app.passwords.verify(password.clone(), hash.clone(), peer).await? {
            Verdict::Wrong => return Err(Error::WrongCredentials.into()),
            Verdict::Right => None,
            Verdict::Outdated(new) => Some(new),
        };
        let (user, hash) = user.zip(hash).ok_or(Error::WrongCredentials)?;
        let (id, now, lifetime) = (user.id, app.now(), app.config.token_lifetime);
        let (checked, client) = (CheckedHash { hash, renewed }, client.clone());
        let sign_in = move |tx: &mut dyn Tx| sessions::sign_in(tx, id, &checked, &client, now, lifetime);
        if let Some(signed_in) = app.store.write(sign_in).await? {
            return Ok(session(app, user, &signed_in));
        }
    }
    Err(password_changes())
}

pub(super) async fn sign_out(app: Arc<App>, caller: Caller, _: Request<SignOut>) -> Result<Reply<()>, Failure> {
    app.write(caller, move |tx, _| sessions::sign_out(tx, caller)).await?;
    Ok(Reply::ok(()))
}

pub(super) async fn list_sessions(
    app: Arc<App>,
    caller: Caller,
    _: Request<ListSessions>,
) -> Result<Reply<Sessions>, Failure> {
    let now = app.now();
    let list = move |store: &dyn Snapshot| sessions::list_sessions(store, caller, now);
    Ok(Reply::ok(Sessions { sessions: app.read(caller, list).await? }))
}

pub(super) async fn end_session(
    app: Arc<App>,
    caller: Caller,
    request: Request<EndSession>,
) -> Result<Reply<()>, Failure> {
    app.write(caller, move |tx, _| sessions::end_session(tx, caller, request.path)).await?;
    Ok(Reply::ok(()))
}

/// The session of a client that has just signed in.
pub(super) fn session(app: &App, user: User, signed_in: &sessions::SignedIn) -> Session {
    let caller = Caller { user: user.id, session: signed_in.session };
    let token = app.tokens.sign(caller, signed_in.issued_at, signed_in.expires_at);
    Session { id: signed_in.session, token, expires_at: signed_in.expires_at, user }
}

/// What the client calls itself (RFC 9110 section 10.1.5), as far as it is kept.
pub(super) fn client(headers: &HeaderMap) -> String {
    let Some(name) = headers.get(USER_AGENT) else { return String::new() };
    let name = String::from_utf8_lossy(name.as_bytes());
    name.chars().filter(|c| !c.is_control()).take(CLIENT_MAX).collect()
}

/// A password was changed each time while it was checked.
pub(super) fn password_changes() -> Failure {
    Error::Unavailable("the password is being changed; try again in a moment").into()
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;

    use super::*;

    fn kept(name: &[u8]) -> String {
        let name = HeaderValue::from_bytes(name).unwrap();
        client(&HeaderMap::from_iter([(USER_AGENT, name)]))
    }

    #[test]
    fn a_client_is_named_by_64_whole_characters_without_controls() {
        assert_eq!(client(&HeaderMap::new()), "");
        assert_eq!(kept(b"quchat/1.2 (linux)"), "quchat/1.2 (linux)");
        assert_eq!(kept("é".repeat(65).as_bytes()), "é".repeat(64));
        assert_eq!(kept("a\tb\u{85}c\u{9b}31m".as_bytes()), "abc31m");
        assert_eq!(kept(b"a\xffb"), "a\u{fffd}b");
    }
}
