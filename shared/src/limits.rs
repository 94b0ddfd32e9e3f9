//! Length limits and validators, for both ends.
//!
//! A validator takes what a user typed and returns what is stored, or one sentence that says what to change.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use unicode_normalization::{UnicodeNormalization, is_nfc};

use crate::{
    emoji,
    message::{REACTION_USERS_MAX, REACTIONS_MAX},
    room::PREVIEW_CHARS,
    visible::{self, has_visible},
};

/// Maximum length of a user name, in ASCII characters.
pub const USER_NAME_MAX: usize = 32;
/// Maximum length of a room name, in Unicode scalar values.
pub const ROOM_NAME_MAX: usize = 64;
/// Maximum length of a topic, in Unicode scalar values.
pub const TOPIC_MAX: usize = 256;
/// Minimum length of a password, in Unicode scalar values.
pub const PASSWORD_MIN: usize = 8;
/// Maximum length of a password, in Unicode scalar values.
pub const PASSWORD_MAX: usize = 256;
/// Maximum length of a message, in Unicode scalar values.
pub const TEXT_MAX: usize = 4000;
/// Maximum length of a `txn`, in printable ASCII characters.
pub const TXN_MAX: usize = 64;
/// Maximum size of a request body, in bytes.
pub const BODY_MAX: usize = 64 * 1024;
/// Maximum page size: items on a page of history or users.
pub const PAGE_MAX: u32 = 200;
/// Default page size: items on a page of history or users.
pub const PAGE_DEFAULT: u32 = 50;
/// Default maximum of existing rooms that one user created, not counting direct rooms.
pub const ROOMS_PER_USER: u32 = 200;
/// Default maximum of rooms on a server, not counting direct rooms.
pub const ROOMS: u32 = 5000;
/// Default maximum of private and direct rooms that one user is in.
pub const PRIVATE_ROOMS_PER_USER: u32 = 1000;
/// Default maximum of event streams that one user has open at once.
pub const STREAMS_PER_USER: u32 = 64;
/// Maximum number of members of a room that shows who is online.
pub const PRESENCE_MEMBERS_MAX: u32 = 200;
/// Maximum number of users that one message mentions.
pub const MENTIONS_MAX: usize = 50;
/// Maximum size of an answer that a client accepts, in bytes. The list of all rooms fits at the default limits.
pub const ANSWER_MAX: u64 = 96 * 1024 * 1024;

/// Maximum size of one room in the list, in bytes. Texts count at their maximum: four bytes a character in UTF-8, or two
/// where JSON escapes an ASCII character. The rest are field names and numbers of up to 20 digits.
pub const LISTED_ROOM_MAX: u64 = {
    let texts = 4 * (ROOM_NAME_MAX as u64 + TOPIC_MAX as u64 + PREVIEW_CHARS) + 2 * TXN_MAX as u64;
    let mentions = 21 * MENTIONS_MAX as u64;
    let users = 3 * USER_NAME_MAX as u64; // who sent it, who deleted it, and the peer
    let reaction = emoji::BYTES_MAX as u64 + 21 * REACTION_USERS_MAX as u64 + 60;
    texts + mentions + users + reaction * REACTIONS_MAX as u64 + 1280
};

const _: () = {
    let listed = ROOMS as u64 + PRIVATE_ROOMS_PER_USER as u64; // the latter may all be direct rooms
    assert!(listed * LISTED_ROOM_MAX + 1024 <= ANSWER_MAX, "a full list of rooms fits in an answer");
};

/// The limits that `GET /v1/server` returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// In ASCII characters.
    pub user_name: usize,
    /// In Unicode scalar values.
    pub room_name: usize,
    /// In Unicode scalar values.
    pub topic: usize,
    /// In Unicode scalar values.
    pub password_min: usize,
    /// In Unicode scalar values.
    pub password_max: usize,
    /// In Unicode scalar values.
    pub text: usize,
    /// In ASCII characters.
    pub txn: usize,
    /// In bytes.
    pub body: usize,
    /// Items on a page.
    pub page: u32,
    /// Existing rooms that one user created.
    pub rooms_per_user: u32,
    /// Rooms on the server, not counting direct rooms.
    pub rooms: u32,
    /// Private and direct rooms that one user is in.
    pub private_rooms_per_user: u32,
    /// Event streams that one user has open at once.
    pub streams_per_user: u32,
}

