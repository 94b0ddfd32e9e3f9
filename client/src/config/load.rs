//! Finds and reads the config file.

use std::{
    ffi::OsString,
    io::{self, Read},
    path::{Path, PathBuf},
};

use super::{ConfigError, File};
use crate::regular;

/// Largest size of the config file in bytes; a larger one is a mistake.
const FILE_MAX: u64 = 1024 * 1024;

/// `$XDG_CONFIG_HOME/quchat/config.toml`, or its equivalent on other systems. A relative path counts as unset (XDG Base
/// Directory Specification).
#[must_use]
pub fn find(variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let absolute = |name: &str| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let fallback = || match std::env::consts::OS {
        "macos" | "ios" => absolute("HOME").map(|home| home.join("Library/Application Support")),
        "windows" => absolute("APPDATA"),
        _ => absolute("HOME").map(|home| home.join(".config")),
    };
    absolute("XDG_CONFIG_HOME").or_else(fallback).map(|base| base.join("quchat/config.toml"))
}

/// Reads the config file. A missing file is the same as an empty one. Wrong lines are in [`File::faults`].
///
/// # Errors
/// The file cannot be read.
pub fn read(path: &Path) -> Result<File, ConfigError> {
    let unreadable = |reason: String| ConfigError::Unreadable { path: path.to_owned(), reason };
    let mut text = String::new();
    match regular::read(path).and_then(|file| file.take(FILE_MAX + 1).read_to_string(&mut text)) {
        Ok(_) if text.len() as u64 > FILE_MAX => Err(unreadable("the config file is too large".to_owned())),
        Ok(_) => Ok(File::parse(path, &text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(File::default()),
        Err(error) => Err(unreadable(error.to_string())),
    }
}
