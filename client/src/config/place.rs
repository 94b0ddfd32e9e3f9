//! Where the file lies, and its text.

use std::{
    ffi::OsString,
    io::{self, Read},
    path::{Path, PathBuf},
};

use super::{ConfigError, File};
use crate::regular;

/// Most bytes of the file; a larger one is a mistake.
const FILE_MAX: u64 = 1024 * 1024;

/// `$XDG_CONFIG_HOME/quchat/config.toml`, or what other systems have in its stead. A relative path counts as not set
/// (XDG Base Directory Specification).
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

/// Reads the file; none is as good as an empty one. What is not understood in it is among its faults.
///
/// # Errors
/// It cannot be read.
pub fn read(path: &Path) -> Result<File, ConfigError> {
    let unreadable = |reason: String| ConfigError::Unreadable { path: path.to_owned(), reason };
    let mut text = String::new();
    match regular::read(path).and_then(|file| file.take(FILE_MAX + 1).read_to_string(&mut text)) {
        Ok(_) if text.len() as u64 > FILE_MAX => Err(unreadable("too large for a config file".to_owned())),
        Ok(_) => Ok(File::parse(path, &text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(File::default()),
        Err(error) => Err(unreadable(error.to_string())),
    }
}
