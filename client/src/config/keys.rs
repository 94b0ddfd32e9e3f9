//! Keys with another meaning: `[keys.composer]`, `"Alt+Enter" = "send"`.

use super::{
    ConfigError, Setting,
    error::hint,
    setting::quoted,
    table::{Entry, Table},
};
use crate::keymap::{self, Binding, Context, Keymap, NONE};

/// Reads all of them.
pub(super) fn read(table: Table<'_>) -> Result<Vec<Setting<Binding>>, ConfigError> {
    let Some(entry) = table.entry("keys") else { return Ok(Vec::new()) };
    let contexts = entry.table("keys.")?;
    let names: Vec<_> = Context::ALL.into_iter().map(Context::name).collect();
    contexts.only(&names.iter().map(String::as_str).collect::<Vec<_>>())?;
    let mut bindings: Vec<Setting<Binding>> = Vec::new();
    for context in Context::ALL {
        let name = context.name();
        let Some(keys) = contexts.entry(&name).map(|entry| entry.table("")).transpose()? else { continue };
        for entry in keys.entries() {
            let binding = read_one(context, entry)?;
            let twin =
                |other: &&Setting<Binding>| (other.value.context, other.value.chord) == (context, binding.value.chord);
            if let Some(twin) = bindings.iter().find(twin) {
                return Err(entry.misnamed(format!("{} is bound on {} already", binding.value.chord, twin.from)));
            }
            bindings.push(binding);
        }
    }
    let all: Vec<_> = bindings.iter().map(|binding| binding.value.clone()).collect();
    match Keymap::bound(&all).unreachable() {
        Some(action) => Err(entry.misnamed(format!("no key is left for {:?}", keymap::name(action)))),
        None => Ok(bindings),
    }
}

fn read_one(context: Context, entry: Entry<'_>) -> Result<Setting<Binding>, ConfigError> {
    let chord = keymap::chord(entry.key, context).map_err(|why| entry.misnamed(format!("{:?}: {why}", entry.key)))?;
    let actions = context.actions();
    let Setting { value: action, from } = entry.text(|typed| {
        if typed == NONE {
            return Ok(None);
        }
        let found = actions.iter().find(|(name, _)| name == typed).map(|(_, action)| Some(*action));
        let names = actions.iter().map(|(name, _)| name.as_str());
        found.ok_or_else(|| format!("[keys.{}] has no {typed:?}{}", context.name(), hint(typed, names)))
    })?;
    Ok(Setting { value: Binding { context, chord, action }, from })
}

/// Every key in effect, in the format of the file.
pub(super) fn show(bindings: &[Setting<Binding>]) -> String {
    let all: Vec<_> = bindings.iter().map(|binding| binding.value.clone()).collect();
    let keymap = Keymap::bound(&all);
    let mut shown = String::new();
    for context in Context::ALL {
        shown.push_str(&format!("\n[keys.{}]\n", context.name()));
        let mut line = |chord, action: &str| {
            let by = bindings.iter().find(|by| (by.value.context, by.value.chord) == (context, chord));
            let from = by.map_or_else(|| "default".to_owned(), |by| by.from.to_string());
            shown.push_str(&format!("{} = {}  # {from}\n", quoted(&chord.to_string()), quoted(action)));
        };
        for row in keymap.rows().iter().filter(|row| row.context == context) {
            line(row.chord, &keymap::name(row.action));
        }
        for binding in bindings.iter().filter(|by| by.value.context == context && by.value.action.is_none()) {
            line(binding.value.chord, NONE);
        }
    }
    shown
}
