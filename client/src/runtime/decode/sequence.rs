//! The meaning of a complete control sequence: a key, click, focus change or paste. All others mean nothing.

use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};

use super::key;

#[derive(Debug)]
pub(super) enum Meaning {
    Key(KeyEvent),
    Other(Event),
    /// A bracketed paste follows.
    Paste,
}

/// After `CSI`: the parameters, and the letter that ends the sequence.
pub(super) fn csi(parameters: &[u8], last: u8) -> Option<Meaning> {
    if let Some(mouse) = parameters.strip_prefix(b"<") {
        return sgr(mouse, last);
    }
    if !parameters.iter().all(|byte| matches!(byte, b'0'..=b'9' | b':' | b';')) {
        return None; // private, or with an intermediate byte: a reply
    }
    let number = |field: usize| field_of(parameters, field, 0);
    match last {
        b'I' | b'O' if parameters.is_empty() => {
            Some(Meaning::Other(if last == b'I' { Event::FocusGained } else { Event::FocusLost }))
        }
        b'Z' => lettered(parameters, KeyCode::BackTab, KeyModifiers::SHIFT),
        // with a first parameter other than 1, this is a cursor position report
        b'R' if !matches!((number(0), number(1)), (None, None) | (Some(1), Some(2..))) => None,
        b'A'..=b'F' | b'H' | b'P'..=b'S' => lettered(parameters, key::by_letter(last)?, KeyModifiers::NONE),
        // rxvt: arrows with Shift
        b'a'..=b'd' if parameters.is_empty() => {
            lettered(parameters, key::by_letter(last.to_ascii_uppercase())?, KeyModifiers::SHIFT)
        }
        b'~' => match number(0)? {
            200 => Some(Meaning::Paste),
            27 => coded(parameters, number(2)?, number(1)?),
            number => pressed(parameters, key::by_number(number)?, KeyModifiers::NONE),
        },
        // rxvt: keys with Ctrl, and with Ctrl and Shift
        b'^' => pressed(parameters, key::by_number(number(0)?)?, KeyModifiers::CONTROL),
        b'@' => pressed(parameters, key::by_number(number(0)?)?, KeyModifiers::CONTROL | KeyModifiers::SHIFT),
        b'u' => coded(parameters, number(0)?, number(1).unwrap_or(1)),
        b'M' => {
            let [button, column, row] = [number(0)?, number(1)?, number(2)?];
            mouse(button.checked_sub(32)?, column, row, false)
        }
        _ => None,
    }
}

/// After `ESC O`: cursor and keypad keys in their application modes.
pub(super) fn ss3(parameters: &[u8], last: u8) -> Option<Meaning> {
    let typed = |c: u8| Some(Meaning::Key(key::typed(char::from(c))));
    match last {
        b'A'..=b'F' | b'H' | b'P'..=b'S' => lettered(parameters, key::by_letter(last)?, KeyModifiers::NONE),
        b'a'..=b'd' => lettered(parameters, key::by_letter(last.to_ascii_uppercase())?, KeyModifiers::CONTROL),
        b'I' => Some(Meaning::Key(KeyCode::Tab.into())),
        b'M' => Some(Meaning::Key(KeyCode::Enter.into())),
        b'X' => typed(b'='),
        b' ' => typed(b' '),
        b'j'..=b'y' => typed(last - b'j' + b'*'),
        _ => None,
    }
}

/// After `CSI [`: F1 to F5 of the Linux console.
pub(super) fn console(last: u8) -> Option<Meaning> {
    matches!(last, b'A'..=b'E').then(|| Meaning::Key(KeyCode::F(last - b'A' + 1).into()))
}

/// After `CSI M`: mouse events in X10's encoding, each number in a byte.
pub(super) fn x10(button: u8, column: u8, row: u8) -> Option<Meaning> {
    let number = |byte: u8| byte.checked_sub(32).map(u32::from);
    mouse(number(button)?, number(column)?, number(row)?, false)
}

