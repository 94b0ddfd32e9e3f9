//! The draft in the user's own editor: the editor gets the terminal and returns it, while the network continues.

use rustix::process::Signal;

use crate::{
    person::{Chat, EDIT, ENTER, Person, QUIT},
    server::Server,
};

#[test]
fn the_editor_gets_the_draft_and_the_terminal_and_its_text_returns() {
    let server = Server::start();
    let alice = Person::new("alice");
    alice.register(&server).create("den").settles().press(QUIT).exit_code();
    let script = alice.put("editor", "printf 'EDITING '; cat \"$1\"; read answer; echo \" $answer\" >> \"$1\"");
    let mut a = alice.open_with_editor(&format!("sh '{script}'"), &server);
    a.taken().is_in("den").press("half a thought").shows("half a thought").press(EDIT);
    a.given_back().shows("EDITING half a thought"); // the terminal is in line mode: it echoes, and Enter ends a line
    assert!(alice.keeps("half a thought"));
    a.press("and the rest\r").taken().is_in("den").shows("half a thought and the rest").press(ENTER);
    a.settles();
    assert_eq!(server.texts("alice", "den"), ["half a thought and the rest"]);
    a.press(QUIT);
    assert_eq!(a.exit_code(), 0);
    a.given_back();
}

#[test]
fn while_the_editor_is_open_the_network_continues_and_ctrl_c_goes_to_the_editor() {
    let mut server = Server::start();
    let alice = Person::new("alice");
    alice.register(&server).create("den").settles().press(QUIT).exit_code();
    let script = alice.put("editor", "trap 'echo CAUGHT' INT; printf EDITING; until read answer; do :; done");
    let mut a = alice.open_with_editor(&format!("sh '{script}'"), &server);
    let mut b = Person::new("bob").register(&server);
    b.enter("den");
    a.taken().is_in("den").shows("● connected");
    server.kill();
    a.hides("● connected")
        .say("written offline")
        .press("draft")
        .shows("draft")
        .press(EDIT)
        .given_back()
        .shows("EDITING");
    server.start_again();
    b.shows("written offline").settles();
    a.signal(Signal::INT).press("\x03").shows("CAUGHT").press("done\r");
    a.taken().is_in("den").shows("draft").settles();
}

#[test]
fn a_failing_or_missing_editor_loses_nothing() {
    let server = Server::start();
    let alice = Person::new("alice");
    alice.register(&server).create("den").settles().press(QUIT).exit_code();
    for (editor, said) in [("false", "the editor exited with 1"), ("/nowhere/editor", "set VISUAL or EDITOR")] {
        let mut a = alice.open_with_editor(editor, &server);
        a.taken().is_in("den").press("draft").shows("draft").press(EDIT).shows(said).taken().shows("draft");
        a.press("!").shows("draft!").press("\x03").shows("cleared").press(QUIT).exit_code();
        a.given_back();
    }
}
