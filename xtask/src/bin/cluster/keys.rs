//! Turns bytes from a terminal, or from a script, into keys.

use std::{
    io::Read,
    sync::mpsc::{self, Receiver},
    thread,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Key {
    /// `k`: kill a node.
    Kill,
    /// `r`: bring killed nodes back.
    Restore,
    /// `p`: restart PostgreSQL.
    RestartPostgres,
    /// `q`: end.
    Quit,
    /// Any other: say which keys there are.
    Other,
}

/// Where in an escape sequence the next byte is (ECMA-48 section 5.4).
enum Place {
    Outside,
    AfterEscape,
    InSequence,
}

/// The keys from now on. Disconnected when there will be no more.
pub(crate) fn receive(mut input: impl Read + Send + 'static) -> Receiver<Key> {
    let (sender, keys) = mpsc::channel();
    thread::spawn(move || {
        let mut bytes = [0; 64];
        let mut place = Place::Outside;
        while let Ok(count @ 1..) = input.read(&mut bytes) {
            for key in bytes[..count].iter().filter_map(|byte| key(&mut place, *byte)) {
                if sender.send(key).is_err() {
                    return;
                }
            }
        }
    });
    keys
}

/// The key of this byte. An arrow or a function key is none, and neither is the end of a line.
fn key(place: &mut Place, byte: u8) -> Option<Key> {
    match (&place, byte) {
        (_, 0x1b) => *place = Place::AfterEscape,
        (Place::AfterEscape, b'[' | b'O') => *place = Place::InSequence,
        (Place::AfterEscape, _) | (Place::InSequence, 0x40..=0x7e) => *place = Place::Outside,
        (Place::InSequence, _) => {}
        (Place::Outside, b'k') => return Some(Key::Kill),
        (Place::Outside, b'r') => return Some(Key::Restore),
        (Place::Outside, b'p') => return Some(Key::RestartPostgres),
        (Place::Outside, b'q') => return Some(Key::Quit),
        (Place::Outside, byte) => return byte.is_ascii_graphic().then_some(Key::Other),
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_keys_and_what_special_keys_send_is_none() {
        let keys: Vec<_> = receive(&b"k\nr\r\n\x1b[A\x1b[15~\x1bOp\x1bkpx q"[..]).iter().collect();
        assert_eq!(keys, [Key::Kill, Key::Restore, Key::RestartPostgres, Key::Other, Key::Quit]);
    }
}
