//! Signing in and out: the stored token, a wrong password, a taken name.

use crate::{
    person::{Chat, ENTER, Person, QUIT, REGISTER, TAB},
    server::{PASSWORD, Server},
};

#[test]
fn a_user_is_still_signed_in_after_a_restart() {
    let server = Server::start();
    let alice = Person::new("alice");
    let mut a = alice.register(&server);
    a.create("den").press(QUIT);
    assert_eq!(a.exit_code(), 0);
    alice.open(&server).is_in("den").hides("Password");
}

#[test]
fn a_wrong_password_is_reported_and_the_right_one_works() {
    let server = Server::start();
    let mut a = Person::new("alice").register(&server);
    a.create("den").say("mine").settles().press("/signout").press(ENTER).shows("Password").hides("mine");

    a.shows("alice").press("not the password").press(ENTER).shows("wrong name or password");
    a.shows("alice").press(PASSWORD).press(ENTER).hides("Password").is_in("den").shows("mine");
}

#[test]
fn a_session_that_ends_elsewhere_asks_for_the_password_and_keeps_the_draft() {
    let server = Server::start();
    let alice = Person::new("alice");
    let mut a = alice.register(&server);
    a.create("den").say("before").settles().press("half a thought").shows("half a thought");
    server.sign_out(&alice.token(&server));
    a.shows("Password").press(PASSWORD).press(ENTER).hides("Password").shows("half a thought").press(ENTER).settles();
    assert_eq!(server.texts("alice", "den"), ["before", "half a thought"]);
}

#[test]
fn a_taken_name_is_reported_in_the_form() {
    let server = Server::start();
    Person::new("alice").register(&server).press(QUIT);
    let mut other = Person::new("alice").open(&server);
    other.shows("Password").press("alice").press(TAB).press("another one").press(REGISTER);
    other.shows("taken");
}
