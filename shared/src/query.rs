//! Typed query strings (WHATWG `application/x-www-form-urlencoded`), for both ends.

use std::{fmt, str::FromStr};

use form_urlencoded::{Parse, Serializer};
use percent_encoding::percent_decode_str;

use crate::{Cursor, RoomId, Seq, Timestamp, UserId};

/// A query that cannot be parsed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryError {
    /// Name of the invalid parameter; empty if the query as a whole is invalid.
    pub field: &'static str,
    pub detail: &'static str,
}

impl fmt::Display for QueryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.field {
            "" => f.write_str(self.detail),
            field => write!(f, "{field}: {}", self.detail),
        }
    }
}

/// The parameters of one endpoint. Unknown ones are ignored.
pub trait Query: Sized + Send {
    /// Writes the parameters that are set.
    fn encode(&self, out: &mut Serializer<'_, String>);
    /// Parses the parameters.
    ///
    /// # Errors
    /// An escape is invalid, the text is not UTF-8, or a parameter is invalid or repeated.
    fn decode(query: &str) -> Result<Self, QueryError>;
}

impl Query for () {
    fn encode(&self, _: &mut Serializer<'_, String>) {}
    fn decode(query: &str) -> Result<Self, QueryError> {
        pairs(query).map(|_| ())
    }
}

/// Selects users by the start of their name or by id.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListUsers {
    /// The start of the name, case-insensitive.
    pub prefix: Option<String>,
    /// Comma-separated on the wire. Ids that do not exist are left out.
    pub ids: Option<Vec<UserId>>,
    /// Only names after this one: the `next` of the previous page.
    pub after: Option<String>,
    /// 1 to 200, default 50.
    pub limit: Option<u32>,
}

impl Query for ListUsers {
    fn encode(&self, out: &mut Serializer<'_, String>) {
        append(out, "prefix", self.prefix.as_ref());
        let ids = self.ids.as_ref().map(|ids| ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(","));
        append(out, "ids", ids);
        append(out, "after", self.after.as_ref());
        append(out, "limit", self.limit);
    }

    fn decode(query: &str) -> Result<Self, QueryError> {
        let mut this = Self::default();
        for (key, value) in pairs(query)? {
            match &*key {
                "prefix" => once("prefix", &mut this.prefix, value.into_owned())?,
                "ids" => {
                    let ids = value.split(',').filter(|id| !id.is_empty()).map(|id| read("ids", id));
                    once("ids", &mut this.ids, ids.collect::<Result<_, _>>()?)?;
                }
                "after" => once("after", &mut this.after, value.into_owned())?,
                "limit" => once("limit", &mut this.limit, read("limit", &value)?)?,
                _ => {}
            }
        }
        Ok(this)
    }
}

/// A page of a list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    /// The `next` of the previous page.
    pub after: Option<String>,
    /// 1 to 200, default 50.
    pub limit: Option<u32>,
}

impl Query for Page {
    fn encode(&self, out: &mut Serializer<'_, String>) {
        append(out, "after", self.after.as_ref());
        append(out, "limit", self.limit);
    }

    fn decode(query: &str) -> Result<Self, QueryError> {
        let mut this = Self::default();
        for (key, value) in pairs(query)? {
            match &*key {
                "after" => once("after", &mut this.after, value.into_owned())?,
                "limit" => once("limit", &mut this.limit, read("limit", &value)?)?,
                _ => {}
            }
        }
        Ok(this)
    }
}

/// Selects members by the start of their name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListMembers {
    /// The start of the name, case-insensitive.
    pub prefix: Option<String>,
    /// The `next` of the previous page.
    pub after: Option<String>,
    /// 1 to 200, default 50.
    pub limit: Option<u32>,
}

impl Query for ListMembers {
    fn encode(&self, out: &mut Serializer<'_, String>) {
        append(out, "prefix", self.prefix.as_ref());
        append(out, "after", self.after.as_ref());
        append(out, "limit", self.limit);
    }

    fn decode(query: &str) -> Result<Self, QueryError> {
        let mut this = Self::default();
        for (key, value) in pairs(query)? {
            match &*key {
                "prefix" => once("prefix", &mut this.prefix, value.into_owned())?,
                "after" => once("after", &mut this.after, value.into_owned())?,
                "limit" => once("limit", &mut this.limit, read("limit", &value)?)?,
                _ => {}
            }
        }
        Ok(this)
    }
}

