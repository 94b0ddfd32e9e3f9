//! Rooms and messages.

use std::sync::Arc;

use insta::assert_snapshot;
use quchat_client::{
    api::Origin,
    model::{Fetch, Link, Notice, SendState, Storage, Timeline, Tone, Wanted},
    update::{Action, Answer, Effect, Failure, Msg, Request, ServerEvent},
};
use quchat_shared::{Message, RoomId, Seq, UserId, message::Reaction};
use tuirealm::{
    event::{Key, KeyModifiers as Mod},
    ratatui::style::Modifier,
};

use crate::stage::{Stage, long_talk, message, room, talk, visible};

#[test]
fn bare_shows_only_text_to_select_with_the_mouse() {
    let mut stage = Stage::in_general(80, 24, talk());
    stage.type_text("draft");
    let before = stage.screen();
    stage.key(Key::Function(2));
    assert_snapshot!(stage.screen());
    stage.key(Key::Function(2));
    assert_eq!(stage.screen(), before);
}

#[test]
fn an_empty_server_says_what_to_do() {
    assert_snapshot!(Stage::signed_in(80, 24).screen());
}

#[test]
fn an_empty_server_on_a_small_screen() {
    assert_snapshot!(Stage::signed_in(40, 12).screen());
}

#[test]
fn a_room_list_that_is_not_loaded_is_not_shown_as_empty() {
    let mut stage = Stage::signed_in(80, 24);
    stage.model.cursor = None;
    let screen = stage.screen();
    assert!(
        screen.contains("Waiting for the server to list the rooms") && !screen.contains("No rooms yet"),
        "{screen}"
    );
}

#[test]
fn an_empty_room_invites_to_write() {
    let mut stage = Stage::in_general(80, 24, Vec::new());
    assert!(stage.screen().contains("Nothing here yet. Say hello."));
}

#[test]
fn a_room_that_is_not_loaded_shows_no_unread_messages_below() {
    let mut stage = Stage::in_general(80, 24, Vec::new());
    stage.room().timeline = Timeline::default();
    stage.pend("p-1", "are you still there?", SendState::Queued);
    let screen = stage.screen();
    assert!(screen.contains("still there?") && !screen.contains('↓'), "{screen}");
}

#[test]
fn conversation() {
    assert_snapshot!(Stage::in_general(80, 24, talk()).screen());
}

#[test]
fn conversation_small() {
    assert_snapshot!(Stage::in_general(40, 12, talk()).screen());
}

#[test]
fn conversation_large() {
    assert_snapshot!(Stage::in_general(200, 50, long_talk(60)).screen());
}

#[test]
fn loading_is_shown_after_200_ms() {
    let mut stage = Stage::in_general(80, 24, Vec::new());
    let since = stage.model.now.mono_ms;
    stage.room().timeline = Timeline::default();
    stage.room().fetch = Fetch::Loading { call: 1, page: Wanted::Newest, since };
    stage.model.now.mono_ms += 199;
    assert!(!stage.screen().contains("loading"));
    stage.model.now.mono_ms += 1;
    assert!(stage.screen().contains("loading"));
}

#[test]
fn a_failed_page_is_shown_over_the_top_row_and_moves_nothing() {
    let mut stage = Stage::in_general(80, 24, long_talk(100));
    stage.room().timeline.has_older = true;
    stage.press(Key::PageUp, Mod::NONE);
    stage.draw();
    let before = stage.screen();
    stage.room().fetch = Fetch::Failed { page: Wanted::Older, reason: "connection refused".into() };
    let after = stage.screen();
    assert!(after.lines().nth(1).unwrap().contains("✗ not loaded: connection refused"), "{after}");
    let between = |screen: &str| screen.lines().skip(2).take(17).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(between(&before), between(&after));
}

#[test]
fn unread_rooms_are_highlighted_and_the_new_line_stays() {
    let mut stage = Stage::in_general(80, 24, talk());
    stage.room().new_after = Some(Seq(4));
    stage.hold(RoomId(2), vec![message(1, 0, "bob", "x"), message(2, 0, "bob", "y"), message(3, 0, "bob", "z")]);
    let ops = stage.model.rooms.get_mut(&RoomId(2)).unwrap();
    ops.member.as_mut().unwrap().last_read_seq = Seq(1);
    ops.mentions = 1;
    stage.model.rooms.get_mut(&RoomId(3)).unwrap().info.last_seq = Seq(9);
    let mut garden = room(4, "garden", "", true);
    garden.info.last_seq = Seq(1200);
    stage.add_room(garden);
    assert_snapshot!(stage.screen());
}

