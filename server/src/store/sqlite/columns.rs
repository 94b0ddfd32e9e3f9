//! Converts values of the domain to columns and back. Columns are accessed by number: finding one of a dozen by name
//! takes as long as reading the row.

use quchat_shared::Timestamp;
use rusqlite::{Row, types::Type};

use crate::store::stored_text::Text;

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

pub(super) fn text<T: Text>(row: &Row<'_>, column: usize) -> rusqlite::Result<T> {
    let text = row.get_ref(column)?.as_str()?;
    T::from_text(text).ok_or_else(|| {
        rusqlite::Error::FromSqlConversionFailure(column, Type::Text, format!("{text:?} is none of them").into())
    })
}
