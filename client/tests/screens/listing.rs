//! Inbox and search in all rooms: what is listed, what stands out by more than colour, and where Enter leads.

use insta::assert_snapshot;
use quchat_client::{
    model::{Anchor, Key as Place, Model},
    update::{Answer, Effect, Failure, Msg, Request},
};
use quchat_shared::{
    Kind, Message, Problem, RoomId, Seq, UserId, UserRef,
    api::{FoundIn, Hit, Hits, Mention, Mentions},
    room::RoomKind,
};
use tuirealm::{
    event::{Key, KeyModifiers as Mod},
    ratatui::style::Modifier,
};

use crate::{
    stage::{Stage, long_talk, message, room, talk},
    styled::styled,
};

const SIZES: [(u16, u16); 3] = [(40, 12), (80, 24), (200, 50)];

fn found_in(id: u64) -> FoundIn {
    let name = ["general", "ops"].get(id as usize - 1).unwrap_or(&"attic").to_string();
    FoundIn { id: RoomId(id), name, kind: RoomKind::Public, peer: None }
}

/// A message by carol that names alice.
pub(crate) fn mention(room: u64, seq: u64) -> Mention {
    let message = message(seq, seq as i64 * 7, "carol", &format!("@alice, a word about no. {seq}: is it done?"));
    Mention { message: Message { room_id: RoomId(room), ..message }, room: found_in(room) }
}

/// A message in which "word" was found.
pub(crate) fn found(room: u64, seq: u64) -> Hit {
    let Mention { message, room } = mention(room, seq);
    let at = message.text.find("word").unwrap();
    Hit { ranges: vec![(at, at + 4)], message, room }
}

/// Answers the last call that matches.
fn answer(stage: &mut Stage, fits: impl Fn(&Request) -> bool, answer: Result<Answer, Failure>) {
    let call = stage.effects.iter().rev().find_map(|effect| match effect {
        Effect::Call { call, req } if fits(req) => Some(*call),
        _ => None,
    });
    stage.msg(Msg::Done { call: call.expect("a request"), reply: answer });
}

/// Opens the inbox, which holds these messages.
pub(crate) fn inbox(stage: &mut Stage, mut mentions: Vec<Mention>) {
    mentions.reverse();
    stage.press(Key::Char('i'), Mod::ALT);
    let page = Mentions { mentions, next: None };
    answer(stage, |req| matches!(req, Request::ListMentions(_)), Ok(Answer::Mentions(page)));
}

/// Opens the search and types this; the server finds these messages.
pub(crate) fn search(stage: &mut Stage, typed: &str, mut hits: Vec<Hit>) {
    hits.reverse();
    ask(stage, typed);
    let page = Hits { hits, next: Some("n".to_owned()) };
    answer(stage, |req| matches!(req, Request::SearchMessages(_)), Ok(Answer::Hits(page)));
}

fn ask(stage: &mut Stage, typed: &str) {
    stage.press(Key::Char('/'), Mod::ALT);
    stage.type_text(typed);
    stage.model.now.mono_ms += 1_000;
    stage.msg(Msg::Tick);
}

/// alice is in #general, and has not read the end of #ops.
pub(crate) fn with_unread(width: u16, height: u16) -> Stage {
    let mut stage = Stage::in_general(width, height, talk());
    let ops = stage.model.rooms.get_mut(&RoomId(2)).unwrap();
    ops.info.last_seq = Seq(30);
    ops.member.as_mut().unwrap().last_read_seq = Seq(20);
    ops.mentions = 2;
    stage.follow();
    stage
}

/// Mentions of every kind.
pub(crate) fn kinds() -> Vec<Mention> {
    let mut all = vec![mention(1, 5), mention(2, 12), mention(2, 22), mention(2, 23)];
    all[1].message.text = "yes, that is right\nand the next line too, which is so long that it cannot be in a single row of any but the widest list of messages, wherever it is cut".to_owned();
    (all[1].message.mentions, all[1].message.answers) = (Vec::new(), Some(UserId(1)));
    all[2].message.text = "@all lunch? 日本語 👩‍🚀".to_owned();
    all[2].message.mentions_all = true;
    all[2].message.sender = UserRef { id: UserId(2), name: "bob".to_owned() };
    all
}

