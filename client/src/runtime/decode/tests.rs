//! Tests keys as terminals send them, replies that are not keys, and arbitrary bytes.

use std::time::{Duration, Instant};

use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use proptest::prelude::*;

use super::*;

/// The events of these reads, without pauses and followed by silence.
fn decode(reads: &[&[u8]]) -> Vec<Event> {
    let now = Instant::now();
    let (mut decoder, mut out) = (Decoder::new(now), Vec::new());
    reads.iter().for_each(|bytes| decoder.feed(bytes, now, &mut out));
    while decoder.due().is_some() {
        decoder.expire(&mut out);
    }
    out
}

/// Short form: text as it is, keys in angle brackets, pastes in quotes.
fn told(events: &[Event]) -> String {
    let tell = |event: &Event| match event {
        Event::Key(KeyEvent { code: KeyCode::Char(c), modifiers, .. })
            if !modifiers.intersects(KeyModifiers::ALT | KeyModifiers::CONTROL) =>
        {
            c.to_string()
        }
        Event::Key(KeyEvent { code, modifiers, .. }) => {
            let held = [(KeyModifiers::CONTROL, "C-"), (KeyModifiers::ALT, "M-"), (KeyModifiers::SHIFT, "S-")];
            let held: String = held.iter().filter(|(bit, _)| modifiers.contains(*bit)).map(|(_, name)| *name).collect();
            format!("<{held}{code}>")
        }
        Event::Paste(text) => format!("{text:?}"),
        Event::FocusGained => "<in>".into(),
        Event::FocusLost => "<out>".into(),
        other => format!("{other:?}"),
    };
    events.iter().map(tell).collect()
}

fn of(bytes: &[u8]) -> String {
    told(&decode(&[bytes]))
}

#[test]
fn keys_of_all_terminals_are_decoded() {
    let esc = KeyCode::Esc;
    for (bytes, keys) in [
        (&b"aB \xc3\xa9\xe6\x97\xa5\xf0\x9f\x91\x8d"[..], "aB é日👍".to_owned()),
        (
            b"\r\t\x7f\x08\n\x00\x1f",
            "<Enter><Tab><Backspace><C-h><C-j><C-Space><C-7>".replace("Backspace", &KeyCode::Backspace.to_string()),
        ),
        (
            b"\x1b[A\x1bOB\x1b[1;5C\x1b[1;2D\x1bO5H\x1b[F",
            format!(
                "<{}><{}><C-{}><S-{}><C-{}><{}>",
                KeyCode::Up,
                KeyCode::Down,
                KeyCode::Right,
                KeyCode::Left,
                KeyCode::Home,
                KeyCode::End
            ),
        ),
        (b"\x1bOP\x1b[15~\x1b[24;2~\x1b[[B\x1b[13;3~", "<F1><F5><S-F12><F2><M-F3>".to_owned()),
        (
            b"\x1b[3~\x1b[5;5~\x1b[3^\x1b[Z",
            format!("<{}><C-{}><C-{}><S-{}>", KeyCode::Delete, KeyCode::PageUp, KeyCode::Delete, KeyCode::BackTab),
        ),
        (
            b"\x1b[13;2u\x1b[27;5;13~\x1b[99;5u\x1b[57414u\x1b[97;1:3u",
            format!("<S-{0}><C-{0}><C-c><{0}>", KeyCode::Enter),
        ),
        (
            b"\x1ba\x1bA\x1b\r\x1b\x7f\x1b\xc3\xa9\x1b\x01",
            format!("<M-a><M-S-A><M-{}><M-{}><M-é><C-M-a>", KeyCode::Enter, KeyCode::Backspace),
        ),
        (b"\x1bOM\x1bOp\x1bOk", format!("<{}>0+", KeyCode::Enter)),
        (b"\x1b", format!("<{esc}>")),
        (b"\x1b\x1b", format!("<{esc}><{esc}>")),
        (b"\x1b[", "<M-[>".into()),
        (b"\x1bO", "<M-S-O>".into()),
        (b"\x1b]", "<M-]>".into()),
        (b"\x1b[\x1b[A", format!("<M-[><{}>", KeyCode::Up)),
    ] {
        assert_eq!(of(bytes), keys, "{}", bytes.escape_ascii());
    }
}

