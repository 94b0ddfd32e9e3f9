//! The server and name used last, offered by the sign-in form.

use std::io;

use serde::{Deserialize, Serialize};

use super::{Place, files};

/// The initial values of the sign-in form. They are optional: an unreadable file counts as missing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Last {
    /// The server's origin.
    pub server: Option<String>,
    /// The user's name on that server.
    pub name: Option<String>,
}

impl Last {
    /// Reads the file.
    #[must_use]
    pub fn recall(place: &Place) -> Self {
        let bytes = files::read(&place.last()).ok().flatten().unwrap_or_default();
        serde_json::from_slice(&bytes).unwrap_or_default()
    }

    /// Writes the file.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn remember(&self, place: &Place) -> io::Result<()> {
        files::replace(&place.last(), &serde_json::to_vec(self)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_sign_in_is_restored_and_an_invalid_file_counts_as_missing() {
        let dir = tempfile::tempdir().unwrap();
        let place = Place::at(dir.path().join("quchat"));
        assert_eq!(Last::recall(&place), Last::default());
        let last = Last { server: Some("http://host:7878".into()), name: Some("alice".into()) };
        last.remember(&place).unwrap();
        assert_eq!(Last::recall(&place), last);
        std::fs::write(place.last(), b"{\"server\":").unwrap();
        assert_eq!(Last::recall(&place), Last::default());
    }
}
