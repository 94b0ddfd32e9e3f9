//! A client that is back after it was killed: where one was, what one answers, what one typed before.

use crate::{
    person::{Chat, ENTER, Person, UP, composer},
    server::Server,
};

#[test]
fn a_killed_client_comes_back_to_the_same_room_reply_and_earlier_inputs() {
    let server = Server::start();
    let alice = Person::new("alice");
    let mut a = alice.register(&server);
    a.create("attic").create("den").say("tea?");
    let mut b = Person::new("bob").register(&server);
    b.enter("den").shows("tea?").say("with milk");
    a.shows("with milk").press("/reply").wait("the command", |screen| composer(screen) == Some("/reply"));
    a.press(ENTER).shows("↳ bob: with milk").press("so be it").shows("so be it");
    a.wait("all of it to be on disk", |_| alice.keeps("so be it") && alice.keeps("\"reply_to\":2"));
    a.kill();

    let mut a = alice.open(&server);
    a.is_in("den").shows("↳ bob: with milk").shows("so be it").press(ENTER);
    b.shows("↳ bob: with milk").shows("so be it");
    assert_eq!(server.texts("alice", "den"), ["tea?", "with milk", "so be it"]);
    for earlier in ["so be it", "/reply", "tea?"] {
        a.press(UP).wait(earlier, |screen| composer(screen) == Some(earlier));
    }
}
