//! Somebody at a terminal with the client in it: a home on disk that goes when they do, and what they wait for.

use std::{env, path::PathBuf, process::Command, thread, time::Duration};

use quchat_shared::RoomId;
use tempfile::TempDir;

use super::{
    Result,
    peer::{ME, Peer, Stream, mark, room_name},
    terminal::{Size, Terminal},
};

/// The terminal of the goals.
pub(super) const SIZE: Size = Size { columns: 120, rows: 40 };
/// Messages written to the stream at once where time does not matter.
const BURST: u64 = 500;

/// A home, and the server it is used with.
pub(super) struct Person {
    home: TempDir,
    server: String,
}

impl Person {
    /// A fresh home.
    pub(super) fn new(peer: &Peer) -> Result<Self> {
        Ok(Self { home: tempfile::Builder::new().prefix("quchat-bench-").tempdir()?, server: peer.address() })
    }

    /// Starts the client as it is released, with nothing but defaults.
    pub(super) fn start(&self) -> Result<Terminal> {
        let mut client = Command::new(sibling("quchat")?);
        client.env_clear().args(["--server", &self.server, "--name", ME]);
        client.env("TERM", "xterm-256color").env("TZ", "UTC").env("HOME", self.home.path());
        for place in ["XDG_STATE_HOME", "XDG_CONFIG_HOME"] {
            client.env(place, self.home.path().join(place));
        }
        Terminal::start(client, SIZE)
    }

    /// Starts it and signs in; the sign-in is kept for the next start.
    pub(super) fn sign_in(&self) -> Result<Terminal> {
        let mut terminal = self.start()?;
        terminal.shows("Password")?;
        terminal.press("correct horse\r")?;
        terminal.shows("connected")?;
        Ok(terminal)
    }
}

/// Somebody who is signed in and sees the first room of a server.
pub(super) struct Reader {
    pub(super) terminal: Terminal,
    pub(super) stream: Stream,
    pub(super) room: RoomId,
    _person: Person,
    _peer: Peer,
}

impl Reader {
    /// A server with so many rooms of so many messages each, and its reader.
    pub(super) fn of(rooms: usize, messages: u64) -> Result<Self> {
        let peer = Peer::start(rooms, messages)?;
        let person = Person::new(&peer)?;
        let mut terminal = person.sign_in()?;
        let (stream, room) = (peer.stream()?, RoomId(1));
        terminal.shows(&mark(messages))?;
        Ok(Self { terminal, stream, room, _person: person, _peer: peer })
    }

    /// So many more messages are said in the open room, no faster than they are shown: a client whose terminal nobody
    /// reads reads nothing either.
    pub(super) fn load(&mut self, messages: u64) -> Result<()> {
        for begun in (0..messages).step_by(usize::try_from(BURST)?) {
            let last = self.stream.say(self.room, BURST.min(messages - begun))?;
            self.terminal.shows(&mark(last))?;
        }
        Ok(())
    }

    /// Goes to the next room and waits until its messages are there.
    pub(super) fn next_room(&mut self, messages: u64) -> Result<()> {
        self.room = RoomId(self.room.0 + 1);
        self.terminal.press("\x1b[1;3B")?; // Alt+Down
        self.terminal.shows(&format!("message #{}", room_name(self.room)))?;
        self.terminal.shows(&mark(messages))
    }

    /// A moment in which the client has nothing to do, longer than the time of a frame: as between two messages, or the
    /// keys of a very fast writer.
    pub(super) fn pauses(&mut self) -> Result<()> {
        thread::sleep(Duration::from_millis(20)); // the pace of the measurement; nothing is waited for
        self.terminal.rests(Duration::ZERO)
    }
}

/// A program of the workspace, built beside this one.
fn sibling(name: &str) -> Result<PathBuf> {
    let path = env::current_exe()?.with_file_name(name);
    if path.exists() {
        return Ok(path);
    }
    Err(format!("{} is not built: run cargo xtask bench client", path.display()).into())
}
