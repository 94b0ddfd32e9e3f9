//! Registration: who becomes a user, and with what.

use std::time::Duration;

use quchat_shared::{
    Timestamp, User, limits,
    user::{NewUser, ServerRole},
};

use super::{
    Error, Result, invalid,
    invites::{self, Admission, Admitted, Applicant},
    memberships,
    sessions::{self, SignedIn},
};
use crate::store::{self, Snapshot, Tx};

/// Refuses a registration that cannot succeed, before its password is hashed.
pub(crate) fn check_registration(store: &dyn Snapshot, new: &NewUser) -> Result<()> {
    invalid("name", limits::new_user_name(&new.name))?;
    invalid("password", limits::password(&new.password))?;
    match store.user_named(&new.name)? {
        Some(_) => Err(Error::NameTaken),
        None => Ok(()),
    }
}

/// Somebody whose registration has been checked.
pub(crate) struct Registrant {
    pub(crate) name: String,
    pub(crate) password_hash: String,
    pub(crate) applicant: Applicant,
    /// What they register with.
    pub(crate) client: String,
}

/// Registers a user, signs them in and lets them into the room of their invite.
pub(crate) fn register(
    tx: &mut dyn Tx,
    registrant: &Registrant,
    admission: Admission,
    now: Timestamp,
    lifetime: Duration,
) -> Result<(User, SignedIn)> {
    let Registrant { name, password_hash, applicant, client } = registrant;
    let Admitted { role, invite, room } = invites::admit(tx, *applicant, admission, now)?;
    if tx.user_named(name)?.is_some() {
        return Err(Error::NameTaken);
    }
    let user = tx.insert_user(&store::NewUser { name, password_hash, role, created_at: now })?;
    if let Some(invite) = invite {
        tx.use_invite(invite)?;
    }
    if role == ServerRole::Admin {
        tx.delete_invites_of_start()?;
    }
    let session = sessions::begin(tx, user.id, client, now, lifetime)?;
    if let Some(room) = room {
        let room = tx.room(room)?.ok_or(Error::NotFound("room"))?;
        memberships::admit(tx, &room, user.id, None, now)?;
    }
    Ok((user, session))
}
