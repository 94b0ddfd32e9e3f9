//! Renames rooms of an older database whose names are the same under the current rule, or invisible.
//!
//! The room that was created first keeps its name; each of the others gets a number.

use std::collections::HashSet;

use quchat_shared::{
    RoomId,
    limits::{ROOM_NAME_MAX, room_key},
    room::RoomKind,
    visible::has_visible,
};
use unicode_segmentation::UnicodeSegmentation;

/// A room with its stored name.
pub(super) struct Named {
    pub(super) id: RoomId,
    pub(super) kind: RoomKind,
    pub(super) name: String,
}

/// The rooms that must be renamed, with their new names. `rooms` must be sorted by id.
pub(super) fn renamed(rooms: &[Named]) -> Vec<(RoomId, String)> {
    let (mut taken, mut renamed) = (HashSet::new(), Vec::new());
    let mut unsettled = Vec::new();
    for room in rooms {
        let is_taken = room.kind == RoomKind::Public && !taken.insert(room_key(&room.name));
        let is_invisible = room.kind != RoomKind::Direct && !has_visible(&room.name);
        if is_taken || is_invisible {
            unsettled.push((room, is_invisible));
        }
    }
    // In a second pass, when it is known which names are kept: "general (2)" may be one of them.
    for (room, is_invisible) in unsettled {
        let base = if is_invisible { format!("room {}", room.id) } else { room.name.clone() };
        let first = if is_invisible { 1 } else { 2 };
        let mut names = (first..).map(|n| numbered(&base, n));
        let is_free = |name: &String| room.kind != RoomKind::Public || taken.insert(room_key(name));
        if let Some(name) = names.find(is_free) {
            renamed.push((room.id, name));
        }
    }
    renamed
}

/// The name with a number appended, unless the number is 1. If the result is too long, the name is shortened by whole
/// characters (grapheme clusters).
fn numbered(name: &str, n: u64) -> String {
    let number = if n == 1 { String::new() } else { format!(" ({n})") };
    let mut left = ROOM_NAME_MAX - number.len();
    let fits = |cluster: &&str| {
        let remaining = left.checked_sub(cluster.chars().count());
        left = remaining.unwrap_or(0);
        remaining.is_some()
    };
    let short = name.graphemes(true).take_while(fits).collect::<String>();
    format!("{}{number}", short.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(names: &[(&str, RoomKind)]) -> Vec<(u64, String)> {
        let room = |(at, &(name, kind)): (usize, &(&str, RoomKind))| Named {
            id: RoomId(at as u64 + 1),
            kind,
            name: name.to_owned(),
        };
        let rooms = names.iter().enumerate().map(room).collect::<Vec<_>>();
        renamed(&rooms).into_iter().map(|(id, name)| (id.0, name)).collect()
    }

    fn public(names: &[&str]) -> Vec<(u64, String)> {
        named(&names.iter().map(|&name| (name, RoomKind::Public)).collect::<Vec<_>>())
    }

    #[test]
    fn the_first_of_two_names_that_look_the_same_is_kept() {
        assert_eq!(public(&["general", "ops"]), []);
        let colliding = ["gen\u{200B}eral", "general", "GEN\u{2060}ERAL", "General (2)"];
        assert_eq!(public(&colliding), [(2, "general (3)".to_owned()), (3, "GEN\u{2060}ERAL (4)".to_owned())]);
    }

    #[test]
    fn an_invisible_name_is_replaced_by_a_visible_one() {
        assert_eq!(public(&["\u{200B}", "room 3", "\u{3164}"]), [(1, "room 1".into()), (3, "room 3 (2)".into())]);
        assert_eq!(named(&[("\u{2800}", RoomKind::Private)]), [(1, "room 1".into())]);
        assert_eq!(named(&[("", RoomKind::Direct)]), [], "a direct room has no name");
    }

    #[test]
    fn private_rooms_share_names() {
        assert_eq!(
            named(&[("plans", RoomKind::Private), ("plans", RoomKind::Private), ("plans", RoomKind::Public)]),
            []
        );
    }

    #[test]
    fn a_long_name_is_shortened_for_its_number() {
        let long = "x".repeat(ROOM_NAME_MAX);
        assert_eq!(public(&[&long, &format!("{long}\u{200B}")]), [(2, format!("{} (2)", "x".repeat(60)))]);
        let family = "👨\u{200D}👩\u{200D}👧".repeat(12);
        let cut = numbered(&family, 2);
        assert_eq!(cut, format!("{} (2)", "👨\u{200D}👩\u{200D}👧".repeat(12)));
        assert_eq!(numbered(&format!("{}👨\u{200D}👩", "x".repeat(58)), 2), format!("{} (2)", "x".repeat(58)));
    }
}
