//! Edits a draft in the user's own editor. The editor gets the terminal; the loop continues without it.
//!
//! Owns the choice of the program and how it is run. It must not know what the text is for.

use std::{
    ffi::OsString,
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    process::{Command, ExitStatus},
    thread,
};

use quchat_shared::RoomId;

use super::{Runtime, Screen, Wake, Wakes};
use crate::{
    state::{EditorFile, Job},
    text::{clip, editor::BYTES_MAX, plain},
    update::Msg,
};

/// Runs if neither variable is set; POSIX systems always have it.
const DEFAULT: &str = if cfg!(windows) { "notepad" } else { "vi" };

/// Most columns of the program's name in a notice. In 80 columns this leaves room for what to do.
const NAME_MAX: u16 = 24;

/// The program as the variable gives it, possibly with arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Editor(OsString);

/// The result of the editor.
#[derive(Debug)]
pub struct Edited {
    room: RoomId,
    file: EditorFile,
    text: Result<String, String>,
}

impl Editor {
    /// Reads `$VISUAL`, else `$EDITOR`; an empty one counts as unset.
    #[must_use]
    pub fn find(variable: impl Fn(&str) -> Option<OsString>) -> Self {
        let set = |name| variable(name).filter(|value| !value.is_empty());
        Self(set("VISUAL").or_else(|| set("EDITOR")).unwrap_or_else(|| DEFAULT.into()))
    }

    /// Starts the program on the file. [`Wake::Edited`] reports its end, successful or not.
    fn open(&self, room: RoomId, file: EditorFile, text: String, wakes: Wakes) -> io::Result<()> {
        let editor = self.clone();
        let edit = move || {
            let done = catch_unwind(AssertUnwindSafe(|| editor.edit(&file, &text)));
            let text = done.unwrap_or_else(|_| Err("internal error; the log has details".to_owned()));
            wakes.send(Wake::Edited(Box::new(Edited { room, file, text })));
        };
        thread::Builder::new().name("editor".into()).spawn(edit).map(drop)
    }

    /// Runs it through the shell, as git and mail programs do, because the variable may hold arguments and quotes.
    #[cfg(unix)]
    fn command(&self, file: &EditorFile) -> Command {
        let mut script = OsString::from("trap : INT; "); // the shell ignores Ctrl+C, the editor gets it as usual
        script.push(&self.0);
        script.push(r#" "$1""#);
        let mut command = Command::new("sh");
        command.arg("-c").arg(script).arg("sh").arg(file.path());
        command
    }

    #[cfg(not(unix))]
    fn command(&self, file: &EditorFile) -> Command {
        let line = self.0.to_string_lossy();
        let mut words = line.split_whitespace();
        let mut command = Command::new(words.next().unwrap_or(DEFAULT));
        command.args(words).arg(file.path());
        command
    }

    /// The saved text, or why it is not used; then the file is kept.
    fn edit(&self, file: &EditorFile, draft: &str) -> Result<String, String> {
        let before = |error: io::Error| format!("cannot open the editor: {error}");
        file.write(draft).map_err(before)?;
        let ended = self.command(file).status();
        let saved = file.read();
        if matches!(&saved, Ok(text) if text == draft) && !matches!(&ended, Ok(status) if status.success()) {
            file.discard().ok(); // it contains nothing but the draft
            return Err(self.why(ended));
        }
        let kept = |why: String| format!("{why}; the saved text is in {}", file.path().display());
        match (ended, saved) {
            (Ok(status), Ok(text)) if status.success() && text.len() <= BYTES_MAX => {
                let text = text.strip_suffix('\n').unwrap_or(&text); // editors add a line end
                Ok(plain(text.strip_suffix('\r').unwrap_or(text)))
            }
            (Ok(status), Ok(_)) if status.success() => Err(kept("the text is too long".to_owned())),
            (Ok(status), Err(error)) if status.success() => Err(kept(format!("the text cannot be read: {error}"))),
            (ended, _) => Err(kept(self.why(ended))),
        }
    }

    fn why(&self, ended: io::Result<ExitStatus>) -> String {
        let name = clip(&self.0.to_string_lossy(), NAME_MAX);
        match ended.map(|status| status.code()) {
            Ok(Some(126 | 127)) => format!("cannot start {name}: set VISUAL or EDITOR"), // exit codes of the shell
            Ok(Some(code)) => format!("the editor exited with {code}"),
            Ok(None) => "the editor was killed".to_owned(),
            Err(error) => format!("cannot start {name}: {error}"),
        }
    }
}

impl<S: Screen> Runtime<S> {
    /// Gives the terminal to the editor. Keys wait from here on; the network continues.
    pub(super) fn open_editor(&mut self, room: RoomId, draft: &str) -> Option<Msg> {
        let account = self.model.account.as_ref()?;
        let file = EditorFile::new(&self.workers.state_dir, &account.server.origin, account.user.id, room);
        self.screen.lend();
        self.lent = true;
        self.seen = None; // report again what the next frame shows
        let wakes = self.workers.wakes.clone();
        let error = self.workers.editor.open(room, file, draft.to_owned(), wakes).err()?;
        self.screen.take_back();
        self.lent = false;
        Some(Msg::EditorClosed { room, text: Err(format!("cannot open the editor: {error}")) })
    }