fn sgr(parameters: &[u8], last: u8) -> Option<Meaning> {
    let number = |field| field_of(parameters, field, 0);
    match last {
        b'M' | b'm' => mouse(number(0)?, number(1)?, number(2)?, last == b'm'),
        _ => None,
    }
}

/// A key whose sequence ends with its own letter: the modifiers are the last parameter.
fn lettered(parameters: &[u8], code: KeyCode, modifiers: KeyModifiers) -> Option<Meaning> {
    let last = parameters.rsplit(|byte| *byte == b';').next()?;
    let more = field_of(last, 0, 0).map_or(KeyModifiers::NONE, key::modifiers);
    (!released(parameters)).then(|| Meaning::Key(KeyEvent::new(code, modifiers | more)))
}

/// A key with a number: the modifiers are the second parameter. A release means nothing.
fn pressed(parameters: &[u8], code: KeyCode, modifiers: KeyModifiers) -> Option<Meaning> {
    let more = field_of(parameters, 1, 0).map_or(KeyModifiers::NONE, key::modifiers);
    (!released(parameters)).then(|| Meaning::Key(KeyEvent::new(code, modifiers | more)))
}

/// A key by its code point.
fn coded(parameters: &[u8], code: u32, modifiers: u32) -> Option<Meaning> {
    let modifiers = key::modifiers(modifiers);
    let code = key::by_code(code, modifiers)?;
    // the character that Shift gives on this keyboard, if the terminal reports it
    let shifted = field_of(parameters, 0, 1).and_then(char::from_u32).filter(|c| !c.is_control());
    let key = match shifted.filter(|_| modifiers.contains(KeyModifiers::SHIFT)) {
        Some(c) => KeyEvent::new(KeyCode::Char(c), modifiers - KeyModifiers::SHIFT),
        None => KeyEvent::new(code, modifiers),
    };
    (!released(parameters)).then_some(Meaning::Key(key))
}

/// Whether this is the release of a key (kitty).
fn released(parameters: &[u8]) -> bool {
    field_of(parameters, 1, 1) == Some(3)
}

/// A number among the parameters: semicolons separate fields, colons separate their parts.
fn field_of(parameters: &[u8], field: usize, part: usize) -> Option<u32> {
    let field = parameters.split(|byte| *byte == b';').nth(field)?;
    let digits = field.split(|byte| *byte == b':').nth(part)?;
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// `button` packs buttons, modifiers and motion as xterm does. Positions count from 1.
fn mouse(button: u32, column: u32, row: u32, up: bool) -> Option<Meaning> {
    let moves = button & 32 != 0;
    let which = match button & 3 {
        0 => Some(MouseButton::Left),
        1 => Some(MouseButton::Middle),
        2 => Some(MouseButton::Right),
        _ => None,
    };
    let kind = match (button & !0b11_1111, which) {
        (0, Some(which)) if moves => MouseEventKind::Drag(which),
        (0, None) if moves => MouseEventKind::Moved,
        (0, Some(which)) if up => MouseEventKind::Up(which),
        (0, Some(which)) => MouseEventKind::Down(which),
        (0, None) => MouseEventKind::Up(MouseButton::Left), // X10 does not report which button
        (64, Some(MouseButton::Left)) => MouseEventKind::ScrollUp,
        (64, Some(MouseButton::Middle)) => MouseEventKind::ScrollDown,
        (64, Some(MouseButton::Right)) => MouseEventKind::ScrollLeft,
        (64, None) => MouseEventKind::ScrollRight,
        _ => return None,
    };
    let held = [(4, KeyModifiers::SHIFT), (8, KeyModifiers::ALT), (16, KeyModifiers::CONTROL)];
    let modifiers = held.into_iter().filter(|(bit, _)| button & bit != 0).map(|(_, modifier)| modifier).collect();
    let place = |number: u32| u16::try_from(number.checked_sub(1)?).ok();
    Some(Meaning::Other(Event::Mouse(MouseEvent { kind, column: place(column)?, row: place(row)?, modifiers })))
}
