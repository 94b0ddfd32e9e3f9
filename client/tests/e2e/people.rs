//! People: a direct message, a member who is removed, changes of a room, presence and typing.

use crate::{
    person::{Chat, ENTER, NEXT_UNREAD, Person, composer},
    server::Server,
};

#[test]
fn a_direct_message_reaches_the_other_user_as_a_mention() {
    let server = Server::start();
    let (alice, bob) = (Person::new("alice"), Person::new("bob"));
    let mut a = alice.register(&server);
    a.create("den");
    let mut b = bob.register(&server);
    b.enter("den");
    a.press("/msg bob meet me at the pond").press(ENTER).shows("message @bob").shows("meet me at the pond");
    b.shows("DIRECT").shows("@1").press(NEXT_UNREAD).shows("message @alice").shows("meet me at the pond");
    b.press("on my way").press(ENTER);
    a.shows("on my way");
}

#[test]
fn a_removed_member_reads_who_did_it_and_keeps_the_draft() {
    let server = Server::start();
    let (alice, bob) = (Person::new("alice"), Person::new("bob"));
    let mut a = alice.register(&server);
    a.create("den").say("welcome");
    let mut b = bob.register(&server);
    b.enter("den").shows("welcome").press("but I only");
    a.shows("welcome")
        .press("/kick bob")
        .press(ENTER)
        .shows("Remove bob")
        .press("y")
        .shows("bob is not in #den any more");
    b.shows("alice removed you from #den").shows("but I only");
}

#[test]
fn a_ban_is_read_in_the_list_and_lifted_there() {
    let server = Server::start();
    let (alice, bob) = (Person::new("alice"), Person::new("bob"));
    let mut a = alice.register(&server);
    a.create("den").say("welcome");
    let mut b = bob.register(&server);
    b.enter("den").shows("welcome");
    a.press("/ban bob spam").press(ENTER).shows("Ban bob from #den?").press("y").shows("bob is banned from #den");
    b.shows("alice banned you from #den");
    a.press("/bans").press(ENTER).shows("banned by alice").shows("spam").press(ENTER).shows("Lift this ban?");
    a.press("y").shows("nobody is banned");
    b.shows("you may join #den again");
}

#[test]
fn others_see_a_new_name_and_topic_and_an_archived_room_takes_no_messages() {
    let server = Server::start();
    let (alice, bob) = (Person::new("alice"), Person::new("bob"));
    let mut a = alice.register(&server);
    a.create("den");
    let mut b = bob.register(&server);
    b.enter("den");
    a.press("/rename attic").press(ENTER).shows("the room is called #attic now");
    b.shows("message #attic");
    a.press("/topic dusty").press(ENTER);
    b.shows("dusty");
    a.press("/archive").press(ENTER).shows("Archive #attic?").press("y");
    b.shows("#attic is archived: nobody can write here");
}

#[test]
fn the_header_counts_who_is_online_and_typing_is_shown() {
    let server = Server::start();
    let (alice, bob) = (Person::new("alice"), Person::new("bob"));
    let mut a = alice.register(&server);
    a.create("den").say("hello");
    let mut b = bob.register(&server);
    b.enter("den").shows("hello");
    a.shows("2 online");
    b.press("I").wait("the letter to be there", |screen| composer(screen) == Some("I"));
    for _ in 0..200 {
        b.press("t").wait("another letter", |screen| composer(screen) == Some("It"));
        b.press("\x7f").wait("the first letter only", |screen| composer(screen) == Some("I"));
    }
    a.shows("bob is typing…");
}