#[test]
fn pending_and_refused_messages() {
    let mut stage = Stage::in_general(80, 24, talk());
    stage.pend("p-1", "this one waits", SendState::InFlight(1));
    stage.pend("p-2", "this one will be tried again", SendState::RetryAt { at: 99_000, asked: None });
    stage.pend("p-3", "this one the server will not have", SendState::Refused("the room is archived".into()));
    stage.model.link = Link::Reconnecting { at: 15_000, failures: 2, reason: "connection refused".to_owned() };
    assert_snapshot!(stage.screen());
}

#[test]
fn the_status_line_shows_the_real_state_of_the_connection() {
    let mut stage = Stage::in_general(80, 24, talk());
    let last = |stage: &mut Stage| stage.screen().lines().last().unwrap().trim_end().to_owned();
    let mut lines = vec![last(&mut stage)];
    for link in [
        Link::Connecting { failures: 0 },
        Link::Connecting { failures: 3 },
        Link::Reconnecting { at: 12_500, failures: 1, reason: "the server is going down".to_owned() },
        Link::SignedOut { reason: Some("this session was ended".to_owned()) },
    ] {
        stage.model.link = link;
        lines.push(last(&mut stage));
    }
    stage.model.link = Link::Connected;
    stage.model.storage = Storage::Failing("no space left on device".into());
    lines.push(last(&mut stage));
    stage.model.storage = Storage::Kept;
    stage.model.notice =
        Some(Notice { text: "cleared; Up brings it back".to_owned(), tone: Tone::Calm, until: 99_999 });
    lines.push(last(&mut stage));
    stage.resize(40, 12);
    lines.push(last(&mut stage));
    assert_snapshot!(lines.join("\n"));
}

#[test]
fn a_silent_server_is_not_shown_as_connected() {
    let mut stage = Stage::in_general(80, 24, talk());
    let last = |stage: &mut Stage| stage.screen().lines().last().unwrap().trim_end().to_owned();
    stage.type_text("hello");
    stage.key(Key::Enter);
    stage.msg(Msg::Saved { ticket: 1, result: Ok(()) });
    assert!(last(&mut stage).starts_with(" ● connected"));
    for (at, said) in [(4_999, " ● connected"), (5_000, " ◌ no answer for 5 s"), (61_000, " ◌ no answer for 61 s")]
    {
        stage.model.now.mono_ms = 10_000 + at;
        stage.msg(Msg::Tick);
        let line = last(&mut stage);
        assert!(line.starts_with(said) && (at < 5_000) == line.contains("connected"), "{line}");
        assert_eq!(line.contains("1 unsent"), at >= 5_000, "{line}");
    }
    stage.resize(40, 12);
    assert!(last(&mut stage).starts_with(" ◌ no answer for 61 s"), "{}", stage.screen());
}

#[test]
fn the_status_says_how_long_the_server_asks_to_wait_and_why() {
    let mut stage = Stage::in_general(100, 24, talk());
    stage.type_text("hello");
    stage.key(Key::Enter);
    let asked = Some("you send too many messages; wait before you try again".into());
    let at = stage.model.now.mono_ms + 12_000;
    stage.room().outbox[0].state = SendState::RetryAt { at, asked };
    stage.follow();
    let screen = stage.screen();
    assert!(screen.contains("1 unsent, waits 12 s: you send too many messages"), "{screen}");
    stage.room().outbox[0].state = SendState::Queued;
    stage.follow();
    assert!(!stage.screen().contains("waits"));
}

#[test]
fn a_connection_that_others_can_read_is_marked_in_the_top_line() {
    for (address, marked) in [("http://10.0.0.7", true), ("https://10.0.0.7", false), ("http://localhost", false)] {
        for (width, height) in [(40, 12), (80, 24)] {
            let mut stage = Stage::in_general(width, height, talk());
            stage.model.account.as_mut().expect("signed in").server =
                Origin::parse(address).expect("an address").into();
            stage.follow();
            let screen = stage.screen();
            let top = screen.lines().next().expect("a top line");
            assert!(top.contains("! not encrypted") == marked && top.contains("#general"), "{address}: {top}");
        }
    }
}

