//! Decodes the bytes of a terminal: keys, pastes, clicks, focus. Replies and unknown sequences are dropped as a whole,
//! so that no part of them is typed.
//!
//! A state machine over single bytes (ECMA-48, with the extensions of xterm, rxvt, kitty and the Linux console): it
//! does not matter how reads split the bytes. An incomplete sequence times out. It reads neither terminal nor clock,
//! and must not know what a key is for.

mod key;
mod sequence;

use std::time::{Duration, Instant};

use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};

use self::sequence::Meaning;

const ESC: u8 = 0x1b;
const BEL: u8 = 0x07;
const CTRL_C: u8 = 0x03;
const CAN: u8 = 0x18;
const SUB: u8 = 0x1a;
/// String Terminator, as one byte.
const ST: u8 = 0x9c;

/// How long an ESC may be the start of a sequence; after that it is the key. A terminal writes a sequence at once, but
/// the network may split it.
const ESC_WAIT: Duration = Duration::from_millis(25);
/// Timeout for the rest of any other sequence.
const REST_WAIT: Duration = Duration::from_millis(100);
/// Longest pause within a string (a reply to OSC, DCS and similar).
const STRING_WAIT: Duration = Duration::from_millis(250);
/// Longest duration of a string. An unterminated one must not swallow what is typed after it.
const STRING_TIME_MAX: Duration = Duration::from_secs(1);
/// Longest string in bytes.
const STRING_MAX: usize = 64 * 1024;
/// Longest pause within a paste. What comes later counts as typed, and its Enters send. A network may stall for
/// seconds.
const PASTE_WAIT: Duration = Duration::from_secs(60);
/// After such a pause, a single Ctrl+C ends a paste whose end may have been lost.
const PASTE_STOP_AFTER: Duration = Duration::from_secs(1);
/// Most bytes kept of a paste; the rest is dropped, up to its end.
const PASTE_MAX: usize = 1024 * 1024;
/// Most bytes kept of a control sequence; longer ones are ignored.
const SEQUENCE_MAX: usize = 128;

/// Ends a bracketed paste.
const PASTE_END: &[u8] = b"\x1b[201~";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Ground,
    /// After ESC. Within a string this may be half of the terminator.
    Escape {
        in_string: bool,
    },
    /// In a character of this many bytes.
    Char {
        len: usize,
        alt: bool,
    },
    /// After `ESC O`.
    Ss3,
    /// After `ESC [`.
    Csi,
    /// After `ESC [ [`, which begins the function keys of the Linux console.
    Console,
    /// After `ESC [ M`: three bytes of mouse data follow.
    X10,
    /// In OSC, DCS, SOS, PM or APC, this many bytes after the introducer.
    String {
        introducer: u8,
        len: usize,
        last: u8,
    },
    /// In a bracketed paste; this many bytes of its end have arrived.
    Paste {
        ended: usize,
    },
}

/// Turns bytes into events.
#[derive(Debug)]
pub(super) struct Decoder {
    state: State,
    /// Another ESC preceded this sequence: Alt, on terminals that send ESC for it; otherwise the key.
    meta: bool,
    /// The parameters of a sequence, the bytes of a character, or a paste.
    bytes: Vec<u8>,
    /// When the current sequence began, and when its latest byte came.
    begun: Instant,
    latest: Instant,
}

impl Decoder {
    pub(super) fn new(now: Instant) -> Self {
        Self { state: State::Ground, meta: false, bytes: Vec::new(), begun: now, latest: now }
    }

    /// Decodes the bytes of a read.
    pub(super) fn feed(&mut self, bytes: &[u8], now: Instant, out: &mut Vec<Event>) {
        if matches!(self.state, State::String { .. }) && now >= self.begun + STRING_TIME_MAX {
            self.expire(out);
        }
        let stopped = bytes == [CTRL_C] && now >= self.latest + PASTE_STOP_AFTER;
        if stopped && matches!(self.state, State::Paste { .. }) {
            self.expire(out);
        }
        self.latest = now;
        for &byte in bytes {
            if self.state == State::Ground {
                self.begun = now;
            }
            self.byte(byte, out);
        }
    }

    /// When to call [`Decoder::expire`] unless more bytes come first; `None` between sequences.
    pub(super) fn due(&self) -> Option<Instant> {
        let wait = match self.state {
            State::Ground => return None,
            State::Escape { in_string: false } => ESC_WAIT,
            State::String { len: 1.., .. } => {
                return Some((self.latest + STRING_WAIT).min(self.begun + STRING_TIME_MAX));
            }
            State::Paste { .. } => PASTE_WAIT,
            _ => REST_WAIT,
        };
        Some(self.latest + wait)
    }

