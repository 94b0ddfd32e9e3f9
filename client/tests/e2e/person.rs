//! A user at a terminal: a home directory, and the common steps in the client.

use std::{
    fs,
    path::{Path, PathBuf},
};

use portable_pty::CommandBuilder;
use quchat_client::{api::Origin, state};
use tempfile::TempDir;

use crate::{
    server::{PASSWORD, Server},
    terminal::Terminal,
};

/// Go to a room; a new name creates one.
pub(crate) const SWITCH: &str = "\x07";
/// Next unread room.
pub(crate) const NEXT_UNREAD: &str = "\x1ba";
/// Search in all rooms.
pub(crate) const SEARCH: &str = "\x1b/";
/// Find text in the room.
pub(crate) const FIND: &str = "\x06";
/// The inbox of mentions.
pub(crate) const INBOX: &str = "\x1bi";
/// Back to where one was before a jump.
pub(crate) const BACK: &str = "\x1b[1;3D";
/// Forward again.
pub(crate) const FORWARD: &str = "\x1b[1;3C";
/// A page back in the history.
pub(crate) const PAGE_UP: &str = "\x1b[5~";
/// Edit the draft in the user's own editor.
pub(crate) const EDIT: &str = "\x18";
/// Quit.
pub(crate) const QUIT: &str = "\x11";
/// Suspend.
pub(crate) const SUSPEND: &str = "\x1a";
/// Help.
pub(crate) const HELP: &str = "\x1bOP";
/// Register, on the sign-in form.
pub(crate) const REGISTER: &str = "\x1bOR";
pub(crate) const ENTER: &str = "\r";
pub(crate) const ESC: &str = "\x1b";
pub(crate) const TAB: &str = "\t";
/// The next row of a list.
pub(crate) const DOWN: &str = "\x1b[B";
/// The newest message, on an empty input; the end of a list.
pub(crate) const END: &str = "\x1b[F";
/// The previous input, on the first row.
pub(crate) const UP: &str = "\x1b[A";

/// A user with a home directory that survives each of their clients.
pub(crate) struct Person {
    pub(crate) name: &'static str,
    home: TempDir,
}

impl Person {
    pub(crate) fn new(name: &'static str) -> Self {
        Self { name, home: tempfile::tempdir().expect("a home") }
    }

    /// The home directory.
    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    /// Starts the client.
    pub(crate) fn open(&self, server: &Server) -> Terminal {
        self.run(CommandBuilder::new(env!("CARGO_BIN_EXE_quchat")), server)
    }

    /// Starts the client with this shell command as the editor; the file's name is appended.
    pub(crate) fn open_with_editor(&self, editor: &str, server: &Server) -> Terminal {
        let mut client = CommandBuilder::new(env!("CARGO_BIN_EXE_quchat"));
        client.env("VISUAL", editor);
        self.run(client, server)
    }