#[test]
fn reconnecting_is_not_shown_while_messages_are_sent() {
    let mut stage = Stage::in_general(80, 24, talk());
    stage.model.stream = Some(1);
    let ended = || ServerEvent::Ended(Failure::Unreachable { reason: "cut off".to_owned() });
    stage.msg(Msg::Stream { stream: 1, events: vec![ended()] });
    let line = stage.screen().lines().last().unwrap().to_owned();
    assert!(line.contains("reconnecting in 1 s: cut off"), "{line}");
    stage.type_text("hello");
    stage.key(Key::Enter);
    stage.msg(Msg::Saved { ticket: 1, result: Ok(()) });
    let mut sends = stage.effects.iter().filter_map(|effect| match effect {
        Effect::Call { call, req: Request::SendMessage(..) } => Some(*call),
        _ => None,
    });
    let call = sends.next_back().unwrap();
    stage.msg(Msg::Done { call, reply: Ok(Answer::Message(message(7, 40, "alice", "hello"))) });
    let line = stage.screen().lines().last().unwrap().to_owned();
    assert!(line.contains("sending works; new messages in") && !line.contains("reconnecting"), "{line}");
}

#[test]
fn edited_deleted_and_liked_messages() {
    let mut messages = talk();
    messages[0].edited_at = Some(messages[0].sent_at);
    messages[2].deleted_at = Some(messages[2].sent_at);
    messages[2].text.clear();
    messages[4].reactions = vec![Reaction { emoji: "👍".to_owned(), count: 2, users: vec![UserId(1), UserId(2)] }];
    assert_snapshot!(Stage::in_general(80, 24, messages).screen());
}

#[test]
fn wide_characters_and_emoji_keep_the_columns_straight() {
    let texts = [
        "日本語のメッセージはどこで折り返されるのかを見るための長い文章です",
        "👨‍👩‍👧‍👦 a family, 🇳🇱 a flag, 👩🏽‍🚀 an astronaut, ❤️ a heart",
        "e\u{301}\u{301}a\u{308} combining; ﾊﾟ halfwidth; a\tb tab",
        "مرحبا and שלום",
    ];
    let messages = (1..).zip(texts).map(|(seq, text)| message(seq, seq as i64, "bob", text)).collect();
    assert_snapshot!(Stage::in_general(80, 24, messages).screen());
}

#[test]
fn a_message_of_4000_characters_can_be_read_through() {
    let text: String = (0..800).map(|n| format!("{n:04} ")).collect();
    let mut stage =
        Stage::in_general(80, 24, vec![message(1, 0, "bob", text.trim_end()), message(2, 1, "carol", "wow")]);
    assert!(stage.screen().contains("more rows: /unfold"), "{}", stage.screen());
    stage.type_text("/unfold");
    stage.key(Key::Enter);
    let mut seen = stage.screen();
    for _ in 0..20 {
        stage.press(Key::PageUp, Mod::NONE);
        seen.push_str(&stage.screen());
    }
    for n in 0..800 {
        assert!(seen.contains(&format!("{n:04}")), "{n}");
    }
}

#[test]
fn the_side_bar_covers_the_history_if_there_is_no_room_beside_it() {
    let mut stage = Stage::in_general(40, 12, talk());
    assert!(!stage.screen().contains("ROOMS"));
    stage.key(Key::Tab);
    assert_snapshot!(stage.screen());
    stage.key(Key::Esc);
    assert!(!stage.screen().contains("ROOMS"));
}

#[test]
fn the_chosen_room_differs_by_glyph_and_weight() {
    let mut stage = Stage::in_general(80, 24, talk());
    stage.key(Key::Tab);
    stage.key(Key::Down);
    let screen = stage.screen();
    let row = screen.lines().position(|line| line.contains("❯ #ops")).expect("a glyph");
    let style = stage.buffer()[(3, row as u16)].style();
    assert!(style.add_modifier.contains(Modifier::REVERSED | Modifier::BOLD));
    assert_eq!(stage.key(Key::Enter), Some(Msg::Open(RoomId(2))));
    assert!(stage.screen().contains("▸ #ops"));
}

