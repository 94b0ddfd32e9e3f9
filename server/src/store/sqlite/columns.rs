//! Converts values of the domain to columns and back. Columns are accessed by number: finding one of a dozen by name
//! takes as long as reading the row.

use quchat_shared::{
    Timestamp,
    room::{Notify, Role, RoomKind},
    user::ServerRole,
};
use rusqlite::{Row, types::Type};

use super::event_columns::EventKind;

/// An unsigned number as SQLite stores it. Larger ids saturate to `i64::MAX`, which no row has.
pub(super) fn int(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// The inverse of [`int`]. The tables hold no negative numbers.
pub(super) fn uint(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    row.get::<_, i64>(column).map(i64::cast_unsigned)
}

pub(super) fn optional_uint(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<u64>> {
    row.get::<_, Option<i64>>(column).map(|n| n.map(i64::cast_unsigned))
}

pub(super) fn time(row: &Row<'_>, column: usize) -> rusqlite::Result<Timestamp> {
    row.get(column).map(Timestamp::from_millis)
}

pub(super) fn optional_time(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Timestamp>> {
    row.get::<_, Option<i64>>(column).map(|millis| millis.map(Timestamp::from_millis))
}

/// Ids as a JSON array, for `json_each`.
pub(super) fn json_ids(ids: impl Iterator<Item = u64>) -> String {
    let ids = ids.map(|id| int(id).to_string()).collect::<Vec<_>>();
    format!("[{}]", ids.join(","))
}

/// An enum that is stored as text.
pub(super) trait Text: Sized + 'static {
    fn to_text(self) -> &'static str;
    fn from_text(text: &str) -> Option<Self>;
    #[cfg(test)]
    const ALL: &'static [Self];
}

pub(super) fn text<T: Text>(row: &Row<'_>, column: usize) -> rusqlite::Result<T> {
    let text = row.get_ref(column)?.as_str()?;
    T::from_text(text).ok_or_else(|| {
        rusqlite::Error::FromSqlConversionFailure(column, Type::Text, format!("{text:?} is none of them").into())
    })
}

macro_rules! texts {
    ($($type:ident { $($variant:ident = $text:literal),* $(,)? })*) => {$(
        impl Text for $type {
            fn to_text(self) -> &'static str {
                match self { $(Self::$variant => $text),* }
            }
            fn from_text(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$variant),)* _ => None }
            }
            #[cfg(test)]
            const ALL: &'static [Self] = &[$(Self::$variant),*];
        }
    )*};
}

texts! {
    ServerRole { Member = "member", Admin = "admin" }
    RoomKind { Public = "public", Private = "private", Direct = "direct" }
    Role { Owner = "owner", Moderator = "moderator", Member = "member" }
    Notify { All = "all", Mentions = "mentions", None = "none" }
    EventKind {
        RoomCreated = "room.created",
        RoomUpdated = "room.updated",
        RoomDeleted = "room.deleted",
        MemberJoined = "member.joined",
        MemberUpdated = "member.updated",
        MemberLeft = "member.left",
        MessageCreated = "message.created",
        MessageUpdated = "message.updated",
        ReadUpdated = "read.updated",
        SettingsUpdated = "settings.updated",
        BanUpdated = "ban.updated",
    }
}
