//! The search in all rooms: the server searches, as you type, and the latest search wins.
//!
//! One request is in flight at a time. `query` parses what was typed, and `plan` makes the requests.

mod query;

use std::sync::Arc;

use quchat_shared::{
    Message, UserId,
    api::{Hit, Hits, Users},
    limits::user_key,
    query::SearchMessages,
    text::search::Search as Finder,
};

use super::Failure;
use crate::model::{Asked, Dialog, DialogId, Listing, Model, is_earlier, place};

/// How long a typed text stays the same before it is searched for.
const TYPING_MS: u64 = 200;
/// The pause before the next attempt if the server does not say.
const RETRY_MS: u64 = 3_000;

/// Opens the search with this text, or as it was left.
pub(super) fn open(model: &mut Model, typed: Option<&str>) {
    model.search.as_left = typed.is_none();
    if let Some(typed) = typed {
        model.search.typed = typed.into();
        model.search.chosen = None;
        model.search.listing = Listing::default();
    }
    model.find = None;
    model.show_dialog(Dialog::Search);
    begin(model, 0);
}

/// The typed text changed.
pub(super) fn sought(model: &mut Model, typed: Arc<str>) {
    if model.search.typed != typed {
        model.search.typed = typed;
        model.search.chosen = None;
        begin(model, TYPING_MS);
    }
}

/// Enter before the hits have come: searches now.
pub(super) fn now(model: &mut Model) {
    let now = model.now.mono_ms;
    let listing = &mut model.search.listing;
    listing.not_before = listing.not_before.min(now);
    listing.want_more(now);
}

/// Searches again from the newest hit, after a pause.
pub(super) fn begin(model: &mut Model, pause: u64) {
    let asked = query::parse(model, &model.search.typed);
    let now = model.now.mono_ms;
    let search = &mut model.search;
    match asked {
        Asked::Nothing | Asked::Wrong(_) => search.listing = Listing::default(),
        Asked::Sender(_) | Asked::Messages(_) => search.listing.renew(now, now.saturating_add(pause)),
    }
    search.asked = asked;
}

/// Handles a page of hits. Only that of the latest search counts.
pub(super) fn arrived(model: &mut Model, query: &SearchMessages, reply: Result<Hits, Failure>) {
    let current =
        model.search.request().is_some_and(|wanted| SearchMessages { limit: query.limit, ..wanted } == *query);
    if !current || model.search.listing.wanted.is_none() {
        return;
    }
    match reply {
        Ok(Hits { hits, next }) => model.search.listing.take(hits, next),
        Err(failure) => failed(model, &failure),
    }
}

/// A server that is still busy, for example with its index, is asked again.
fn failed(model: &mut Model, failure: &Failure) {
    let again = failure.retry_after_ms().unwrap_or(RETRY_MS).max(1);
    let at = model.now.mono_ms.saturating_add(again);
    let listing = &mut model.search.listing;
    match failure.status() {
        Some(429 | 503) => listing.postpone(failure.reason(), at),
        _ => listing.fail(failure.reason()),
    }
}

/// Handles the reply to the look-up of a name.
pub(super) fn sender_found(model: &mut Model, name: &str, reply: Result<Users, Failure>) {
    let current = model.search.asked == Asked::Sender(name.to_owned());
    match reply {
        Ok(users) => {
            let found = users.users.into_iter().find(|user| user_key(&user.name) == name);
            let found: Option<UserId> = found.map(|user| user.id);
            model.search.remember(name, found);
            if current {
                begin(model, 0);
            }
        }
        Err(failure) if current => failed(model, &failure),
        Err(_) => {}
    }
}

/// Takes a newer copy of a message among the hits, or of the one that the user jumped to. A hit that the search does not
/// find any more leaves the list.
pub(super) fn renew(model: &mut Model, message: &Message) {
    let at = (message.room_id, message.seq);
    if message.deleted_at.is_some() {
        model.search.listing.remove(at);
        model.spotlight.take_if(|lit| place(lit) == at);
        return;
    }
    let listed = model.search.listing.earlier(message).cloned();
    let lit = model.spotlight.as_ref().filter(|lit| is_earlier(lit, message)).cloned();
    if listed.is_none() && lit.is_none() {
        return;
    }
    let finder = model.search.request().and_then(|query| Finder::parse(&query.q).ok());
    match listed.map(|hit| found_now(finder.as_ref(), &hit, message)) {
        Some(Some(ranges)) => model.search.listing.update(message, ranges),
        Some(None) => model.search.listing.remove(at),
        None => {}
    }
    if let Some(hit) = lit {
        let ranges = found_now(finder.as_ref(), &hit, message).unwrap_or_default(); // it stands out without them, too
        model.spotlight = Some(Arc::new(Hit { message: message.clone(), room: hit.room.clone(), ranges }));
    }
}

/// What the search finds in a newer copy of a hit, as the server would; `None` if it does not find it any more. Nothing
/// if the hit comes from elsewhere: from the inbox, or from an earlier search.
fn found_now(finder: Option<&Finder>, hit: &Hit, message: &Message) -> Option<Vec<(usize, usize)>> {
    if hit.message.text == message.text {
        return Some(hit.ranges.clone());
    }
    match finder.filter(|finder| finder.find(&hit.message.text).is_some_and(|ranges| ranges == hit.ranges)) {
        Some(finder) => finder.find(&message.text),
        None => Some(Vec::new()),
    }
}

/// When something about the list is due.
pub(super) fn deadline(model: &Model) -> Option<u64> {
    let listing = Some(&model.search.listing).filter(|_| model.shows_dialog(DialogId::Search));
    listing?.deadline(model.now.mono_ms, model.is_searching())
}