    /// Ends an incomplete sequence: a lone introducer was Alt and a letter; anything longer is dropped.
    pub(super) fn expire(&mut self, out: &mut Vec<Event>) {
        match self.state {
            State::Escape { in_string: false } => self.press(KeyCode::Esc.into(), out),
            State::Escape { in_string: true } | State::Ground => {}
            State::Ss3 | State::Csi => self.abandon(out),
            State::String { introducer, len: 0, .. } => self.press(alt(char::from(introducer)), out),
            State::Char { .. } | State::String { .. } | State::Console | State::X10 => self.emit(None, out),
            State::Paste { .. } => self.end_paste(out),
        }
        self.rest();
    }

    fn byte(&mut self, byte: u8, out: &mut Vec<Event>) {
        match self.state {
            State::Ground => self.ground(byte, out),
            State::Escape { in_string } => self.escape(byte, in_string, out),
            State::Char { len, alt } => self.char(byte, len, alt, out),
            State::Ss3 => match byte {
                b'0'..=b'9' | b';' => self.keep(byte),
                b' '..=b'~' => self.end(sequence::ss3(&self.bytes, byte), out),
                _ => self.interrupt(byte, out),
            },
            State::Csi => match byte {
                b' '..=b'?' => self.keep(byte),
                b'[' if self.bytes.is_empty() => self.state = State::Console,
                b'M' if self.bytes.is_empty() => self.state = State::X10,
                b'@'..=b'~' if self.bytes.len() > SEQUENCE_MAX => self.end(None, out),
                b'@'..=b'~' => self.end(sequence::csi(&self.bytes, byte), out),
                _ => self.interrupt(byte, out),
            },
            State::Console => self.end(sequence::console(byte), out),
            State::X10 => {
                self.bytes.push(byte);
                if let [button, column, row] = self.bytes[..] {
                    self.end(sequence::x10(button, column, row), out);
                }
            }
            State::String { introducer, len, last } => self.string(byte, introducer, len, last),
            State::Paste { ended } => self.paste(byte, ended, out),
        }
    }

    fn ground(&mut self, byte: u8, out: &mut Vec<Event>) {
        match byte {
            ESC => self.state = State::Escape { in_string: false },
            0x20..=0x7e => self.press(key::typed(char::from(byte)), out),
            0x00..=0x1f | 0x7f => self.press(key::control(byte), out),
            0x80..=0x9f => self.c1(byte),
            _ => self.begin_char(byte, false),
        }
    }

    fn escape(&mut self, byte: u8, in_string: bool, out: &mut Vec<Event>) {
        match byte {
            b'\\' if in_string => self.rest(),
            ESC if in_string => {} // this may be half of the terminator
            ESC => {
                self.flush_meta(out);
                self.meta = true;
            }
            b'[' => self.state = State::Csi,
            b'O' => self.state = State::Ss3,
            b']' | b'P' | b'X' | b'^' | b'_' => self.begin_string(byte, out),
            0x20..=0x7e => self.chord(key::typed(char::from(byte)), out),
            0x00..=0x1f | 0x7f => self.chord(key::control(byte), out),
            0xc2..=0xf4 => {
                self.flush_meta(out);
                self.begin_char(byte, true);
            }
            _ => {
                self.press(KeyCode::Esc.into(), out);
                self.ground(byte, out);
            }
        }
    }

    /// The control characters of C1 (ISO 6429), as single bytes or as characters.
    fn c1(&mut self, code: u8) {
        self.state = match code {
            0x8f => State::Ss3,
            0x9b => State::Csi,
            0x90 | 0x98 | 0x9d | 0x9e | 0x9f => State::String { introducer: code, len: 1, last: 0 },
            _ => State::Ground,
        };
    }

    /// Bytes that cannot begin a character are dropped.
    fn begin_char(&mut self, byte: u8, alt: bool) {
        let len = match byte {
            0xc2..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0..=0xf4 => 4,
            _ => return self.rest(),
        };
        self.bytes.push(byte);
        self.state = State::Char { len, alt };
    }

    fn char(&mut self, byte: u8, len: usize, alt: bool, out: &mut Vec<Event>) {
        if !matches!(byte, 0x80..=0xbf) {
            self.rest(); // drop half a character
            return self.ground(byte, out);
        }
        self.bytes.push(byte);
        if self.bytes.len() < len {
            return;
        }
        let char = std::str::from_utf8(&self.bytes).ok().and_then(|text| text.chars().next());
        self.rest();
        match char {
            Some(c @ '\u{80}'..='\u{9f}') => self.c1(c as u8),
            Some(c) if alt => self.chord(key::typed(c), out),
            Some(c) => self.press(key::typed(c), out),
            None => {}
        }
    }