#[test]
fn option_that_sends_escape_before_a_sequence_is_alt() {
    let (up, left, delete, esc) = (KeyCode::Up, KeyCode::Left, KeyCode::Delete, KeyCode::Esc);
    assert_eq!(of(b"\x1b\x1b[A\x1b\x1bOD\x1b\x1b[3~"), format!("<M-{up}><M-{left}><M-{delete}>"));
    // only keys have Alt: Escape was pressed before
    assert_eq!(of(b"\x1b\x1b[I\x1b\x1b[200~x\x1b[201~\x1b\x1b]11;x\x07"), format!("<{esc}><in><{esc}>\"x\"<{esc}>"));
    assert_eq!(of(b"\x1b\x1b\x1b[A"), format!("<{esc}><M-{up}>"));
    assert_eq!(of(b"\x1b\x1bx"), format!("<{esc}><M-x>"));
}

#[test]
fn replies_of_the_terminal_are_not_typed() {
    for reply in [
        &b"\x1b]11;rgb:0000/0000/0000\x07"[..],
        b"\x1b]11;rgb:0000/0000/0000\x1b\\",
        b"\x1b]10;rgb:ffff/ffff/ffff\x9c",
        b"\x1b]52;c;aGVsbG8=\xc2\x9c",
        b"\x9d4;1;rgb:00/00/00\x9c",
        b"\xc2\x9d4;1;rgb:00/00/00\xc2\x9c",
        "\x1b]lt\u{15c}\u{1f49c} title\u{271c}\x1b\\".as_bytes(), // these characters contain the byte 0x9c
        b"\x1bP>|tmux 3.3a\x1b\\",
        b"\x1bP1+r544e=787465726d\x1b\\",
        b"\x90$q1 r\x9c",
        b"\x1b_Gi=31;OK\x1b\\",
        b"\x1b^private\x1b\\",
        b"\x1bXstart of string\x1b\\",
        b"\x1b]cancelled\x18",
        b"\x1b[?64;1;2;6;9;15;18;21;22c",
        b"\x1b[>84;0;0c",
        b"\x1b[=0;1c",
        b"\x1b[?2004;1$y",
        b"\x1b[?1u",
        b"\x1b[?997;1n",
        b"\x1b[0n",
        b"\x1b[24;80R",
        b"\x1b[1;1R",
        b"\x1b[?24;80;1R",
        b"\x1b[8;24;80t",
        b"\x1b[201~",
        b"\x1b[999~",
        b"\x1b[1;2;3;4;5;6;7;8;9x",
        b"\x1b[<1;2z",
        b"\x1bOz",
        b"\x1b[[z",
    ] {
        let what = reply.escape_ascii().to_string();
        assert_eq!(of(&[b"a", reply, b"b"].concat()), "ab", "{what}");
        for at in 1..reply.len() {
            let now = Instant::now();
            let (mut decoder, mut out) = (Decoder::new(now), Vec::new());
            decoder.feed(&reply[..at], now, &mut out);
            decoder.feed(&reply[at..], now + Duration::from_millis(20), &mut out);
            assert_eq!(told(&out), "", "{what} split at {at}");
        }
    }
    let long = [b"\x1b[", "1;".repeat(5_000).as_bytes(), b"~x"].concat();
    assert_eq!(of(&long), "x");
}

