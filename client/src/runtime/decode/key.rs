//! Keys by their codes: control characters, numbers of function keys, kitty's private code points.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// Modifiers in the order of the bits of xterm and kitty, whose parameter is the bits plus one.
const MODIFIERS: [KeyModifiers; 6] = [
    KeyModifiers::SHIFT,
    KeyModifiers::ALT,
    KeyModifiers::CONTROL,
    KeyModifiers::SUPER,
    KeyModifiers::HYPER,
    KeyModifiers::META,
];

/// The keypad keys from [`KEYPAD`] on, in kitty's order.
const KEYPAD_KEYS: [KeyCode; 29] = [
    KeyCode::Char('0'),
    KeyCode::Char('1'),
    KeyCode::Char('2'),
    KeyCode::Char('3'),
    KeyCode::Char('4'),
    KeyCode::Char('5'),
    KeyCode::Char('6'),
    KeyCode::Char('7'),
    KeyCode::Char('8'),
    KeyCode::Char('9'),
    KeyCode::Char('.'),
    KeyCode::Char('/'),
    KeyCode::Char('*'),
    KeyCode::Char('-'),
    KeyCode::Char('+'),
    KeyCode::Enter,
    KeyCode::Char('='),
    KeyCode::Char(','),
    KeyCode::Left,
    KeyCode::Right,
    KeyCode::Up,
    KeyCode::Down,
    KeyCode::PageUp,
    KeyCode::PageDown,
    KeyCode::Home,
    KeyCode::End,
    KeyCode::Insert,
    KeyCode::Delete,
    KeyCode::KeypadBegin,
];
const KEYPAD: u32 = 57_399;

/// A typed character. Capitals carry Shift.
pub(super) fn typed(c: char) -> KeyEvent {
    let shift = if c.is_uppercase() { KeyModifiers::SHIFT } else { KeyModifiers::NONE };
    KeyEvent::new(KeyCode::Char(c), shift)
}

/// A control character other than ESC. Line feed is Ctrl+J: in raw mode Enter sends a carriage return.
pub(super) fn control(byte: u8) -> KeyEvent {
    let ctrl = |c| KeyEvent::new(KeyCode::Char(char::from(c)), KeyModifiers::CONTROL);
    match byte {
        b'\r' => KeyCode::Enter.into(),
        b'\t' => KeyCode::Tab.into(),
        0x7f => KeyCode::Backspace.into(),
        0x00 => ctrl(b' '),
        0x01..=0x1a => ctrl(byte - 1 + b'a'),
        _ => ctrl((byte & 3) + b'4'), // 0x1c to 0x1f
    }
}

/// The modifiers of this parameter, without Caps Lock and Num Lock.
pub(super) fn modifiers(parameter: u32) -> KeyModifiers {
    let bits = parameter.saturating_sub(1);
    MODIFIERS.into_iter().enumerate().filter(|(bit, _)| bits >> bit & 1 == 1).map(|(_, modifier)| modifier).collect()
}

/// The key whose sequence ends with this letter.
pub(super) fn by_letter(letter: u8) -> Option<KeyCode> {
    Some(match letter {
        b'A' => KeyCode::Up,
        b'B' => KeyCode::Down,
        b'C' => KeyCode::Right,
        b'D' => KeyCode::Left,
        b'E' => KeyCode::KeypadBegin,
        b'F' => KeyCode::End,
        b'H' => KeyCode::Home,
        b'P'..=b'S' => KeyCode::F(letter - b'P' + 1),
        _ => return None,
    })
}

/// The key whose sequence has this number and ends with `~`.
pub(super) fn by_number(number: u32) -> Option<KeyCode> {
    let f = |first: u32, at: u8| u8::try_from(number - first).ok().map(|n| KeyCode::F(at + n));
    match number {
        1 | 7 => Some(KeyCode::Home),
        2 => Some(KeyCode::Insert),
        3 => Some(KeyCode::Delete),
        4 | 8 => Some(KeyCode::End),
        5 => Some(KeyCode::PageUp),
        6 => Some(KeyCode::PageDown),
        11..=15 => f(11, 1),
        17..=21 => f(17, 6),
        23..=26 => f(23, 11),
        28..=29 => f(28, 15),
        31..=34 => f(31, 17),
        _ => None,
    }
}

/// The key with this code point (kitty's protocol, or xterm's `modifyOtherKeys`). `None` for control characters and for
/// keys that neither type anything nor can be bound.
pub(super) fn by_code(code: u32, modifiers: KeyModifiers) -> Option<KeyCode> {
    match code {
        9 if modifiers.contains(KeyModifiers::SHIFT) => Some(KeyCode::BackTab),
        9 => Some(KeyCode::Tab),
        13 => Some(KeyCode::Enter),
        27 => Some(KeyCode::Esc),
        8 | 127 => Some(KeyCode::Backspace),
        57_376..=57_398 => u8::try_from(code - 57_376).ok().map(|n| KeyCode::F(13 + n)),
        57_344..=63_743 => KEYPAD_KEYS.get(usize::try_from(code.checked_sub(KEYPAD)?).ok()?).copied(),
        _ => char::from_u32(code).filter(|c| !c.is_control()).map(KeyCode::Char),
    }
}
