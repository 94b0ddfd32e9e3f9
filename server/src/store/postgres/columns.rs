//! Converts values of the domain to parameters, and columns back. Columns are accessed by number.

use quchat_shared::Timestamp;
use tokio_postgres::{Row, types::FromSql};

use super::{connection::Param, failure::broken};
use crate::store::{Result, stored_text::Text};

/// Boxes the values of the parameters of one statement.
macro_rules! params {
    ($($value:expr),* $(,)?) => {
        vec![$($crate::store::postgres::columns::param($value)),*]
    };
}
pub(super) use params;

pub(super) fn param(value: impl tokio_postgres::types::ToSql + Sync + Send + 'static) -> Param {
    Box::new(value)
}

/// An unsigned number as a bigint. Larger ids saturate to `i64::MAX`, which no row has.
pub(super) fn int(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// Several of them.
pub(super) fn ints(numbers: impl IntoIterator<Item = u64>) -> Vec<i64> {
    numbers.into_iter().map(int).collect()
}

/// A text that is looked for. PostgreSQL takes no NUL, and no stored text has one.
pub(super) fn sought(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

pub(super) fn get<'a, T: FromSql<'a>>(row: &'a Row, column: usize) -> Result<T> {
    row.try_get(column).map_err(|error| broken(&error))
}

/// The inverse of [`int`]. The tables hold no negative numbers.
pub(super) fn uint(row: &Row, column: usize) -> Result<u64> {
    get::<i64>(row, column).map(i64::cast_unsigned)
}

pub(super) fn optional_uint(row: &Row, column: usize) -> Result<Option<u64>> {
    get::<Option<i64>>(row, column).map(|n| n.map(i64::cast_unsigned))
}

pub(super) fn time(row: &Row, column: usize) -> Result<Timestamp> {
    get(row, column).map(Timestamp::from_millis)
}

pub(super) fn optional_time(row: &Row, column: usize) -> Result<Option<Timestamp>> {
    get::<Option<i64>>(row, column).map(|millis| millis.map(Timestamp::from_millis))
}

pub(super) fn text<T: Text>(row: &Row, column: usize) -> Result<T> {
    let text: &str = get(row, column)?;
    T::from_text(text).ok_or_else(|| broken(&format!("{text:?} is none of them")))
}
