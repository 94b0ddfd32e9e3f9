//! The parts of a path that vary: ids, and the emoji of a reaction.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::{InviteId, RoomId, Seq, SessionId, UserId};

/// What stands in a path in place of `{…}`.
pub trait Path: Sized + Send {
    /// The path with the parts in place of `{…}`, percent-encoded.
    fn fill(&self, template: &str) -> String;
    /// Parses the parts, which come in the order of the path and without escapes; `None` if one is invalid.
    fn parse(parts: &[&str]) -> Option<Self>;
}

/// One part of a path.
pub trait PathPart: Sized + Send {
    fn encode(&self) -> String;
    fn decode(part: &str) -> Option<Self>;
}

macro_rules! id_parts {
    ($($id:ty),*) => {$(
        impl PathPart for $id {
            fn encode(&self) -> String {
                self.to_string()
            }
            fn decode(part: &str) -> Option<Self> {
                part.parse().ok()
            }
        }
        impl Path for $id {
            fn fill(&self, template: &str) -> String {
                fill(template, &[self.encode()])
            }
            fn parse(parts: &[&str]) -> Option<Self> {
                let [id] = parts else { return None };
                Self::decode(id)
            }
        }
    )*};
}
id_parts!(UserId, RoomId, SessionId, InviteId);

impl PathPart for Seq {
    fn encode(&self) -> String {
        self.to_string()
    }
    fn decode(part: &str) -> Option<Self> {
        part.parse().ok()
    }
}

impl PathPart for String {
    fn encode(&self) -> String {
        utf8_percent_encode(self, NON_ALPHANUMERIC).to_string()
    }
    fn decode(part: &str) -> Option<Self> {
        Some(part.to_owned())
    }
}

impl Path for () {
    fn fill(&self, template: &str) -> String {
        template.to_owned()
    }
    fn parse(parts: &[&str]) -> Option<Self> {
        parts.is_empty().then_some(())
    }
}

macro_rules! tuple_paths {
    ($(($($part:ident $place:tt),*))*) => {$(
        impl<$($part: PathPart),*> Path for ($($part),*) {
            fn fill(&self, template: &str) -> String {
                fill(template, &[$(self.$place.encode()),*])
            }
            fn parse(parts: &[&str]) -> Option<Self> {
                let mut parts = parts.iter();
                let path = ($($part::decode(parts.next()?)?),*);
                parts.next().is_none().then_some(path)
            }
        }
    )*};
}
tuple_paths!((A 0, B 1) (A 0, B 1, C 2));

fn fill(template: &str, parts: &[String]) -> String {
    let (mut path, mut rest) = (String::new(), template);
    for part in parts {
        let (before, after) = rest.split_once('{').expect("a row has a place for each part of its path");
        let (_, after) = after.split_once('}').expect("a row closes its braces");
        path.push_str(before);
        path.push_str(part);
        rest = after;
    }
    path + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_has_exactly_its_parts() {
        assert_eq!(Path::parse(&["4", "2"]), Some((RoomId(4), Seq(2))));
        assert_eq!(Path::parse(&["4", "2", "👍"]), Some((RoomId(4), Seq(2), "👍".to_owned())));
        for parts in [&["4"][..], &["4", "x"], &["4", "2", "1"], &[]] {
            assert_eq!(<(RoomId, Seq)>::parse(parts), None, "{parts:?}");
        }
    }
}
