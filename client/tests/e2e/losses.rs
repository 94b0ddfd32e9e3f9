//! A server or a client that dies at the worst moment: no message is lost, duplicated or out of order.

use rustix::process::Signal;

use crate::{
    person::{Chat, ENTER, Person},
    server::Server,
    terminal::until,
};

#[test]
fn messages_typed_while_the_server_is_down_arrive_once_and_in_order() {
    let mut server = Server::start();
    let (alice, bob) = (Person::new("alice"), Person::new("bob"));
    let mut a = alice.register(&server);
    a.create("den").say("before");
    let mut b = bob.register(&server);
    b.enter("den").shows("before");

    server.kill();
    a.hides("connected");
    for n in 1..=5 {
        let line = format!("while away {n}");
        a.say(&line).shows(&line);
    }
    server.start_again();

    b.shows("while away 5");
    a.shows("connected").say("after");
    b.shows("after");
    let expected = ["before", "while away 1", "while away 2", "while away 3", "while away 4", "while away 5", "after"];
    assert_eq!(server.texts("bob", "den"), expected);
    for line in expected {
        assert_eq!(a.screen().matches(line).count(), 1, "{line}\n{}", a.screen());
    }
}

#[test]
fn a_server_killed_repeatedly_loses_nothing_of_a_long_conversation() {
    let mut server = Server::start();
    let mut a = Person::new("alice").register(&server);
    a.create("den");
    let mut said = Vec::new();
    for round in 1..=3 {
        for n in 1..=10 {
            said.push(format!("line {round}.{n}."));
            a.say(said.last().expect("just said"));
        }
        server.kill(); // while some of them are being sent
        server.start_again();
    }
    a.say("the end");
    said.push("the end".to_owned());
    let mut b = Person::new("bob").register(&server);
    b.enter("den").shows("the end");
    assert_eq!(server.texts("bob", "den"), said);
}

#[test]
fn a_killed_client_sends_its_unsent_messages_after_a_restart() {
    let mut server = Server::start();
    let alice = Person::new("alice");
    let mut a = alice.register(&server);
    a.create("den").say("before").shows("before");
    server.kill();
    a.hides("connected").say("unsent 1").say("unsent 2").press("a draft");
    a.wait("both to be on disk", |_| alice.keeps("unsent 1") && alice.keeps("unsent 2") && alice.keeps("a draft"));
    a.kill();

    server.start_again();
    let mut a = alice.open(&server);
    a.is_in("den").shows("unsent 2").shows("a draft");
    let mut b = Person::new("bob").register(&server);
    b.enter("den").shows("unsent 2");
    a.press(ENTER);
    b.shows("a draft");
    assert_eq!(server.texts("alice", "den"), ["before", "unsent 1", "unsent 2", "a draft"]);
}

#[test]
fn a_client_killed_in_the_middle_of_sending_sends_nothing_twice() {
    let server = Server::start();
    let alice = Person::new("alice");
    let mut a = alice.register(&server);
    a.create("den");
    let said: Vec<_> = (1..=20).map(|n| format!("line {n}.")).collect();
    for line in &said {
        a.say(line);
    }
    a.shows("line 3.").kill();

    let mut a = alice.open(&server);
    a.is_in("den").shows("line 3.").say("the end").shows("the end");
    let mut b = Person::new("bob").register(&server);
    b.enter("den").shows("the end");
    let texts = server.texts("alice", "den");
    let (last, before) = texts.split_last().expect("the end at least");
    assert!(last.ends_with("the end"), "{texts:?}"); // after what was being typed when the client died
    assert!(before.len() >= 3 && said.starts_with(before), "{texts:?}");
}

#[test]
fn a_stopped_server_is_not_shown_as_connected_and_f5_does_not_wait() {
    let server = Server::start();
    let mut a = Person::new("alice").register(&server);
    a.create("den").say("before").shows("connected");
    server.stop();
    a.say("is anybody there?").shows("no answer for").hides("connected");
    server.go_on();
    a.shows("connected");
    assert_eq!(server.texts("alice", "den"), ["before", "is anybody there?"]);
    server.stop();
    a.say("once more").shows("no answer for").press("\x1b[15~").shows("connecting");
    server.go_on();
    a.shows("connected").say("after");
    a.hides("unsent");
    assert_eq!(server.texts("alice", "den"), ["before", "is anybody there?", "once more", "after"]);
}

#[test]
fn after_a_restored_backup_an_open_client_shows_the_unread_count_of_the_backup() {
    let mut server = Server::start();
    let (alice, bob) = (Person::new("alice"), Person::new("bob"));
    let mut a = alice.register(&server);
    let mut b = bob.register(&server);
    b.create("den");
    a.enter("den");
    server.say("bob", "den", (1..=5).map(|n| format!("kept {n}.")));
    a.shows("kept 5.");
    let token = alice.token(&server);
    until("all of it to be read", || server.unread(&token, "den") == 0);
    let backup = server.back_up();
    a.shows("connected");
    server.say("bob", "den", (1..=9).map(|n| format!("lost {n}.")));
    a.shows("lost 9.");
    until("all of it to be read", || server.unread(&token, "den") == 0);
    a.create("elsewhere");
    server.restore(&backup);
    a.shows("connected");
    server.say("bob", "den", (1..=3).map(|n| format!("said anew {n}.")));
    let badge = |screen: &str| screen.lines().any(|line| line.starts_with("  #den ") && line.contains(" 3 │"));
    a.wait("three unread messages in den", badge).enter("den");
    a.shows("said anew 3.").hides("lost").shows(" new ");
    until("all of it to be read", || server.unread(&token, "den") == 0);
}

#[test]
fn a_file_size_limit_does_not_end_the_client() {
    let server = Server::start();
    let alice = Person::new("alice");
    let mut a = alice.register_in(alice.open_without_space(&server));
    a.taken().create("den").say("it goes on without a file").shows("it goes on without a file");
    a.signal(Signal::TERM);
    assert_eq!(a.exit_code(), 130);
    a.given_back();
}
