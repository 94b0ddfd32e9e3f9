//! Checks that a user's directory belongs to this user. A user id alone is not enough: a server with a new database
//! issues the same ids again.
//!
//! Owns `who.json` and moves the files of another user aside. It must not know what these files contain.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use quchat_shared::{Timestamp, User};
use serde::{Deserialize, Serialize};

use super::files;

/// The lock is not moved: it is held while the other files move.
pub(super) const LOCK: &str = "lock";

/// The file that names the owner.
pub(super) const WHO: &str = "who.json";
const FORMER: &str = "former-";

/// Distinguishes users that had the same id on the same origin at different times.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Owner {
    name: String,
    created_at: Timestamp,
}

/// Makes a locked directory this user's. Files of another or an unknown user are moved into a subdirectory, whose path
/// is returned.
pub(super) fn claim(dir: &Path, rooms: &Path, user: &User) -> io::Result<Option<PathBuf>> {
    let owner = Owner { name: user.name.clone(), created_at: user.created_at };
    let who = dir.join(WHO);
    let known = files::read(&who)?.map(|bytes| serde_json::from_slice::<Owner>(&bytes).ok());
    if matches!(&known, Some(Some(known)) if *known == owner) {
        return Ok(None);
    }
    let untouched = known.is_none() && fs::read_dir(rooms)?.next().is_none();
    let former = if untouched { None } else { Some(move_away(dir)?) };
    files::create_dir(rooms)?;
    files::replace(&who, &serde_json::to_vec(&owner)?)?;
    Ok(former)
}

fn move_away(dir: &Path) -> io::Result<PathBuf> {
    let former = (1..=999).map(|n| dir.join(format!("{FORMER}{n}"))).find(|path| !path.exists());
    let former = former.ok_or_else(|| {
        io::Error::new(io::ErrorKind::AlreadyExists, "there are already 999 directories of former users")
    })?;
    files::create_dir(&former)?;
    for entry in fs::read_dir(dir)? {
        let name = entry?.file_name();
        if name != LOCK && !name.to_string_lossy().starts_with(FORMER) {
            fs::rename(dir.join(&name), former.join(&name))?;
        }
    }
    Ok(former)
}