    /// Takes back the terminal and the text. The file is deleted after the save that contains its text.
    pub(super) fn close_editor(&mut self, edited: Edited) {
        self.screen.take_back();
        self.lent = false;
        let Edited { room, file, text } = edited;
        let taken = text.is_ok() && self.model.rooms.contains_key(&room);
        self.step(Msg::EditorClosed { room, text: text.map(Into::into) });
        if taken {
            self.workers.disk.push(Job::Discard(file));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn visual_overrides_editor_and_an_empty_one_counts_as_unset() {
        let find = |visual: Option<&str>, editor: Option<&str>| {
            let variables = [("VISUAL", visual), ("EDITOR", editor)];
            Editor::find(|name| variables.iter().find(|(key, _)| *key == name)?.1.map(OsString::from)).0
        };
        assert_eq!(find(Some("code --wait"), Some("nano")), "code --wait");
        assert_eq!(find(Some(""), Some("nano")), "nano");
        assert_eq!(find(None, None), DEFAULT);
    }

    #[cfg(unix)]
    mod on_a_real_file {
        use quchat_shared::UserId;

        use super::*;
        use crate::{api::Origin, state::StateDir};

        /// The result for `draft` of an editor that runs `script`, and what it leaves on disk.
        fn through(script: &str, draft: &str) -> (Result<String, String>, Option<String>) {
            let dir = tempfile::tempdir().unwrap();
            let state_dir = StateDir::at(dir.path().join("quchat"));
            let file = EditorFile::new(&state_dir, &Origin::parse("localhost").unwrap(), UserId(1), RoomId(7));
            let text = Editor(script.into()).edit(&file, draft);
            (text, file.read().ok())
        }

        #[test]
        fn the_saved_text_returns_without_the_last_line_end() {
            assert_eq!(through("printf ' more\\nlines\\n' >>", "one").0.unwrap(), "one more\nlines");
            assert_eq!(through("true", "as it was\n\n").0.unwrap(), "as it was\n");
            assert_eq!(through("printf 'a\\033[2Jb\\r\\nc\\r\\n' >", "").0.unwrap(), "a[2Jb\nc");
        }

        #[test]
        fn other_users_cannot_read_the_file() {
            let mode = through(
                r#"f() { stat -c %a "$1" 2>/dev/null >"$1.mode" || stat -f %Lp "$1" >"$1.mode"; cat "$1.mode" >"$1"; }; f"#,
                "secret",
            );
            assert_eq!(mode.0.unwrap(), "600");
        }

        #[test]
        fn a_missing_or_failing_editor_is_reported_and_leaves_no_file() {
            let (text, left) = through("/nowhere/editor 2>/dev/null", "draft");
            let why = text.unwrap_err();
            assert!(why.contains("set VISUAL or EDITOR") && why.contains("/nowhere/editor"), "{why}");
            assert_eq!(left, None);
            assert_eq!(through("false", "draft"), (Err("the editor exited with 1".to_owned()), None));
        }

        #[test]
        fn a_text_saved_before_the_editor_failed_is_not_deleted() {
            for script in [
                "f() { echo half >\"$1\"; exit 3; }; f",
                "f() { echo half >\"$1\"; kill -9 $$; }; f",
                "f() { head -c 70000 /dev/zero | tr '\\0' x >\"$1\"; }; f",
            ] {
                let (text, left) = through(script, "draft");
                assert!(text.unwrap_err().contains("the saved text is in"), "{script}");
                assert!(left.is_some_and(|left| left != "draft"), "{script}");
            }
        }
    }
}
