//! The demo as a process without a terminal: it prints the conversation and leaves nothing behind.
#![cfg(unix)]

use std::{
    fs,
    io::{BufRead, BufReader, Lines},
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};

const TIMEOUT: Duration = Duration::from_secs(30);

#[test]
fn without_a_terminal_it_prints_the_conversation() {
    let scratch = tempfile::tempdir().unwrap();
    let mut demo = Demo::start(scratch.path());
    let seen = demo.lines_until("you two are magnificent"); // the last line of the history
    assert!(seen.iter().any(|line| line.starts_with("#general") && line.contains("bob")), "{seen:#?}");
    let live = demo.lines.next().expect("one more line").unwrap();
    assert!(live.starts_with('#'), "{live}");
}

#[test]
fn nothing_is_left_when_it_exits_after_a_signal() {
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        let scratch = tempfile::tempdir().unwrap();
        let mut demo = Demo::start(scratch.path());
        demo.lines_until("#general");
        kill_process(Pid::from_child(&demo.process), signal).unwrap();
        demo.process.wait().unwrap();
        assert!(is_empty(scratch.path()), "{signal:?}");
    }
}

#[test]
fn nothing_is_left_soon_after_it_was_killed() {
    let scratch = tempfile::tempdir().unwrap();
    let mut demo = Demo::start(scratch.path());
    demo.lines_until("#general");
    assert!(!is_empty(scratch.path()));
    demo.process.kill().unwrap();
    demo.process.wait().unwrap();
    let deadline = Instant::now() + TIMEOUT;
    while !is_empty(scratch.path()) {
        assert!(Instant::now() < deadline, "the directory is still there");
        thread::sleep(Duration::from_millis(10));
    }
}

/// A running demo, stopped when the test is over.
struct Demo {
    process: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Demo {
    fn start(scratch: &Path) -> Self {
        let demo = Command::new(env!("CARGO_BIN_EXE_demo"))
            .env("TMPDIR", scratch)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let mut process = demo.expect("the demo can be executed");
        let lines = BufReader::new(process.stdout.take().expect("it was piped")).lines();
        Self { process, lines }
    }

    fn lines_until(&mut self, wanted: &str) -> Vec<String> {
        let mut seen = Vec::new();
        while !seen.last().is_some_and(|line: &String| line.contains(wanted)) {
            let line = self.lines.next().unwrap_or_else(|| panic!("ended without {wanted:?}: {seen:#?}"));
            seen.push(line.expect("a line of text"));
        }
        seen
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn is_empty(dir: &Path) -> bool {
    fs::read_dir(dir).expect("the test's own directory").next().is_none()
}
