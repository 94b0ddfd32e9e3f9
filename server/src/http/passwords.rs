//! Handlers for passwords: changing one's own.

use std::{net::IpAddr, sync::Arc};

use quchat_shared::api::{ChangePassword, NewPassword};

use super::{
    problem::Failure,
    reply::Reply,
    request::Request,
    sessions::{CHECKS_MAX, password_changes},
};
use crate::{
    app::App,
    auth::passwords::Verdict,
    domain::{Caller, Error, users},
    store::{Snapshot, Tx},
};

pub(super) async fn change_password(
    app: Arc<App>,
    caller: Caller,
    request: Request<ChangePassword>,
) -> Result<Reply<()>, Failure> {
    let new = request.body;
    users::check_new_password(&new)?;
    let address = request.account.address();
    let me = move |store: &dyn Snapshot| users::own_credentials(store, caller);
    let (name, _) = app.read(caller, me).await?;
    let attempt = app.login_throttle.begin(&name, address, app.config.clock.elapsed()).await?;
    let outcome = replace(&app, caller, new, address).await;
    if !matches!(outcome, Ok(Replaced::WrongPassword)) {
        attempt.forgive();
    }
    match outcome? {
        Replaced::Yes => Ok(Reply::ok(())),
        Replaced::WrongPassword => {
            let detail = "this is not your password".into();
            Err(Error::Invalid { field: "current".into(), detail }.into())
        }
    }
}

/// What became of an attempt to replace a password.
enum Replaced {
    Yes,
    WrongPassword,
}

async fn replace(app: &App, caller: Caller, passwords: NewPassword, peer: IpAddr) -> Result<Replaced, Failure> {
    let NewPassword { current, new } = passwords;
    for _ in 0..CHECKS_MAX {
        let me = move |store: &dyn Snapshot| users::own_credentials(store, caller);
        let (_, old) = app.read(caller, me).await?;
        if app.passwords.verify(current.clone(), Some(old.clone()), peer).await? == Verdict::Wrong {
            return Ok(Replaced::WrongPassword);
        }
        let new = app.passwords.hash(new.clone(), peer).await?;
        let change = move |tx: &mut dyn Tx, _| users::change_password(tx, caller, &old, &new);
        if app.write(caller, change).await? {
            return Ok(Replaced::Yes);
        }
    }
    Err(password_changes())
}
