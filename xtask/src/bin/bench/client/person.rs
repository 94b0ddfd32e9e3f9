//! Starts the client with a temporary home directory, signs in, and waits for messages on its screen.

use std::{env, path::PathBuf, process::Command, thread, time::Duration};

use quchat_shared::RoomId;
use tempfile::TempDir;

use super::{
    Result,
    peer::{ME, Peer, Stream, mark, room_name},
    terminal::{Size, Terminal},
};

/// The terminal size that the goals are for.
pub(super) const SIZE: Size = Size { columns: 120, rows: 40 };
/// Messages written to the stream at once where time is not measured.
const BURST: u64 = 500;

/// A home directory for the client, and the address of its server.
pub(super) struct Person {
    home: TempDir,
    server: String,
}

impl Person {
    pub(super) fn new(peer: &Peer) -> Result<Self> {
        Ok(Self { home: tempfile::Builder::new().prefix("quchat-bench-").tempdir()?, server: peer.address() })
    }

    /// Starts the release build of the client with default settings.
    pub(super) fn start(&self) -> Result<Terminal> {
        let mut client = Command::new(sibling("quchat")?);
        client.env_clear().args(["--server", &self.server, "--name", ME]);
        client.env("TERM", "xterm-256color").env("TZ", "UTC").env("HOME", self.home.path());
        for place in ["XDG_STATE_HOME", "XDG_CONFIG_HOME"] {
            client.env(place, self.home.path().join(place));
        }
        Terminal::start(client, SIZE)
    }

    /// Starts the client and signs in. The next start is signed in already.
    pub(super) fn sign_in(&self) -> Result<Terminal> {
        let mut terminal = self.start()?;
        terminal.shows("Password")?;
        terminal.press("correct horse\r")?;
        terminal.shows("connected")?;
        Ok(terminal)
    }
}

/// A client that is signed in and shows the first room of a server.
pub(super) struct Reader {
    pub(super) terminal: Terminal,
    pub(super) stream: Stream,
    pub(super) room: RoomId,
    _person: Person,
    _peer: Peer,
}

impl Reader {
    /// Starts a server with `rooms` rooms of `messages` messages each, and a client that is signed in to it.
    pub(super) fn of(rooms: usize, messages: u64) -> Result<Self> {
        let peer = Peer::start(rooms, messages)?;
        let person = Person::new(&peer)?;
        let mut terminal = person.sign_in()?;
        let (stream, room) = (peer.stream()?, RoomId(1));
        terminal.shows(&mark(messages))?;
        Ok(Self { terminal, stream, room, _person: person, _peer: peer })
    }

    /// Adds messages to the open room, no faster than the client shows them: it stops reading from the server while
    /// nobody reads from its terminal.
    pub(super) fn load(&mut self, messages: u64) -> Result<()> {
        for begun in (0..messages).step_by(usize::try_from(BURST)?) {
            let last = self.stream.say(self.room, BURST.min(messages - begun))?;
            self.terminal.shows(&mark(last))?;
        }
        Ok(())
    }

    /// Opens the next room and waits until its messages are on the screen.
    pub(super) fn next_room(&mut self, messages: u64) -> Result<()> {
        self.room = RoomId(self.room.0 + 1);
        self.terminal.press("\x1b[1;3B")?; // Alt+Down
        self.terminal.shows(&format!("message #{}", room_name(self.room)))?;
        self.terminal.shows(&mark(messages))
    }

    /// Lets the client be idle for longer than a frame takes, as between two messages or the keys of a very fast typist.
    pub(super) fn pauses(&mut self) -> Result<()> {
        thread::sleep(Duration::from_millis(20)); // the pace of the measurement; it waits for nothing
        self.terminal.rests(Duration::ZERO)
    }
}

/// The path of a program of the workspace. It is in the same directory as the bench.
fn sibling(name: &str) -> Result<PathBuf> {
    let path = env::current_exe()?.with_file_name(name);
    if path.exists() {
        return Ok(path);
    }
    Err(format!("{} is not built: run cargo xtask bench client", path.display()).into())
}
