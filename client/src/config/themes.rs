//! Custom themes: `[themes.mine]`, `base = "dark"`, `faint = "244"`, `senders = ["green", "#80c0ff"]`.

use super::{
    Setting, Source,
    error::hint,
    setting::quoted,
    table::{Entry, Table},
};
use crate::theme::{BUILT_IN, Paint, ROLES, Role, Theme};

/// A theme of the config file: its differences from a built-in one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnTheme {
    pub name: String,
    /// The index in [`BUILT_IN`] of the theme that it changes.
    base: Setting<usize>,
    /// The changed styles.
    paints: Vec<(Role, Setting<Paint>)>,
    /// The senders' styles, if it changes them.
    senders: Option<Setting<Vec<Paint>>>,
}

impl OwnTheme {
    /// The complete theme.
    #[must_use]
    pub fn theme(&self) -> Theme {
        let base = BUILT_IN[self.base.value].theme();
        let theme = self.paints.iter().fold(base, |theme, (role, paint)| theme.with(*role, paint.value));
        theme.with_senders(self.senders.as_ref().map_or(&[], |senders| &senders.value))
    }
}

/// Reads all custom themes.
pub(super) fn read(table: Table<'_>) -> Vec<OwnTheme> {
    let themes = table.entry("themes").and_then(|entry| entry.table("themes."));
    themes.into_iter().flat_map(Table::entries).filter_map(read_one).collect()
}

fn read_one(entry: Entry<'_>) -> Option<OwnTheme> {
    if entry.key.is_empty() || entry.key.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return entry.misnamed("the name of a theme must be one word, for /theme");
    }
    let path = format!("themes.{}.", entry.key);
    let table = entry.table(&path)?;
    let known: Vec<_> = ["base", "senders"].into_iter().chain(ROLES.iter().map(|(name, _)| *name)).collect();
    table.only(&known);
    let base = table.text("base", |typed| {
        let names = || BUILT_IN.iter().map(|built_in| built_in.name);
        names().position(|name| name == typed).ok_or_else(|| format!("unknown theme {typed:?}{}", hint(typed, names())))
    });
    let mut paints = Vec::new();
    for (name, role) in ROLES {
        paints.extend(table.text(name, paint).map(|paint| (role, paint)));
    }
    let senders = table.entry("senders").and_then(|entry| senders(entry));
    let base = base.unwrap_or(Setting { value: 0, from: Source::Default });
    Some(OwnTheme { name: entry.key.to_owned(), base, paints, senders })
}

fn senders(entry: Entry<'_>) -> Option<Setting<Vec<Paint>>> {
    let Setting { value, from } = entry.texts()?;
    let paints: Result<Vec<_>, _> = value.iter().map(|text| paint(text)).collect();
    match paints {
        Err(why) => entry.wrong(format!("senders: {why}")),
        Ok(paints) if paints.is_empty() => entry.wrong("senders: at least one colour is needed"),
        Ok(paints) => Some(Setting { value: paints, from }),
    }
}

fn paint(text: &str) -> Result<Paint, String> {
    Paint::parse(text).map_err(|word| format!("unknown colour {word:?}{}", hint(word, Paint::words())))
}

/// Checks that a built-in or custom theme has this name.
pub(super) fn named(name: &str, own: &[OwnTheme]) -> Result<String, String> {
    let names = || BUILT_IN.iter().map(|built_in| built_in.name).chain(own.iter().map(|own| own.name.as_str()));
    match names().any(|other| other == name) {
        true => Ok(name.to_owned()),
        false => Err(format!("unknown theme {name:?}{}", hint(name, names()))),
    }
}

/// Writes the themes in the format of the config file.
pub(super) fn show(themes: &[OwnTheme]) -> String {
    let mut shown = String::new();
    for OwnTheme { name, base, paints, senders } in themes {
        shown.push_str(&format!("\n[themes.{}]\n", quoted(name)));
        let mut line = |key: &str, value: &str, from: &Source| shown.push_str(&format!("{key} = {value}  # {from}\n"));
        line("base", &quoted(BUILT_IN[base.value].name), &base.from);
        for (role, paint) in paints {
            let key = ROLES.iter().find(|(_, other)| other == role).map_or("text", |(key, _)| key);
            line(key, &quoted(&paint.value.to_string()), &paint.from);
        }
        if let Some(senders) = senders {
            let looks: Vec<_> = senders.value.iter().map(|paint| quoted(&paint.to_string())).collect();
            line("senders", &format!("[{}]", looks.join(", ")), &senders.from);
        }
    }
    shown
}