    fn begin_string(&mut self, introducer: u8, out: &mut Vec<Event>) {
        self.flush_meta(out);
        self.state = State::String { introducer, len: 0, last: 0 };
    }

    fn string(&mut self, byte: u8, introducer: u8, len: usize, last: u8) {
        // as one byte, or as a character; within another character the byte is part of that
        let terminated = byte == ST && (last < 0x80 || last == 0xc2);
        self.state = match byte {
            BEL | CAN | SUB => State::Ground,
            _ if terminated || len >= STRING_MAX => State::Ground,
            ESC => State::Escape { in_string: true },
            _ => State::String { introducer, len: len + 1, last: byte },
        };
    }

    fn paste(&mut self, byte: u8, ended: usize, out: &mut Vec<Event>) {
        let mut ended = ended;
        if byte != PASTE_END[ended] {
            self.keep_pasted(&PASTE_END[..ended]);
            ended = 0;
        }
        if byte == PASTE_END[ended] {
            ended += 1;
        } else {
            self.keep_pasted(&[byte]);
        }
        self.state = State::Paste { ended };
        if ended == PASTE_END.len() {
            self.end_paste(out);
            self.rest();
        }
    }

    fn keep_pasted(&mut self, bytes: &[u8]) {
        let room = PASTE_MAX - self.bytes.len();
        self.bytes.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    fn end_paste(&mut self, out: &mut Vec<Event>) {
        let bytes = std::mem::take(&mut self.bytes); // releases its memory, too
        out.push(Event::Paste(String::from_utf8_lossy(&bytes).into_owned()));
    }

    /// Keeps one byte more than the limit, to mark a sequence as too long.
    fn keep(&mut self, byte: u8) {
        if self.bytes.len() <= SEQUENCE_MAX {
            self.bytes.push(byte);
        }
    }

    /// Ends a complete sequence.
    fn end(&mut self, meaning: Option<Meaning>, out: &mut Vec<Event>) {
        match meaning {
            Some(Meaning::Key(key)) if self.meta => {
                self.meta = false;
                self.press(KeyEvent { modifiers: key.modifiers | KeyModifiers::ALT, ..key }, out);
            }
            Some(Meaning::Key(key)) => self.press(key, out),
            Some(Meaning::Paste) => {
                self.emit(None, out);
                self.state = State::Paste { ended: 0 };
            }
            Some(Meaning::Other(event)) => self.emit(Some(event), out),
            None => self.emit(None, out),
        }
    }

    /// Ends a sequence at a byte that cannot be in it.
    fn interrupt(&mut self, byte: u8, out: &mut Vec<Event>) {
        if matches!(byte, CAN | SUB) {
            return self.emit(None, out); // CAN and SUB cancel the sequence
        }
        self.abandon(out);
        self.ground(byte, out);
    }

    /// Drops a sequence; a lone introducer becomes a key.
    fn abandon(&mut self, out: &mut Vec<Event>) {
        match self.state {
            State::Csi if self.bytes.is_empty() => self.press(alt('['), out),
            State::Ss3 if self.bytes.is_empty() => self.press(alt('O'), out),
            _ => self.emit(None, out),
        }
    }

    /// Emits a key, with Alt if an ESC preceded it.
    fn chord(&mut self, key: KeyEvent, out: &mut Vec<Event>) {
        self.press(KeyEvent { modifiers: key.modifiers | KeyModifiers::ALT, ..key }, out);
    }

    fn press(&mut self, key: KeyEvent, out: &mut Vec<Event>) {
        self.emit(Some(Event::Key(key)), out);
    }

    /// Emits an event. Only keys have Alt: before anything else, the ESC was the key.
    fn emit(&mut self, event: Option<Event>, out: &mut Vec<Event>) {
        self.flush_meta(out);
        out.extend(event);
        self.rest();
    }

    fn flush_meta(&mut self, out: &mut Vec<Event>) {
        if std::mem::take(&mut self.meta) {
            out.push(Event::Key(KeyCode::Esc.into()));
        }
    }

    fn rest(&mut self) {
        self.state = State::Ground;
        self.meta = false;
        self.bytes.clear();
    }
}

fn alt(c: char) -> KeyEvent {
    let key = key::typed(c);
    KeyEvent { modifiers: key.modifiers | KeyModifiers::ALT, ..key }
}

#[cfg(test)]
mod tests;
