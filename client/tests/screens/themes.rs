//! Themes and ASCII: the same screen with other colours and symbols.

use quchat_client::{
    model::{Dialog, Link, PasswordForm, Question, SendState},
    theme::Themes,
};
use quchat_shared::{RoomId, Seq};
use tuirealm::{event::Key, ratatui::style::Color};

use crate::{
    listing::{inbox, mention},
    people::{bans, people, sessions, with_direct},
    stage::{Stage, long_talk},
};

#[test]
fn a_theme_changes_colours_and_no_text() {
    let mut stage = Stage::in_general(80, 24, long_talk(9));
    let before = stage.screen();
    assert!(stage.buffer().content().iter().all(|cell| cell.bg == Color::Reset));
    stage.type_text("/theme dark");
    stage.key(Key::Enter);
    assert_eq!(stage.screen(), before);
    assert!(stage.buffer().content().iter().all(|cell| cell.bg == Color::Indexed(234)));
    stage.resize(30, 8);
    stage.draw();
    assert!(
        stage.buffer().content().iter().all(|cell| cell.bg == Color::Indexed(234)),
        "also on a screen that is too small"
    );
}

#[test]
fn ascii_uses_no_other_symbol() {
    let mut stage = Stage::in_general(80, 24, long_talk(60));
    with_direct(&mut stage);
    stage.themes = Themes::new([], true);
    stage.room().new_after = Some(Seq(58));
    stage.pend("p-1", "waits", SendState::InFlight(1));
    stage.pend("p-2", "will not be had", SendState::Refused("archived".into()));
    stage.model.link = Link::Reconnecting { at: 15_000, failures: 2, reason: "connection refused".to_owned() };
    let mut seen = vec![stage.screen()];
    stage.key(Key::PageUp);
    seen.push(stage.screen());
    stage.key(Key::Function(2));
    seen.push(stage.screen());
    let dialogs = [
        Dialog::Help,
        Dialog::Switcher,
        Dialog::Review { room: RoomId(1), txn: "p-2".into() },
        Dialog::CreateRoom { name: String::new(), waiting: true, problem: None },
        Dialog::Ask(Question::Quit { unsent: 2 }),
        Dialog::SignedOut,
        Dialog::Search,
        Dialog::People(people(RoomId(1), &["alice", "bob"])),
        Dialog::Bans(bans(RoomId(1), 3)),
        Dialog::Sessions(sessions(2)),
        Dialog::Password(PasswordForm::default()),
    ];
    for dialog in dialogs {
        stage.model.dialogs = vec![dialog];
        stage.follow();
        seen.push(stage.screen());
    }
    let mut signing_in = Stage::new(80, 24);
    signing_in.themes = Themes::new([], true);
    seen.push(signing_in.screen());
    let mut listing = Stage::in_general(80, 24, long_talk(9));
    listing.themes = Themes::new([], true);
    inbox(&mut listing, (1..=9).map(|seq| mention(2, seq)).collect());
    seen.push(listing.screen());
    for screen in seen {
        assert!(screen.is_ascii(), "{screen}");
    }
}
