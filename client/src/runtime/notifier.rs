//! Notifies a user who looks elsewhere: through the terminal or with the user's own command.
//!
//! Owns the escape sequences. Text from other users never reaches the terminal with control characters, and never
//! reaches a shell.

use std::{
    process::{Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

/// How to notify.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotifyMethod {
    /// OSC 777, with a title: urxvt, foot, WezTerm, Ghostty.
    Osc777,
    /// OSC 9: iTerm2, kitty.
    Osc9,
    /// BEL, which all terminals and multiplexers support.
    Bell,
    Silent,
    /// A program and its arguments, run without a shell; `{title}` and `{body}` are replaced.
    Command(Vec<String>),
}

impl NotifyMethod {
    /// The best method that this terminal is known to support. Within tmux or screen only BEL is sure to pass.
    #[must_use]
    pub fn detect(variable: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name: &str| variable(name).unwrap_or_default();
        let (term, program) = (set("TERM"), set("TERM_PROGRAM"));
        let inside = !set("TMUX").is_empty() || !set("STY").is_empty();
        match (term.as_str(), program.as_str()) {
            _ if inside => Self::Bell,
            (_, "iTerm.app") | ("xterm-kitty", _) => Self::Osc9,
            (_, "WezTerm" | "ghostty") | ("foot" | "foot-extra" | "xterm-ghostty" | "wezterm", _) => Self::Osc777,
            (term, _) if term.starts_with("rxvt-unicode") => Self::Osc777,
            _ => Self::Bell,
        }
    }
}

#[derive(Debug)]
pub struct Notifier {
    method: NotifyMethod,
    /// A command is still running; a second one is not started meanwhile.
    busy: Arc<AtomicBool>,
}

impl Notifier {
    #[must_use]
    pub fn new(method: NotifyMethod) -> Self {
        Self { method, busy: Arc::default() }
    }

    /// Notifies without waiting. Returns the sequence to write to the terminal.
    pub(super) fn notify(&self, title: &str, body: &str) -> String {
        let (title, body) = (plain(title), plain(body));
        match &self.method {
            NotifyMethod::Osc777 => format!("\x1b]777;notify;{};{body}\x1b\\", title.replace(';', ",")),
            NotifyMethod::Osc9 => format!("\x1b]9;{title} · {body}\x1b\\"),
            NotifyMethod::Bell => "\x07".to_owned(),
            NotifyMethod::Silent => String::new(),
            NotifyMethod::Command(words) => {
                self.run(words, &title, &body);
                String::new()
            }
        }
    }

    fn run(&self, words: &[String], title: &str, body: &str) {
        let mut words = words.iter().map(|word| fill(word, title, body));
        let Some(program) = words.next() else { return };
        if self.busy.swap(true, Ordering::SeqCst) {
            return;
        }
        let mut command = Command::new(program);
        command.args(words).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let busy = Arc::clone(&self.busy);
        let run = move || {
            command.status().ok(); // the user sees whether it worked
            busy.store(false, Ordering::SeqCst);
        };
        if thread::Builder::new().name("notify".into()).spawn(run).is_err() {
            self.busy.store(false, Ordering::SeqCst);
        }
    }
}

/// Replaces `{title}` and `{body}`; inserted text is not searched again.
fn fill(word: &str, title: &str, body: &str) -> String {
    word.split("{title}").map(|part| part.replace("{body}", body)).collect::<Vec<_>>().join(title)
}

/// Removes control characters.
fn plain(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect()
}

/// Sets the window's title (xterm OSC 2).
pub(super) fn window(title: &str) -> String {
    format!("\x1b]2;{}\x07", plain(title))
}

/// Saves the window's title (xterm XTWINOPS 22).
pub(super) const KEEP_WINDOW: &str = "\x1b[22;2t";

/// Clears the title, then restores the saved one (XTWINOPS 23) where the terminal supports that.
pub(super) const RESTORE_WINDOW: &str = "\x1b]2;\x07\x1b[23;2t";

#[cfg(test)]
mod tests {
    use std::{
        fs,
        time::{Duration, Instant},
    };

    use super::*;

    const HOSTILE: &str = "bob: \u{1b}]0;x\u{7}\u{9b}2J $(touch x) `y`; 'z' {title}";

    #[test]
    fn user_text_reaches_the_terminal_without_control_characters() {
        let said = |method| Notifier::new(method).notify("#a;b\u{1b}", HOSTILE);
        let text = "bob: ]0;x2J $(touch x) `y`; 'z' {title}";
        assert_eq!(said(NotifyMethod::Osc777), format!("\u{1b}]777;notify;#a,b;{text}\u{1b}\\"));
        assert_eq!(said(NotifyMethod::Osc9), format!("\u{1b}]9;#a;b · {text}\u{1b}\\"));
        assert_eq!(said(NotifyMethod::Bell), "\u{7}");
        assert_eq!(said(NotifyMethod::Silent), "");
        assert_eq!(window("a\u{7}\u{1b}[2Jb"), "\u{1b}]2;a[2Jb\u{7}");
    }

    #[test]
    #[cfg(unix)]
    fn a_command_gets_the_words_unchanged_and_is_not_waited_for() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("notified");
        let script = r#"printf '%s|%s' "$1" "$2" > "$0.tmp" && mv "$0.tmp" "$0""#;
        let words = ["sh", "-c", script, file.to_str().unwrap(), "{title}", "{body}"];
        let notifier = Notifier::new(NotifyMethod::Command(words.map(str::to_owned).to_vec()));
        assert_eq!(notifier.notify("#ops", HOSTILE), "");
        let until = Instant::now() + Duration::from_secs(30);
        while !file.exists() {
            assert!(Instant::now() < until, "the command never ran");
            thread::yield_now();
        }
        assert_eq!(fs::read_to_string(file).unwrap(), "#ops|bob: ]0;x2J $(touch x) `y`; 'z' {title}");
        assert_eq!(Notifier::new(NotifyMethod::Command(vec!["/no/such/program".into()])).notify("t", "b"), "");
    }

    #[test]
    fn the_method_follows_from_the_terminal() {
        let method = |variables: &[(&str, &str)]| {
            NotifyMethod::detect(|name| {
                variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
            })
        };
        assert_eq!(method(&[("TERM", "foot")]), NotifyMethod::Osc777);
        assert_eq!(method(&[("TERM", "xterm-256color"), ("TERM_PROGRAM", "iTerm.app")]), NotifyMethod::Osc9);
        assert_eq!(method(&[("TERM", "xterm-256color")]), NotifyMethod::Bell);
        assert_eq!(method(&[("TERM", "foot"), ("TMUX", "/tmp/x")]), NotifyMethod::Bell);
        assert_eq!(method(&[]), NotifyMethod::Bell);
    }
}
