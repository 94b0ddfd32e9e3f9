//! Starts the client with a temporary home directory, signs in, and waits for messages on its screen.

use std::{process::Command, thread, time::Duration};

use quchat_shared::RoomId;
use tempfile::TempDir;

use super::{
    Result,
    scripted_server::{ScriptedServer, Stream, USER, mark, room_name},
    terminal::{Size, Terminal},
};
use crate::launch::{built, temp_dir};

/// The terminal size that the goals are for.
pub(super) const SIZE: Size = Size { columns: 120, rows: 40 };
/// Messages written to the stream at once where time is not measured.
const BURST: u64 = 500;

/// A home directory for the client, and the address of its server.
pub(super) struct ClientHome {
    dir: TempDir,
    server: String,
}

impl ClientHome {
    pub(super) fn new(server: &ScriptedServer) -> Result<Self> {
        Ok(Self { dir: temp_dir()?, server: server.address() })
    }

    /// Starts the release build of the client with default settings.
    pub(super) fn start(&self) -> Result<Terminal> {
        let mut client = Command::new(built("quchat")?);
        client.env_clear().args(["--server", &self.server, "--name", USER]);
        client.env("TERM", "xterm-256color").env("TZ", "UTC").env("HOME", self.dir.path());
        for place in ["XDG_STATE_HOME", "XDG_CONFIG_HOME"] {
            client.env(place, self.dir.path().join(place));
        }
        Terminal::start(client, SIZE)
    }

    /// Starts the client and signs in. The next start is signed in already.
    pub(super) fn sign_in(&self) -> Result<Terminal> {
        let mut terminal = self.start()?;
        terminal.wait_for_text("Password")?;
        terminal.type_keys("correct horse\r")?;
        terminal.wait_for_text("connected")?;
        Ok(terminal)
    }
}

/// A client that is signed in and shows the first room of a server.
pub(super) struct Session {
    pub(super) terminal: Terminal,
    pub(super) stream: Stream,
    pub(super) room: RoomId,
    _home: ClientHome,
    _server: ScriptedServer,
}

impl Session {
    /// Starts a server with `rooms` rooms of `messages` messages each, and a client that is signed in to it.
    pub(super) fn start(rooms: usize, messages: u64) -> Result<Self> {
        let server = ScriptedServer::start(rooms, messages)?;
        let home = ClientHome::new(&server)?;
        let mut terminal = home.sign_in()?;
        let (stream, room) = (server.stream()?, RoomId(1));
        terminal.wait_for_text(&mark(messages))?;
        Ok(Self { terminal, stream, room, _home: home, _server: server })
    }

    /// Adds messages to the open room, no faster than the client shows them: it stops reading from the server while
    /// nobody reads from its terminal.
    pub(super) fn add_messages(&mut self, messages: u64) -> Result<()> {
        for begun in (0..messages).step_by(usize::try_from(BURST)?) {
            let last = self.stream.send_messages(self.room, BURST.min(messages - begun))?;
            self.terminal.wait_for_text(&mark(last))?;
        }
        Ok(())
    }

    /// Opens the next room and waits until its messages are on the screen.
    pub(super) fn next_room(&mut self, messages: u64) -> Result<()> {
        self.room = RoomId(self.room.0 + 1);
        self.terminal.type_keys("\x1b[1;3B")?; // Alt+Down
        self.terminal.wait_for_text(&format!("message #{}", room_name(self.room)))?;
        self.terminal.wait_for_text(&mark(messages))
    }

    /// Lets the client be idle for longer than a frame takes, as it is between the keys of a very fast typist.
    pub(super) fn pause(&mut self) -> Result<()> {
        thread::sleep(Duration::from_millis(20)); // sets the pace of the measurement
        self.terminal.wait_until_idle(Duration::ZERO)
    }
}