fn refused(status: u16, detail: &str) -> Failure {
    let (type_uri, title, detail) = ("about:blank".to_owned(), String::new(), detail.to_owned());
    let problem = Problem { type_uri, title, status, detail, kind: Kind::Unavailable, errors: Vec::new() };
    Failure::Refused { problem, retry_after_ms: None }
}

fn at_each_size(state: &str, prepare: impl Fn(&mut Stage)) {
    for (width, height) in SIZES {
        let mut stage = with_unread(width, height);
        stage.draw();
        prepare(&mut stage);
        stage.draw();
        assert_snapshot!(format!("{state}_{width}x{height}"), styled(stage.buffer()));
    }
}

#[test]
fn the_inbox_lists_the_newest_first_and_marks_the_unread_ones() {
    at_each_size("inbox", |stage| {
        inbox(stage, kinds());
        stage.key(Key::Down);
    });
}

#[test]
fn hits_show_where_they_are_and_what_was_found() {
    at_each_size("search", |stage| {
        let mut hits = vec![found(1, 5), found(3, 6), found(2, 22)];
        let text =
            format!("{}a word at the end of a long text, {}", "first something else; ".repeat(9), "x ".repeat(99));
        let at = text.find("word").unwrap();
        hits[1].message.text = text;
        hits[1].ranges = vec![(at, at + 4)];
        search(stage, "word after:2026-11-01", hits);
    });
}

#[test]
fn an_empty_inbox_and_a_search_without_text_say_what_they_are() {
    let mut empty = with_unread(80, 24);
    inbox(&mut empty, Vec::new());
    assert!(empty.screen().contains("Nobody has mentioned you yet."), "{}", empty.screen());
    let mut fresh = with_unread(80, 24);
    fresh.press(Key::Char('/'), Mod::ALT);
    assert_snapshot!(fresh.screen());
}

#[test]
fn what_the_server_answers_instead_of_hits_is_shown() {
    for (failure, expected) in [
        (refused(503, "the search index is being built: 40 % are done"), "◌ the search index is being built: 40 %"),
        (refused(422, "search for at most 8 words at once"), "✗ search for at most 8 words at once"),
    ] {
        let mut stage = with_unread(80, 24);
        ask(&mut stage, "word");
        answer(&mut stage, |req| matches!(req, Request::SearchMessages(_)), Err(failure));
        assert!(stage.screen().contains(expected), "{}", stage.screen());
    }
    let mut stage = with_unread(80, 24);
    search(&mut stage, "word", Vec::new());
    assert!(stage.screen().contains("✗ nothing found"), "{}", stage.screen());
}

#[test]
fn after_a_jump_the_message_and_its_words_stand_out_until_esc() {
    let mut stage = with_unread(80, 24);
    stage.hold(RoomId(1), long_talk(400));
    stage.draw();
    let before = stage.screen();
    let mut hit = found(1, 200);
    hit.message = long_talk(400).remove(199);
    hit.ranges = vec![(8, 11)];
    assert_eq!(&hit.message.text[8..11], "200");
    search(&mut stage, "200", vec![hit]);
    stage.key(Key::Enter);
    let screen = stage.screen();
    assert!(screen.lines().any(|row| row.contains('▌') && row.contains("message 200")), "{screen}");
    assert!(weighted(&stage, Modifier::REVERSED).contains(&"200".to_owned()));
    stage.key(Key::Esc);
    let screen = stage.screen();
    assert!(!screen.contains('▌') && screen.contains("message 200"), "{screen}");
    stage.press(Key::Left, Mod::ALT);
    assert_eq!(stage.screen(), before);
}

/// The text on the screen with this weight.
fn weighted(stage: &Stage, weight: Modifier) -> Vec<String> {
    let cells = stage.buffer().content();
    let runs = cells.chunk_by(|cell, next| cell.modifier.contains(weight) == next.modifier.contains(weight));
    let weighted = runs.filter(|run| run[0].modifier.contains(weight));
    weighted.map(|run| run.iter().map(|cell| cell.symbol()).collect()).collect()
}

