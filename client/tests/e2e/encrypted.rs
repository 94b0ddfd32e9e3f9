//! Encrypted connections: the first contact with a key, and an address without a scheme.

use portable_pty::CommandBuilder;

use crate::{
    person::{Chat, Person, QUIT, REGISTER, TAB},
    server::{PASSWORD, Server},
    terminal::Terminal,
};

fn open(home: &std::path::Path, address: &str) -> Terminal {
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_quchat"));
    command.args(["--server", address]);
    command.env("HOME", home);
    command.env("XDG_STATE_HOME", home.join("state"));
    command.env("TERM", "xterm-256color");
    for inherited in ["QUCHAT_SERVER", "QUCHAT_USER", "NO_COLOR", "TMUX", "STY", "TERM_PROGRAM", "COLORTERM"] {
        command.env_remove(inherited);
    }
    Terminal::start(command, 100, 30)
}

#[test]
fn an_unknown_key_is_asked_about_once_and_the_session_is_encrypted() {
    let server = Server::start();
    let address = server.address().trim_start_matches("http://").to_owned();
    let home = tempfile::tempdir().expect("a home");
    let mut a = open(home.path(), &address);
    a.shows("Password").press("alice").press(TAB).press(PASSWORD).press(REGISTER);
    a.shows("unknown server").shows("sha256//").press("y").hides("Password").shows("● connected");
    a.create("den").say("hello").settles().press(QUIT);
    assert_eq!(a.exit_code(), 0);
    let mut a = open(home.path(), &address);
    a.is_in("den").hides("unknown server").shows("● connected");
    let kept = std::fs::read_dir(home.path().join("state/quchat")).unwrap();
    let kept: Vec<_> = kept.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    assert!(kept.iter().any(|name| name.starts_with("https")), "{kept:?}");
}

#[test]
fn what_was_kept_without_encryption_goes_on_encrypted() {
    let server = Server::start();
    let alice = Person::new("alice");
    let mut a = alice.register(&server);
    a.create("den").say("hello").settles().press("half a thought").shows("half a thought").press(QUIT);
    a.exit_code();
    drop(a);
    let mut a = open(alice.home(), &server.address().replace("http://", "https://"));
    a.shows("unknown server").press("y").is_in("den").shows("half a thought").shows("● connected");
}
