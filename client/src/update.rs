//! How things change: pure, and the only place where they do.
//!
//! It knows no terminal, no network, no disk, no thread, no clock and no dice: it reads the moment from the model
//! and asks for everything else as an [`Effect`].

mod action;
mod effect;
mod msg;
mod request;

pub use action::Action;
pub use effect::Effect;
pub use msg::{Msg, NotKept, Pick, ServerEvent, Stored};
pub use request::{Answer, Failure, Reply, Request};

use crate::model::{Dialog, Id, Link, Model};

/// Takes in what happened. The runtime has set [`Model::now`] before and performs what is returned, in order.
pub fn update(model: &mut Model, msg: Msg) -> Vec<Effect> {
    match msg {
        Msg::Stop => vec![Effect::Exit(0)],
        Msg::Seen(seen) => {
            model.page_rows = seen.rows;
            if let Some(room) = model.rooms.get_mut(&seen.room) {
                room.scroll_rows -= seen.scrolled;
                room.last_visible = Some(seen.last);
                room.anchor = seen.anchor;
            }
            Vec::new()
        }
        _ => Vec::new(),
    }
}

/// Which component has the keys: the only truth. The runtime makes tui-realm's Application follow after each `Msg`.
#[must_use]
pub fn focus(model: &Model) -> Id {
    match model.dialogs.last() {
        Some(dialog) => Id::Dialog(Dialog::id(dialog)),
        None if model.account.is_none() => Id::SignIn,
        None if model.in_side_bar || model.open.is_none() => Id::Rooms,
        None => Id::Composer,
    }
}

/// When [`Msg::Tick`] is due, in [`crate::model::Now::mono_ms`]; `None` while nothing waits for time to pass.
#[must_use]
pub fn next_deadline(model: &Model) -> Option<u64> {
    let notice = model.notice.as_ref().map(|notice| notice.until);
    let link = match model.link {
        Link::Reconnecting { at, .. } => Some(at),
        _ => None,
    };
    notice.into_iter().chain(link).min()
}
