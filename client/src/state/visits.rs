//! The rooms a user has visited, the latest first: where the next start begins, also while no server answers, and what
//! "recent" means then.
//!
//! Of a room it holds what stands above and beside its messages, never a message.

use std::{
    io,
    path::{Path, PathBuf},
};

use quchat_shared::RoomInfo;
use serde::{Deserialize, Serialize};

use super::files;
use crate::model::Visit;

/// The file. Nothing in it is needed: what cannot be read is as good as none.
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
}

impl Visits {
    /// Of the user whose directory this is.
    pub(super) fn new(dir: &Path) -> Self {
        Self { path: dir.join("visits.json") }
    }

    pub(super) fn recall(&self) -> Vec<Visit> {
        let bytes = files::read(&self.path).ok().flatten().unwrap_or_default();
        let visits = serde_json::from_slice::<VisitsFile>(&bytes).unwrap_or_default().visits;
        visits.into_iter().map(|VisitedRoom { info, joined }| Visit { info, joined }).collect()
    }

    pub(super) fn remember(&self, visits: &[Visit]) -> io::Result<()> {
        let room = |visit: &Visit| VisitedRoom { info: visit.info.clone(), joined: visit.joined };
        files::replace(&self.path, &serde_json::to_vec(&VisitsFile { visits: visits.iter().map(room).collect() })?)
    }
}
