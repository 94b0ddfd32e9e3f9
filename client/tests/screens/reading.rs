//! Unread messages in a room: where it opens, what is shown about the rest, and what becomes read.

use quchat_client::{
    model::{Key as Entry, Room},
    update::{Action, Answer, Effect, Msg, Request},
};
use quchat_shared::{Message, RoomId, Seq, api::ReadMarker};
use tuirealm::event::{Key, KeyModifiers as Mod};

use crate::stage::{Stage, long_talk, message, room};

const NEWS: RoomId = RoomId(7);

/// alice is in #general; in #news `new` messages of one row each are unread, after 30 that are read.
fn news(width: u16, height: u16, new: u64) -> Stage {
    let text = |seq: u64| format!("news {seq}.");
    let talk = (1..=30 + new).map(|seq| Message { room_id: NEWS, ..message(seq, 10 * seq as i64, "bob", &text(seq)) });
    with(width, height, talk.collect(), 30)
}

fn with(width: u16, height: u16, talk: Vec<Message>, read: u64) -> Stage {
    let mut stage = Stage::in_general(width, height, long_talk(3));
    stage.add_room(room(NEWS.0, "news", "what is new", true));
    stage.hold(NEWS, talk);
    let news = stage.model.rooms.get_mut(&NEWS).unwrap();
    news.member.as_mut().unwrap().last_read_seq = Seq(read);
    stage.draw();
    stage
}

fn open(stage: &mut Stage) -> String {
    stage.msg(Msg::Open(NEWS));
    stage.draw();
    stage.screen()
}

/// Lets time pass, one second and one frame at a time.
fn wait(stage: &mut Stage, seconds: u64) {
    for _ in 0..seconds {
        stage.model.now.mono_ms += 1_000;
        stage.msg(Msg::Tick);
        stage.draw();
        let marks: Vec<_> = stage
            .effects
            .iter()
            .filter_map(|effect| match effect {
                Effect::Call { call, req: Request::MarkRead(NEWS, marker) } => Some((*call, marker.seq)),
                _ => None,
            })
            .collect();
        for (call, last_read_seq) in marks {
            let reply = Ok(Answer::Marker(ReadMarker { last_read_seq, unread: 0, mentions: 0 }));
            stage.msg(Msg::Done { call, reply }); // replies to completed calls are ignored
        }
    }
}

fn news_of(stage: &Stage) -> &Room {
    &stage.model.rooms[&NEWS]
}

fn unread(stage: &Stage) -> u64 {
    news_of(stage).unread()
}

#[test]
fn more_messages_than_fit_open_at_the_new_line_and_only_shown_ones_become_read() {
    for (width, height) in [(80, 24), (40, 12), (140, 50)] {
        let mut stage = news(width, height, 120);
        let screen = open(&mut stage);
        assert!(screen.contains(" new ─") && screen.contains("news 31.") && screen.contains("news 30."), "{screen}");
        let shown: Vec<u64> = (31..=150).filter(|seq| screen.contains(&format!("news {seq}."))).collect();
        assert!(!screen.contains("news 150.") && !screen.contains("↑"), "{screen}");
        wait(&mut stage, 3);
        stage.press(Key::Char('s'), Mod::ALT);
        wait(&mut stage, 3);
        assert_eq!(unread(&stage), 120 - shown.len() as u64, "{width}x{height}");
        let marked = stage.effects.iter().find_map(|effect| match effect {
            Effect::Call { req: Request::MarkRead(NEWS, marker), .. } => Some(marker.seq),
            _ => None,
        });
        assert_eq!(marked, shown.last().map(|&seq| Seq(seq)));
    }
}

#[test]
fn messages_that_fit_are_shown_and_become_read() {
    for new in [1, 5, 17] {
        let mut stage = news(80, 24, new);
        let screen = open(&mut stage);
        assert!(screen.contains(" new ─") && screen.contains(&format!("news {}.", 30 + new)), "{screen}");
        assert!(screen.contains("news 31."), "{screen}");
        wait(&mut stage, 3);
        assert_eq!(unread(&stage), 0);
    }
}

#[test]
fn long_messages_count_by_their_rows() {
    let long = "word ".repeat(100);
    let talk = (1..=12)
        .map(|seq| Message { room_id: NEWS, ..message(seq, 10 * seq as i64, "bob", &format!("no. {seq}: {long}")) });
    let mut stage = with(80, 24, talk.collect(), 4);
    let screen = open(&mut stage);
    assert!(screen.contains(" new ─") && screen.contains("no. 5:") && !screen.contains("no. 12:"), "{screen}");
    wait(&mut stage, 3);
    assert!((1..8).contains(&unread(&stage)), "{}", unread(&stage));
    assert!(
        !screen.contains(&format!("no. {}:", 12 - unread(&stage) + 2)),
        "a message is read only if its last row was visible"
    );
}

#[test]
fn a_message_taller_than_the_screen_becomes_read_once_its_end_was_shown() {
    let text = (1..=60).map(|row| format!("row {row}.")).collect::<Vec<_>>().join("\n");
    let talk = vec![
        Message { room_id: NEWS, ..message(1, 0, "bob", "read") },
        Message { room_id: NEWS, ..message(2, 9, "bob", &text) },
    ];
    let mut stage = with(80, 24, talk, 1);
    let screen = open(&mut stage);
    assert!(screen.contains("row 1.") && !screen.contains("row 60."), "{screen}");
    wait(&mut stage, 9);
    assert_eq!(unread(&stage), 1);
    for _ in 0..5 {
        stage.key(Key::PageDown);
        stage.draw();
    }
    wait(&mut stage, 3);
    assert_eq!(unread(&stage), 0);
}

