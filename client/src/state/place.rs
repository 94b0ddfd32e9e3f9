//! Where the state of the client lies: `$XDG_STATE_HOME/quchat` and what other systems have in its stead.
//!
//! Owns paths. It must not touch a disk.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use quchat_shared::UserId;

use crate::api::Origin;

/// The directory of everything the client keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    root: PathBuf,
}

/// No variable says where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no place for drafts and the sign-in: set XDG_STATE_HOME (or HOME) to an absolute path")]
pub struct NowhereError;

impl Place {
    /// The place the environment asks for. A relative path counts as not set (XDG Base Directory Specification).
    ///
    /// # Errors
    /// Neither a state directory nor a home is set.
    pub fn find(variable: impl Fn(&str) -> Option<OsString>) -> Result<Self, NowhereError> {
        let absolute = |name: &str| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let fallback = || match std::env::consts::OS {
            "macos" | "ios" => absolute("HOME").map(|home| home.join("Library/Application Support")),
            "windows" => absolute("LOCALAPPDATA"),
            _ => absolute("HOME").map(|home| home.join(".local/state")),
        };
        absolute("XDG_STATE_HOME").or_else(fallback).map(|base| Self::at(base.join("quchat"))).ok_or(NowhereError)
    }

    /// Exactly here.
    #[must_use]
    pub fn at(root: PathBuf) -> Self {
        Self { root }
    }

    /// The directory itself.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// What was used last, for the sign-in form.
    pub(super) fn last(&self) -> PathBuf {
        self.root.join("last.json")
    }

    /// The token and whose it is.
    pub(super) fn token(&self, origin: &Origin) -> PathBuf {
        self.origin(origin).join("token")
    }

    /// What one user has there.
    pub(super) fn user(&self, origin: &Origin, user: UserId) -> PathBuf {
        self.origin(origin).join("users").join(user.to_string())
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
        let place = Place::at("/state/quchat".into());
        let origin: Origin = Origin::parse("[::1]:80").unwrap();
        assert_eq!(place.token(&origin), Path::new("/state/quchat/http%3A%2F%2F%5B%3A%3A1%5D%3A80/token"));
        assert_eq!(place.user(&origin, UserId(7)).file_name().unwrap(), "7");
    }

    #[test]
    #[cfg(unix)]
    fn the_variable_wins_over_the_home_and_a_relative_one_is_none() {
        let find = |state: Option<&str>, home: Option<&str>| {
            let variables = [("XDG_STATE_HOME", state), ("HOME", home)];
            Place::find(|name| variables.iter().find(|(key, _)| *key == name)?.1.map(OsString::from))
        };
        assert_eq!(find(Some("/s"), Some("/h")).unwrap().root(), Path::new("/s/quchat"));
        assert!(find(Some("s"), Some("/h")).unwrap().root().starts_with("/h"));
        assert_eq!(find(None, None), Err(NowhereError));
    }
}
