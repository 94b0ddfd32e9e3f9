//! The inbox: the mentions of all rooms, the way to a message, and the way back.

use crate::{
    person::{BACK, Chat, DOWN, END, ENTER, ESC, FORWARD, INBOX, Person},
    server::Server,
};

#[test]
fn a_mention_in_another_room_is_in_the_inbox_and_the_way_back_is_one_key() {
    let server = Server::start();
    let (alice, bob) = (Person::new("alice"), Person::new("bob"));
    let mut a = alice.register(&server);
    a.create("den").create("attic");
    let mut b = bob.register(&server);
    b.enter("den").say("@alice where are you?");
    a.press(INBOX).shows("mentions of you").shows("where are you?");
    b.say("@all too late");
    a.wait("the new one above the first", |screen| {
        screen.find("too late").zip(screen.find("where are you?")).is_some_and(|(new, old)| new < old)
    });
    a.press(DOWN).press(ENTER).hides("mentions of you").is_in("den");
    a.wait("the message to stand out", |screen| {
        screen.lines().any(|row| row.contains('▌') && row.contains("where are you?"))
    });
    a.press(BACK).is_in("attic").press(FORWARD).is_in("den");
}

#[test]
fn what_was_said_before_is_paged_and_a_jump_loads_the_history_around_it() {
    let server = Server::start();
    let (alice, bob) = (Person::new("alice"), Person::new("bob"));
    let mut a = alice.register(&server);
    a.create("den");
    let mut b = bob.register(&server);
    b.enter("den").say("@alice the very first");
    server.say("bob", "den", (1..=70).map(|n| format!("@alice reminder {n}.")));
    server.say("alice", "den", (1..=300).map(|n| format!("answer {n}.")));
    a.shows("answer 300.").press(INBOX).shows("reminder 70.");
    for _ in 0..5_000 {
        if a.screen().contains("the very first") {
            break;
        }
        a.press(DOWN).shows("❯"); // the next page comes meanwhile
    }
    a.shows("the very first").press(ENTER).hides("mentions of you").shows("▌").shows("reminder 3.");
    a.press(ESC).hides("▌").press(END).shows("answer 300.");
}
