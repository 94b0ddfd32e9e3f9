//! What a backup says about itself: when it was made, by which version, and the checksum of each file.

use std::fmt::Write;

use quchat_shared::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The last file of a backup. Without it, the backup was cut.
pub(super) const MANIFEST: &str = "manifest.json";
/// The version of the form of a backup.
pub(super) const FORMAT: u32 = 1;
/// Most bytes of a manifest.
pub(super) const MANIFEST_MAX: u64 = 64 * 1024;

/// The contents of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The version of the form of the backup.
    pub format: u32,
    /// The program that made it.
    pub version: String,
    /// The moment that it shows.
    pub created_at: Timestamp,
    /// In the order in which they are in the archive.
    pub files: Vec<FileSum>,
}

/// A file and its checksum.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileSum {
    /// Its name in the data directory.
    pub name: String,
    /// Its length.
    pub bytes: u64,
    /// SHA-256 in hexadecimal digits.
    pub sha256: String,
}

/// Adds up the checksum of a file.
#[derive(Default)]
pub(super) struct Sum {
    hash: Sha256,
    bytes: u64,
}

impl Sum {
    pub(super) fn add(&mut self, bytes: &[u8]) {
        self.hash.update(bytes);
        self.bytes += bytes.len() as u64;
    }

    pub(super) fn of(self, name: &str) -> FileSum {
        let mut sha256 = String::with_capacity(64);
        for byte in self.hash.finalize() {
            write!(sha256, "{byte:02x}").expect("writing to a String cannot fail");
        }
        FileSum { name: name.to_owned(), bytes: self.bytes, sha256 }
    }
}
