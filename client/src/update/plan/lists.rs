//! Decides which page of the inbox or of a search is fetched next: one of each at a time.

use quchat_shared::query::{ListUsers, Page};

use crate::{
    model::{Asked, Call, DialogId, Listing, Model},
    update::{Effect, Request, effect::call},
};

/// Messages of a page.
const PAGE: u32 = 50;

/// Requests what the open dialog or the search in the room waits for.
pub(super) fn plan(model: &mut Model, effects: &mut Vec<Effect>) {
    if model.is_signed_out() || model.internal.stale.is_some() {
        return; // after a reset, list the rooms first: ids may mean other rooms
    }
    list_mentions(model, effects);
    search_messages(model, effects);
    find_further(model, effects);
}

fn is_due(listing: &Listing, now: u64) -> bool {
    listing.wanted.is_some() && listing.not_before <= now
}

fn list_mentions(model: &mut Model, effects: &mut Vec<Effect>) {
    let now = model.now.mono_ms;
    let Some(listing) = model.inbox().filter(|listing| is_due(listing, now)) else { return };
    if model.internal.awaits(|call| matches!(call, Call::ListMentions(_))) {
        return;
    }
    let after = listing.after().map(str::to_owned);
    let request = Request::ListMentions(Page { after: after.clone(), limit: Some(PAGE) });
    call(model, Call::ListMentions(after), request, effects);
}

fn search_messages(model: &mut Model, effects: &mut Vec<Effect>) {
    let due = is_due(&model.search.listing, model.now.mono_ms);
    if !due || !model.shows_dialog(DialogId::Search) || model.is_searching() {
        return;
    }
    if let Asked::Sender(name) = &model.search.asked {
        let name = name.clone();
        let query = ListUsers { prefix: Some(name.clone()), limit: Some(1), ..ListUsers::default() };
        call(model, Call::FindSender(name), Request::ListUsers(query), effects);
    } else if let Some(mut query) = model.search.request() {
        query.limit = Some(PAGE);
        call(model, Call::SearchMessages(query.clone()), Request::SearchMessages(query), effects);
    }
}

fn find_further(model: &mut Model, effects: &mut Vec<Effect>) {
    let asking = model.internal.awaits(|call| matches!(call, Call::FindFurther(_)));
    if let Some(query) = model.further_request().filter(|_| !asking) {
        call(model, Call::FindFurther(query.clone()), Request::SearchMessages(query), effects);
    }
}
