//! Keys that arrive faster than anyone reads them, and no keys at all.

use rustix::process::Signal;

use crate::{
    person::{Chat, ENTER, Person, QUIT},
    server::Server,
};

#[test]
fn keys_typed_while_the_client_is_stopped_are_handled_when_it_continues() {
    let server = Server::start();
    let mut a = Person::new("alice").register(&server);
    a.create("den");
    // More than one read of the terminal returns, and less than a terminal buffers for a program that does not read.
    let burst = "all of it ".repeat(300);
    a.signal(Signal::STOP).press(&burst).press("Amen").signal(Signal::CONT);
    a.shows("Amen").press(ENTER);
    let mut bob = Person::new("bob").register(&server);
    bob.enter("den").shows("more rows: /unfold").press("/unfold").press(ENTER).shows("Amen");
    assert_eq!(server.texts("alice", "den"), [format!("{burst}Amen")]);
}

#[test]
fn lines_typed_while_the_client_is_stopped_are_messages_and_commands() {
    let server = Server::start();
    let mut a = Person::new("alice").register(&server);
    a.create("den").signal(Signal::STOP).press("one\rtwo\r/me waves\r//me\rthree").signal(Signal::CONT);
    a.shows("three").press(ENTER).settles();
    assert_eq!(server.texts("alice", "den"), ["one", "two", "_waves_", "/me", "three"]);
}

#[test]
fn lines_pasted_into_a_terminal_without_brackets_are_one_message() {
    let server = Server::start();
    let alice = Person::new("alice");
    alice.register(&server).create("den").settles().press(QUIT).exit_code();
    let mut a = alice.open_on("linux", &server);
    a.is_in("den").press("one\rtwo\r\rfour").shows("four").press(ENTER).settles();
    assert_eq!(server.texts("alice", "den"), ["one\ntwo\n\nfour"]);
}

#[test]
fn replies_of_the_terminal_are_not_typed() {
    let server = Server::start();
    let mut a = Person::new("alice").register(&server);
    a.create("den");
    a.press("\x1b]11;rgb:0000/0000/0000\x07a\x1b[?62;22cb\x1bP>|a terminal\x1b\\c\x1b[24;80Rd");
    a.shows("abcd").press("\x1b").press("[I").press("e\x1b]10;rgb:").press("ffff\x1b").press("\\f").shows("abcdef");
}

/// How often the threads of the client have woken up so far.
#[cfg(target_os = "linux")]
fn wake_ups(client: &crate::terminal::Terminal) -> u64 {
    let threads = std::fs::read_dir(format!("/proc/{}/task", client.pid().as_raw_nonzero())).expect("it runs");
    let count = |path: std::path::PathBuf| {
        let status = std::fs::read_to_string(path.join("status")).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:").map(str::trim));
        line.and_then(|count| count.parse::<u64>().ok()).unwrap_or(0)
    };
    threads.flatten().map(|entry| count(entry.path())).sum()
}

#[test]
#[cfg(target_os = "linux")]
fn an_idle_client_sleeps() {
    use std::{sync::mpsc, time::Duration};

    let server = Server::start();
    let mut a = Person::new("alice").register(&server);
    a.create("den").say("good night").settles();
    let (_silent, nothing) = mpsc::channel::<()>();
    let nap = || nothing.recv_timeout(Duration::from_secs(1)).is_err();
    // Remaining work (save the draft, mark as read, remove a notice) may take a few seconds; a heartbeat may come once
    // in fifteen.
    let rested = (0..20).any(|_| {
        let before = wake_ups(&a);
        nap() && wake_ups(&a) == before
    });
    assert!(rested);
}
