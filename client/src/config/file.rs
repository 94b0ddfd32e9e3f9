//! The file, understood: `client/config.example.toml` shows all that can stand in it.

use std::{collections::BTreeMap, path::Path};

use super::{
    ConfigError, Profile, Setting,
    error::hint,
    keys, notify,
    table::{Entry, Page, Table},
    themes::{self, OwnTheme},
};
use crate::{keymap::Binding, runtime::Way};

/// What the file says. Whatever it does not say is left to the defaults.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct File {
    /// The address of the server.
    pub server: Option<Setting<String>>,
    /// The name to sign in with.
    pub name: Option<Setting<String>>,
    /// Other servers, by the name that `--profile` takes.
    pub profiles: BTreeMap<String, Profile>,
    /// How to be called.
    pub notify: Option<Setting<Option<Way>>>,
    /// The theme to use.
    pub theme: Option<Setting<String>>,
    /// Frames and signs in ASCII.
    pub ascii: Option<Setting<bool>>,
    /// The wheel scrolls and a click opens a room.
    pub mouse: Option<Setting<bool>>,
    /// Themes of one's own.
    pub themes: Vec<OwnTheme>,
    /// Keys with another meaning.
    pub keys: Vec<Setting<Binding>>,
}

/// The keys at the top.
const KEYS: [&str; 9] = ["server", "name", "theme", "ascii", "mouse", "profiles", "notify", "themes", "keys"];

impl File {
    /// Understands its text; `path` is named where it is wrong.
    ///
    /// # Errors
    /// The first line that is not understood, and what is near to it.
    pub fn parse(path: &Path, text: &str) -> Result<Self, ConfigError> {
        let page = Page { path, text };
        let root = page.parse()?;
        let table = Table::new(page, "", root.get_ref());
        table.only(&KEYS)?;
        let Profile { server, name } = Profile::read(table)?;
        let themes = themes::read(table)?;
        Ok(Self {
            server,
            name,
            theme: table.text("theme", |name| themes::named(name, &themes))?,
            ascii: table.entry("ascii").map(Entry::flag).transpose()?,
            mouse: table.entry("mouse").map(Entry::flag).transpose()?,
            profiles: profiles(table)?,
            notify: notify::read(table)?,
            themes,
            keys: keys::read(table)?,
        })
    }

    /// The profile of this name.
    pub(super) fn profile(&self, name: &str) -> Result<Profile, ConfigError> {
        self.profiles.get(name).cloned().ok_or_else(|| {
            let hint = match self.profiles.is_empty() {
                true => "; the config file has none".to_owned(),
                false => hint(name, self.profiles.keys().map(String::as_str)),
            };
            ConfigError::NoProfile { name: name.to_owned(), hint }
        })
    }
}

fn profiles(table: Table<'_>) -> Result<BTreeMap<String, Profile>, ConfigError> {
    let Some(entry) = table.entry("profiles") else { return Ok(BTreeMap::new()) };
    let read = |entry: Entry<'_>| {
        let path = format!("profiles.{}.", entry.key);
        let table = entry.table(&path)?;
        table.only(&Profile::KEYS)?;
        let profile = Profile::read(table)?;
        match profile.server {
            Some(_) => Ok((entry.key.to_owned(), profile)),
            None => Err(entry.misnamed(format!("the profile {:?} names no server", entry.key))),
        }
    };
    entry.table("profiles.")?.entries().map(read).collect()
}
