//! The server and name used last, offered by the sign-in form.

use std::io;

use serde::{Deserialize, Serialize};

use super::{StateDir, files};

/// The initial values of the sign-in form. They are optional: an unreadable file counts as missing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LastSignIn {
    /// The server's origin.
    pub server: Option<String>,
    /// The user's name on that server.
    pub name: Option<String>,
    /// The user chose whether the server is encrypted. Early versions, which have no encryption, do not write it.
    pub chosen: bool,
}

impl LastSignIn {
    /// Reads the file.
    #[must_use]
    pub fn read(state_dir: &StateDir) -> Self {
        let bytes = files::read(&state_dir.last_sign_in()).ok().flatten().unwrap_or_default();
        serde_json::from_slice(&bytes).unwrap_or_default()
    }

    /// Writes the file.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write(&self, state_dir: &StateDir) -> io::Result<()> {
        files::replace(&state_dir.last_sign_in(), &serde_json::to_vec(self)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_sign_in_is_restored_and_an_invalid_file_counts_as_missing() {
        let dir = tempfile::tempdir().unwrap();
        let state_dir = StateDir::at(dir.path().join("quchat"));
        assert_eq!(LastSignIn::read(&state_dir), LastSignIn::default());
        let last = LastSignIn { server: Some("http://host:7878".into()), name: Some("alice".into()), chosen: true };
        last.write(&state_dir).unwrap();
        assert_eq!(LastSignIn::read(&state_dir), last);
        std::fs::write(state_dir.last_sign_in(), b"{\"server\":").unwrap();
        assert_eq!(LastSignIn::read(&state_dir), LastSignIn::default());
    }
}