    /// Starts the client as a job of a shell that resumes it in the foreground after Enter.
    pub(crate) fn open_in_shell(&self, server: &Server) -> Terminal {
        let mut shell = CommandBuilder::new("sh");
        shell.args(["-c", r#"set -m; "$@"; read enter; fg >/dev/null"#, "sh", env!("CARGO_BIN_EXE_quchat")]);
        self.run(shell, server)
    }

    /// Starts the client with a limit that stops files from growing.
    pub(crate) fn open_without_space(&self, server: &Server) -> Terminal {
        let mut shell = CommandBuilder::new("sh");
        shell.args(["-c", r#"ulimit -f 0; exec "$@""#, "sh", env!("CARGO_BIN_EXE_quchat")]);
        self.run(shell, server)
    }

    /// Starts the client with this value of `TERM`.
    pub(crate) fn open_on(&self, term: &str, server: &Server) -> Terminal {
        let mut client = CommandBuilder::new(env!("CARGO_BIN_EXE_quchat"));
        client.env("TERM", term);
        self.run_on(client, server)
    }

    fn run(&self, mut command: CommandBuilder, server: &Server) -> Terminal {
        command.env("TERM", "xterm-256color");
        self.run_on(command, server)
    }

    fn run_on(&self, mut command: CommandBuilder, server: &Server) -> Terminal {
        command.args(["--server", server.address()]);
        command.env("HOME", self.home.path());
        command.env("XDG_STATE_HOME", self.home.path().join("state"));
        command.env("TZ", "UTC");
        for inherited in ["QUCHAT_SERVER", "QUCHAT_USER", "NO_COLOR", "TMUX", "STY", "TERM_PROGRAM", "COLORTERM"] {
            command.env_remove(inherited);
        }
        Terminal::start(command, 100, 30)
    }

    /// Starts the client and registers.
    pub(crate) fn register(&self, server: &Server) -> Terminal {
        self.register_in(self.open(server))
    }

    /// Registers on the sign-in form.
    pub(crate) fn register_in(&self, mut terminal: Terminal) -> Terminal {
        terminal.shows("Password").press(self.name).press(TAB).press(PASSWORD).press(REGISTER);
        terminal.hides("Password").shows("● connected").shows(self.name);
        terminal
    }

    /// Writes a file into the home directory; returns its path.
    pub(crate) fn put(&self, name: &str, text: &str) -> String {
        let path = self.home.path().join(name);
        fs::write(&path, text).expect("a home can be written to");
        path.display().to_string()
    }

    /// The stored token.
    pub(crate) fn token(&self, server: &Server) -> String {
        let place = state::StateDir::at(self.home.path().join("state/quchat"));
        let origin = Origin::parse(server.address()).expect("the server's own address");
        state::kept_session(&place, &origin).expect("they are signed in").token
    }

    /// The draft that a `kill -9` would leave now, of the only room they write in.
    pub(crate) fn kept_draft(&self) -> Option<String> {
        let file =
            rooms(self.home.path()).into_iter().find(|path| path.extension().is_some_and(|end| end == "json"))?;
        let kept: serde_json::Value = serde_json::from_slice(&fs::read(file).ok()?).expect("it is whole at any time");
        Some(kept["draft"].as_str().expect("it holds a draft").to_owned())
    }

    /// Whether a save has begun and is not complete.
    pub(crate) fn is_saving(&self) -> bool {
        rooms(self.home.path()).iter().any(|path| path.extension().is_none_or(|end| end != "json"))
    }

    /// Whether any of their files contains `text`.
    pub(crate) fn keeps(&self, text: &str) -> bool {
        keeps(self.home.path(), text)
    }
}

/// Steps in a client that is signed in.
pub(crate) trait Chat {
    /// Creates a room and goes there.
    fn create(&mut self, room: &str) -> &mut Self;
    /// Goes to a room, once it is listed.
    fn enter(&mut self, room: &str) -> &mut Self;
    /// Waits until this room is open.
    fn is_in(&mut self, room: &str) -> &mut Self;
    /// Sends a line, and waits until the composer is empty.
    fn say(&mut self, line: &str) -> &mut Self;
    /// Waits until nothing on the screen is pending.
    fn settles(&mut self) -> &mut Self;
}

impl Chat for Terminal {
    fn create(&mut self, room: &str) -> &mut Self {
        self.press(SWITCH).press(room).shows(&format!("create #{room}")).press(ENTER).is_in(room)
    }

    fn enter(&mut self, room: &str) -> &mut Self {
        self.shows(room).press(SWITCH).press(room).press(ENTER).is_in(room)
    }

    fn is_in(&mut self, room: &str) -> &mut Self {
        self.shows(&format!("message #{room}"))
    }

    fn say(&mut self, line: &str) -> &mut Self {
        self.press(line).wait("the composer to show it", |screen| composer(screen) == Some(line));
        self.press(ENTER).wait("the composer to be empty", |screen| composer(screen) == Some(""))
    }

    fn settles(&mut self) -> &mut Self {
        self.hides("◌")
    }
}

/// The row of text in the composer's frame.
pub(crate) fn composer(screen: &str) -> Option<&str> {
    let text = screen.lines().skip_while(|row| !row.contains(" message #")).nth(1)?;
    Some(text.rsplit('│').nth(1)?.trim())
}

/// The files in the directory of rooms.
fn rooms(dir: &Path) -> Vec<PathBuf> {
    let paths = || fs::read_dir(dir).into_iter().flatten().flatten().map(|entry| entry.path());
    if dir.ends_with("rooms") {
        paths().collect()
    } else {
        paths().filter(|path| path.is_dir()).flat_map(|dir| rooms(&dir)).collect()
    }
}

fn keeps(dir: &Path, text: &str) -> bool {
    let Ok(entries) = fs::read_dir(dir) else { return false }; // it may be removed meanwhile
    entries.flatten().map(|entry| entry.path()).any(|path| {
        if path.is_dir() { keeps(&path, text) } else { fs::read_to_string(path).is_ok_and(|all| all.contains(text)) }
    })
}
