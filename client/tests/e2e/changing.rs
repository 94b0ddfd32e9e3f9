//! Messages that change: edits, deletions and reactions between two people, also while the server is down.

use crate::{
    person::{Chat, ENTER, ESC, Person, TAB},
    server::{PASSWORD, Server},
    terminal::until,
};

/// Edit the last own message.
const EDIT_LAST: &str = "\x1be";
/// Choose a message.
const SELECT: &str = "\x1bm";
/// Delete to the start of the line.
const CLEAR_LINE: &str = "\x15";

#[test]
fn a_typo_is_corrected_a_mistake_deleted_and_both_are_seen_by_others() {
    let server = Server::start();
    let (alice, bob) = (Person::new("alice"), Person::new("bob"));
    let mut a = alice.register(&server);
    a.create("den").say("deploi at noon").say("wrong room").settles();
    let mut b = bob.register(&server);
    b.enter("den").shows("wrong room");
    a.press("half a draft").press(SELECT).shows("e edit").press("k").press("e").shows("✎ editing: deploi at noon");
    a.press(CLEAR_LINE).press("deploy at noon").shows("deploy at noon").press(ENTER).hides("✎ editing").settles();
    a.shows("half a draft").shows("deploy at noon  (edited)");
    b.shows("deploy at noon  (edited)").hides("deploi");
    a.press(CLEAR_LINE).press("/delete").press(ENTER).shows("Delete your message for everyone?").press("y");
    b.shows("message deleted").hides("wrong room");
    a.shows("message deleted").hides("wrong room");
    assert_eq!(server.texts("bob", "den"), ["deploy at noon", ""]);
}

#[test]
fn reactions_are_counted_for_everyone_and_own_ones_are_in_brackets() {
    let server = Server::start();
    let (alice, bob) = (Person::new("alice"), Person::new("bob"));
    let mut a = alice.register(&server);
    a.create("den").say("lunch?").settles();
    let mut b = bob.register(&server);
    b.enter("den").shows("lunch?").say("/react :pizza:").shows("[🍕 1]");
    a.shows("🍕 1").press(SELECT).shows("+ react").press("1").shows("[🍕 2]");
    b.shows("[🍕 2]");
    a.press("+").shows(":pizza:").press("rocket").press(ENTER).shows("[🚀 1]").press(ESC);
    b.shows("🚀 1").say("/react :pizza:").shows("🍕 1");
    a.shows("[🍕 1]");
}

#[test]
fn an_edit_made_while_the_server_is_down_outlives_the_client_and_arrives_in_order() {
    let mut server = Server::start();
    let (alice, bob) = (Person::new("alice"), Person::new("bob"));
    let mut a = alice.register(&server);
    a.create("den").say("teh plan").settles();
    let mut b = bob.register(&server);
    b.enter("den").shows("teh plan");
    server.kill();
    a.hides("connected").press(EDIT_LAST).shows("✎ editing");
    a.press(CLEAR_LINE).press("the plan").shows("│ the plan").press(ENTER).hides("✎ editing").say("and more");
    until("the edit and the message are on disk", || alice.keeps("the plan") && alice.keeps("and more"));
    a.kill();
    server.start_again();
    let mut a = alice.open(&server);
    b.shows("the plan  (edited)").shows("and more");
    a.shows("the plan  (edited)").settles();
    assert_eq!(server.texts("bob", "den"), ["the plan", "and more"]);
}

#[test]
fn of_two_edits_at_the_same_time_the_second_is_refused_and_can_be_made_again() {
    let server = Server::start();
    let mut here = Person::new("alice").register(&server);
    here.create("den").say("teh plan").settles();
    let mut there = Person::new("alice").open(&server);
    there.shows("Password").press("alice").press(TAB).press(PASSWORD).press(ENTER).enter("den").shows("teh plan");
    there.press(EDIT_LAST).shows("✎ editing").press(" B").shows("│ teh plan B");
    here.press(EDIT_LAST).shows("✎ editing").press(" A").shows("│ teh plan A").press(ENTER).settles();
    there.shows("✎ editing: teh plan A").press(ENTER).shows("✗ edit refused");
    assert_eq!(server.texts("alice", "den"), ["teh plan A"]);
    there.press("/unsent").press(ENTER).shows("edit not saved in #den").shows("teh plan B").press("e");
    there.shows("✎ editing: teh plan A").press(ENTER).hides("✎ editing").settles();
    here.shows("teh plan B  (edited)");
    assert_eq!(server.texts("alice", "den"), ["teh plan B"]);
}