#[test]
fn clicks_are_decoded_in_every_encoding() {
    let click = |kind| vec![Event::Mouse(MouseEvent { kind, column: 9, row: 4, modifiers: KeyModifiers::NONE })];
    for (bytes, kind) in [
        (&b"\x1b[<0;10;5M"[..], MouseEventKind::Down(MouseButton::Left)),
        (b"\x1b[<2;10;5m", MouseEventKind::Up(MouseButton::Right)),
        (b"\x1b[<65;10;5M", MouseEventKind::ScrollDown),
        (b"\x1b[M *%", MouseEventKind::Down(MouseButton::Left)),
        (b"\x1b[M`*%", MouseEventKind::ScrollUp),
        (b"\x1b[32;10;5M", MouseEventKind::Down(MouseButton::Left)),
        (b"\x1b[<35;10;5M", MouseEventKind::Moved),
    ] {
        assert_eq!(decode(&[bytes]), click(kind), "{}", bytes.escape_ascii());
    }
    // positions that no byte can hold, and no position at all
    let events = decode(&[b"\x1b[M \xff\xffx\x1b[<0;0;0Mx\x1b[M\x01\x01\x01x"]);
    assert_eq!(events.iter().filter(|event| matches!(event, Event::Key(_))).count(), 3, "{events:?}");
}

#[test]
fn everything_in_a_paste_is_text() {
    let inside = "one\rtwo \x1b[A \x1b]0;x\x07 \x1b[200~ \x1b\x1b[201 é";
    assert_eq!(
        decode(&[format!("\x1b[200~{inside}\x1b[201~x").as_bytes()]),
        [Event::Paste(inside.into()), Event::Key(KeyEvent::new(KeyCode::Char('x'), KeyModifiers::NONE))]
    );
    let huge = [b"\x1b[200~", vec![b'a'; PASTE_MAX + 99].as_slice(), b"\x1b[201~x"].concat();
    let events = decode(&[&huge]);
    assert!(matches!(&events[..], [Event::Paste(text), Event::Key(_)] if text.len() == PASTE_MAX), "{}", events.len());
}

/// Sends, waits, sends more; returns the events so far.
fn slowly(first: &[u8], wait: Duration, then: &[u8]) -> String {
    let now = Instant::now();
    let (mut decoder, mut out) = (Decoder::new(now), Vec::new());
    decoder.feed(first, now, &mut out);
    while decoder.due().is_some_and(|due| due <= now + wait) {
        decoder.expire(&mut out);
    }
    decoder.feed(then, now + wait, &mut out);
    told(&out)
}

#[test]
fn escape_waits_25_ms_for_a_sequence_and_no_longer() {
    let ms = Duration::from_millis;
    assert_eq!(slowly(b"\x1b", ms(2), b"[I"), "<in>");
    assert_eq!(slowly(b"\x1b", ms(24), b"[A"), format!("<{}>", KeyCode::Up));
    assert_eq!(slowly(b"\x1b", ms(25), b"x"), format!("<{}>x", KeyCode::Esc));
    assert_eq!(slowly(b"\xe6\x97", ms(60), b"\xa5"), "日");
}

#[test]
fn an_unterminated_string_does_not_swallow_what_is_typed_later() {
    let ms = Duration::from_millis;
    assert_eq!(slowly(b"\x1b]11;rgb:", ms(200), b"00\x07x"), "x");
    assert_eq!(slowly(b"\x1b]11;rgb:00", ms(300), b"typed"), "typed");
    assert_eq!(slowly(b"\x1b]", ms(110), b"typed"), "<M-]>typed");
    let now = Instant::now();
    let (mut decoder, mut out) = (Decoder::new(now), Vec::new());
    decoder.feed(b"\x1b]11;rgb:", now, &mut out);
    for key in 1..20 {
        decoder.feed(b"x", now + ms(100) * key, &mut out);
    }
    assert!((8..=11).contains(&told(&out).len()), "{}", told(&out));
    assert!(of(&[b"\x1b]11;", vec![b'x'; STRING_MAX + 100].as_slice()].concat()).len() < 200);
}

