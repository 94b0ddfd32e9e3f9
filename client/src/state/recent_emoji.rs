//! The emoji of a user's latest reactions, latest first. The picker of reactions offers them first.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use serde::{Deserialize, Serialize};

use super::files;

/// The file. It is optional: an unreadable file counts as missing.
#[derive(Debug)]
pub(super) struct RecentEmoji {
    path: PathBuf,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct RecentEmojiFile {
    emoji: Vec<String>,
}

impl RecentEmoji {
    /// The file in this user's directory.
    pub(super) fn new(dir: &Path) -> Self {
        Self { path: dir.join("emoji.json") }
    }

    pub(super) fn read(&self) -> Vec<Arc<str>> {
        let bytes = files::read(&self.path).ok().flatten().unwrap_or_default();
        let emoji = serde_json::from_slice::<RecentEmojiFile>(&bytes).unwrap_or_default().emoji;
        emoji.into_iter().map(Arc::from).collect()
    }

    pub(super) fn write(&self, emoji: &[Arc<str>]) -> io::Result<()> {
        let emoji = emoji.iter().map(|emoji| emoji.to_string()).collect();
        files::replace(&self.path, &serde_json::to_vec(&RecentEmojiFile { emoji })?)
    }
}