#[test]
fn everyone_is_highlighted_where_it_is_a_mention() {
    let mut stage = Stage::in_general(
        80,
        24,
        vec![
            Message { mentions_all: true, ..message(1, 0, "bob", "@all lunch") },
            message(2, 9, "carol", "not for @all"),
        ],
    );
    stage.draw();
    assert_eq!(weighted(&stage, Modifier::BOLD | Modifier::REVERSED), ["@all"]);
}

#[test]
fn arrivals_do_not_move_the_choice() {
    let mut stage = with_unread(80, 24);
    inbox(&mut stage, kinds());
    stage.key(Key::Down);
    let mut newer = mention(2, 31).message;
    newer.text = "@alice one more".to_owned();
    stage.model.stream = Some(7);
    let event = quchat_shared::event::MessageCreated { room_id: RoomId(2), message: newer };
    let event = quchat_client::update::ServerEvent::Event(event.into(), quchat_shared::Cursor("k".to_owned()));
    stage.msg(Msg::Stream { stream: 7, events: vec![event] });
    let screen = stage.screen();
    assert!(screen.contains("one more"), "{screen}");
    stage.key(Key::Enter);
    assert_eq!(stage.model.spotlight.as_ref().map(|hit| hit.message.seq), Some(Seq(22)));
}

#[test]
fn alt_left_and_right_move_by_words_while_there_is_text() {
    let mut stage = with_unread(80, 24);
    stage.type_text("one two");
    stage.press(Key::Left, Mod::ALT);
    stage.key(Key::Char('x'));
    assert_eq!(stage.draft(), "one xtwo");
}

#[test]
fn a_jump_to_a_message_that_is_not_loaded_fetches_the_page_around_it() {
    let mut stage = with_unread(80, 24);
    stage.add_room(room(4, "attic", "", false));
    search(&mut stage, "word", vec![found(4, 90)]);
    stage.key(Key::Enter);
    let page = quchat_shared::api::MessagePage {
        messages: (40..=139).map(|seq| Message { room_id: RoomId(4), ..mention(4, seq).message }).collect(),
        has_older: true,
        has_newer: true,
        own_reactions: Vec::new(),
    };
    answer(&mut stage, |req| matches!(req, Request::ListMessages(RoomId(4), _)), Ok(Answer::Page(page)));
    let top = |model: &Model| matches!(&model.rooms[&RoomId(4)].anchor, Anchor::At { top: Place::Seq(Seq(90)), .. });
    assert!(top(&stage.model));
    let screen = stage.screen();
    assert!(screen.lines().any(|row| row.contains('▌') && row.contains("no. 90")), "{screen}");
}

#[test]
fn typing_replaces_the_text_of_the_last_search_unless_it_is_edited_first() {
    let reopened = || {
        let mut stage = with_unread(80, 24);
        search(&mut stage, "word", vec![found(1, 5)]);
        stage.key(Key::Esc);
        stage.press(Key::Char('/'), Mod::ALT);
        stage
    };
    let mut stage = reopened();
    stage.type_text("other");
    assert_eq!(&*stage.model.search.typed, "other");
    let mut stage = reopened();
    stage.key(Key::Left);
    stage.key(Key::End);
    stage.type_text("y");
    assert_eq!(&*stage.model.search.typed, "wordy");
}

#[test]
fn a_short_message_is_shown_whole_and_a_cut_beginning_is_marked() {
    let mut stage = with_unread(80, 24);
    let text = |before: usize| format!("{}the word", "so ".repeat(before));
    let hits = [4, 60].map(|before| {
        let hit = found(1, before as u64);
        let at = before * 3 + 4;
        Hit { message: Message { text: text(before), ..hit.message }, ranges: vec![(at, at + 4)], ..hit }
    });
    search(&mut stage, "word", hits.to_vec());
    let screen = stage.screen();
    assert!(screen.contains("  so so so so the word"), "{screen}");
    assert!(screen.contains("… so so"), "{screen}");
}
