//! The clipboard of the terminal's user: OSC 52, wrapped for multiplexers, or tmux's own command.
//!
//! A terminal does not report whether it took the text; tmux does.

use std::{
    ffi::{OsStr, OsString},
    io::Write,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use base64::{Engine, prelude::BASE64_STANDARD};

use super::{Wake, Wakes};

/// Timeout of the tmux command.
const TMUX_MAX: Duration = Duration::from_secs(2);
/// How often the client checks whether the command has ended.
const LOOK_EVERY: Duration = Duration::from_millis(5);
/// Longest string in bytes that GNU screen passes on.
const SCREEN_STRING_MAX: usize = 250;

/// How to reach the clipboard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Clipboard {
    /// With OSC 52.
    Terminal,
    /// With this tmux command, which passes the text on to the outer terminal. tmux drops OSC 52 from programs unless
    /// it is configured to accept it.
    Tmux(OsString),
    /// With OSC 52 wrapped for GNU screen.
    Screen,
}

impl Clipboard {
    /// Chooses the method from the environment.
    pub(super) fn find(variable: impl Fn(&str) -> Option<OsString>) -> Self {
        let set = |name| variable(name).filter(|value| !value.is_empty());
        match (set("TMUX"), set("STY")) {
            (Some(_), _) => Self::Tmux("tmux".into()),
            (None, Some(_)) => Self::Screen,
            (None, None) => Self::Terminal,
        }
    }

    /// Runs the tmux command, if there is one; [`Wake::Copied`] reports the result. Returns false if there is none.
    /// Then use [`Clipboard::ask`].
    pub(super) fn load(&self, text: &str, wakes: &Wakes) -> bool {
        let Self::Tmux(program) = self else { return false };
        let (program, text, wakes) = (program.clone(), text.to_owned(), wakes.clone());
        let load = move || {
            let loaded = tmux_takes(&program, &text);
            wakes.send(Wake::Copied { text, loaded });
        };
        thread::Builder::new().name("copy".into()).spawn(load).is_ok()
    }

    /// The OSC 52 sequence, wrapped for the multiplexer in between.
    pub(super) fn ask(&self, text: &str) -> String {
        let bare = format!("\x1b]52;c;{}\x07", BASE64_STANDARD.encode(text));
        match self {
            Self::Terminal => bare,
            // tmux accepts the first or passes on the second, depending on its configuration
            Self::Tmux(_) => format!("{bare}\x1bPtmux;{}\x1b\\", bare.replace('\x1b', "\x1b\x1b")),
            Self::Screen => {
                let parts = bare.as_bytes().chunks(SCREEN_STRING_MAX).map(String::from_utf8_lossy);
                parts.map(|part| format!("\x1bP{part}\x1b\\")).collect()
            }
        }
    }
}

/// Whether tmux took the text. Before version 3.2 it has no `-w` and keeps the text for itself.
fn tmux_takes(program: &OsStr, text: &str) -> bool {
    [&["load-buffer", "-w", "-"][..], &["load-buffer", "-"]].iter().any(|words| feed(program, words, text))
}

fn feed(program: &OsStr, words: &[&str], text: &str) -> bool {
    let mut command = Command::new(program);
    command.args(words).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    let Ok(mut child) = command.spawn() else { return false };
    // a message fits into the pipe, so this write does not block
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
    fn a_multiplexer_is_recognized_by_its_variables() {
        assert_eq!(find(&[("TERM", "xterm")]), Clipboard::Terminal);
        assert_eq!(find(&[("TMUX", ""), ("STY", "")]), Clipboard::Terminal);
        assert_eq!(find(&[("TMUX", "/tmp/tmux-0/default,1,0"), ("STY", "1.x")]), Clipboard::Tmux("tmux".into()));
        assert_eq!(find(&[("STY", "1.pts-0"), ("TERM", "screen")]), Clipboard::Screen);
    }

    #[test]
    fn each_multiplexer_gets_the_sequence_that_it_passes_on() {
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
        fn tmux_gets_the_text_even_a_version_without_the_flag() {
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
        fn a_failing_or_missing_tmux_is_reported() {
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
