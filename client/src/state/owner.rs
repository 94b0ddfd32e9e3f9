//! Whose a user's directory is: a number alone does not say, for a server that begins anew counts users anew.
//!
//! Owns `who.json` and what becomes of the files of somebody else. It must not know what they hold.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use quchat_shared::{Timestamp, User};
use serde::{Deserialize, Serialize};

use super::files;

/// The lock stays where it is: it is held while the rest is moved.
pub(super) const LOCK: &str = "lock";

/// Whose the directory is.
pub(super) const WHO: &str = "who.json";
const FORMER: &str = "former-";

/// What tells a user from another one who got the same number on the same origin later.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Owner {
    name: String,
    created_at: Timestamp,
}

/// Makes a locked directory this user's. What lies in it and is not theirs, or of nobody knows whom, is moved into a
/// directory of its own, whose path is returned.
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
    let former = former.ok_or_else(|| io::Error::new(io::ErrorKind::AlreadyExists, "999 former users lie here"))?;
    files::create_dir(&former)?;
    for entry in fs::read_dir(dir)? {
        let name = entry?.file_name();
        if name != LOCK && !name.to_string_lossy().starts_with(FORMER) {
            fs::rename(dir.join(&name), former.join(&name))?;
        }
    }
    Ok(former)
}
