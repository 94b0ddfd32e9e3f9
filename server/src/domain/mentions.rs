//! Whom a text names with `@name`.

use std::collections::BTreeSet;

use quchat_shared::{
    RoomInfo, UserId,
    limits::{USER_NAME_MAX, user_key},
    room::RoomKind,
};

use super::Result;
use crate::store::Snapshot;

/// Most names of one text that are looked up.
const NAMES_MAX: usize = 50;

/// The users that `text` names and who can see the room, by id.
pub(super) fn mentioned(store: &dyn Snapshot, room: &RoomInfo, text: &str) -> Result<Vec<UserId>> {
    let mut users = BTreeSet::new();
    for name in names(text) {
        // "@alice." ends a sentence unless somebody is called so.
        let bare = name.trim_end_matches(['.', '-', '_']);
        let mut found = store.user_named(&name)?;
        if found.is_none() && bare != name && !bare.is_empty() {
            found = store.user_named(bare)?;
        }
        if let Some(user) = found
            && (room.kind == RoomKind::Public || store.membership(room.id, user.id)?.is_some())
        {
            users.insert(user.id);
        }
    }
    Ok(users.into_iter().collect())
}

fn names(text: &str) -> BTreeSet<String> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    let mut names = BTreeSet::new();
    for (at, _) in text.match_indices('@') {
        let is_address = text[..at].chars().next_back().is_some_and(|before| before.is_alphanumeric());
        let rest = &text[at + 1..];
        let name = &rest[..rest.find(|c| !is_part(c)).unwrap_or(rest.len())];
        // One more than a name may have, for the full stop behind it.
        if !is_address && !name.is_empty() && name.len() <= USER_NAME_MAX + 1 {
            names.insert(user_key(name));
        }
        if names.len() == NAMES_MAX {
            break;
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_begins_with_an_at_that_is_not_part_of_an_address() {
        let found = |text| names(text).into_iter().collect::<Vec<_>>().join(" ");
        assert_eq!(found("@Alice, ask (@bob) or @carol."), "alice bob carol.");
        assert_eq!(found("mail alice@example.org @ @@"), "");
        assert_eq!(found("@alice @ALICE"), "alice");
        assert_eq!(found(&format!("@{}", "x".repeat(40))), "");
    }

    #[test]
    fn a_text_of_names_is_bounded() {
        let text = (0..1000).map(|n| format!("@u{n} ")).collect::<String>();
        assert_eq!(names(&text).len(), NAMES_MAX);
    }
}
