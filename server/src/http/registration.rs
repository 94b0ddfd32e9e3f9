//! The handler for registering.

use std::{net::IpAddr, sync::Arc};

use quchat_shared::{
    api::Register,
    user::{NewUser, Session},
};

use super::{problem::Failure, reply::Reply, request::Request, sessions};
use crate::{
    app::App,
    auth::invite_codes,
    domain::{
        Error,
        invites::{self, Applicant, Code},
        registration::{self, Registrant},
    },
    rate_limits::key,
    store::{Snapshot, Tx},
};

pub(super) async fn register(app: Arc<App>, request: Request<Register>) -> Result<Reply<Session>, Failure> {
    if request.client.is_local {
        return register_anyway(&app, request).await;
    }
    let key = key(request.client.ip);
    app.rate_limits.registrations.take(key, app.config.clock.elapsed())?;
    let outcome = register_anyway(&app, request).await;
    if outcome.is_err() {
        app.rate_limits.registrations.give_back(key); // nobody has registered
    }
    outcome
}

/// Registers a user without counting it.
async fn register_anyway(app: &App, request: Request<Register>) -> Result<Reply<Session>, Failure> {
    let (is_local, address) = (request.client.is_local, request.client.ip);
    let (new, client) = (request.body, sessions::client(&request.headers));
    let code = new
        .invite
        .as_deref()
        .map(|code| code.parse().map_or(Code::Malformed, |code| Code::Hashed(invite_codes::hash(&code))));
    let applicant = Applicant { code, is_local };
    check_invite(app, applicant, address).await?;
    let NewUser { name, password, .. } = new.clone();
    app.store.read(move |store| registration::check_registration(store, &new)).await?;
    let password_hash = app.passwords.hash(password, address).await?;
    let registrant = Registrant { name, password_hash, applicant, client };
    let (admission, now, lifetime) = (app.admission(), app.now(), app.config.token_lifetime);
    let register = move |tx: &mut dyn Tx| registration::register(tx, &registrant, admission, now, lifetime);
    let (user, signed_in) = app.store.write(register).await?;
    Ok(Reply::created(sessions::session(app, user, &signed_in)))
}

/// Refuses somebody who may not register, before the name is looked at. Wrong codes are counted by address.
async fn check_invite(app: &App, applicant: Applicant, address: IpAddr) -> Result<(), Failure> {
    let (admission, now) = (app.admission(), app.now());
    let admit = move |store: &dyn Snapshot| invites::admit(store, applicant, admission, now);
    if applicant.code.is_none() {
        app.store.read(admit).await?;
        return Ok(());
    }
    let attempt = app.invite_throttle.begin("", address, app.config.clock.elapsed()).await?;
    let outcome = app.store.read(admit).await;
    if !matches!(outcome, Err(Error::Invalid { .. })) {
        attempt.forgive();
    }
    outcome.map(drop).map_err(Failure::from)
}
