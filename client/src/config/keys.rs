//! Custom key bindings: `[keys.composer]`, `"Alt+Enter" = "send"`.

use super::{
    Setting,
    error::hint,
    setting::quoted,
    table::{Entry, Table},
};
use crate::keymap::{self, Binding, Context, Keymap, NONE};

/// Reads all bindings.
pub(super) fn read(table: Table<'_>) -> Vec<Setting<Binding>> {
    let Some(entry) = table.entry("keys") else { return Vec::new() };
    let Some(contexts) = entry.table("keys.") else { return Vec::new() };
    let names: Vec<_> = Context::ALL.into_iter().map(Context::name).collect();
    contexts.only(&names.iter().map(String::as_str).collect::<Vec<_>>());
    let mut bindings: Vec<Setting<Binding>> = Vec::new();
    let mut written = 0;
    for (context, name) in Context::ALL.into_iter().zip(&names) {
        let keys = contexts.entry(name).and_then(|entry| entry.table(""));
        for entry in keys.into_iter().flat_map(Table::entries) {
            bindings.extend(read_one(context, entry, &bindings));
            written += 1;
        }
    }
    let all: Vec<_> = bindings.iter().map(|binding| binding.value.clone()).collect();
    // an invalid binding may have been meant as the missing key, so this is checked only if all are valid
    if let Some(action) = Keymap::bound(&all).unreachable().filter(|_| bindings.len() == written) {
        entry.misnamed::<()>(format!("no key is left for {:?}", keymap::name(action)));
    }
    bindings
}

fn read_one(context: Context, entry: Entry<'_>, before: &[Setting<Binding>]) -> Option<Setting<Binding>> {
    let misnamed = |why| entry.misnamed(format!("{:?}: {why}", entry.key));
    let chord = keymap::chord(entry.key, context).map_or_else(misnamed, Some)?;
    if let Some(twin) = before.iter().find(|other| (other.value.context, other.value.chord) == (context, chord)) {
        return entry.misnamed(format!("{chord} is already bound on {}", twin.from));
    }
    let actions = context.actions();
    let Setting { value: action, from } = entry.text(|typed| {
        if typed == NONE {
            return Ok(None);
        }
        let found = actions.iter().find(|(name, _)| name == typed).map(|(_, action)| Some(*action));
        let names = actions.iter().map(|(name, _)| name.as_str());
        found.ok_or_else(|| format!("[keys.{}] has no {typed:?}{}", context.name(), hint(typed, names)))
    })?;
    Some(Setting { value: Binding { context, chord, action }, from })
}

/// All keys in effect, in the format of the config file.
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