/// What to search for, and where.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SearchMessages {
    /// One to eight words, `"a phrase"`, `-not`.
    pub q: String,
    /// Only messages of this room.
    pub room: Option<RoomId>,
    /// Only messages of this user.
    pub sender: Option<UserId>,
    /// Only messages sent after this moment, RFC 3339.
    pub sent_after: Option<Timestamp>,
    /// Only messages sent before this moment, RFC 3339.
    pub sent_before: Option<Timestamp>,
    /// The `next` of the previous page.
    pub after: Option<String>,
    /// 1 to 200, default 50.
    pub limit: Option<u32>,
}

impl Query for SearchMessages {
    fn encode(&self, out: &mut Serializer<'_, String>) {
        append(out, "q", Some(&self.q));
        append(out, "room", self.room);
        append(out, "sender", self.sender);
        append(out, "sent_after", self.sent_after);
        append(out, "sent_before", self.sent_before);
        append(out, "after", self.after.as_ref());
        append(out, "limit", self.limit);
    }

    fn decode(query: &str) -> Result<Self, QueryError> {
        let (mut this, mut q) = (Self::default(), None);
        for (key, value) in pairs(query)? {
            match &*key {
                "q" => once("q", &mut q, value.into_owned())?,
                "room" => once("room", &mut this.room, read("room", &value)?)?,
                "sender" => once("sender", &mut this.sender, read("sender", &value)?)?,
                "sent_after" => once("sent_after", &mut this.sent_after, moment("sent_after", &value)?)?,
                "sent_before" => once("sent_before", &mut this.sent_before, moment("sent_before", &value)?)?,
                "after" => once("after", &mut this.after, value.into_owned())?,
                "limit" => once("limit", &mut this.limit, read("limit", &value)?)?,
                _ => {}
            }
        }
        this.q = q.unwrap_or_default();
        Ok(this)
    }
}

/// Which page of a room's history.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Bound {
    /// The newest page.
    #[default]
    Newest,
    /// The page that ends just before this message.
    Before(Seq),
    /// The page that starts just after this message; 0 is the start of the room.
    After(Seq),
    /// The page around this message.
    Around(Seq),
}

/// A page of a room's history.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ListMessages {
    pub bound: Bound,
    /// 1 to 200, default 50.
    pub limit: Option<u32>,
}

impl Query for ListMessages {
    fn encode(&self, out: &mut Serializer<'_, String>) {
        match self.bound {
            Bound::Newest => {}
            Bound::Before(seq) => append(out, "before", Some(seq)),
            Bound::After(seq) => append(out, "after", Some(seq)),
            Bound::Around(seq) => append(out, "around", Some(seq)),
        }
        append(out, "limit", self.limit);
    }

    fn decode(query: &str) -> Result<Self, QueryError> {
        let (mut bound, mut limit) = (None, None);
        for (key, value) in pairs(query)? {
            match &*key {
                "before" => once("before", &mut bound, Bound::Before(read("before", &value)?))?,
                "after" => once("after", &mut bound, Bound::After(read("after", &value)?))?,
                "around" => once("around", &mut bound, Bound::Around(read("around", &value)?))?,
                "limit" => once("limit", &mut limit, read("limit", &value)?)?,
                _ => {}
            }
        }
        Ok(Self { bound: bound.unwrap_or_default(), limit })
    }
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListenEvents {
    /// Resume after this position. The header `Last-Event-ID` overrides it.
    pub since: Option<Cursor>,
    /// Only events of these rooms; empty means all.
    pub rooms: Vec<RoomId>,
}

impl Query for ListenEvents {
    fn encode(&self, out: &mut Serializer<'_, String>) {
        append(out, "since", self.since.as_ref());
        for room in &self.rooms {
            append(out, "room", Some(room));
        }
    }

    fn decode(query: &str) -> Result<Self, QueryError> {
        let mut this = Self::default();
        for (key, value) in pairs(query)? {
            match &*key {
                "since" => once("since", &mut this.since, Cursor(value.into_owned()))?,
                "room" => this.rooms.push(read("room", &value)?),
                _ => {}
            }
        }
        Ok(this)
    }
}

/// Names and values. [`form_urlencoded`] accepts invalid escapes; here they are errors, because a client that escapes
/// wrongly means something other than what would be read.
fn pairs(query: &str) -> Result<Parse<'_>, QueryError> {
    let error = |detail| QueryError { field: "", detail };
    let is_escape = |escape: &[u8]| escape.len() == 2 && escape.iter().all(u8::is_ascii_hexdigit);
    let mut escapes = query.split('%').skip(1).map(str::as_bytes);
    if !escapes.all(|escape| is_escape(&escape[..escape.len().min(2)])) {
        return Err(error("a % is not followed by two hexadecimal digits"));
    }
    // `&` and `=` are ASCII: no character spans two parts.
    if percent_decode_str(query).decode_utf8().is_err() {
        return Err(error("the escaped bytes are not UTF-8"));
    }
    Ok(form_urlencoded::parse(query.as_bytes()))
}

