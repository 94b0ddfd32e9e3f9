//! The main purpose: rooms, messages in both directions, unread counts, many lines at once, any window size.

use crate::{
    person::{Chat, ENTER, NEXT_UNREAD, PAGE_UP, Person},
    server::Server,
};

#[test]
fn two_people_register_make_a_room_and_talk() {
    let server = Server::start();
    let (alice, bob) = (Person::new("alice"), Person::new("bob"));
    let mut a = alice.register(&server);
    a.create("den").say("is anybody there?");
    let mut b = bob.register(&server);
    b.enter("den").shows("is anybody there?").say("me!");
    a.shows("me!").say("good to see you");
    b.shows("good to see you");
    assert_eq!(server.texts("alice", "den"), ["is anybody there?", "me!", "good to see you"]);
}

#[test]
fn an_unread_room_is_highlighted_until_it_was_seen() {
    let server = Server::start();
    let (alice, bob) = (Person::new("alice"), Person::new("bob"));
    let mut a = alice.register(&server);
    a.create("den").create("attic");
    let mut b = bob.register(&server);
    b.enter("den").say("one").say("two").say("three").shows("three");
    let badge = |screen: &str, count: &str| {
        let row = screen.lines().find(|row| row.contains("den")).unwrap_or_default();
        row.split('│').next().is_some_and(|cell| cell.split_whitespace().any(|word| word == count))
    };
    a.wait("the badge of den to say 3", |screen| badge(screen, "3"));
    a.press(NEXT_UNREAD).is_in("den").shows("three");
    a.wait("the badge of den to go out", |screen| !badge(screen, "3"));
}

#[test]
fn a_paste_of_many_lines_is_one_message() {
    let server = Server::start();
    let mut a = Person::new("alice").register(&server);
    a.create("den").paste("/one\ntwo\n\nfour").shows("four").press(ENTER);
    let mut b = Person::new("bob").register(&server);
    b.enter("den").shows("four");
    assert_eq!(server.texts("alice", "den"), ["/one\ntwo\n\nfour"]);
}

#[test]
fn a_long_history_can_be_scrolled_to_its_first_line() {
    let server = Server::start();
    let mut a = Person::new("alice").register(&server);
    a.create("den");
    server.say("alice", "den", (1..=150).map(|n| format!("line {n}.")));
    a.shows("line 150.");
    let mut top = 150;
    while top > 1 {
        a.press(PAGE_UP).wait("older lines", |screen| first_line(screen).is_some_and(|first| first < top));
        top = first_line(&a.screen()).expect("lines stay on the screen");
    }
    a.shows("line 1.");
}

/// The number of the topmost line.
fn first_line(screen: &str) -> Option<u32> {
    let numbers = screen.split("line ").skip(1).map(|rest| rest.split('.').next()?.parse().ok());
    numbers.flatten().next()
}

#[test]
fn a_resized_window_shows_the_same_conversation() {
    let server = Server::start();
    let mut a = Person::new("alice").register(&server);
    a.create("den").say("the quick brown fox jumps over the lazy dog");
    for (columns, rows) in [(40, 12), (20, 5), (200, 50), (100, 30)] {
        a.resize(columns, rows);
        if columns >= 40 {
            a.shows("lazy dog").is_in("den");
        } else {
            a.hides("lazy dog");
        }
    }
    a.say("still here").shows("still here");
    assert_eq!(server.texts("alice", "den").len(), 2);
}
