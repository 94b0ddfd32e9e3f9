//! What the name of the terminal, `TERM`, says about its abilities.

use std::ffi::{OsStr, OsString};

/// Terminals that cannot place a cursor, or are unknown (terminfo's names).
const PLAIN: [&str; 6] = ["dumb", "unknown", "network", "dialup", "switch", "lpr"];

/// Terminals that do not mark pastes: consoles, hardware terminals and their emulations.
const UNMARKED: [&str; 16] = [
    "linux", "console", "vt", "ansi", "pcansi", "cons25", "wsvt", "pccon", "sun", "wy", "cygwin", "scoansi", "eterm",
    "fbterm", "hurd", "mach",
];

/// Checks that the terminal can draw a screen.
///
/// # Errors
/// Says what to do.
pub fn check_term(term: Option<&OsStr>) -> Result<(), String> {
    let name = term.unwrap_or_default().to_string_lossy();
    if cfg!(not(unix))
        || !(name.is_empty() || is_one_of(&name, &PLAIN, |rest| !rest.starts_with(char::is_alphanumeric)))
    {
        return Ok(());
    }
    let what = if name.is_empty() { "TERM is not set".to_owned() } else { format!("TERM={name} cannot show a screen") };
    Err(format!("{what}; run quchat in a terminal that sets TERM (to xterm-256color, for example)"))
}

/// Whether the terminal marks pastes (bracketed paste). All current emulators do, unless GNU screen is in between, so
/// this is true for every terminal that is not on the list. Asking the terminal would mean waiting for its answer, and
/// some print the question.
#[must_use]
pub fn marks_pastes(variable: impl Fn(&str) -> Option<OsString>) -> bool {
    let set = |name| variable(name).filter(|value| !value.is_empty());
    let Some(name) = set("TERM") else { return false };
    let name = name.to_string_lossy();
    let kind = |rest: &str| !rest.starts_with(char::is_alphabetic);
    let in_screen = set("STY").is_some() && set("TMUX").is_none();
    cfg!(unix) && !in_screen && !is_one_of(&name, &PLAIN, kind) && !is_one_of(&name, &UNMARKED, kind)
}

/// Whether `name` is one of `names`, or one of them with a suffix that `kind` accepts.
fn is_one_of(name: &str, names: &[&str], kind: impl Fn(&str) -> bool) -> bool {
    names.iter().filter_map(|one| name.strip_prefix(one)).any(kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(unix)]
    fn a_terminal_that_cannot_draw_is_refused_with_advice() {
        for bad in [None, Some(""), Some("dumb"), Some("unknown"), Some("dumb-emacs-ansi")] {
            let why = check_term(bad.map(OsStr::new)).expect_err("it cannot");
            assert!(why.starts_with("TERM") && why.contains("xterm-256color"), "{why}");
        }
        for good in ["xterm", "linux", "vt100", "screen.xterm-256color", "dumber", "networked"] {
            assert_eq!(check_term(Some(OsStr::new(good))), Ok(()));
        }
    }

    #[test]
    #[cfg(unix)]
    fn current_emulators_mark_pastes_and_consoles_do_not() {
        let marks = |term: &str, other: &str| {
            marks_pastes(|name| match name {
                "TERM" => Some(term.into()),
                name => other.contains(name).then(|| name.into()),
            })
        };
        for name in ["xterm-256color", "tmux-256color", "screen", "foot", "st-256color", "vte-256color", "alacritty"] {
            assert!(marks(name, "") && marks(name, "TMUX") && marks(name, "TMUX, STY"), "{name}");
            assert!(!marks(name, "STY"), "{name} in GNU screen");
        }
        for name in ["linux", "linux-16color", "vt220", "ansi", "cons25", "wy60", "dumb", "eterm-color", ""] {
            assert!(!marks(name, ""), "{name}");
        }
        assert!(!marks_pastes(|_| None));
    }
}