#[test]
fn the_end_key_shows_how_many_messages_were_skipped_and_the_key_back() {
    for (width, height, keys) in [(80, 24, 1), (40, 12, 1), (80, 24, 30)] {
        let mut stage = news(width, height, 120);
        open(&mut stage);
        if keys == 1 {
            stage.key(Key::End);
        }
        (1..keys).for_each(|_| {
            stage.key(Key::PageDown); // faster than anyone reads
            stage.draw();
        });
        let screen = stage.screen();
        let first = (31..=150).find(|seq| screen.contains(&format!("news {seq}."))).unwrap();
        assert!(screen.contains("news 150."), "{screen}");
        let sign = format!("↑ {} new · Alt+U", first - 31);
        assert!(screen.lines().next().unwrap().contains(&sign), "{sign}: {screen}");
        assert_eq!(unread(&stage), if keys == 1 { 0 } else { 120 });
        wait(&mut stage, 3);
        assert_eq!(unread(&stage), if keys == 1 { 0 } else { 120 }, "earlier messages were not seen");
        stage.press(Key::Char('u'), Mod::ALT);
        let screen = stage.screen();
        assert!(screen.contains(" new ─") && screen.contains("news 31.") && !screen.contains("↑"), "{screen}");
    }
}

#[test]
fn reading_page_by_page_skips_nothing_and_ends_with_all_read() {
    let mut stage = news(80, 24, 60);
    open(&mut stage);
    for _ in 0..12 {
        wait(&mut stage, 2);
        assert!(!stage.screen().contains("↑"), "{}", stage.screen());
        stage.key(Key::PageDown);
        stage.draw();
    }
    wait(&mut stage, 3);
    assert_eq!(unread(&stage), 0);
    stage.msg(Msg::Act(Action::LastRoom));
    let screen = open(&mut stage);
    assert!(!screen.contains(" new ─") && !screen.contains("↑") && screen.contains("news 90."), "{screen}");
}

#[test]
fn the_badge_of_the_open_room_stays_while_something_unread_is_out_of_view() {
    let mut stage = news(80, 24, 120);
    open(&mut stage);
    for _ in 0..30 {
        stage.key(Key::PageDown);
        stage.draw();
    }
    let screen = stage.screen();
    let row = screen.lines().find(|line| line.contains("▸ #news ")).unwrap();
    assert!(screen.contains("news 150.") && row.contains("120"), "{screen}");
    let mut near = news(80, 24, 4);
    let screen = open(&mut near);
    let row = screen.lines().find(|line| line.contains("▸ #news ")).unwrap();
    assert!(!row.split('│').next().unwrap().contains('4'), "{screen}");
}

#[test]
fn nothing_becomes_read_below_the_side_bar_or_on_a_screen_that_is_too_small() {
    let hide: [fn(&mut Stage); 3] = [
        |stage| {
            stage.resize(50, 20);
            stage.key(Key::Tab);
        },
        |stage| stage.resize(39, 24),
        |stage| drop(stage.press(Key::Function(1), Mod::NONE)),
    ];
    for hide in hide {
        let mut stage = news(80, 24, 5);
        stage.msg(Msg::Open(NEWS));
        hide(&mut stage);
        stage.draw();
        wait(&mut stage, 9);
        assert_eq!(unread(&stage), 5, "{}", stage.screen());
        stage.key(Key::Esc);
        stage.resize(80, 24);
        stage.draw();
        wait(&mut stage, 1);
        assert_eq!(unread(&stage), 0, "{}", stage.screen());
    }
}

#[test]
fn messages_that_arrived_while_the_terminal_was_unfocused_are_new() {
    let mut stage = news(80, 24, 0);
    open(&mut stage);
    stage.msg(Msg::TermFocus(false));
    for seq in 31..=150 {
        let message = Message { room_id: NEWS, ..message(seq, 10 * seq as i64, "bob", &format!("news {seq}.")) };
        let event = quchat_shared::event::MessageCreated { room_id: NEWS, message };
        let stream = stage.model.stream.unwrap_or_default();
        stage.model.stream = Some(stream);
        let event = quchat_client::update::ServerEvent::Event(event.into(), quchat_shared::Cursor::default());
        stage.msg(Msg::Stream { stream, events: vec![event] });
        stage.draw();
    }
    wait(&mut stage, 9);
    assert_eq!(unread(&stage), 120);
    stage.msg(Msg::TermFocus(true));
    stage.draw();
    let screen = stage.screen();
    let first = (31..=150).find(|seq| screen.contains(&format!("news {seq}."))).unwrap();
    assert!(screen.contains(&format!("↑ {} new · Alt+U", first - 31)), "{screen}");
    assert_eq!(news_of(&stage).new_above(&Entry::Seq(Seq(first))), first - 31);
    wait(&mut stage, 9);
    assert_eq!(unread(&stage), 120, "earlier messages were not seen");
}
