//! Checks that styles are readable, do not rely on colour alone, and are written as they are parsed.

use proptest::prelude::*;
use tuirealm::ratatui::{layout::Rect, style::Modifier};

use super::*;

/// Red, green and blue of a colour from the fixed part of the 256-colour palette.
fn rgb(colour: Color) -> [u8; 3] {
    let Color::Indexed(number @ 16..) = colour else { panic!("{colour} differs from terminal to terminal") };
    match number {
        232.. => [8 + (number - 232) * 10; 3],
        _ => [36, 6, 1].map(|place| [0, 95, 135, 175, 215, 255][usize::from((number - 16) / place % 6)]),
    }
}

/// Relative luminance (WCAG 2.2).
fn luminance(colour: Color) -> f64 {
    let linear = rgb(colour).map(|part| match f64::from(part) / 255.0 {
        part if part <= 0.04045 => part / 12.92,
        part => ((part + 0.055) / 1.055).powf(2.4),
    });
    0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
}

#[test]
fn every_role_of_dark_and_light_has_the_text_contrast_that_wcag_requires() {
    for built_in in BUILT_IN.iter().filter(|built_in| built_in.name != "terminal") {
        let theme = built_in.theme();
        let text = theme.paints[0];
        for (mark, paint) in theme.paints.iter().enumerate() {
            let pair = [paint.fg.or(text.fg).unwrap(), paint.bg.or(text.bg).unwrap()].map(luminance);
            let (high, low) = (pair[0].max(pair[1]), pair[0].min(pair[1]));
            let contrast = (high + 0.05) / (low + 0.05);
            assert!(contrast >= 4.5, "{} {mark}: {contrast:.2}", built_in.name);
        }
    }
}

#[test]
fn no_state_is_shown_by_colour_alone() {
    for built_in in BUILT_IN {
        let theme = built_in.theme();
        for role in
            [Role::Wrong, Role::Waiting, Role::Fresh, Role::Link, Role::Found, Role::Named, Role::Chosen, Role::Me]
        {
            assert!(!theme.paints[usize::from(role.mark())].modifier.is_empty(), "{} {role:?}", built_in.name);
        }
    }
}

#[test]
fn a_frame_is_coloured_once_and_only_roles_change() {
    let mut buffer = Buffer::empty(Rect::new(0, 0, 4, 1));
    buffer[(1, 0)].set_style(Role::Wrong.style());
    buffer[(2, 0)].set_style(Role::Sender(SENDERS + 1).style().add_modifier(Modifier::ITALIC));
    buffer[(3, 0)].set_fg(Color::Rgb(1, 2, 3));
    BUILT_IN[1].theme().dress(&mut buffer);
    let look = |x: u16| (buffer[(x, 0)].fg, buffer[(x, 0)].bg, buffer[(x, 0)].modifier);
    let back = Color::Indexed(234);
    assert_eq!(look(0), (Color::Indexed(252), back, Modifier::empty()));
    assert_eq!(look(1), (Color::Indexed(210), back, Modifier::BOLD));
    assert_eq!(look(2), (Color::Indexed(111), back, Modifier::ITALIC));
    assert_eq!(look(3), (Color::Rgb(1, 2, 3), Color::Reset, Modifier::empty()));
}

#[test]
fn every_role_has_a_distinct_mark() {
    let mut marks: Vec<_> = ROLES.iter().map(|(_, role)| role.mark()).collect();
    marks.extend((0..SENDERS).map(|turn| Role::Sender(turn).mark()));
    marks.sort_unstable();
    assert!(marks.iter().copied().eq(0..MARKS as u8));
}

#[test]
fn valid_words_are_parsed_and_an_invalid_one_is_named() {
    let red = Paint { fg: Some(Color::Red), bg: None, modifier: Modifier::BOLD };
    assert_eq!(Paint::parse(" bold  red"), Ok(red));
    let full =
        Paint { fg: Some(Color::Rgb(208, 1, 255)), bg: Some(Color::Indexed(234)), modifier: Modifier::UNDERLINED };
    assert_eq!(Paint::parse("#d001FF on 234 underline"), Ok(full));
    assert_eq!(Paint::parse(""), Ok(Paint::default()));
    for (text, wrong) in [
        ("bold gren", "gren"),
        ("red blue", "blue"),
        ("on", "on"),
        ("on 256", "256"),
        ("#12345", "#12345"),
        ("+5", "+5"),
    ] {
        assert_eq!(Paint::parse(text), Err(wrong), "{text}");
    }
}

proptest! {
    #[test]
    fn a_style_is_written_as_it_is_parsed(
        fg in prop::option::of(0usize..20), bg in prop::option::of(0usize..20), weights in 0usize..32,
    ) {
        let words: Vec<_> = Paint::words().filter(|word| *word != "on").collect();
        let colour = |at: usize| match at {
            0..17 => words[at].to_owned(),
            17 => "17".to_owned(),
            at => format!("#{at}ffee"),
        };
        let weights = (0..5).filter(|bit| weights >> bit & 1 == 1).map(|bit| words[17 + bit].to_owned());
        let said: Vec<_> =
            fg.map(colour).into_iter().chain(bg.map(|bg| format!("on {}", colour(bg)))).chain(weights).collect();
        let said = said.join(" ");
        prop_assert_eq!(Paint::parse(&said).unwrap().to_string(), said);
    }

    #[test]
    fn any_words_can_be_parsed_or_refused(text in "\\PC{0,40}") {
        let _ = Paint::parse(&text);
    }
}

#[test]
fn ascii_replaces_every_symbol_by_one_column_and_keeps_text() {
    let mut buffer = Buffer::with_lines(["╭─ héllo 日 … ✗ ─╮"]);
    ascii::spell(&mut buffer);
    assert_eq!(buffer, Buffer::with_lines(["+- héllo 日 . x -+"]));
}

#[test]
fn an_ellipsis_takes_three_columns_if_there_is_room() {
    for (drawn, spelt) in [
        ("connecting …      ", "connecting ...    "),
        ("│ … and 18 more     │", "| ... and 18 more   |"),
        ("#a-long-na…│", "#a-long-...|"),
        ("carol-the-… hi", "carol-th... hi"),
        ("name…  hi there     ", "na...  hi there     "),
        ("↳ bob: yes …    ", "> bob: yes ...  "),
        ("…", "."),
    ] {
        let mut buffer = Buffer::with_lines([drawn]);
        ascii::spell(&mut buffer);
        assert_eq!(buffer, Buffer::with_lines([spelt]));
    }
}
