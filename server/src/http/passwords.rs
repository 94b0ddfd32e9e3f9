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
    let address = request.client.ip;
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use quchat_shared::{Timestamp, user::ServerRole};

    use crate::{
        domain::{
            Caller, Result,
            sessions::{CheckedHash, sign_in},
            users,
        },
        reply_dispatcher::ReplyDispatcher,
        store::{NewUser, Store, Tx},
    };

    fn checked(hash: &str, renewed: Option<&str>) -> CheckedHash {
        CheckedHash { hash: hash.to_owned(), renewed: renewed.map(str::to_owned) }
    }

    #[tokio::test]
    async fn a_password_that_was_changed_while_it_was_checked_begins_no_session() {
        let dir = tempfile::tempdir().unwrap();
        let now = Timestamp::from_millis(0);
        let opened = Store::open(&dir.path().join("db"), now).unwrap();
        let (store, _) = opened.start(ReplyDispatcher::start(), (), |_| {}).unwrap();
        let new = NewUser { name: "alice", password_hash: "old", role: ServerRole::Member, created_at: now };
        let sign_in = move |tx: &mut dyn Tx, user, hash, renewed| {
            sign_in(tx, user, &checked(hash, renewed), "", now, Duration::from_secs(60))
        };
        let outcome = store.write(move |tx: &mut dyn Tx| -> Result<()> {
            let user = tx.insert_user(&new)?.id;
            let session = sign_in(tx, user, "old", None)?.expect("it is the hash").session;
            assert!(users::change_password(tx, Caller { user, session }, "old", "new")?);
            assert!(sign_in(tx, user, "old", None)?.is_none());
            assert!(sign_in(tx, user, "old", Some("old again"))?.is_none(), "nor does it undo the change");
            assert_eq!(tx.password_hash(user)?.as_deref(), Some("new"));
            assert!(!users::change_password(tx, Caller { user, session }, "old", "newer")?);
            sign_in(tx, user, "new", Some("new again"))?.expect("it is the hash");
            assert_eq!(tx.password_hash(user)?.as_deref(), Some("new again"));
            assert_eq!(tx.sessions_of(user, now)?.len(), 2);
            Ok(())
        });
        outcome.await.unwrap();
    }
}
