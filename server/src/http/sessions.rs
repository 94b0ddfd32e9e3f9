//! Handlers for sessions: signing in and out.

use std::{net::IpAddr, sync::Arc};

use quchat_shared::{
    User,
    api::{Credentials, SignIn, SignOut},
    user::Session,
};

use super::{problem::Failure, reply::Reply, request::Request};
use crate::{
    app::App,
    auth::passwords::Verdict,
    domain::{Caller, Error, sessions, users},
    store::Tx,
};

pub(super) async fn sign_in(app: Arc<App>, request: Request<SignIn>) -> Result<Reply<Session>, Failure> {
    let credentials = request.body;
    let address = request.account.address();
    let attempt = app.login_throttle.begin(&credentials.name, address, app.config.clock.elapsed()).await?;
    let outcome = check(&app, credentials, address).await;
    if !matches!(outcome, Err(Failure::Refused(Error::WrongCredentials))) {
        attempt.forgive();
    }
    outcome.map(Reply::created)
}

async fn check(app: &App, credentials: Credentials, peer: IpAddr) -> Result<Session, Failure> {
    let Credentials { name, password } = credentials;
    let known = app.store.read(move |store| users::credentials(store, &name)).await?;
    let (user, hash) = known.unzip();
    let renewed = match app.passwords.verify(password, hash.clone(), peer).await? {
        Verdict::Wrong => return Err(Error::WrongCredentials.into()),
        Verdict::Right => None,
        Verdict::Outdated(new) => hash.zip(Some(new)),
    };
    let user = user.ok_or(Error::WrongCredentials)?;
    let (id, now, lifetime) = (user.id, app.now(), app.config.token_lifetime);
    let sign_in = move |tx: &mut dyn Tx| {
        if let Some((old, new)) = &renewed {
            tx.replace_password_hash(id, old, new)?;
        }
        sessions::sign_in(tx, id, now, lifetime)
    };
    let signed_in = app.store.write(sign_in).await?;
    Ok(session(app, user, &signed_in))
}

pub(super) async fn sign_out(app: Arc<App>, caller: Caller, _: Request<SignOut>) -> Result<Reply<()>, Failure> {
    app.write(caller, move |tx, _| sessions::sign_out(tx, caller)).await?;
    Ok(Reply::ok(()))
}

/// The session of a client that has just signed in.
pub(super) fn session(app: &App, user: User, signed_in: &sessions::SignedIn) -> Session {
    let caller = Caller { user: user.id, session: signed_in.session };
    let token = app.tokens.sign(caller, signed_in.issued_at, signed_in.expires_at);
    Session { id: signed_in.session, token, expires_at: signed_in.expires_at, user }
}
