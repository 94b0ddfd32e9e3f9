//! Drafts survive `kill -9` at random times.

use std::time::{Duration, Instant};

use crate::{
    dice::Dice,
    person::{Chat, Person},
    server::Server,
    terminal::{PATIENCE, Terminal, until_within},
};

/// A draft is on disk 300 ms after it changed; the rest is time that a busy machine may add.
const KEPT_WITHIN: Duration = Duration::from_secs(3);

/// A user who writes one long text while the client is killed again and again.
struct Writer {
    /// Everything typed, except what is known to be lost.
    typed: String,
    words: usize,
}

impl Writer {
    /// Types a word and waits until it is on the screen.
    fn type_word(&mut self, client: &mut Terminal) {
        self.words += 1;
        let word = format!("word{} ", self.words);
        client.press(&word).shows(word.trim_end());
        self.typed.push_str(&word);
    }
}

#[test]
fn a_draft_survives_a_kill_at_any_time() {
    let server = Server::start();
    let alice = Person::new("alice");
    let kept = || alice.kept_draft().unwrap_or_default();
    let mut client = alice.register(&server);
    client.create("den");
    let (mut dice, mut writer) = (Dice::new(20_261_125), Writer { typed: String::new(), words: 0 });
    for round in 0..9 {
        let begun = Instant::now();
        match round % 3 {
            0 => {
                let long = Duration::from_millis(u64::from(dice.below(450)));
                while begun.elapsed() < long {
                    writer.type_word(&mut client);
                }
            }
            1 => {
                let before = kept();
                (0..=dice.below(5)).for_each(|_| writer.type_word(&mut client));
                until_within(PATIENCE, "a save to begin", || alice.is_saving() || kept() != before);
            }
            _ => {
                (0..=dice.below(30)).for_each(|_| writer.type_word(&mut client));
                until_within(KEPT_WITHIN, "what was typed to be on disk", || kept() == writer.typed);
            }
        }
        let at_least = kept();
        client.kill();
        let left = kept();
        assert!(left.starts_with(&at_least), "round {round}: {left:?} is less than {at_least:?}");
        assert!(writer.typed.starts_with(&left), "round {round}: {left:?} was never typed: {:?}", writer.typed);
        client = alice.open(&server);
        client.is_in("den");
        if let Some(last) = left.split_whitespace().last() {
            client.shows(last);
        }
        writer.typed = left;
    }
    writer.type_word(&mut client);
    until_within(KEPT_WITHIN, "all of it to be on disk", || kept() == writer.typed);
}
