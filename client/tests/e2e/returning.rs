//! A client after a kill: it restores the open room, the reply being written and earlier inputs.

use crate::{
    person::{Chat, ENTER, Person, QUIT, UP, composer},
    server::Server,
    terminal::until,
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

#[test]
fn a_client_started_while_the_server_is_down_restores_the_room_and_sends_everything_once() {
    let mut server = Server::start();
    let alice = Person::new("alice");
    let mut a = alice.register(&server);
    a.create("attic").create("den").say("before").settles();
    server.kill();
    a.hides("connected").say("unsent").press("a draft");
    a.wait("both to be on disk", |_| alice.keeps("unsent") && alice.keeps("a draft"));
    a.kill();

    let mut a = alice.open(&server);
    a.is_in("den").shows("#attic").shows("unsent").shows("a draft").shows("reconnecting in").shows("◌ 1 unsent");
    a.press(ENTER).wait("the composer to be empty", |screen| composer(screen) == Some(""));
    a.say("written in the dark").shows("◌ 3 unsent").press("one more");
    a.wait("all of it to be on disk", |_| alice.keeps("written in the dark") && alice.keeps("one more"));
    a.kill();

    let mut a = alice.open(&server);
    a.is_in("den").shows("written in the dark").shows("one more").shows("reconnecting in");
    server.start_again();
    a.shows("● connected").settles().press(ENTER);
    let mut b = Person::new("bob").register(&server);
    b.enter("den").shows("one more");
    let texts = ["before", "unsent", "a draft", "written in the dark", "one more"];
    assert_eq!(server.texts("alice", "den"), texts);
    a.settles();
    for text in texts {
        assert_eq!(a.screen().matches(text).count(), 1, "{text}\n{}", a.screen());
    }
}

#[test]
fn after_a_restart_a_reply_still_quotes_its_message() {
    let server = Server::start();
    let (alice, bob) = (Person::new("alice"), Person::new("bob"));
    let mut a = alice.register(&server);
    a.create("den");
    let mut b = bob.register(&server);
    b.enter("den").say("what shall we eat?");
    a.shows("what shall we eat?").press("/reply").press(ENTER).shows("↳ bob: what shall we eat?");
    server.say("bob", "den", (1..=300).map(|n| format!("meanwhile {n}.")));
    a.shows("meanwhile 300.").press("soup").shows("│ soup").press(ENTER).hides("│ soup").shows("soup");
    a.settles();
    until("the answer to arrive", || server.texts("bob", "den").contains(&"soup".to_owned()));
    a.press(QUIT).exit_code();
    let mut a = alice.open(&server);
    a.shows("soup").shows("↳ bob: what shall we eat?");
}
