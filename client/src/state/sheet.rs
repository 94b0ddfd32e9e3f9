//! A draft on its way through the user's own editor: one file, for its owner's eyes only.
//!
//! It outlives whatever goes wrong on the way; it goes when what is in it is safe elsewhere.

use std::{
    io,
    path::{Path, PathBuf},
};

use quchat_shared::{RoomId, UserId};

use super::{Place, files};
use crate::api::Origin;

/// The file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sheet {
    path: PathBuf,
}

impl Sheet {
    /// The file for a room's draft. Two clients of one user never share one.
    #[must_use]
    pub fn new(place: &Place, origin: &Origin, user: UserId, room: RoomId) -> Self {
        let name = format!("{room}-{}.txt", std::process::id());
        Self { path: place.user(origin, user).join("editor").join(name) }
    }

    /// Where it lies.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Puts a text on it.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn write(&self, text: &str) -> io::Result<()> {
        files::replace(&self.path, text.as_bytes())
    }

    /// What is on it now.
    ///
    /// # Errors
    /// It is gone, too large, or not text.
    pub fn read(&self) -> io::Result<String> {
        let bytes = files::read(&self.path)?.ok_or(io::ErrorKind::NotFound)?;
        String::from_utf8(bytes).map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is not UTF-8 text"))
    }

    /// Ends it.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn discard(&self) -> io::Result<()> {
        files::remove(&self.path)
    }
}
