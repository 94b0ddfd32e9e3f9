//! The rooms a user has visited, the latest first: where the next start begins, and what "recent" means then.

use std::{
    io,
    path::{Path, PathBuf},
};

use quchat_shared::RoomId;
use serde::{Deserialize, Serialize};

use super::files;

/// The file. Nothing in it is needed: what cannot be read is as good as none.
#[derive(Debug)]
pub(super) struct Visits {
    path: PathBuf,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct VisitsFile {
    rooms: Vec<RoomId>,
}

impl Visits {
    /// Of the user whose directory this is.
    pub(super) fn new(dir: &Path) -> Self {
        Self { path: dir.join("visits.json") }
    }

    pub(super) fn recall(&self) -> Vec<RoomId> {
        let bytes = files::read(&self.path).ok().flatten().unwrap_or_default();
        serde_json::from_slice::<VisitsFile>(&bytes).unwrap_or_default().rooms
    }

    pub(super) fn remember(&self, rooms: &[RoomId]) -> io::Result<()> {
        files::replace(&self.path, &serde_json::to_vec(&VisitsFile { rooms: rooms.to_vec() })?)
    }
}