/// The default limits.
pub const LIMITS: Limits = Limits {
    user_name: USER_NAME_MAX,
    room_name: ROOM_NAME_MAX,
    topic: TOPIC_MAX,
    password_min: PASSWORD_MIN,
    password_max: PASSWORD_MAX,
    text: TEXT_MAX,
    txn: TXN_MAX,
    body: BODY_MAX,
    page: PAGE_MAX,
    rooms_per_user: ROOMS_PER_USER,
    rooms: ROOMS,
    private_rooms_per_user: PRIVATE_ROOMS_PER_USER,
    streams_per_user: STREAMS_PER_USER,
};

/// One sentence that says what to change.
pub type Refusal = Cow<'static, str>;

/// A user name: 1 to 32 ASCII letters, digits, `_`, `.` or `-`.
///
/// # Errors
/// Empty, too long, or an invalid character.
pub fn user_name(name: &str) -> Result<&str, Refusal> {
    if name.is_empty() || name.len() > USER_NAME_MAX {
        return Err(format!("a name must have 1 to {USER_NAME_MAX} characters").into());
    }
    match name.chars().find(|c| !matches!(c, 'a'..='z' | 'A'..='Z' | '0'..='9' | '_' | '.' | '-')) {
        Some(_) => Err("a name may contain only ASCII letters, digits, '_', '.' and '-'".into()),
        None => Ok(name),
    }
}

/// What stands behind the `@` that mentions everyone in a room. Nobody is called so.
pub const ALL: &str = "all";

/// A name to register: as [`user_name`], with at least one letter or digit, and not [`ALL`].
///
/// # Errors
/// As [`user_name`], nothing but `_`, `.` and `-`, or the name that means everyone.
pub fn new_user_name(name: &str) -> Result<&str, Refusal> {
    let name = user_name(name)?;
    if user_key(name) == ALL {
        return Err("@all means everyone in a room; choose another name".into());
    }
    if name.bytes().any(|b| b.is_ascii_alphanumeric()) {
        Ok(name)
    } else {
        Err("a name must have at least one letter or digit".into())
    }
}

/// The key by which user names are compared.
#[must_use]
pub fn user_key(name: &str) -> String {
    name.to_ascii_lowercase()
}

/// A password in the form in which it is hashed (see [`password_form`]): 8 to 256 Unicode scalar values.
///
/// # Errors
/// Too short or too long.
pub fn password(password: &str) -> Result<Cow<'_, str>, Refusal> {
    let password = password_form(password);
    if (PASSWORD_MIN..=PASSWORD_MAX).contains(&password.chars().count()) {
        Ok(password)
    } else {
        Err(format!("a password must have {PASSWORD_MIN} to {PASSWORD_MAX} characters").into())
    }
}

/// The canonical form of a password: every kind of space becomes U+0020, and the result is NFC (RFC 8265 section 4.2,
/// OpaqueString).
#[must_use]
pub fn password_form(typed: &str) -> Cow<'_, str> {
    if !typed.chars().any(is_other_space) && is_nfc(typed) {
        return Cow::Borrowed(typed);
    }
    Cow::Owned(typed.chars().map(|c| if is_other_space(c) { ' ' } else { c }).nfc().collect())
}

/// A space (general category Zs) other than U+0020.
fn is_other_space(c: char) -> bool {
    matches!(c, '\u{A0}' | '\u{1680}' | '\u{2000}'..='\u{200A}' | '\u{202F}' | '\u{205F}' | '\u{3000}')
}

/// A room name, trimmed: 1 to 64 Unicode scalar values on one line.
///
/// # Errors
/// Nothing visible, too long, or a control, bidi-control or line-separator character.
pub fn room_name(name: &str) -> Result<&str, Refusal> {
    let name = one_line(name)?;
    if name.is_empty() || name.chars().count() > ROOM_NAME_MAX {
        return Err(format!("a room name must have 1 to {ROOM_NAME_MAX} characters").into());
    }
    if !has_visible(name) {
        return Err("a room name must have at least one visible character".into());
    }
    Ok(name)
}

/// The key by which room names are compared: names that look the same are the same, whatever their case.
#[must_use]
pub fn room_key(name: &str) -> String {
    visible::name_key(name)
}

/// A topic, trimmed: up to 256 Unicode scalar values on one line.
///
/// # Errors
/// Not empty but invisible, too long, or a control, bidi-control or line-separator character.
pub fn topic(topic: &str) -> Result<&str, Refusal> {
    optional_line(topic, "topic")
}

