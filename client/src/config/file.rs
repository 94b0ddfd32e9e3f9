//! Parses the config file. `client/config.example.toml` lists all settings.

use std::{cell::RefCell, collections::BTreeMap, path::Path};

use super::{
    ConfigError, Profile, Setting,
    error::hint,
    keys, notify,
    table::{Entry, FAULTS_MAX, Page, Table},
    themes::{self, OwnTheme},
};
use crate::{keymap::Binding, runtime::NotifyMethod};

/// The parsed config file. `None` means that the file does not set it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct File {
    /// The server's address.
    pub server: Option<Setting<String>>,
    pub name: Option<Setting<String>>,
    /// Other servers, keyed by the name for `--profile`.
    pub profiles: BTreeMap<String, Profile>,
    /// How to notify.
    pub notify: Option<Setting<Option<NotifyMethod>>>,
    pub theme: Option<Setting<String>>,
    /// Whether to draw in ASCII.
    pub ascii: Option<Setting<bool>>,
    /// Whether the mouse is in use: the wheel scrolls, a click opens a room.
    pub mouse: Option<Setting<bool>>,
    pub themes: Vec<OwnTheme>,
    /// Custom key bindings.
    pub keys: Vec<Setting<Binding>>,
    /// The wrong lines from the top, each with the closest valid name; at most 20, then one entry that says that there
    /// are more. The settings on these lines keep their defaults.
    pub faults: Vec<ConfigError>,
}

/// The keys of the top level.
const KEYS: [&str; 9] = ["server", "name", "theme", "ascii", "mouse", "profiles", "notify", "themes", "keys"];

impl File {
    /// Parses as much of `text` as it can. Errors name `path`.
    #[must_use]
    pub fn parse(path: &Path, text: &str) -> Self {
        let faults = RefCell::default();
        let page = Page { text, faults: &faults };
        let root = page.parse();
        let table = Table::new(page, "", root.get_ref());
        table.only(&KEYS);
        let Profile { server, name } = Profile::read(table);
        let themes = themes::read(table);
        Self {
            server,
            name,
            theme: table.text("theme", |name| themes::named(name, &themes)),
            ascii: table.entry("ascii").and_then(Entry::flag),
            mouse: table.entry("mouse").and_then(Entry::flag),
            profiles: profiles(table),
            notify: notify::read(table),
            themes,
            keys: keys::read(table),
            faults: reported(path, faults.take()),
        }
    }

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

/// The errors from the top, one per line: a second error on a line often follows from the first.
fn reported(path: &Path, mut faults: Vec<(usize, String)>) -> Vec<ConfigError> {
    let more = (faults.len() > FAULTS_MAX).then(|| ConfigError::More { path: path.to_owned() });
    faults.truncate(FAULTS_MAX);
    faults.sort_by_key(|(line, _)| *line);
    faults.dedup_by_key(|(line, _)| *line);
    let lines = faults.into_iter().map(|(line, what)| ConfigError::Line { path: path.to_owned(), line, what });
    lines.chain(more).collect()
}

fn profiles(table: Table<'_>) -> BTreeMap<String, Profile> {
    let profiles = table.entry("profiles").and_then(|entry| entry.table("profiles."));
    profiles.into_iter().flat_map(Table::entries).filter_map(profile).collect()
}

fn profile(entry: Entry<'_>) -> Option<(String, Profile)> {
    let path = format!("profiles.{}.", entry.key);
    let table = entry.table(&path)?;
    table.only(&Profile::KEYS);
    match table.entry("server") {
        Some(_) => Some((entry.key.to_owned(), Profile::read(table))),
        None => entry.misnamed(format!("the profile {:?} has no server", entry.key)),
    }
}
