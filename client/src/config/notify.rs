//! How to notify: `[notify]`.

use super::{Setting, Source, error::hint, setting::quoted, table::Table};
use crate::runtime::NotifyMethod;

/// The values of `by`; `None` chooses what the terminal is known to support.
const METHODS: [(&str, Option<NotifyMethod>); 5] = [
    ("auto", None),
    ("osc777", Some(NotifyMethod::Osc777)),
    ("osc9", Some(NotifyMethod::Osc9)),
    ("bell", Some(NotifyMethod::Bell)),
    ("nothing", Some(NotifyMethod::Silent)),
];

/// Reads `[notify]`; `command` overrides `by`.
pub(super) fn read(table: Table<'_>) -> Option<Setting<Option<NotifyMethod>>> {
    let notify = table.entry("notify")?.table("notify.")?;
    notify.only(&["by", "command"]);
    let by = notify.text("by", |typed| {
        let method = METHODS.iter().find(|(word, _)| *word == typed).map(|(_, method)| method.clone());
        method.ok_or_else(|| {
            format!("unknown notification method {typed:?}{}", hint(typed, METHODS.iter().map(|(word, _)| *word)))
        })
    });
    let Some(entry) = notify.entry("command") else { return by };
    let Setting { value, from } = entry.texts()?;
    match value.is_empty() {
        true => entry.wrong("command: the program is missing"),
        false => Some(Setting { value: Some(NotifyMethod::Command(value)), from }),
    }
}

/// Writes `[notify]` in the format of the config file.
pub(super) fn show(notify: &Setting<Option<NotifyMethod>>) -> String {
    let from = &notify.from;
    let line = match &notify.value {
        Some(NotifyMethod::Command(words)) => {
            let words: Vec<_> = words.iter().map(|word| quoted(word)).collect();
            format!("command = [{}]", words.join(", "))
        }
        method => {
            let word = METHODS.iter().find(|(_, other)| other == method).map_or("auto", |(word, _)| word);
            format!("by = \"{word}\"")
        }
    };
    format!("\n[notify]\n{line}  # {from}\n")
}

/// The default.
pub(super) fn unset() -> Setting<Option<NotifyMethod>> {
    Setting { value: None, from: Source::Default }
}