#[test]
fn an_unterminated_paste_is_still_a_paste() {
    assert_eq!(slowly(b"\x1b[200~one\rtwo\x1b[2", Duration::from_secs(60), b"x"), "\"one\\rtwo\"x");
}

#[test]
fn a_paste_that_stalls_is_still_one_paste() {
    for pause in [6, 59] {
        let late = slowly(b"\x1b[200~one\r/two\r", Duration::from_secs(pause), b"/leave\rthree\r\x1b[201~x");
        assert_eq!(late, "\"one\\r/two\\r/leave\\rthree\\r\"x", "after {pause} s");
    }
    assert_eq!(slowly(b"\x1b[200~one\x1b[20", Duration::from_secs(30), b"1~x"), "\"one\"x");
}

#[test]
fn a_ctrl_c_after_a_pause_ends_an_unterminated_paste() {
    let stop = format!("<{}>", of(b"\x03").trim_matches(['<', '>']));
    assert_eq!(slowly(b"\x1b[200~one", Duration::from_secs(2), b"\x03"), format!("\"one\"{stop}"));
    let inside = slowly(b"\x1b[200~one", Duration::from_millis(10), b"\x03");
    assert_eq!(inside, "", "a byte of the paste itself");
}

#[test]
fn a_broken_character_does_not_affect_its_neighbours() {
    assert_eq!(
        of(b"a\xc3b\xe6\x97c\xff\xfe\xc0\xafd\xed\xa0\x80e\xf0\x9f\x1b[Af"),
        format!("abcd e<{}>f", KeyCode::Up).replace(' ', "")
    );
}

/// Sequences that are not keys, and what may be between them.
fn dropped() -> impl Strategy<Value = Vec<u8>> {
    let string = (prop::sample::select(b"]PX^_".to_vec()), "[ -~é日👍\u{e0}]{1,20}", 0..3_usize);
    let string = string.prop_map(|(introducer, text, end)| {
        let end: &[u8] = [&b"\x07"[..], b"\x1b\\", b"\xc2\x9c"][end];
        [&[ESC, introducer][..], text.as_bytes(), end].concat()
    });
    let reply = ("[?>=][0-9;:]{0,20}[ -/]{0,2}[@-~]").prop_map(|reply| format!("\x1b[{reply}").into_bytes());
    prop_oneof![string, reply]
}

proptest! {
    #[test]
    fn splitting_the_bytes_does_not_change_the_events(
        bytes in prop::collection::vec(prop_oneof![any::<u8>(), prop::sample::select(b"\x1b[]O;0~M\\\x07\x9c".to_vec())], 0..200),
        sizes in prop::collection::vec(1..9_usize, 200),
    ) {
        let mut rest = &bytes[..];
        let mut reads = Vec::new();
        for size in sizes {
            let (read, more) = rest.split_at(size.min(rest.len()));
            reads.push(read);
            rest = more;
        }
        reads.push(rest);
        prop_assert_eq!(decode(&reads), decode(&[&bytes]));
    }

    #[test]
    fn no_part_of_a_sequence_is_typed_and_no_text_is_lost(
        parts in prop::collection::vec((dropped(), "[a-z日👍 ]{1,5}"), 1..9),
    ) {
        let bytes: Vec<u8> = parts.iter().flat_map(|(sequence, text)| [sequence, text.as_bytes()].concat()).collect();
        let text: String = parts.iter().map(|(_, text)| text.as_str()).collect();
        prop_assert_eq!(of(&bytes), text);
    }

    #[test]
    fn a_paste_is_decoded_unchanged(text in any::<String>()) {
        prop_assume!(!text.contains("\x1b[201~"));
        let bytes = format!("\x1b[200~{text}\x1b[201~");
        prop_assert_eq!(decode(&[bytes.as_bytes()]), [Event::Paste(text)]);
    }
}
