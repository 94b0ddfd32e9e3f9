//! Parses a search: words, and where, from whom and when.
//!
//! `in:#room`, `in:@name` for the direct room with somebody, `from:@name`, `before:2026-11-01`, `after:2026-11-01`; names
//! with spaces in quotes. The server parses the words.

use jiff::{civil::Date, tz::TimeZone};
use quchat_shared::{
    RoomId, Timestamp, UserId, UserRef,
    limits::{room_key, user_key},
    query::SearchMessages,
};

use crate::model::{Asked, Model, Room};

/// The filters, as one types them.
const FILTERS: [&str; 4] = ["in:", "from:", "before:", "after:"];

/// What the typed text asks for.
pub(super) fn parse(model: &Model, typed: &str) -> Asked {
    let mut query = SearchMessages::default();
    let mut words = Vec::new();
    let mut sender = None;
    for word in words_of(typed) {
        let filter = FILTERS.iter().find_map(|filter| Some((*filter, word.strip_prefix(filter)?)));
        let Some((filter, value)) = filter else {
            words.push(word);
            continue;
        };
        let value = value.trim_matches('"');
        let taken = match filter {
            "in:" => room(model, value).map(|id| query.room = Some(id)),
            "from:" => name(value).map(|name| sender = Some(name)),
            "before:" => day(value).map(|day| query.sent_before = start(day, &model.zone)),
            _ => day(value).map(|day| query.sent_after = end(day, &model.zone)),
        };
        if let Err(why) = taken {
            return Asked::Wrong(why);
        }
    }
    if typed.trim().is_empty() {
        return Asked::Nothing;
    }
    if words.is_empty() {
        return Asked::Wrong("now a word to search for".to_owned());
    }
    query.q = words.join(" ");
    match sender {
        None => Asked::Messages(query),
        Some(name) => match user(model, &name) {
            None => Asked::Sender(name),
            Some(None) => Asked::Wrong(format!("there is no user {name}")),
            Some(Some(id)) => Asked::Messages(SearchMessages { sender: Some(id), ..query }),
        },
    }
}

/// Cuts at blanks, but not within quotes.
fn words_of(typed: &str) -> Vec<&str> {
    let mut quoted = false;
    let blank = |c: char| {
        quoted ^= c == '"';
        c.is_whitespace() && !quoted
    };
    typed.split(blank).filter(|word| !word.is_empty()).collect()
}

/// The room of this name: a joined one, else any. With `@`, or if no room has the name, the direct room with that user.
fn room(model: &Model, value: &str) -> Result<RoomId, String> {
    let key = room_key(value.trim_start_matches(['#', '*', '@']));
    if key.is_empty() {
        return Err("in: takes a room or a person, such as in:#general, in:\"two words\" or in:@bob".to_owned());
    }
    let named = || model.ordered().find(|room| !room.gone && room_key(&room.info.name) == key);
    let found = match value.strip_prefix('@') {
        Some(name) => direct_room(model, name),
        None if value.starts_with(['#', '*']) => named(),
        None => named().or_else(|| direct_room(model, value)),
    };
    found.map(|room| room.info.id).ok_or_else(|| match value.strip_prefix('@') {
        Some(name) => format!("there is no direct room with {name}; /msg {name} opens it"),
        None => format!("there is no room {value}"),
    })
}

/// The direct room with this user.
fn direct_room<'a>(model: &'a Model, name: &str) -> Option<&'a Room> {
    let key = user_key(name);
    let me = model.me().filter(|_| key == "me");
    let is_with = |peer: &UserRef| me.map_or_else(|| user_key(&peer.name) == key, |me| peer.id == me);
    model.ordered().find(|room| room.is_direct() && !room.gone && room.peer.as_ref().is_some_and(is_with))
}

fn name(value: &str) -> Result<String, String> {
    let name = value.trim_start_matches('@');
    if name.is_empty() { Err("from: takes a name, such as from:@bob".to_owned()) } else { Ok(user_key(name)) }
}

/// The user of this name; `None` if that is not known yet.
fn user(model: &Model, name: &str) -> Option<Option<UserId>> {
    let me = model.account.as_ref().map(|account| &account.user);
    let mine = me.filter(|user| name == "me" || user_key(&user.name) == name).map(|user| Some(user.id));
    mine.or_else(|| model.search.senders.get(name).copied())
}

fn day(value: &str) -> Result<Date, String> {
    value.parse().map_err(|_| "before: and after: take a day, such as 2026-11-01".to_owned())
}

/// The first moment of a day.
fn start(day: Date, zone: &TimeZone) -> Option<Timestamp> {
    let start = zone.to_timestamp(day.at(0, 0, 0, 0)).ok()?;
    Some(Timestamp::from_millis(start.as_millisecond()))
}

/// The last moment of a day: what comes after it comes after the day.
fn end(day: Date, zone: &TimeZone) -> Option<Timestamp> {
    let next = start(day.tomorrow().ok()?, zone)?;
    Some(Timestamp::from_millis(next.as_millis().saturating_sub(1)))
}
