//! Decides which room's mentions are counted again next.

use crate::{
    model::{Call, Model},
    update::{Effect, Request, effect::call},
};

/// Reads the next room whose number of mentions is in doubt, if one is due.
pub(super) fn plan(model: &mut Model, effects: &mut Vec<Effect>) {
    let due = !model.internal.recounts.is_empty() && model.internal.recount_not_before <= model.now.mono_ms;
    if !due || !model.may_count() {
        return;
    }
    if let Some(id) = model.internal.recounts.pop_first() {
        call(model, Call::CountMentions(id), Request::GetRoom(id), effects);
    }
}
