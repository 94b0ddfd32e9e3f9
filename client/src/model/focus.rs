//! Which component has the keys.

use super::{Id, Model};

/// Which component has the keys: the only truth. The runtime makes tui-realm's Application follow after each `Msg`.
#[must_use]
pub fn focus(model: &Model) -> Id {
    match model.dialogs.last() {
        Some(dialog) => Id::Dialog(dialog.id()),
        None if model.account.is_none() => Id::SignIn,
        None if model.selection().is_some() => Id::History,
        None if model.find.is_some() && model.open_room().is_some() => Id::Find,
        None if model.in_side_bar => Id::Rooms,
        None if model.open_room().is_none() && model.command.text.is_empty() => Id::Rooms,
        None => Id::Composer,
    }
}
