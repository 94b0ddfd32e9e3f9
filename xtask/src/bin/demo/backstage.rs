//! Behind the scenes: the throwaway directory, the server in it, what was said before one came in, and the two who
//! go on talking. Everything goes when the front closes the pipe.

use std::{
    collections::HashMap,
    env,
    fs::{self, DirBuilder, File},
    io::{self, BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        mpsc::{self, Receiver, RecvTimeoutError, Sender},
    },
    thread,
    time::{Duration, Instant},
};

use quchat_client::{model::Origin, state};
use quchat_shared::{
    Event, Message, RoomId, Seq,
    api::{CreateRoom, ListRooms, MarkRead, NewReadMarker, NewRoom},
    event::MessageCreated,
    room::RoomKind,
};

use crate::{
    Result,
    api::Caller,
    director::Director,
    script::{self, Person},
    sibling,
};

/// The server, and the directory under it and under the client's state. Dropped, both are gone.
struct Stage {
    server: Child,
    dir: PathBuf,
}

impl Stage {
    /// A server on a free port, and its address.
    fn set_up() -> Result<(Self, String)> {
        let program = sibling("quchat-server")?;
        let dir = env::temp_dir().join(format!("quchat-demo-{}", random_text()?));
        create_private(&dir)?;
        let log = dir.join("server.log");
        let mut server = Command::new(program);
        server.args(["--listen", "127.0.0.1:0", "--data-dir"]).arg(dir.join("server"));
        server.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(File::create(&log)?);
        let mut stage = Self { server: server.spawn()?, dir };
        match listening_address(&mut stage.server)? {
            Some(address) => Ok((stage, address)),
            None => Err(format!("the server did not start: {}", fs::read_to_string(log)?.trim()).into()),
        }
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        let _ = self.server.kill(); // nothing in it is worth a farewell
        let _ = self.server.wait();
        let _ = fs::remove_dir_all(&self.dir);
    }
}

/// What the listener hears and the director should know of.
enum Cue {
    Said { room: RoomId, sender: String, text: String },
    NewRoom(RoomId),
    Curtain,
}

/// Sets everything up, says so in one line, and plays until the front is gone.
pub(crate) fn run() -> Result<()> {
    let (cues, heard) = mpsc::channel();
    let curtain = cues.clone();
    thread::spawn(move || {
        let _ = io::copy(&mut io::stdin().lock(), &mut io::sink()); // ends when the other end closes
        let _ = curtain.send(Cue::Curtain);
    });
    match Play::set_up() {
        Ok(play) => {
            say_line(&format!("ready {} {}", play.address, play.stage.dir.join("state").display()))?;
            play.go_on(cues, &heard);
            Ok(())
        }
        Err(error) => say_line(&error.to_string()),
    }
}

fn say_line(line: &str) -> Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{line}")?;
    Ok(stdout.flush()?)
}

struct Play {
    stage: Stage,
    address: String,
    bob: Arc<Caller>,
    carol: Arc<Caller>,
    rooms: HashMap<&'static str, RoomId>,
}

impl Play {
    fn set_up() -> Result<Self> {
        let (stage, address) = Stage::set_up()?;
        let password = random_text()?;
        let register = |name| Caller::register(&address, name, password.clone());
        let (bob, _) = register("bob")?;
        let (carol, _) = register("carol")?;
        let (alice, session) = register("alice")?;
        let place = state::Place::at(stage.dir.join("state").join("quchat"));
        let origin = Origin::parse(&address).map_err(|e| format!("{address}: {e}"))?;
        state::keep_session(&place, &origin, &session)?;

        let rooms = seed(&bob, &carol, &alice)?;
        Ok(Self { stage, address, bob: bob.into(), carol: carol.into(), rooms })
    }

    /// Until the curtain falls. A call that fails is a line that was not said; the talk goes on.
    fn go_on(self, cues: Sender<Cue>, heard: &Receiver<Cue>) {
        let ears = Arc::clone(&self.bob); // bob is in every room, so his ears are enough
        thread::spawn(move || listen(&ears, &cues));
        let begin = Instant::now();
        let mut director = Director::new(self.rooms.clone(), u64::from(std::process::id()));
        loop {
            match heard.recv_timeout(director.next_due().saturating_sub(begin.elapsed())) {
                Ok(Cue::Said { room, sender, text }) => director.heard(begin.elapsed(), room, &sender, &text),
                Ok(Cue::NewRoom(room)) => director.room_created(begin.elapsed(), room),
                Ok(Cue::Curtain) | Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) => {}
            }
            if let Some(line) = director.take_due(begin.elapsed()) {
                let _ = self.caller(line.who).say(line.room, &line.text);
            }
        }
    }

    fn caller(&self, who: Person) -> &Caller {
        if who == Person::Carol { &self.carol } else { &self.bob }
    }
}

/// Reads the one line that the server says, if it starts at all; whatever else it says is read and dropped, so that it never waits.
fn listening_address(server: &mut Child) -> Result<Option<String>> {
    let mut stdout = BufReader::new(server.stdout.take().ok_or("no pipe from the server")?);
    let mut line = String::new();
    stdout.read_line(&mut line)?;
    thread::spawn(move || io::copy(&mut stdout, &mut io::sink()));
    Ok(line.trim_end().strip_prefix("listening on ").map(str::to_owned))
}

/// A new directory that nobody else can look into.
fn create_private(dir: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir)
}

/// A password that nobody needs again, or a name that nobody has guessed.
fn random_text() -> Result<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Plays what was said before one came in, and leaves the newest of it unread.
fn seed(bob: &Caller, carol: &Caller, alice: &Caller) -> Result<HashMap<&'static str, RoomId>> {
    let mut rooms = HashMap::new();
    for room in script::ROOMS {
        let owner = if room.owner == Person::Carol { carol } else { bob };
        let new = NewRoom { name: room.name.into(), topic: Some(room.topic.into()), kind: Some(RoomKind::Public) };
        let id = owner.call::<CreateRoom>(&(), &new)?.info.id;
        rooms.insert(room.name, id);
        bob.join(id)?;
        carol.join(id)?;
        if room.alice_is_in {
            alice.join(id)?;
        }
        for (who, text) in room.history {
            match who {
                Person::Alice => alice,
                Person::Bob => bob,
                Person::Carol => carol,
            }
            .say(id, text)?;
        }
    }
    for room in alice.call::<ListRooms>(&(), &())?.rooms.iter().filter(|room| room.member.is_some()) {
        let unread = script::ROOMS.iter().find(|r| r.name == room.info.name).map_or(0, |r| r.unread);
        let seen = Seq(room.info.last_seq.0.saturating_sub(unread));
        alice.call::<MarkRead>(&room.info.id, &NewReadMarker { seq: seen, rewind: false })?;
    }
    Ok(rooms)
}

/// Hears for the cast, again and again until the director is gone.
fn listen(ears: &Caller, cues: &Sender<Cue>) {
    let mut open = true;
    while open {
        let _ = ears.listen(None, |event| {
            let cue = match event {
                Event::MessageCreated(MessageCreated { room_id: room, message: Message { sender, text, .. } }) => {
                    Some(Cue::Said { room, sender: sender.name, text })
                }
                Event::RoomCreated(event) => Some(Cue::NewRoom(event.room.id)),
                _ => None,
            };
            open = cue.is_none_or(|cue| cues.send(cue).is_ok());
            open
        });
        thread::sleep(Duration::from_secs(1)); // a server that is gone for good ends with this process
    }
}
