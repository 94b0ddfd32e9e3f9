//! The file, understood: `client/config.example.toml` shows all that can stand in it.

use std::{cell::RefCell, collections::BTreeMap, path::Path};

use super::{
    ConfigError, Profile, Setting,
    error::hint,
    keys, notify,
    table::{Entry, FAULTS_MAX, Page, Table},
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
    /// The lines that are not understood, from the top, and what is near to each; of many not all. What they would
    /// have set is left to the defaults.
    pub faults: Vec<ConfigError>,
}

/// The keys at the top.
const KEYS: [&str; 9] = ["server", "name", "theme", "ascii", "mouse", "profiles", "notify", "themes", "keys"];

impl File {
    /// Understands its text as far as it can; `path` is named where it is wrong.
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
            faults: told(path, faults.take()),
        }
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

/// From the top, one per line: what follows on the same line may follow from it.
fn told(path: &Path, mut faults: Vec<(usize, String)>) -> Vec<ConfigError> {
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
        None => entry.misnamed(format!("the profile {:?} names no server", entry.key)),
    }
}
