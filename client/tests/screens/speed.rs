//! The cost of a frame depends on the screen, not on the length of the history.

use std::time::{Duration, Instant};

use quchat_client::update::Msg;
use tuirealm::event::Key;

use crate::stage::{Stage, long_talk};

fn median_frame(messages: u64) -> Duration {
    let mut stage = Stage::in_general(120, 40, long_talk(messages));
    stage.draw();
    let mut frames: Vec<Duration> = (0..101)
        .map(|frame| {
            if frame % 10 == 0 {
                stage.key(Key::PageUp);
            }
            let begin = Instant::now();
            stage.draw();
            begin.elapsed()
        })
        .collect();
    frames.sort();
    frames[frames.len() / 2]
}

#[test]
fn a_frame_of_100_000_messages_costs_as_much_as_one_of_1_000() {
    let (few, many) = (median_frame(1_000), median_frame(100_000));
    assert!(many < 4 * few + Duration::from_millis(1), "{few:?} for a thousand, {many:?} for a hundred thousand");
}

/// The slowest of a hundred steps of a search, each with its frame: keys, and the idle steps between them.
fn slowest_step_of_a_search(messages: u64, word: &str) -> Duration {
    let mut messages = long_talk(messages);
    messages.iter_mut().for_each(|message| message.text = message.text.replace("word", word));
    let mut stage = Stage::in_general(120, 40, messages);
    stage.draw();
    stage.ctrl('f');
    let mut steps: Vec<Duration> = Vec::new();
    let mut timed = |stage: &mut Stage, step: &dyn Fn(&mut Stage)| {
        let begin = Instant::now();
        step(stage);
        stage.draw();
        steps.push(begin.elapsed());
    };
    for key in "message 7\u{8}\u{8}e wo\u{8}zebra".chars() {
        let code = if key == '\u{8}' { Key::Backspace } else { Key::Char(key) };
        for code in [code, Key::Up, Key::Down] {
            timed(&mut stage, &|stage| drop(stage.key(code)));
            timed(&mut stage, &|stage| stage.msg(Msg::Tick));
        }
    }
    steps.sort();
    steps[steps.len() * 99 / 100 - 1]
}

#[test]
fn a_step_of_a_search_in_100_000_messages_costs_as_much_as_one_in_1_000() {
    for (word, messages) in [("word", 100_000), ("слово", 10_000)] {
        let (few, many) = (slowest_step_of_a_search(1_000, word), slowest_step_of_a_search(messages, word));
        println!("{word}: 99 of 100 steps within {few:?} and {many:?}");
        assert!(many < 4 * few + Duration::from_millis(10), "{few:?} for a thousand, {many:?} for {messages}");
    }
}
