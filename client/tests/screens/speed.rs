//! A frame costs what is on the screen, not what is in the history.

use std::time::{Duration, Instant};

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
fn a_frame_of_100_000_messages_costs_what_one_of_1_000_does() {
    let (few, many) = (median_frame(1_000), median_frame(100_000));
    assert!(many < 4 * few + Duration::from_millis(1), "{few:?} for a thousand, {many:?} for a hundred thousand");
}
