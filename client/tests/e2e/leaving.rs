//! Every way to leave restores the terminal: screen, cursor, paste, keys, line discipline.

use rustix::process::Signal;

use crate::{
    person::{Chat, ENTER, ESC, HELP, Person, QUIT, SUSPEND},
    server::Server,
};

#[test]
fn quitting_restores_the_terminal() {
    let server = Server::start();
    let mut a = Person::new("alice").register(&server);
    a.taken().create("den").press(QUIT);
    assert_eq!(a.exit_code(), 0);
    a.given_back();
}

#[test]
fn ctrl_c_twice_on_the_sign_in_form_quits() {
    let server = Server::start();
    let mut a = Person::new("alice").open(&server);
    a.taken().shows("Password").press("\x03").shows("again").press("\x03");
    assert_eq!(a.exit_code(), 0);
    a.given_back();
}

#[test]
fn a_signal_restores_the_terminal_and_keeps_the_draft() {
    for signal in [Signal::TERM, Signal::HUP, Signal::INT] {
        let server = Server::start();
        let alice = Person::new("alice");
        let mut a = alice.register(&server);
        a.taken().create("den").press("half a thought").shows("half a thought").signal(signal);
        assert_eq!(a.exit_code(), 130, "interrupted");
        a.given_back();
        alice.open(&server).shows("half a thought");
    }
}

#[test]
fn ctrl_z_gives_the_terminal_to_the_shell_until_the_client_is_resumed() {
    let server = Server::start();
    let alice = Person::new("alice");
    alice.register(&server).create("den").settles().press(QUIT).exit_code();
    let mut a = alice.open_in_shell(&server);
    a.taken().is_in("den").press("a draft").shows("a draft");
    // While a dialog is open, the client hides the cursor.
    a.press(HELP).shows("Rooms and reading").press(SUSPEND).given_back();
    a.resize(90, 28)
        .press(ENTER)
        .taken()
        .shows("Rooms and reading")
        .press(ESC)
        .is_in("den")
        .shows("a draft")
        .is_whole()
        .press(QUIT);
    assert_eq!(a.exit_code(), 0);
    a.given_back();
}

#[test]
fn a_signal_to_suspend_is_like_ctrl_z() {
    let server = Server::start();
    let alice = Person::new("alice");
    alice.register(&server).create("den").settles().press(QUIT).exit_code();
    let mut a = alice.open_in_shell(&server);
    a.taken().is_in("den").shows("● connected").shows("Nothing here yet");
    a.press("a draft").shows("a draft").signal_job(Signal::TSTP).given_back();
    a.press(ENTER).taken().is_in("den").shows("a draft").is_whole().press(QUIT);
    assert_eq!(a.exit_code(), 0);
    a.given_back();
}

#[test]
fn the_client_is_not_stopped_if_nobody_could_continue_it() {
    let server = Server::start();
    let mut a = Person::new("alice").register(&server);
    a.taken().create("den").press("a dr").shows("a dr").signal(Signal::TSTP).press("af").shows("a draf");
    a.press(SUSPEND).press("t").shows("a draft").taken().is_whole().press(QUIT);
    assert_eq!(a.exit_code(), 0);
}

#[test]
fn a_terminal_that_cannot_draw_is_refused_with_a_sentence() {
    let server = Server::start();
    for term in ["dumb", ""] {
        let mut a = Person::new("alice").open_on(term, &server);
        a.shows("TERM").shows("xterm-256color");
        assert_eq!(a.exit_code(), 1);
        a.given_back();
    }
}

#[test]
fn a_client_stopped_by_another_program_takes_the_terminal_back() {
    let server = Server::start();
    let mut a = Person::new("alice").register(&server);
    a.taken().create("den").press("half a").shows("half a");
    // What a shell does with a job that another program stopped.
    a.signal(Signal::STOP).cook().signal(Signal::CONT).is_raw();
    a.press(" thought").shows("half a thought").press(QUIT);
    a.exit_code();
    a.given_back();
}
