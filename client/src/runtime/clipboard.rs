//! The clipboard of whoever looks at the terminal: OSC 52 in the form that passes on, or tmux's own command.
//!
//! Whether a terminal takes what it is sent is not told to anybody; that tmux has taken it is.

use std::{
    ffi::{OsStr, OsString},
    io::Write,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use base64::{Engine, prelude::BASE64_STANDARD};

use super::{Wake, Wakes};

/// How long tmux may take.
const TMUX_MAX: Duration = Duration::from_secs(2);
/// How often one looks whether it is done.
const LOOK_EVERY: Duration = Duration::from_millis(5);
/// Most bytes of one string that GNU screen passes on.
const SCREEN_STRING_MAX: usize = 250;

/// How text gets there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Clipboard {
    /// The terminal is asked.
    Terminal,
    /// This command of tmux takes it, and hands it on to its own terminal. What a program asks the terminal for, tmux
    /// drops unless it is configured otherwise.
    Tmux(OsString),
    /// GNU screen passes on what is wrapped for it.
    Screen,
}

impl Clipboard {
    /// What the environment says.
    pub(super) fn find(variable: impl Fn(&str) -> Option<OsString>) -> Self {
        let set = |name| variable(name).filter(|value| !value.is_empty());
        match (set("TMUX"), set("STY")) {
            (Some(_), _) => Self::Tmux("tmux".into()),
            (None, Some(_)) => Self::Screen,
            (None, None) => Self::Terminal,
        }
    }

    /// Has tmux take it, where there is one; [`Wake::Copied`] says what came of it. False if there is none, and the
    /// terminal is to be asked.
    pub(super) fn load(&self, text: &str, wakes: &Wakes) -> bool {
        let Self::Tmux(program) = self else { return false };
        let (program, text, wakes) = (program.clone(), text.to_owned(), wakes.clone());
        let load = move || {
            let loaded = tmux_takes(&program, &text);
            wakes.send(Wake::Copied { text, loaded });
        };
        thread::Builder::new().name("copy".into()).spawn(load).is_ok()
    }

    /// What asks the terminal, through whatever lies between.
    pub(super) fn ask(&self, text: &str) -> String {
        let bare = format!("\x1b]52;c;{}\x07", BASE64_STANDARD.encode(text));
        match self {
            Self::Terminal => bare,
            // tmux takes the first if it is configured to, and passes the second on if it is configured to
            Self::Tmux(_) => format!("{bare}\x1bPtmux;{}\x1b\\", bare.replace('\x1b', "\x1b\x1b")),
            Self::Screen => {
                let parts = bare.as_bytes().chunks(SCREEN_STRING_MAX).map(String::from_utf8_lossy);
                parts.map(|part| format!("\x1bP{part}\x1b\\")).collect()
            }
        }
    }
}

/// Whether tmux has taken it. Before version 3.2 it knows no `-w` and keeps the text for itself.
fn tmux_takes(program: &OsStr, text: &str) -> bool {
    [&["load-buffer", "-w", "-"][..], &["load-buffer", "-"]].iter().any(|words| feed(program, words, text))
}

fn feed(program: &OsStr, words: &[&str], text: &str) -> bool {
    let mut command = Command::new(program);
    command.args(words).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    let Ok(mut child) = command.spawn() else { return false };
    // what one message says fits the pipe, so that this does not wait
    let fed = child.stdin.take().is_some_and(|mut pipe| pipe.write_all(text.as_bytes()).is_ok());
    ends_well(&mut child) && fed
}

fn ends_well(child: &mut Child) -> bool {
    let until = Instant::now() + TMUX_MAX;
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return status.success(),
            Ok(None) if Instant::now() < until => thread::sleep(LOOK_EVERY),
            _ => {
                child.kill().ok();
                child.wait().ok();
                return false;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(variables: &[(&str, &str)]) -> Clipboard {
        Clipboard::find(|name| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| value.into()))
    }

    #[test]
    fn what_lies_between_is_known_by_its_variables() {
        assert_eq!(find(&[("TERM", "xterm")]), Clipboard::Terminal);
        assert_eq!(find(&[("TMUX", ""), ("STY", "")]), Clipboard::Terminal);
        assert_eq!(find(&[("TMUX", "/tmp/tmux-0/default,1,0"), ("STY", "1.x")]), Clipboard::Tmux("tmux".into()));
        assert_eq!(find(&[("STY", "1.pts-0"), ("TERM", "screen")]), Clipboard::Screen);
    }

    #[test]
    fn each_gets_the_sequence_it_passes_on() {
        assert_eq!(Clipboard::Terminal.ask("hi"), "\x1b]52;c;aGk=\x07");
        let tmux = Clipboard::Tmux("tmux".into()).ask("hi");
        assert_eq!(tmux, "\x1b]52;c;aGk=\x07\x1bPtmux;\x1b\x1b]52;c;aGk=\x07\x1b\\");
        let screen = Clipboard::Screen.ask(&"x".repeat(4_000));
        let parts: Vec<_> = screen.split_inclusive("\x1b\\").collect();
        assert!(parts.len() > 20 && parts.iter().all(|part| part.len() <= 256 && part.starts_with("\x1bP")));
        let passed: String = parts.iter().map(|part| &part[2..part.len() - 2]).collect();
        assert_eq!(passed, Clipboard::Terminal.ask(&"x".repeat(4_000)));
    }

    #[cfg(unix)]
    mod with_a_program {
        use std::{fs, os::unix::fs::PermissionsExt, path::Path};

        use super::*;

        fn program(dir: &Path, script: &str) -> OsString {
            let path = dir.join("tmux");
            fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).unwrap();
            path.into()
        }

        #[test]
        fn tmux_gets_the_text_and_an_old_one_without_the_flag_gets_it_too() {
            let dir = tempfile::tempdir().unwrap();
            let said = dir.path().join("said");
            for (script, words) in [
                ("echo \"$@\" >D/said; cat >>D/said", "load-buffer -w -\n"),
                ("[ $2 = -w ] && exit 1; echo \"$@\" >D/said; cat >>D/said", "load-buffer -\n"),
            ] {
                let program = program(dir.path(), &script.replace("D/", &format!("{}/", dir.path().display())));
                assert!(tmux_takes(&program, "two\nlines"));
                assert_eq!(fs::read_to_string(&said).unwrap(), format!("{words}two\nlines"));
            }
        }

        #[test]
        fn a_tmux_that_fails_or_is_not_there_says_so() {
            let dir = tempfile::tempdir().unwrap();
            assert!(!tmux_takes(&program(dir.path(), "exit 1"), "x"));
            assert!(!tmux_takes(dir.path().join("nothing").as_os_str(), "x"));
            let (wakes, woken) = Wakes::channel();
            assert!(!Clipboard::Terminal.load("x", &wakes));
            assert!(Clipboard::Tmux(dir.path().join("nothing").into()).load("x", &wakes));
            assert!(matches!(woken.recv().unwrap(), Wake::Copied { text, loaded: false } if text == "x"));
        }
    }
}
