//! The paths of the client's state: `$XDG_STATE_HOME/quchat` or its equivalent on other systems.
//!
//! Owns paths. It must not access the disk.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use quchat_shared::UserId;

use crate::api::Origin;

/// The directory of all state of the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateDir {
    root: PathBuf,
}

/// No environment variable gives a state directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no directory for drafts and the sign-in: set XDG_STATE_HOME (or HOME) to an absolute path")]
pub struct NoStateDirError;

impl StateDir {
    /// The directory that the environment gives. A relative path counts as unset (XDG Base Directory Specification).
    ///
    /// # Errors
    /// The environment gives neither a state nor a home directory.
    pub fn find(variable: impl Fn(&str) -> Option<OsString>) -> Result<Self, NoStateDirError> {
        let absolute = |name: &str| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let fallback = || match std::env::consts::OS {
            "macos" | "ios" => absolute("HOME").map(|home| home.join("Library/Application Support")),
            "windows" => absolute("LOCALAPPDATA"),
            _ => absolute("HOME").map(|home| home.join(".local/state")),
        };
        absolute("XDG_STATE_HOME").or_else(fallback).map(|base| Self::at(base.join("quchat"))).ok_or(NoStateDirError)
    }

    /// Uses this directory.
    #[must_use]
    pub fn at(root: PathBuf) -> Self {
        Self { root }
    }

    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The file of the last sign-in.
    pub(super) fn last_sign_in(&self) -> PathBuf {
        self.root.join("last.json")
    }

    /// The file of the session: token and user.
    pub(super) fn token(&self, origin: &Origin) -> PathBuf {
        self.origin(origin).join("token")
    }

    /// The file of the server's pin.
    pub(super) fn pin(&self, origin: &Origin) -> PathBuf {
        self.origin(origin).join("pin")
    }

    /// The directory of all users.
    pub(super) fn users(&self, origin: &Origin) -> PathBuf {
        self.origin(origin).join("users")
    }

    /// The directory of a user's drafts and visits.
    pub(super) fn user(&self, origin: &Origin, user: UserId) -> PathBuf {
        self.users(origin).join(user.to_string())
    }

    fn origin(&self, origin: &Origin) -> PathBuf {
        const KEEP: &AsciiSet = &NON_ALPHANUMERIC.remove(b'.').remove(b'-').remove(b'_');
        self.root.join(utf8_percent_encode(&origin.to_string(), KEEP).to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_one_directory() {
        let state_dir = StateDir::at("/state/quchat".into());
        let origin: Origin = Origin::parse("[::1]:80").unwrap();
        assert_eq!(state_dir.token(&origin), Path::new("/state/quchat/http%3A%2F%2F%5B%3A%3A1%5D%3A80/token"));
        assert_eq!(state_dir.user(&origin, UserId(7)).file_name().unwrap(), "7");
    }

    #[test]
    #[cfg(unix)]
    fn the_variable_overrides_the_home_and_a_relative_one_counts_as_unset() {
        let find = |state: Option<&str>, home: Option<&str>| {
            let variables = [("XDG_STATE_HOME", state), ("HOME", home)];
            StateDir::find(|name| variables.iter().find(|(key, _)| *key == name)?.1.map(OsString::from))
        };
        assert_eq!(find(Some("/s"), Some("/h")).unwrap().root(), Path::new("/s/quchat"));
        assert!(find(Some("s"), Some("/h")).unwrap().root().starts_with("/h"));
        assert_eq!(find(None, None), Err(NoStateDirError));
    }
}
