//! The looks of the screens for people and for messages that change: in the dark and the light theme, and with NO_COLOR,
//! where only glyphs and weight are left. A snapshot shows one screen in all three.

use std::fmt::Write;

use insta::assert_snapshot;
use quchat_client::model::{Dialog, PasswordForm};
use quchat_shared::RoomId;
use tuirealm::{
    event::{Key, KeyModifiers as Mod},
    ratatui::{buffer::Buffer, style::Color},
};

use crate::{
    changing::{changed, picking},
    listing::{found, inbox, kinds, search, with_unread},
    people::{bans, listed, participants, sessions, with_dialog},
    stage::Stage,
    styled::styled,
};

/// The frame as a terminal shows it if `NO_COLOR` is set: the writer of frames leaves the colours out.
fn without_colour(buffer: &Buffer) -> Buffer {
    let mut buffer = buffer.clone();
    for cell in &mut buffer.content {
        (cell.fg, cell.bg) = (Color::Reset, Color::Reset);
    }
    buffer
}

fn in_each_look(screen: &str, stage: impl Fn(u16, u16) -> Stage) {
    let mut looks = String::new();
    for theme in ["dark", "light", "terminal"] {
        let mut stage = stage(80, 24);
        stage.model.theme = theme.into();
        stage.draw();
        stage.draw(); // the second frame is the stable one
        let (name, frame) = match theme {
            "terminal" => ("NO_COLOR", styled(&without_colour(stage.buffer()))),
            theme => (theme, styled(stage.buffer())),
        };
        writeln!(looks, "{name}\n{frame}").unwrap();
    }
    assert_snapshot!(format!("{screen}_80x24"), looks);
}

#[test]
fn editing_and_reactions() {
    in_each_look("editing", |width, height| {
        let mut stage = Stage::in_general(width, height, changed());
        stage.press(Key::Char('e'), Mod::ALT);
        stage.type_text(", give me a minute");
        stage
    });
    in_each_look("reacting", picking);
}

#[test]
fn people_and_bans() {
    in_each_look("people", listed);
    in_each_look("direct", |width, height| {
        let mut stage = participants(width, height);
        stage.model.open = Some(RoomId(21));
        stage.follow();
        stage
    });
    in_each_look("bans", |width, height| with_dialog(width, height, Dialog::Bans(bans(RoomId(1), 5))));
}

#[test]
fn inbox_and_search() {
    in_each_look("inbox", |width, height| {
        let mut stage = with_unread(width, height);
        inbox(&mut stage, kinds());
        stage
    });
    in_each_look("search", |width, height| {
        let mut stage = with_unread(width, height);
        search(&mut stage, "word", vec![found(1, 5), found(2, 22)]);
        stage
    });
}

#[test]
fn sessions_and_password() {
    in_each_look("sessions", |width, height| with_dialog(width, height, Dialog::Sessions(sessions(5))));
    in_each_look("password", |width, height| {
        let mut stage = with_dialog(width, height, Dialog::Password(PasswordForm::default()));
        stage.type_text("old secret");
        stage.key(Key::Tab);
        stage.type_text("new");
        stage
    });
}

/// The row of the screen that contains this, without colours.
fn row(stage: &mut Stage, text: &str) -> String {
    stage.draw();
    let frame = styled(&without_colour(stage.buffer()));
    let rows: Vec<&str> = frame.lines().collect();
    let at = rows.iter().position(|row| row.contains(text)).unwrap();
    format!("{}\n{}", rows[at], rows.get(at + 1).copied().unwrap_or_default())
}

#[test]
fn a_reaction_of_the_user_is_marked_by_more_than_colour() {
    let mut stage = Stage::in_general(80, 24, changed());
    let row = row(&mut stage, "🎉 1");
    let (text, weights) = row.split_once('\n').unwrap();
    assert!(text.contains("[👍 2]  🎉 1"), "{row}");
    let weight_of = |what: &str| {
        let at = unicode_width::UnicodeWidthStr::width(&text[..text.find(what).unwrap()]);
        weights.chars().nth(at)
    };
    assert_ne!(weight_of("[👍"), weight_of("🎉"), "{row}");
}
