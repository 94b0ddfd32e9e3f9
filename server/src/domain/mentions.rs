//! Whom a message mentions: the users that its text names and who can read the room, the author of what it answers, and
//! with `@all` everyone in the room. Also the list of a user's mentions.

use quchat_shared::{
    RoomId, RoomInfo, Seq, Timestamp, UserId,
    api::{Mention, Mentions},
    limits::{self, ALL},
    query::Page,
    room::{Membership, Role, RoomKind},
    text::mentions,
};

use super::{Caller, Error, Result, found_rooms::FoundRooms, invalid, paging, policy, users};
use crate::store::{PlaceInTime, Snapshot};

/// Most members of a room in which anybody may mention everyone.
const ANYBODY_MAX: u64 = 20;

/// Whom a text names.
pub(super) struct Named {
    /// By id.
    pub(super) users: Vec<UserId>,
    /// Everyone in the room.
    pub(super) all: bool,
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Name {
    User(UserId),
    All,
}

/// Whom `text` names in a room, of those who can read it.
pub(super) fn named(store: &dyn Snapshot, room: &RoomInfo, text: &str) -> Result<Named> {
    let find = |name: &str| match name {
        ALL => Ok(Some(Name::All)),
        name => store.user_named(name).map(|user| user.map(|user| Name::User(user.id))),
    };
    let mut named = Named { users: Vec::new(), all: false };
    for name in mentions::mentioned(text, find)? {
        match name {
            Name::User(user) if policy::can_read(store, user, room)? => named.users.push(user),
            Name::User(_) => {}
            Name::All => named.all = true,
        }
    }
    Ok(named)
}

/// Whether a member may mention everyone: owners, moderators and admins, and anybody in a small room.
pub(super) fn may_mention_all(
    store: &dyn Snapshot,
    caller: Caller,
    room: &RoomInfo,
    member: Option<Membership>,
) -> Result<bool> {
    Ok(member.is_some_and(|member| member.role != Role::Member)
        || store.count_members(room.id)? <= ANYBODY_MAX
        || (room.kind == RoomKind::Public && users::is_admin(store, caller.user)?))
}

/// A page of the messages that mention the caller, newest first, in rooms that they can read now.
pub(crate) fn list_mentions(store: &dyn Snapshot, caller: Caller, page: &Page) -> Result<Mentions> {
    let limit = invalid("limit", limits::page(page.limit))?;
    let before = page.after.as_deref().map(parse_next).transpose()?;
    let mut places = store.mentions_of(caller.user, before, limit + 1)?;
    let next = paging::cut(&mut places, limit, |place| encode_next(*place));
    let mut rooms = FoundRooms::new(store, caller.user);
    let mut mentions = Vec::with_capacity(places.len());
    for PlaceInTime { room, seq, .. } in places {
        let (Some(message), Some(room)) = (store.message(room, seq)?, rooms.get(room)?) else { continue };
        mentions.push(Mention { message, room });
    }
    Ok(Mentions { mentions, next })
}

fn encode_next(last: PlaceInTime) -> String {
    format!("{}.{}.{}", last.sent_at.as_millis(), last.room, last.seq)
}

fn parse_next(next: &str) -> Result<PlaceInTime> {
    let parse = || {
        let mut parts = next.splitn(3, '.');
        let sent_at = Timestamp::from_millis(parts.next()?.parse().ok()?);
        let (room, seq): (RoomId, Seq) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        Some(PlaceInTime { sent_at, room, seq })
    };
    parse().ok_or(Error::Invalid { field: "after".into(), detail: "it must be the `next` of an earlier page".into() })
}