/// The reason of a ban, by the rules of a topic.
///
/// # Errors
/// As [`topic`].
pub fn ban_reason(reason: &str) -> Result<&str, Refusal> {
    optional_line(reason, "reason")
}

fn optional_line<'a>(text: &'a str, what: &str) -> Result<&'a str, Refusal> {
    let text = one_line(text)?;
    if text.chars().count() > TOPIC_MAX {
        return Err(format!("a {what} has at most {TOPIC_MAX} characters").into());
    }
    if !text.is_empty() && !has_visible(text) {
        return Err(format!("a {what} is empty or has at least one visible character").into());
    }
    Ok(text)
}

/// A message as it is stored: CRLF and CR become LF, trailing white space is removed; 1 to 4,000 Unicode scalar values.
///
/// # Errors
/// Nothing visible, too long, or a control character other than newline and tab.
pub fn message_text(text: &str) -> Result<Cow<'_, str>, Refusal> {
    let text = unix_lines(text);
    let text = match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.trim_end()),
        Cow::Owned(mut text) => {
            text.truncate(text.trim_end().len());
            Cow::Owned(text)
        }
    };
    match text.chars().count() {
        0 => return Err("a message must not be empty".into()),
        n if n > TEXT_MAX => {
            return Err(format!("a message may have at most {TEXT_MAX} characters; this one has {n}").into());
        }
        _ => {}
    }
    if text.chars().any(|c| c.is_control() && c != '\n' && c != '\t') {
        return Err("a message may contain no control characters other than newline and tab".into());
    }
    if !has_visible(&text) {
        return Err("a message must have at least one visible character".into());
    }
    Ok(text)
}

/// A reaction as it is stored: one emoji, fully qualified (UTS #51).
///
/// # Errors
/// Not exactly one of the emoji that Unicode recommends (RGI).
pub fn emoji(text: &str) -> Result<&'static str, Refusal> {
    emoji::qualified(text).ok_or_else(|| "a reaction is exactly one emoji, such as 👍".into())
}

/// A `txn`: 1 to 64 printable ASCII characters.
///
/// # Errors
/// Empty, too long, or an invalid character.
pub fn txn(txn: &str) -> Result<&str, Refusal> {
    if txn.is_empty() || txn.len() > TXN_MAX || txn.bytes().any(|b| !(b' '..=b'~').contains(&b)) {
        return Err(format!("a txn must have 1 to {TXN_MAX} printable ASCII characters").into());
    }
    Ok(txn)
}

/// The size of a page.
///
/// # Errors
/// 0, or more than [`PAGE_MAX`].
pub fn page(limit: Option<u32>) -> Result<u32, Refusal> {
    match limit.unwrap_or(PAGE_DEFAULT) {
        limit @ 1..=PAGE_MAX => Ok(limit),
        _ => Err(format!("a page must have 1 to {PAGE_MAX} items").into()),
    }
}