fn append(out: &mut Serializer<'_, String>, key: &str, value: Option<impl ToString>) {
    if let Some(value) = value {
        out.append_pair(key, &value.to_string());
    }
}

fn once<T>(field: &'static str, slot: &mut Option<T>, value: T) -> Result<(), QueryError> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(QueryError { field, detail: "given twice, or together with a parameter that excludes it" }),
    }
}

fn moment(field: &'static str, value: &str) -> Result<Timestamp, QueryError> {
    value.parse().map_err(|_| QueryError { field, detail: "not a time as in 2026-11-22T09:40:00Z" })
}

fn read<T: FromStr>(field: &'static str, value: &str) -> Result<T, QueryError> {
    let error = |detail| QueryError { field, detail };
    if value.is_empty() || !value.bytes().all(|b| b.is_ascii_digit()) {
        return Err(error("not a whole number of 0 or more"));
    }
    value.parse().map_err(|_| error("the number is too large"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round_trip<Q: Query + PartialEq + fmt::Debug>(query: Q) -> String {
        let mut out = Serializer::new(String::new());
        query.encode(&mut out);
        let text = out.finish();
        assert_eq!(Q::decode(&text).as_ref(), Ok(&query));
        text
    }

    #[test]
    fn both_ends_read_the_same_query() {
        assert_eq!(round_trip(ListMessages { bound: Bound::Around(Seq(7)), limit: Some(20) }), "around=7&limit=20");
        assert_eq!(round_trip(ListMessages::default()), "");
        round_trip(ListUsers { prefix: Some("a b&c=%".into()), ..Default::default() });
        round_trip(ListUsers { ids: Some(vec![UserId(1), UserId(2)]), limit: Some(2), ..Default::default() });
        round_trip(Page { after: Some("7.1".into()), limit: Some(3) });
        round_trip(ListMembers { prefix: Some("al".into()), ..Default::default() });
        round_trip(SearchMessages {
            q: "\"disk full\" -ops".into(),
            room: Some(RoomId(1)),
            sent_after: Some(Timestamp::from_millis(1_500)),
            ..Default::default()
        });
        round_trip(ListenEvents { since: Some(Cursor("k3-1+ 2".into())), rooms: vec![RoomId(1), RoomId(2)] });
    }

    #[test]
    fn what_is_not_a_number_is_refused_by_name() {
        for query in ["limit=-1", "limit=x", "limit=", "limit=+5", "limit=1&limit=2", "limit=4294967296"] {
            assert_eq!(ListMessages::decode(query).unwrap_err().field, "limit", "{query}");
        }
        assert_eq!(ListMessages::decode("before=1&after=2").unwrap_err().field, "after");
        assert_eq!(ListUsers::decode("ids=1,x").unwrap_err().field, "ids");
        assert_eq!(ListenEvents::decode("room=").unwrap_err().field, "room");
    }

    #[test]
    fn escapes_are_taken_literally_or_not_at_all() {
        for query in ["prefix=%zz", "prefix=%", "prefix=%4", "prefix=a%4&limit=1", "x=%é0", "%%41=1", "after=%+1"] {
            assert!(ListUsers::decode(query).unwrap_err().to_string().contains('%'), "{query}");
            assert!(<()>::decode(query).is_err(), "{query}");
        }
        for query in ["prefix=%ff%fe", "x=%C3", "x=%C3&y=%A9", "%80", "prefix=%ed%a0%80"] {
            assert!(ListUsers::decode(query).unwrap_err().to_string().contains("UTF-8"), "{query}");
            assert!(ListenEvents::decode(query).is_err() && ListMessages::decode(query).is_err(), "{query}");
        }
        assert_eq!(ListUsers::decode("prefix=%C3%A9+%2b").unwrap().prefix.as_deref(), Some("é +"));
    }

    #[test]
    fn a_number_that_is_too_large_is_called_so() {
        for (query, error) in
            [("limit=4294967296", "limit: the number is too"), ("before=18446744073709551616", "before: the number")]
        {
            assert!(ListMessages::decode(query).unwrap_err().to_string().starts_with(error), "{query}");
        }
    }

    #[test]
    fn unknown_parameters_are_ignored() {
        assert_eq!(ListMessages::decode("colour=red&limit=3").unwrap().limit, Some(3));
    }
}