#[test]
fn a_letter_in_the_side_bar_goes_to_the_composer() {
    let mut stage = Stage::in_general(80, 24, talk());
    stage.key(Key::Tab);
    stage.type_text("hi");
    assert_eq!(stage.draft(), "hi");
}

#[test]
fn the_side_bar_scrolls_and_its_order_stays() {
    let mut stage = Stage::signed_in(80, 24);
    for id in 1..=60 {
        stage.add_room(room(id, &format!("room {id:02}"), "", id <= 50));
    }
    stage.model.open = Some(RoomId(1));
    stage.hold(RoomId(1), talk());
    stage.follow();
    stage.screen();
    stage.key(Key::Tab);
    for _ in 0..54 {
        stage.key(Key::Down);
    }
    let screen = stage.screen();
    assert!(screen.contains("❯ #room 55") && screen.contains("NOT JOINED"), "{screen}");
    stage.key(Key::Home);
    assert!(stage.screen().contains("❯ #room 01"));
}

#[test]
fn a_scrolled_view_stays_and_counts_new_messages() {
    let mut stage = Stage::in_general(80, 24, long_talk(200));
    stage.screen();
    stage.key(Key::PageUp);
    let before = stage.screen();
    assert!(before.contains("↓"), "{before}");
    let room = stage.room();
    for seq in 201..=212 {
        room.timeline.messages.push_back(Arc::new(message(seq, 700, "bob", "more")));
    }
    room.info.last_seq = Seq(212);
    let after = stage.screen();
    assert!(after.contains("↓ 12 new"), "{after}");
    let text = |screen: &str| {
        screen
            .lines()
            .skip(1)
            .take(17)
            .map(|row| row.chars().skip(20).take(59).collect::<String>())
            .map(|row| row.trim_end().to_owned())
            .collect::<Vec<_>>() // without the scroll bar
    };
    assert_eq!(text(&before), text(&after));
    stage.press(Key::End, Mod::NONE);
    assert!(stage.screen().contains("more"));
}

#[test]
fn below_40_by_12_one_line_says_so() {
    let mut stage = Stage::in_general(39, 12, talk());
    stage.type_text("kept");
    assert_eq!(stage.screen().trim(), "quchat needs 40x12; Ctrl+Q quits;\nnothing is lost");
    stage.resize(80, 24);
    assert!(stage.screen().contains("kept"));
}

#[test]
fn every_size_can_be_drawn() {
    let mut stage = Stage::in_general(80, 24, talk());
    stage.type_text("a draft\nof two lines");
    stage.press(Key::Function(1), Mod::NONE);
    for (width, height) in [(1, 1), (2, 3), (40, 12), (41, 13), (63, 15), (64, 16), (300, 12), (40, 100), (500, 200)] {
        stage.resize(width, height);
        stage.screen();
    }
    assert_eq!(stage.key(Key::Esc), Some(Msg::Act(Action::Cancel)));
}

#[test]
fn markup_is_shown_by_weight_and_slant_and_keeps_its_marks() {
    let text = "> what is the *port*?\nit is `7878`, _always_:\n```\nrun --port *7878*\n```\n- see https://a.example/x\n- ask @alice";
    let mut stage = Stage::in_general(80, 24, vec![message(1, 0, "bob", text)]);
    let screen = stage.screen();
    let rows: Vec<_> = screen.lines().enumerate().map(|(y, row)| (y as u16, row)).collect();
    for line in text.lines() {
        assert!(rows.iter().any(|(_, row)| row.contains(line)), "{line} is not in {screen}");
    }
    let style = |word: &str| {
        let (y, row) = rows.iter().find(|(_, row)| row.contains(word)).unwrap();
        let x = row.split_once(word).unwrap().0.chars().count() as u16;
        stage.buffer()[(x, *y)].modifier
    };
    assert_eq!(style("what"), Modifier::DIM);
    assert_eq!(style("*port*"), Modifier::DIM | Modifier::BOLD);
    assert_eq!(style("_always_"), Modifier::ITALIC);
    assert_eq!(style("*7878*"), Modifier::empty());
    assert_eq!(style("```"), Modifier::DIM);
    assert_eq!(style("- see"), Modifier::BOLD);
    assert_eq!(style("https"), Modifier::UNDERLINED);
    assert_eq!(style("@alice"), Modifier::BOLD | Modifier::REVERSED);
}

