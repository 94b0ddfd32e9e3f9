//! Who is typing, as servers tell each other: `ROOM:USER:POSITION`, separated by spaces.

use quchat_shared::{RoomId, UserId, event::Typing};

use crate::hub::TypingAt;

/// Longest text, in bytes. PostgreSQL passes on less than 8,000, of which some are for the number of the node.
const TEXT_MAX: usize = 7_900;

/// The texts that tell of this typing.
pub(super) fn texts(typing: &[TypingAt]) -> Vec<String> {
    let mut texts: Vec<String> = Vec::new();
    for TypingAt { typing: Typing { room_id, user_id }, position } in typing {
        let one = format!("{room_id}:{user_id}:{position}");
        match texts.last_mut().filter(|text| text.len() + 1 + one.len() <= TEXT_MAX) {
            Some(text) => {
                text.push(' ');
                text.push_str(&one);
            }
            None => texts.push(one),
        }
    }
    texts
}

/// Reads such a text, and leaves out what is none.
pub(super) fn parse(text: &str) -> Vec<TypingAt> {
    let parse = |one: &str| {
        let mut numbers = one.split(':').map_while(|number| number.parse().ok());
        let typing = Typing { room_id: RoomId(numbers.next()?), user_id: UserId(numbers.next()?) };
        Some(TypingAt { typing, position: numbers.next()? })
    };
    text.split(' ').filter_map(parse).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at([room, user, position]: [u64; 3]) -> TypingAt {
        TypingAt { typing: Typing { room_id: RoomId(room), user_id: UserId(user) }, position }
    }

    #[test]
    fn all_typing_is_told_in_texts_that_fit() {
        let all = (0..500).map(|n| at([u64::MAX - n, n, u64::MAX])).collect::<Vec<_>>();
        let texts = texts(&all);
        assert!(texts.len() == 3 && texts.iter().all(|text| text.len() <= TEXT_MAX));
        assert_eq!(texts.iter().flat_map(|text| parse(text)).collect::<Vec<_>>(), all);
        assert_eq!(super::texts(&[]), [""; 0]);
    }

    #[test]
    fn what_is_none_is_left_out() {
        assert_eq!(parse("1:2:3 4:5 :6:7 x:7:8 8 -1:2:3 9:10:11"), [at([1, 2, 3]), at([9, 10, 11])]);
        assert_eq!(parse(""), []);
    }
}
