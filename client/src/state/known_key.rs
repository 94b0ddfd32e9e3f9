//! The pins of servers that the user trusts, one file per origin, as text.

use std::io;

use quchat_shared::pin::Pin;

use super::{StateDir, files};
use crate::api::{Origin, Server};

/// The pin that is kept for this origin. An unreadable file counts as missing: then the user is asked.
#[must_use]
pub fn kept_pin(state_dir: &StateDir, origin: &Origin) -> Option<Pin> {
    let bytes = files::read(&state_dir.pin(origin)).ok()??;
    str::from_utf8(&bytes).ok()?.trim().parse().ok()
}

/// Keeps the pin of a server, if it has one.
///
/// # Errors
/// The file cannot be written.
pub fn keep_pin(state_dir: &StateDir, server: &Server) -> io::Result<()> {
    match server.pin {
        Some(pin) => files::replace(&state_dir.pin(&server.origin), format!("{pin}\n").as_bytes()),
        None => Ok(()),
    }
}

/// Removes the pin of this origin. Returns whether there was one.
///
/// # Errors
/// The file cannot be removed.
pub fn forget_pin(state_dir: &StateDir, origin: &Origin) -> io::Result<bool> {
    let path = state_dir.pin(origin);
    let known = path.try_exists()?;
    files::remove(&path)?;
    Ok(known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pin_is_kept_for_its_origin_until_it_is_forgotten() {
        let dir = tempfile::tempdir().unwrap();
        let state_dir = StateDir::at(dir.path().join("quchat"));
        let [here, there] = ["https://10.0.0.7:7878", "https://10.0.0.7"].map(|typed| Origin::parse(typed).unwrap());
        assert!(!forget_pin(&state_dir, &here).unwrap());
        let pin = Pin([9; 32]);
        keep_pin(&state_dir, &Server { origin: here.clone(), pin: Some(pin) }).unwrap();
        assert_eq!((kept_pin(&state_dir, &here), kept_pin(&state_dir, &there)), (Some(pin), None));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = std::fs::metadata(state_dir.pin(&here)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        assert!(forget_pin(&state_dir, &here).unwrap());
        assert_eq!(kept_pin(&state_dir, &here), None);
    }
}
