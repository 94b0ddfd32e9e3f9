//! More input at once than anyone sends on purpose: window sizes, pastes.

use std::time::{Duration, Instant};

use crate::{
    dice::Dice,
    person::{Chat, ENTER, ESC, Person},
    server::Server,
};

/// The longest allowed delay of a key's effect, whatever came before it. A longer one feels frozen.
const FROZEN: Duration = Duration::from_secs(10);

#[test]
fn a_storm_of_sizes_ends_in_a_whole_frame_and_loses_nothing() {
    let server = Server::start();
    let mut a = Person::new("alice").register(&server);
    a.create("den").press("a draft, ").shows("a draft,");
    let mut b = Person::new("bob").register(&server);
    b.enter("den");
    let mut dice = Dice::new(4_711);
    for n in 0..300 {
        match n % 10 {
            0 => a.resize(1, 1),
            1 => a.resize(dice.below(400) + 1, 1),
            2 => a.resize(1, dice.below(120) + 1),
            3 => a.resize(39, 11),
            _ => a.resize(dice.below(200) + 40, dice.below(60) + 12),
        };
        if n % 60 == 0 {
            b.say(&format!("said at {n}."));
        }
    }
    a.resize(100, 30).shows("said at 240.").is_in("den").shows("a draft,").settles();
    a.press("the rest").shows("a draft, the rest").is_whole();
    // The last size is one that the screen had before, so nothing tells the client that its screen was cut meanwhile.
    a.resize(60, 20).resize(100, 30);
    a.wait("the status line at its foot", |screen| screen.lines().nth(29).is_some_and(|row| row.contains("connected")));
    a.is_whole();
    a.press(ENTER).settles();
    assert_eq!(server.texts("alice", "den").last().expect("it was sent"), "a draft, the rest");
}

#[test]
fn a_paste_of_a_megabyte_is_refused_at_once_and_keeps_the_draft() {
    let server = Server::start();
    let mut a = Person::new("alice").register(&server);
    a.create("den").press("draft").shows("draft");
    let begun = Instant::now();
    a.paste(&"all of it at once, and no end to be seen\n".repeat(25_600)).shows("✗ too large");
    a.press("!").shows("draft!").hides("too large");
    assert!(begun.elapsed() < FROZEN, "{:?}", begun.elapsed());
    a.paste(&"a line of a log\n".repeat(3_000)).shows("Paste 3000 lines").press(ESC).hides("Paste 3000 lines");
    a.press(&"a line without brackets\r".repeat(2_000)).shows("lines into the message to #den?").press(ESC);
    a.hides("lines into the message").press("!").shows("draft!!").press(ENTER).settles();
    assert_eq!(server.texts("alice", "den"), ["draft!!"]);
}
