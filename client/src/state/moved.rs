//! Moves what was kept for a server under its `http` address to its `https` address: drafts, outbox and sign-in.
//!
//! Nothing is overwritten. What another client uses now stays where it is.

use std::{
    fs::{self, OpenOptions, TryLockError},
    io,
    path::Path,
};

use super::{StateDir, files, owner};
use crate::api::Origin;

/// Moves everything from the `http` address of an encrypted origin. Does nothing for other origins.
///
/// # Errors
/// A file cannot be moved; it stays where it was.
pub(super) fn adopt(state_dir: &StateDir, origin: &Origin) -> io::Result<()> {
    if !origin.is_encrypted() {
        return Ok(());
    }
    let plain = origin.clone().plain();
    let users = match fs::read_dir(state_dir.users(&plain)) {
        Ok(users) => users.collect::<io::Result<Vec<_>>>()?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(error),
    };
    for user in users {
        move_user(&user.path(), &state_dir.users(origin).join(user.file_name()))?;
    }
    let (old, new) = (state_dir.token(&plain), state_dir.token(origin));
    if !old.try_exists()? {
        return Ok(());
    }
    if new.try_exists()? {
        return files::remove(&old); // one user of a server is signed in, and that is the newer one
    }
    move_file(&old, &new)
}

fn move_user(from: &Path, to: &Path) -> io::Result<()> {
    if !from.is_dir() {
        return Ok(());
    }
    let lock = files::open_own(&from.join(owner::LOCK), OpenOptions::new().write(true).create(true).truncate(false))?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Ok(()), // another client uses it
        Err(TryLockError::Error(error)) => return Err(error),
    }
    if !to.try_exists()? {
        return move_file(from, to);
    }
    let who = |dir: &Path| files::read(&dir.join(owner::WHO));
    if who(from)? != who(to)? {
        return Ok(()); // another user with the same id
    }
    let (from, to) = (from.join("rooms"), to.join("rooms"));
    for room in fs::read_dir(&from)? {
        let name = room?.file_name();
        if !to.join(&name).try_exists()? {
            move_file(&from.join(&name), &to.join(&name))?;
        }
    }
    Ok(())
}

fn move_file(from: &Path, to: &Path) -> io::Result<()> {
    if let Some(parent) = to.parent() {
        files::create_dir(parent)?;
    }
    fs::rename(from, to)
}
