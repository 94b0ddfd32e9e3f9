//! Splits the output of a program into frames, each with the arrival times of its first and its last byte.

use std::{collections::VecDeque, time::Instant};

use memchr::memmem;

const BEGIN: &[u8] = b"\x1b[?2026h";
const END: &[u8] = b"\x1b[?2026l";

/// A synchronized update, with the output since the previous one.
#[derive(Debug)]
pub(super) struct Frame {
    /// When its first byte arrived.
    pub(super) begun: Instant,
    /// When its last byte arrived.
    pub(super) ended: Instant,
    pub(super) bytes: Vec<u8>,
}

impl Frame {
    /// Whether it erases the screen, or the part before or after the cursor.
    pub(super) fn clears(&self) -> bool {
        ["\x1b[J", "\x1b[0J", "\x1b[1J", "\x1b[2J", "\x1b[3J"]
            .iter()
            .any(|erase| memmem::find(&self.bytes, erase.as_bytes()).is_some())
    }
}

/// Output that the scenario has not processed yet.
#[derive(Default)]
pub(super) struct Frames {
    rest: Vec<u8>,
    begun: Option<Instant>,
    whole: VecDeque<Frame>,
}

impl Frames {
    /// Adds bytes that arrived at this time.
    pub(super) fn push(&mut self, bytes: &[u8], at: Instant) {
        self.rest.extend_from_slice(bytes);
        while let Some(end) = memmem::find(&self.rest, END).map(|found| found + END.len()) {
            let begun = self.begun.take().unwrap_or(at);
            let bytes = self.rest.drain(..end).collect();
            self.whole.push_back(Frame { begun, ended: at, bytes });
        }
        if self.begun.is_none() && memmem::find(&self.rest, BEGIN).is_some() {
            self.begun = Some(at);
        }
    }

    pub(super) fn pop(&mut self) -> Option<Frame> {
        self.whole.pop_front()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn frames_are_found_however_the_bytes_are_split() {
        let (mut frames, start) = (Frames::default(), Instant::now());
        let at = |n| start + Duration::from_millis(n);
        for (n, part) in
            (0..).zip(["title", "\x1b[?20", "26hab", "c\x1b[?2026", "l\x1b[?2026h\x1b[2J\x1b[?2026l\x1b[?2026hx"])
        {
            frames.push(part.as_bytes(), at(n));
        }
        let first = frames.pop().unwrap();
        assert_eq!((first.begun, first.ended), (at(2), at(4)));
        assert_eq!((first.bytes.as_slice(), first.clears()), (&b"title\x1b[?2026habc\x1b[?2026l"[..], false));
        assert!(frames.pop().unwrap().clears());
        assert!(frames.pop().is_none());
    }
}
