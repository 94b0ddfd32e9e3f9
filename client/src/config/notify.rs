//! How to notify: `[notify]`.

use super::{Setting, Source, error::hint, setting::quoted, table::Table};
use crate::runtime::Way;

/// The values of `by`; `None` chooses what the terminal is known to support.
const WAYS: [(&str, Option<Way>); 5] = [
    ("auto", None),
    ("osc777", Some(Way::Osc777)),
    ("osc9", Some(Way::Osc9)),
    ("bell", Some(Way::Bell)),
    ("nothing", Some(Way::Silent)),
];

/// Reads `[notify]`; `command` overrides `by`.
pub(super) fn read(table: Table<'_>) -> Option<Setting<Option<Way>>> {
    let notify = table.entry("notify")?.table("notify.")?;
    notify.only(&["by", "command"]);
    let by = notify.text("by", |typed| {
        let way = WAYS.iter().find(|(word, _)| *word == typed).map(|(_, way)| way.clone());
        way.ok_or_else(|| {
            format!("{typed:?} is not a way to notify{}", hint(typed, WAYS.iter().map(|(word, _)| *word)))
        })
    });
    let Some(entry) = notify.entry("command") else { return by };
    let Setting { value, from } = entry.texts()?;
    match value.is_empty() {
        true => entry.wrong("command: the program is missing"),
        false => Some(Setting { value: Some(Way::Command(value)), from }),
    }
}

/// Writes `[notify]` in the format of the config file.
pub(super) fn show(notify: &Setting<Option<Way>>) -> String {
    let from = &notify.from;
    let line = match &notify.value {
        Some(Way::Command(words)) => {
            let words: Vec<_> = words.iter().map(|word| quoted(word)).collect();
            format!("command = [{}]", words.join(", "))
        }
        way => {
            let word = WAYS.iter().find(|(_, other)| other == way).map_or("auto", |(word, _)| word);
            format!("by = \"{word}\"")
        }
    };
    format!("\n[notify]\n{line}  # {from}\n")
}

/// The default.
pub(super) fn unset() -> Setting<Option<Way>> {
    Setting { value: None, from: Source::Default }
}