#[test]
fn the_users_name_is_highlighted_if_the_server_counts_a_mention() {
    let text = "`@alice` or @alice";
    let shown = |mentions| {
        let said = Message { mentions, ..message(1, 0, "bob", text) };
        let mut stage = Stage::in_general(80, 24, vec![said]);
        let screen = stage.screen();
        let (y, row) = screen.lines().enumerate().find(|(_, row)| row.contains(text)).unwrap();
        let x = row.split_once("or @alice").unwrap().0.chars().count() as u16 + 3;
        stage.buffer()[(x, y as u16)].modifier
    };
    assert_eq!(shown(vec![UserId(1)]), Modifier::BOLD | Modifier::REVERSED);
    assert_eq!(shown(vec![UserId(2)]), Modifier::empty(), "another user named \"alice.\" was mentioned");
}

#[test]
fn a_link_can_be_clicked_on_each_of_its_rows_until_a_dialog_covers_it() {
    let address = "https://ci.example.org/a/rather/long/path/to/the/log/of/the/run/4711?with=a&lot=of&detail=1";
    let mut stage = Stage::in_general(80, 24, vec![message(1, 0, "bob", &format!("see {address} now"))]);
    let plain = stage.screen();
    let links = |stage: &Stage| {
        let opened = stage.buffer().content().iter().filter(|cell| visible(cell.symbol()) != cell.symbol());
        opened.map(|cell| (cell.symbol().contains(address), visible(cell.symbol()).to_owned())).collect::<Vec<_>>()
    };
    let before = links(&stage);
    assert!(before.len() > 1 && before.iter().all(|(whole, _)| *whole), "{before:?}");
    assert_eq!(before.iter().map(|(_, text)| text.as_str()).collect::<String>(), address);
    stage.ctrl('g');
    stage.screen();
    stage.key(Key::Esc);
    assert_eq!(stage.screen(), plain);
    assert_eq!(links(&stage), before);
}

#[test]
fn a_scroll_bar_shows_the_position_and_moves_no_text() {
    let mut stage = Stage::in_general(80, 24, long_talk(200));
    assert!(!stage.screen().contains('▐'));
    let bar = |stage: &mut Stage| stage.screen().lines().position(|row| row.ends_with('▐'));
    let mut above = usize::MAX;
    for _ in 0..8 {
        stage.key(Key::PageUp);
        stage.draw();
        let at = bar(&mut stage).unwrap();
        assert!(at <= above);
        above = at;
    }
    for _ in 0..80 {
        stage.key(Key::PageUp);
        stage.draw();
    }
    assert_eq!(bar(&mut stage), Some(1));
    stage.press(Key::End, Mod::CONTROL);
    assert!(!stage.screen().contains('▐'));
}

#[test]
fn without_a_side_bar_the_top_line_counts_mentions_and_unread_separately() {
    let mut stage = Stage::in_general(40, 12, talk());
    let ops = stage.model.rooms.get_mut(&RoomId(2)).unwrap();
    (ops.info.last_seq, ops.mentions) = (Seq(4), 1);
    assert!(stage.screen().lines().next().unwrap().contains("@1  4 unread"), "{}", stage.screen());
}

#[test]
fn a_notice_is_never_cut_to_the_width_of_the_screen() {
    let notice = "the text was edited elsewhere meanwhile; look at it, then save yours again";
    for (width, height) in [(40, 12), (60, 20), (80, 24), (200, 50)] {
        let mut stage = Stage::in_general(width, height, talk());
        let until = stage.model.now.mono_ms + 5_000;
        stage.model.notice = Some(Notice { text: notice.to_owned(), tone: Tone::Error, until });
        let screen = stage.screen().replace(['│', '\n'], " ");
        let words: Vec<&str> = screen.split_whitespace().collect();
        assert!(words.join(" ").contains(&format!("✗ {notice}")), "{width}x{height}: {screen}");
    }
}
