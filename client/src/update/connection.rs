//! The connection: lists the rooms, then opens the stream at their cursor. After a loss the stream resumes.

use quchat_shared::{
    api::Rooms,
    event::{ByeReason, Hello, Reset, ResetReason},
};

use super::{
    Effect, Failure, Reply, Request, attention, effect::call, membership, navigation, presence, rooms, saving, search,
    session,
};
use crate::model::{
    Call, Dialog, Fetch, Link, Listing, Marker, Model, Pauses, Places, Question, Quoted, Reactions, Sighted, Storage,
    Timeline, Watched,
};

/// A connection that lasted this long counts as stable: the next failure counts as the first.
const STABLE_MS: u64 = 10_000;

/// The pause after an answer that was too large. A retry is costly and will hardly be smaller soon.
const TOO_LARGE_MS: u64 = 5 * 60_000;

/// The shortest pause between attempts once the server has answered a call in between.
const SOON_MS: u64 = 2_000;

/// Notes that a call made at `since` was answered or failed. A proxy's 502 is an answer too, but does not show that
/// messages reach the server. Of failed calls, only sends still wait for an answer, because they are retried.
pub(super) fn heard(model: &mut Model, call: &Call, since: u64, reply: &Reply) {
    if reply.as_ref().map_or_else(|failure| failure.status().is_some(), |_| true) {
        model.internal.gave_up = None;
    } else if matches!(call, Call::SendMessage(..) | Call::EditMessage(..)) {
        model.internal.gave_up = model.internal.gave_up.or(Some(since));
    }
    model.internal.answered = reply.as_ref().map_or_else(|failure| !failure.may_pass(), |_| true);
    if !model.internal.answered {
        return;
    }
    if let (Link::Reconnecting { at, .. }, false) = (&mut model.link, model.internal.wait_asked) {
        *at = (*at).min(model.now.mono_ms.max(model.internal.lost_at.saturating_add(SOON_MS)));
    }
}

/// The shortest time between two reconnects by the user. A key that is held down must not open many connections.
const REDIAL_EVERY_MS: u64 = 1_000;

/// Reconnects now, over new connections, because requests on the old ones may never be answered.
pub(super) fn reconnect(model: &mut Model, effects: &mut Vec<Effect>) {
    if model.is_signed_out() {
        return model.show_dialog(Dialog::SignedOut);
    }
    let now = model.now.mono_ms;
    if model.internal.redialled.is_some_and(|at| now < at.saturating_add(REDIAL_EVERY_MS)) {
        return;
    }
    model.internal.redialled = Some(now);
    let asked_for = model.internal.calls.values().filter(|(call, _)| call.is_asked_for());
    let given_up: Vec<Call> = asked_for.map(|(call, _)| call.clone()).collect();
    session::forget_calls(model);
    for id in &model.internal.busy {
        let Some(room) = model.rooms.get_mut(id) else { continue };
        room.end_pauses(Pauses::All);
        room.marker.not_before = 0;
    }
    model.stream = None;
    model.internal.link_failures = 0;
    model.internal.hang_up = true;
    model.internal.redial = true;
    model.connect();
    membership::ask_again(model, &given_up, effects);
    model.retry_page();
}

/// Merges the list of rooms and sets the position where the stream begins.
pub(super) fn rooms_listed(model: &mut Model, reply: Result<Rooms, Failure>) {
    let listed = match reply {
        Ok(listed) => listed,
        Err(Failure::TooLarge) => return wait(model, "the list of rooms is too large for quchat", Some(TOO_LARGE_MS)),
        Err(failure) => return failed(model, &failure),
    };
    let stale = model.internal.stale.take();
    let remembered = model.open_room().is_some_and(|room| room.remembered);
    rooms::merge(model, listed.rooms, stale);
    navigation::place_visits(model);
    saving::place_stored(model);
    saving::report_unplaced(model);
    model.cursor = Some(listed.cursor);
    if stale.is_some() {
        refresh(model);
    }
    match model.open {
        None if model.storage == Storage::Opening => {} // `loaded` opens the room visited last
        None => navigation::open_latest(model),
        Some(open) if remembered => navigation::arrive(model, open),
        Some(open) => model.want_newer(open),
    }
}

/// Drops all loaded messages after a reset, because they may be wrong. Those on the screen stay until the page around
/// the current position arrives.
fn refresh(model: &mut Model) {
    let open = model.open;
    model.find = None;
    for room in model.rooms.values_mut().filter(|room| Some(room.info.id) != open) {
        room.timeline = Timeline::default();
        room.fetch = Fetch::Idle;
        room.distrusted = false;
        room.go_to_end();
    }
    let Some(room) = open.and_then(|open| model.rooms.get_mut(&open)) else { return };
    room.draw_line();
    let (id, page) = (room.info.id, room.page_around());
    model.want_page(id, page);
}

/// Handles the greeting: the stream is live.
pub(super) fn hello(model: &mut Model, hello: Hello, effects: &mut Vec<Effect>) {
    model.cursor = Some(hello.cursor);
    if std::mem::replace(&mut model.internal.greeted, true) {
        return; // only the first greeting of a stream triggers requests
    }
    model.link = Link::Connected;
    model.internal.connected_at = model.now.mono_ms;
    for id in &model.internal.busy {
        let Some(room) = model.rooms.get_mut(id) else { continue };
        room.end_pauses(Pauses::Own);
    }
    model.rooms.values_mut().for_each(|room| room.quoted.hope());
    retry_lists(model);
    if !model.internal.awaits(|call| *call == Call::GetMe) {
        call(model, Call::GetMe, Request::GetMe, effects); // no event tells of a changed role on the server
    }
    presence::begin(model);
    attention::send_levels(model);
    membership::join_lost(model, effects);
    model.retry_page();
}

