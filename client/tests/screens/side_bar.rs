//! The side bar: signs of rooms, and the unread counts of rooms out of view.

use quchat_client::{
    model::{Link, SendState},
    theme::Themes,
};
use quchat_shared::{RoomId, Seq, room::Notify};
use tuirealm::event::{Key, KeyModifiers as Mod};

use crate::stage::{Stage, room, talk};

/// alice is in `rooms` more rooms than in [`Stage::in_general`]. Those are listed first, and the first one is open.
fn many(width: u16, height: u16, rooms: u64) -> Stage {
    let mut stage = Stage::in_general(width, height, talk());
    for id in 11..11 + rooms {
        stage.add_room(room(id, &format!("room {id}"), "", true));
    }
    stage
}

fn unread(stage: &mut Stage, id: u64, messages: u64, mentions: u64) {
    let room = stage.model.rooms.get_mut(&RoomId(id)).unwrap();
    (room.info.last_seq, room.mentions) = (Seq(messages), mentions);
}

/// The side bar's rows, from the first below the title to the one above the status line.
fn rows(stage: &mut Stage) -> Vec<String> {
    let screen = stage.screen();
    let rows = screen.lines().skip(1).map(|line| line.split('│').next().unwrap().trim_end().to_owned());
    let mut rows: Vec<_> = rows.collect();
    rows.pop();
    rows
}

fn row(stage: &mut Stage, name: &str) -> String {
    let rows = rows(stage);
    rows.iter().find(|row| row.contains(name)).unwrap_or_else(|| panic!("no {name}: {rows:#?}")).clone()
}

#[test]
fn unread_rooms_out_of_view_are_counted_at_the_edge_where_they_are() {
    let mut stage = many(80, 24, 43);
    assert!(rows(&mut stage).iter().all(|row| !row.contains(['↑', '↓'])));
    unread(&mut stage, 53, 1, 1);
    let below = rows(&mut stage);
    assert_eq!(below.last().unwrap(), "  ↓ @1", "{below:#?}");
    unread(&mut stage, 53, 2, 0);
    assert_eq!(rows(&mut stage).last().unwrap(), "  ↓ 2 unread");
    stage.model.open = Some(RoomId(53));
    unread(&mut stage, 53, 0, 0);
    unread(&mut stage, 2, 2, 0);
    let above = rows(&mut stage);
    assert_eq!(above[0], "  ↑ 2 unread", "{above:#?}");
    assert!(above.iter().any(|row| row.contains("▸ #room 53")), "{above:#?}");
    unread(&mut stage, 2, 9, 3);
    assert_eq!(rows(&mut stage)[0], "  ↑ @3");
}

#[test]
fn in_the_middle_both_edges_count_and_never_cover_the_open_room() {
    for open in 11..=53 {
        let mut stage = many(80, 24, 43);
        stage.model.open = Some(RoomId(open));
        unread(&mut stage, 2, 1, 0);
        unread(&mut stage, 53, if open == 53 { 0 } else { 4 }, 0);
        let rows = rows(&mut stage);
        assert!(rows.iter().any(|row| *row == format!("▸ #room {open}")), "{rows:#?}");
        let seen = |name: &str| rows.iter().any(|row| row.contains(name));
        assert!(seen("#ops") || rows[0] == "  ↑ 1 unread", "{rows:#?}");
        assert!(seen("#room 53") || rows.last().unwrap() == "  ↓ 4 unread", "{rows:#?}");
    }
}

#[test]
fn the_room_below_an_edge_is_counted_and_a_muted_room_is_not() {
    let mut stage = many(80, 24, 43);
    let last = rows(&mut stage).last().unwrap().clone();
    let covered: u64 = last.rsplit(' ').next().unwrap().parse().unwrap();
    unread(&mut stage, covered, 5, 0);
    assert!(!rows(&mut stage).last().unwrap().contains('↓'), "it is in sight");
    unread(&mut stage, 53, 2, 0);
    assert_eq!(rows(&mut stage).last().unwrap(), "  ↓ 7 unread");
    for id in [53, covered] {
        stage.model.rooms.get_mut(&RoomId(id)).unwrap().notify = Some(Notify::None);
    }
    assert!(!rows(&mut stage).last().unwrap().contains('↓'));
}

#[test]
fn the_edges_work_on_a_small_screen_and_with_the_focus_in_the_side_bar() {
    let mut stage = many(40, 12, 43);
    unread(&mut stage, 53, 1, 1);
    stage.key(Key::Tab);
    let screen = stage.screen();
    assert!(screen.contains("↓ @1"), "{screen}");
    for _ in 0..60 {
        stage.key(Key::Down);
        let screen = stage.screen();
        assert!(screen.contains("❯"), "{screen}");
        assert!(screen.contains("@1"), "{screen}");
    }
}

#[test]
fn drafts_unsent_messages_and_muted_rooms_have_signs_in_their_columns() {
    let mut stage = many(80, 24, 3);
    stage.type_text("half a thought");
    assert_eq!(row(&mut stage, "#general"), "▸ #general");
    stage.press(Key::Down, Mod::ALT);
    assert_eq!(row(&mut stage, "#general"), " ✎#general");
    stage.model.open = Some(RoomId(11));
    stage.pend("p-1", "waits", SendState::RetryAt { at: 99_000, asked: None });
    stage.model.rooms.get_mut(&RoomId(12)).unwrap().notify = Some(Notify::None);
    unread(&mut stage, 12, 3, 0);
    assert_eq!(row(&mut stage, "#room 11"), "▸◌#room 11");
    assert_eq!(row(&mut stage, "#room 12"), "  #room 12        3⊘");
    assert_eq!(row(&mut stage, "#room 13"), "  #room 13");
    stage.themes = Themes::new(Vec::new(), true);
    assert_eq!(rows_in_ascii(&mut stage), [" =#general", ">~#room 11", "  #room 12        3m"]);
}

/// The rows of the rooms with a sign.
fn rows_in_ascii(stage: &mut Stage) -> Vec<String> {
    let screen = stage.screen();
    let rows = screen.lines().map(|line| line.split('|').next().unwrap().trim_end().to_owned());
    rows.filter(|row| ["#general", "#room 11", "#room 12"].iter().any(|name| row.contains(name))).take(3).collect()
}

#[test]
fn a_message_sent_just_now_has_no_sign() {
    let mut stage = many(80, 24, 1);
    stage.pend("p-1", "on its way", SendState::InFlight(1));
    assert_eq!(row(&mut stage, "#general"), "▸ #general");
    stage.model.link = Link::Reconnecting { at: 99_000, failures: 1, reason: "cut".to_owned() };
    assert_eq!(row(&mut stage, "#general"), "▸◌#general");
}
