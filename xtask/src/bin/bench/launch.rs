//! What it takes to start a measured program: its executable, and a directory for its files.

use std::{env, path::PathBuf};

use tempfile::TempDir;

use super::Result;

/// The path of a program of the workspace. It is in the same directory as the bench.
pub(super) fn built(name: &str) -> Result<PathBuf> {
    let path = env::current_exe()?.with_file_name(name);
    if path.exists() { Ok(path) } else { Err(format!("{} is not built; run cargo xtask bench", path.display()).into()) }
}

/// A directory for a measured program. It is removed on drop.
pub(super) fn temp_dir() -> Result<TempDir> {
    Ok(tempfile::Builder::new().prefix("quchat-bench-").tempdir()?)
}
