//! The rooms that a user has visited, latest first. The next start opens the latest one, even while no server answers,
//! and restores the order of recent rooms.
//!
//! Stores what the header and the side bar show of a room, never a message.

use std::{
    io,
    path::{Path, PathBuf},
};

use quchat_shared::{RoomInfo, UserRef};
use serde::{Deserialize, Serialize};

use super::files;
use crate::model::Visit;

/// The file. It is optional: an unreadable file counts as missing.
#[derive(Debug)]
pub(super) struct Visits {
    path: PathBuf,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct VisitsFile {
    visits: Vec<VisitedRoom>,
}

#[derive(Debug, Serialize, Deserialize)]
struct VisitedRoom {
    #[serde(flatten)]
    info: RoomInfo,
    joined: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    peer: Option<UserRef>,
}

impl Visits {
    /// The file in this user's directory.
    pub(super) fn new(dir: &Path) -> Self {
        Self { path: dir.join("visits.json") }
    }

    pub(super) fn read(&self) -> Vec<Visit> {
        let bytes = files::read(&self.path).ok().flatten().unwrap_or_default();
        let visits = serde_json::from_slice::<VisitsFile>(&bytes).unwrap_or_default().visits;
        visits.into_iter().map(|VisitedRoom { info, joined, peer }| Visit { info, joined, peer }).collect()
    }

    pub(super) fn write(&self, visits: &[Visit]) -> io::Result<()> {
        let room =
            |visit: &Visit| VisitedRoom { info: visit.info.clone(), joined: visit.joined, peer: visit.peer.clone() };
        files::replace(&self.path, &serde_json::to_vec(&VisitsFile { visits: visits.iter().map(room).collect() })?)
    }
}
