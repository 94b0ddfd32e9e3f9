//! An admin at work: somebody registers with an invite, and is suspended.

use crate::{
    person::{Chat, ENTER, ESC, Person, REGISTER, TAB},
    server::{PASSWORD, Server},
    terminal::Terminal,
};

/// The code of the invite on the screen: 22 characters of base64url in a row of their own.
fn shown_code(terminal: &Terminal) -> String {
    let is_code =
        |word: &&str| word.len() == 22 && word.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
    let screen = terminal.screen();
    let code = screen.split_whitespace().find(is_code);
    code.unwrap_or_else(|| panic!("no code on\n{screen}")).to_owned()
}

#[test]
fn an_admin_invites_a_user_who_registers_in_the_form_and_is_suspended_later() {
    let server = Server::start_with(&["--registration", "invite"]);
    let mut a = Person::new("alice").register(&server);
    a.create("den").say("welcome").settles();
    a.press("/admin invite #den").press(ENTER).shows("copies the code").shows("One person can join with it");
    let code = shown_code(&a);
    a.press(ESC).hides("copies the code");

    let mut b = Person::new("bob").open(&server);
    b.shows("Password").shows("Invite").press("bob").press(TAB).press(PASSWORD).press(TAB).press(&code);
    b.press(REGISTER).hides("Password").is_in("den").shows("welcome");

    a.press("/admin users").press(ENTER).shows("users of this server").shows("● bob").press(ESC);
    a.hides("users of this server"); // else Esc and the next key would be one with Alt
    a.press("/admin suspend bob").press(ENTER).shows("Suspend bob on this server?").press("y");
    a.shows("bob is suspended");
    b.shows("Password for bob").press(PASSWORD).press(ENTER).shows("this account is suspended");
    a.press("/admin role bob admin").press(ENTER).shows("bob is an admin of this server now");
    a.press("/admin unsuspend bob").press(ENTER).shows("bob may sign in again");
    b.press(ENTER).hides("Password for bob").shows("● connected").press("/admin users").press(ENTER);
    b.shows("users of this server").shows("admin, you");
}