/// Asks again for the pages of lists that did not come.
fn retry_lists(model: &mut Model) {
    let now = model.now.mono_ms;
    for listing in model.inbox_mut().into_iter().filter(|listing| listing.problem.is_some()) {
        listing.want_more(now);
    }
    if model.search.listing.problem.is_some() {
        model.search.listing.want_more(now);
    }
    if let Some(bans) = model.ban_list() {
        bans.list.wanted |= bans.list.problem.is_some();
    }
    if let Some(people) = model.people_list() {
        people.list.wanted |= people.list.problem.is_some();
    }
    if let Some(users) = model.user_list() {
        users.list.wanted |= users.list.problem.is_some();
    }
    if let Some(invites) = model.invite_list() {
        invites.list.wanted |= invites.list.problem.is_some();
    }
}

/// The stream cannot resume: closes it and lists the rooms to begin a new one. A second reset in a row waits first,
/// because the first one did not help.
pub(super) fn reset(model: &mut Model, reset: Reset) {
    model.internal.hang_up = true;
    forgive(model);
    model.stream = None;
    model.cursor = None;
    let before = model.internal.stale.filter(|reason| *reason == ResetReason::Unknown);
    model.internal.stale = before.or(Some(reset.reason));
    distrust(model);
    if std::mem::replace(&mut model.internal.was_reset, true) {
        wait(model, "the server cannot resume its event stream", None);
    } else {
        model.connect();
    }
}

/// Resets the failure count if the connection was stable. Returns whether it was.
fn forgive(model: &mut Model) -> bool {
    let held = model.now.mono_ms.saturating_sub(model.internal.connected_at) >= STABLE_MS;
    let stable = model.internal.greeted && model.stream.is_some() && held;
    if stable {
        model.internal.link_failures = 0;
        model.internal.was_reset = false;
    }
    stable
}

/// Drops state that may not apply any more. After a reset the server may run from a restored backup, whose message
/// numbers continue from an earlier point. Replies to earlier requests are not valid for it, and messages seen before
/// are not read there.
fn distrust(model: &mut Model) {
    let survives =
        |call: &Call| matches!(call, Call::SignIn { .. } | Call::CreateRoom | Call::JoinRoom(_) | Call::LeaveRoom(_));
    model.internal.calls.retain(|_, (call, _)| survives(call));
    model.internal.watched = Watched::default();
    model.selected = None;
    model.spotlight = None;
    model.places = Places::default();
    model.internal.recounts.clear();
    model.internal.joins_lost.clear();
    let now = model.now.mono_ms;
    if let Some(listing) = model.inbox_mut() {
        *listing = Listing::default();
        listing.renew(now, now);
    }
    model.search.listing = Listing::default();
    search::begin(model, 0);
    let numbered = |dialog: &Dialog| {
        let asked = matches!(dialog, Dialog::Ask(Question::CatchUp { .. } | Question::DeleteMessage { .. }));
        asked || matches!(dialog, Dialog::React { .. })
    };
    model.dialogs.retain(|dialog| !numbered(dialog));
    for room in model.rooms.values_mut() {
        room.distrusted = true;
        room.marker = Marker::default();
        room.fetch = Fetch::Idle;
        room.landing = None;
        room.destination = None;
        room.sighted = Sighted::default();
        room.new_after = None;
        room.quoted = Quoted::default();
        room.forget_sent();
        room.reactions = Reactions::default();
        room.requeue(); // with the same txn: a server that stored the message already answers with it
    }
}

/// The server announced the end of the stream.
pub(super) fn bye(model: &mut Model, reason: ByeReason) {
    model.internal.bye = Some(reason);
    match reason {
        ByeReason::SignedOut => session::end(model, "you were signed out"),
        ByeReason::Expired => session::end(model, "your session has expired"),
        ByeReason::Shutdown | ByeReason::Slow => {}
    }
}

/// Handles the end of the stream.
pub(super) fn ended(model: &mut Model, failure: &Failure) {
    let live = model.link == Link::Connected;
    let stable = forgive(model);
    model.stream = None;
    model.internal.dialled = None;
    if failure.status() == Some(401) {
        return session::end(model, "your session has ended");
    }
    model.internal.answered &= !live;
    match model.internal.bye.take() {
        Some(ByeReason::Slow) if stable => model.connect(),
        Some(ByeReason::Shutdown) => wait(model, "the server is shutting down", None),
        _ => failed(model, failure),
    }
}

fn failed(model: &mut Model, failure: &Failure) {
    let asked = if *failure == Failure::TooLarge { Some(TOO_LARGE_MS) } else { failure.retry_after_ms() };
    wait(model, failure.reason(), asked);
}

fn wait(model: &mut Model, reason: &str, asked: Option<u64>) {
    let failures = model.internal.link_failures;
    model.internal.wait_asked = asked.is_some();
    model.internal.lost_at = model.now.mono_ms;
    let pause = model.pause(failures, asked);
    model.internal.link_failures = failures.saturating_add(1);
    model.link = Link::Reconnecting {
        at: model.now.mono_ms.saturating_add(pause),
        failures: model.internal.link_failures,
        reason: reason.to_owned(),
    };
}
