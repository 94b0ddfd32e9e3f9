//! The file that holds a draft while the user's own editor is open (mode 0600).
//!
//! It survives any failure. It is deleted once its text is saved elsewhere.

use std::{
    io,
    path::{Path, PathBuf},
};

use quchat_shared::{RoomId, UserId};

use super::{StateDir, files};
use crate::api::Origin;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EditorFile {
    path: PathBuf,
}

impl EditorFile {
    /// The file for a room's draft. Its name contains the process id, so that two clients of one user never share a
    /// file.
    #[must_use]
    pub fn new(state_dir: &StateDir, origin: &Origin, user: UserId, room: RoomId) -> Self {
        let name = format!("{room}-{}.txt", std::process::id());
        Self { path: state_dir.user(origin, user).join("editor").join(name) }
    }

    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Replaces the content.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write(&self, text: &str) -> io::Result<()> {
        files::replace(&self.path, text.as_bytes())
    }

    /// Reads the content.
    ///
    /// # Errors
    /// The file is missing, too large, or not UTF-8.
    pub fn read(&self) -> io::Result<String> {
        let bytes = files::read(&self.path)?.ok_or(io::ErrorKind::NotFound)?;
        String::from_utf8(bytes).map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is not UTF-8 text"))
    }

    /// Deletes the file.
    ///
    /// # Errors
    /// The file cannot be deleted.
    pub fn discard(&self) -> io::Result<()> {
        files::remove(&self.path)
    }
}
