//! Notifications go through the terminal only while the terminal is not focused.

use crate::{
    person::{Chat, NEXT_UNREAD, Person, QUIT},
    server::Server,
    terminal::until,
};

/// What a terminal reports when it loses the focus, and when it gets it back.
const LEFT: &str = "\x1b[O";
const BACK: &str = "\x1b[I";

#[test]
fn the_terminal_notifies_and_its_title_counts_only_while_it_is_not_focused() {
    let server = Server::start();
    let (alice, bob) = (Person::new("alice"), Person::new("bob"));
    let mut a = alice.register(&server);
    a.create("attic").create("den").has_title("#den · quchat").press(BACK);
    let mut b = bob.register(&server);
    b.enter("den").say("@alice you see this");
    a.shows("you see this").has_title("#den · quchat");
    let read = || until("all of it to be read", || server.unread(&alice.token(&server), "den") == 0);
    read();
    assert_eq!(a.notifications(), (0, vec![]), "she looks at it");

    a.press(LEFT);
    b.say("nobody is meant").say("@alice one").say("@alice two");
    a.shows("two").has_title("(3, @2) #den · quchat");
    assert_eq!(a.notifications(), (1, vec![]), "once for a burst");
    a.press(BACK).has_title("#den · quchat");
    read();
    a.press(QUIT).exit_code();
    a.given_back().has_title("");

    let mut a = alice.open_on("foot", &server);
    a.is_in("den").shows("● connected");
    b.enter("attic").say("@alice; up here");
    a.has_title("(1, @1) #den · quchat");
    assert_eq!(a.notifications(), (0, vec!["777;notify;#attic;bob: @alice; up here".to_owned()]));
    a.press(NEXT_UNREAD).has_title("#attic · quchat");
}
