//! Which component has the focus.

use super::{ComponentId, Model};

/// The component with the focus. This is the single source of truth: the runtime applies it to tui-realm after each
/// `Msg`.
#[must_use]
pub fn focus(model: &Model) -> ComponentId {
    match model.dialogs.last() {
        Some(dialog) => ComponentId::Dialog(dialog.id()),
        None if model.account.is_none() => ComponentId::SignIn,
        None if model.selection().is_some() => ComponentId::History,
        None if model.find.is_some() && model.open_room().is_some() => ComponentId::Find,
        None if model.in_side_bar => ComponentId::Rooms,
        None if model.open_room().is_none() && model.command.text.is_empty() => ComponentId::Rooms,
        None => ComponentId::Composer,
    }
}
