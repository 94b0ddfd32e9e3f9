//! Keys faster than anyone reads them, and none at all.

use rustix::process::Signal;

use crate::{
    person::{Chat, ENTER, Person},
    server::Server,
};

#[test]
fn keys_that_come_while_the_client_is_stopped_are_all_there_when_it_goes_on() {
    let server = Server::start();
    let mut a = Person::new("alice").register(&server);
    a.create("den");
    // More than one read of the terminal takes, and less than a terminal holds for a program that does not read.
    let burst = "all of it ".repeat(300);
    a.signal(Signal::STOP).press(&burst).press("Amen").signal(Signal::CONT);
    a.shows("Amen").press(ENTER);
    Person::new("bob").register(&server).enter("den").shows("Amen");
    assert_eq!(server.texts("alice", "den"), [format!("{burst}Amen")]);
}

#[test]
fn lines_pasted_without_brackets_are_one_message() {
    let server = Server::start();
    let mut a = Person::new("alice").register(&server);
    a.create("den").press("one\rtwo\r\rfour").shows("four").press(ENTER);
    Person::new("bob").register(&server).enter("den").shows("four");
    assert_eq!(server.texts("alice", "den"), ["one\ntwo\n\nfour"]);
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
fn a_client_nobody_touches_sleeps() {
    use std::{sync::mpsc, time::Duration};

    let server = Server::start();
    let mut a = Person::new("alice").register(&server);
    a.create("den").say("good night").settles();
    let (_silent, nothing) = mpsc::channel::<()>();
    let nap = || nothing.recv_timeout(Duration::from_secs(1)).is_err();
    // What it still had to do (save the draft, mark as read, wipe a notice) may take a few seconds; a heartbeat
    // may come once in fifteen.
    let rested = (0..20).any(|_| {
        let before = wake_ups(&a);
        nap() && wake_ups(&a) == before
    });
    assert!(rested);
}