/// Whether `c` changes the direction of the text around it (Unicode bidi embeddings, overrides and isolates).
#[must_use]
pub fn is_bidi_control(c: char) -> bool {
    matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// CRLF and CR become LF.
#[must_use]
pub fn unix_lines(text: &str) -> Cow<'_, str> {
    if text.contains('\r') { Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n")) } else { Cow::Borrowed(text) }
}

fn one_line(text: &str) -> Result<&str, Refusal> {
    let text = text.trim();
    if text.chars().any(|c| c.is_control() || is_bidi_control(c) || matches!(c, '\u{2028}' | '\u{2029}')) {
        return Err("control, direction and line-separator characters are not allowed".into());
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_name_at_its_edges() {
        assert!(user_name(&"a".repeat(32)).is_ok());
        assert_eq!(user_name("Al_1.x-"), Ok("Al_1.x-"));
        for bad in ["", &"a".repeat(33), "a b", "ä", "a\n", "а"] {
            assert!(user_name(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_new_user_name_has_a_letter_or_a_digit() {
        assert!(new_user_name("_a_").is_ok() && new_user_name("-1").is_ok());
        for bad in ["_", "...", "-.-", "", "all", "ALL"] {
            assert!(new_user_name(bad).is_err(), "{bad:?}");
        }
        assert!(user_name("___").is_ok(), "an account of before may still sign in");
    }

    #[test]
    fn a_password_has_one_form_however_it_was_typed() {
        for typed in ["caf\u{e9} secret", "cafe\u{301} secret", "cafe\u{301}\u{A0}secret", "caf\u{e9}\u{3000}secret"] {
            assert_eq!(password(typed).unwrap(), "caf\u{e9} secret", "{typed:?}");
        }
        assert!(matches!(password("correct horse"), Ok(Cow::Borrowed(_))));
        assert_eq!(password_form("\u{2000}\u{212B}"), " \u{C5}");
        assert_ne!(password_form("ﬁsh and chips"), password_form("fish and chips"), "NFC, not NFKC");
    }

    #[test]
    fn a_password_is_measured_in_that_form() {
        assert!(password(&"e\u{301}".repeat(7)).is_err());
        assert!(password(&"e\u{301}".repeat(8)).is_ok());
        assert!(password(&"e\u{301}".repeat(256)).is_ok());
        assert!(password(&"e\u{301}".repeat(257)).is_err());
    }

    #[test]
    fn a_password_counts_characters_not_bytes() {
        assert!(password("ääääääää").is_ok());
        assert!(password("1234567").is_err());
        assert!(password(&"ä".repeat(256)).is_ok());
        assert!(password(&"x".repeat(257)).is_err());
    }

    #[test]
    fn a_room_name_is_trimmed_then_measured() {
        assert_eq!(room_name("  lan party 🎉 "), Ok("lan party 🎉"));
        assert_eq!(room_name("👨‍👩‍👧"), Ok("👨‍👩‍👧"), "a ZWJ is part of an emoji");
        assert!(room_name(&"é".repeat(64)).is_ok());
        for bad in [
            "",
            " \u{3000} ",
            &"x".repeat(65),
            "a\nb",
            "a\u{7f}b",
            "a\u{85}b",
            "a\u{202e}b",
            "a\u{2066}b",
            "a\u{2028}b",
        ] {
            assert!(room_name(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn two_spellings_of_a_room_name_are_one() {
        assert_eq!(room_key("Caf\u{e9}"), room_key("CAFE\u{301}"));
        assert_ne!(room_key("a b"), room_key("ab"));
    }

    #[test]
    fn nothing_is_named_or_said_that_nobody_can_see() {
        for unseen in ["\u{200B}", "\u{2800}", "\u{AD}\u{3164}", " \u{301} ", "\u{E0041}\u{FE0F}"] {
            assert!(room_name(unseen).is_err(), "{unseen:?}");
            assert!(topic(unseen).is_err(), "{unseen:?}");
            assert!(message_text(unseen).is_err(), "{unseen:?}");
        }
        assert_eq!(message_text("\u{200B}👩‍💻"), Ok("\u{200B}👩‍💻".into()), "what is visible is left as it is");
    }

    #[test]
    fn a_topic_may_be_empty_but_not_endless() {
        assert_eq!(topic("   "), Ok(""));
        assert!(topic(&"x".repeat(256)).is_ok());
        assert!(topic(&"x".repeat(257)).is_err());
        assert!(topic("a\u{1b}[2J").is_err());
        assert_eq!(ban_reason(" spam "), Ok("spam"));
        assert!(ban_reason(&"x".repeat(257)).unwrap_err().contains("a reason has at most"));
    }

    #[test]
    fn a_message_is_normalised_before_it_is_measured() {
        assert_eq!(message_text("  a\r\nb\rc \n\t "), Ok("  a\nb\nc".into()));
        assert_eq!(message_text("a\tb"), Ok("a\tb".into()));
        assert!(message_text(&format!("{}  \r\n", "é".repeat(TEXT_MAX))).is_ok());
        for bad in ["", " \n\t", "a\0b", "\u{1b}[31m", "a\u{9b}b", &"x".repeat(TEXT_MAX + 1)] {
            assert!(message_text(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_reaction_is_one_emoji() {
        assert_eq!(emoji("❤"), Ok("❤\u{FE0F}"));
        for bad in ["", "x", "👍👍", "1"] {
            assert!(emoji(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_txn_is_printable_ascii() {
        assert!(txn(&"~".repeat(64)).is_ok());
        assert!(txn("a b").is_ok());
        for bad in ["", &"x".repeat(65), "ä", "a\n"] {
            assert!(txn(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_page_has_one_to_two_hundred_items() {
        assert_eq!([page(None), page(Some(1)), page(Some(200))], [Ok(50), Ok(1), Ok(200)]);
        assert!(page(Some(0)).is_err() && page(Some(201)).is_err());
    }
}
