//! What counts as a mention: `@name` in a text. A name inside code or a link is not a mention. A name in a quote is
//! one, because the sender typed it.
//!
//! The caller knows which users exist. `@alice.` means the user `alice.`, or if there is none, `alice` at the end of a
//! sentence.

use std::collections::BTreeSet;

use super::{
    atoms::{Atom, atoms, bare, name_run},
    lines::{LineKind, lines},
};
use crate::limits::{USER_NAME_MAX, user_key};

/// Maximum number of different names of one text that are looked up.
const NAMES_MAX: usize = 50;
/// Maximum number of look-ups for one text.
const QUESTIONS_MAX: usize = 100;

/// The users that `text` mentions, each once. `find` looks up a user by name in lower case.
///
/// # Errors
/// The first error that `find` returns.
pub fn mentioned<U: Ord, E>(text: &str, mut find: impl FnMut(&str) -> Result<Option<U>, E>) -> Result<BTreeSet<U>, E> {
    let mut users = BTreeSet::new();
    let mut questions = 0;
    for name in candidates(text) {
        for name in spellings(&name) {
            if questions == QUESTIONS_MAX {
                return Ok(users);
            }
            questions += 1;
            if let Some(user) = find(name)? {
                users.insert(user);
                break;
            }
        }
    }
    Ok(users)
}

/// The text after each `@`, in lower case, with all characters that a name may contain.
fn candidates(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    if !text.contains('@') {
        return found; // most texts
    }
    let lines = lines(text).filter(|line| line.kind == LineKind::Prose && line.text.contains('@'));
    let names = lines.flat_map(|line| {
        let names = atoms(line.text).into_iter().filter(|(_, atom)| *atom == Atom::Name);
        names.map(move |(range, _)| name_run(&line.text[range.start + 1..]))
    });
    for name in names {
        found.insert(user_key(name));
        if found.len() == NAMES_MAX {
            break;
        }
    }
    found
}

/// The possible names, longest first.
fn spellings(name: &str) -> impl Iterator<Item = &str> {
    let shortest = bare(name).len();
    (shortest..=name.len().min(USER_NAME_MAX)).rev().map(|len| &name[..len])
}

/// Whether the text after an `@` can mean `name`.
pub(super) fn names(run: &str, name: &str) -> bool {
    let named = run.get(..name.len()).is_some_and(|named| named.eq_ignore_ascii_case(name));
    named && name.len() >= bare(run).len().max(1)
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use proptest::prelude::*;

    use super::*;
    use crate::text::markup::{Kind, markup};

    /// The members of `users` that the text mentions.
    fn named<'a>(text: &str, users: &[&'a str]) -> Vec<&'a str> {
        let find = |name: &str| Ok::<_, Infallible>(users.iter().find(|user| user_key(user) == name).copied());
        mentioned(text, find).unwrap().into_iter().collect()
    }

    #[test]
    fn a_name_begins_with_an_at_that_is_not_part_of_an_address() {
        let users = ["alice", "bob", "carol", "example.org"];
        assert_eq!(named("@Alice, ask (@bob) or @carol. @ALICE", &users), ["alice", "bob", "carol"]);
        for text in ["mail alice@example.org", "@ alice @@", "@alicea", "é@alice", "@alice.bob", "@-alice"] {
            assert_eq!(named(text, &users), [""; 0], "{text}");
        }
    }

    #[test]
    fn what_is_code_or_a_link_names_nobody() {
        for text in [
            "run `chown @alice x`",
            "``a ` @alice``",
            "```\n@alice\n```",
            "```sh\nchown @alice",
            " ```\n`@alice\n ``` ",
            "https://social.example/@alice",
            "(http://a.b/?to=@alice&x)",
            "https://user:@alice/",
        ] {
            assert_eq!(named(text, &["alice"]), [""; 0], "{text}");
        }
    }

    #[test]
    fn whatever_else_stands_around_a_name_it_counts() {
        for text in [
            "*@alice*",
            "**@alice**",
            "_@alice_",
            "> @alice said so",
            "- @alice",
            "`x` @alice `y`",
            "` @alice",
            "`` @alice `",
            "```\nx\n```\n@alice",
            "```x``` @alice",
            "\\@alice",
            "@alice: `@bob`",
            "@alice's",
            "@alice...",
            "@alice-",
            "https://a.b @alice",
            "<https://a.b>@alice",
            "http @alice",
        ] {
            assert_eq!(named(text, &["alice", "bob"]), ["alice"], "{text}");
        }
    }

    #[test]
    fn marks_at_the_end_belong_to_a_name_where_somebody_is_called_so() {
        let users = ["alice", "alice_", "x.y-z"];
        assert_eq!(named("@alice_", &users), ["alice_"]);
        assert_eq!(named("@alice_.", &users), ["alice_"]);
        assert_eq!(named("@alice-_", &users), ["alice"]);
        assert_eq!(named("@X.y-Z.", &users), ["x.y-z"]);
        let longest = "a".repeat(USER_NAME_MAX);
        assert_eq!(named(&format!("@{longest}..."), &[&longest]), [&longest]);
        assert_eq!(named(&format!("@{longest}a"), &[&longest]), [""; 0]);
    }

    #[test]
    fn a_text_of_names_is_bounded() {
        let text = (0..1000).map(|n| format!("@u{n}{} ", "-".repeat(n % 20))).collect::<String>();
        assert_eq!(candidates(&text).len(), NAMES_MAX);
        let mut questions = 0;
        let nobody = |_: &str| {
            questions += 1;
            Ok::<Option<u8>, Infallible>(None)
        };
        mentioned(&text, nobody).unwrap();
        assert!(questions <= QUESTIONS_MAX, "{questions}");
    }

    /// Whether the name of `user` is highlighted when the text is drawn for them.
    fn stands_out(text: &str, user: &str) -> bool {
        markup(text, &[user]).iter().any(|(_, kind)| *kind == Kind::Mention)
    }

    const TEXT: &str = "(@a|@A|@b\\.c|@a_b|@|`|``|```|\n|\r|https://|>|\\*|_|\\.|-|/| |é|x){0,24}";

    proptest! {
        #[test]
        fn whoever_is_mentioned_sees_their_name_stand_out_and_nobody_else_does(text in TEXT) {
            let users = ["a", "b.c", "a_b", "x"];
            let seen: Vec<_> = users.into_iter().filter(|user| stands_out(&text, user)).collect();
            let mut named = named(&text, &users);
            named.sort_by_key(|name| users.iter().position(|user| user == name));
            prop_assert_eq!(named, seen);
        }

        #[test]
        fn whoever_is_mentioned_sees_it_whatever_people_are_called(text in TEXT) {
            let users = ["a", "a_", "a_.", "b.c", "b.c-", "_a"];
            for name in named(&text, &users) {
                prop_assert!(stands_out(&text, name), "{}", name);
            }
        }

        #[test]
        fn no_name_stands_out_within_code_or_a_link(text in TEXT) {
            let all = markup(&text, &["a"]);
            let is = |kinds: &[Kind]| all.iter().filter(|(_, kind)| kinds.contains(kind)).collect::<Vec<_>>();
            for (name, _) in is(&[Kind::Mention]) {
                for (other, kind) in is(&[Kind::Code, Kind::Fence, Kind::Link]) {
                    prop_assert!(name.end <= other.start || other.end <= name.start, "{:?}", kind);
                }
            }
        }
    }
}
