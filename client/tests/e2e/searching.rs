//! Search: in all rooms, and beyond the loaded messages of one.

use crate::{
    person::{BACK, Chat, END, ENTER, ESC, FIND, Person, SEARCH, UP},
    server::Server,
};

/// Says 300 lines in #den; the twentieth is about a reindeer.
fn tell(server: &Server) {
    let line = |n| if n == 20 { "a Reindeer at night".to_owned() } else { format!("line {n}.") };
    server.say("alice", "den", (1..=300).map(line));
    server.has_indexed("alice", "reindeer");
}

#[test]
fn a_message_of_another_room_is_found_and_shown_in_its_place() {
    let server = Server::start();
    let mut a = Person::new("alice").register(&server);
    a.create("den").create("attic");
    tell(&server);
    a.press(SEARCH).shows("search all rooms").press("rein in:#den from:@alice");
    a.shows("1 found").shows("a Reindeer at night").press(ENTER).is_in("den").shows("line 19.").shows("line 21.");
    a.wait("the message to stand out", |screen| {
        screen.lines().any(|row| row.contains('▌') && row.contains("Reindeer"))
    });
    a.press(ESC).hides("▌").press(END).shows("line 300.");
    a.press(BACK).is_in("attic");
}

#[test]
fn where_the_loaded_messages_end_the_server_continues_the_search_in_the_room() {
    let server = Server::start();
    let mut a = Person::new("alice").register(&server);
    a.create("den");
    tell(&server);
    let mut b = Person::new("bob").register(&server);
    b.enter("den").shows("line 300.").press(FIND).press("reindeer").shows("not found");
    b.press(UP).shows("a Reindeer at night").shows("line 21.").press(ESC).shows("line 300.");
}
