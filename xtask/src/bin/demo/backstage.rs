//! Behind the scenes: the throwaway directory, the server in it, what was said before one came in, and the two who
//! go on talking. Everything goes when the front closes the pipe.

use std::{
    collections::HashMap,
    env,
    fs::{self, DirBuilder, File},
    io::{self, BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc::{self, Receiver, RecvTimeoutError, Sender},
    thread,
    time::Instant,
};

use quchat_client::{
    api::{Access, Client, Origin, Received},
    state,
};
use quchat_shared::{
    Event, Message, RoomId, Seq,
    api::{
        CreateRoom, Credentials, JoinRoom, ListRooms, MarkRead, NewMessage, NewReadMarker, NewRoom, Register,
        SendMessage,
    },
    room::RoomKind,
    user::Session,
};

use crate::{
    Result,
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

/// What the director is told.
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
    bob: Client,
    carol: Client,
    rooms: HashMap<&'static str, RoomId>,
}

impl Play {
    fn set_up() -> Result<Self> {
        let (stage, address) = Stage::set_up()?;
        let password = random_text()?;
        let origin = Origin::parse(&address).map_err(|e| format!("{address}: {e}"))?;
        let register = |name| register(&origin, name, &password);
        let (bob, _) = register("bob")?;
        let (carol, _) = register("carol")?;
        let (alice, session) = register("alice")?;
        let place = state::StateDir::at(stage.dir.join("state").join("quchat"));
        state::keep_session(&place, &origin, &session)?;

        let rooms = seed(&bob, &carol, &alice)?;
        Ok(Self { stage, address, bob, carol, rooms })
    }

    /// Until the curtain falls. A call that fails is a line that was not said; the talk goes on.
    fn go_on(self, cues: Sender<Cue>, heard: &Receiver<Cue>) {
        let bob = self.bob.clone(); // he is in every room
        thread::spawn(move || listen(&bob, &cues));
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
                let _ = say(self.client(line.who), line.room, &line.text);
            }
        }
    }

    fn client(&self, who: Person) -> &Client {
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
fn seed(bob: &Client, carol: &Client, alice: &Client) -> Result<HashMap<&'static str, RoomId>> {
    let mut rooms = HashMap::new();
    for room in script::ROOMS {
        let owner = if room.owner == Person::Carol { carol } else { bob };
        let new = NewRoom { name: room.name.into(), topic: Some(room.topic.into()), kind: Some(RoomKind::Public) };
        let id = owner.call::<CreateRoom>(&(), &(), &new)?.info.id;
        rooms.insert(room.name, id);
        bob.call::<JoinRoom>(&id, &(), &())?;
        carol.call::<JoinRoom>(&id, &(), &())?;
        if room.alice_is_in {
            alice.call::<JoinRoom>(&id, &(), &())?;
        }
        for (who, text) in room.history {
            let client = match who {
                Person::Alice => alice,
                Person::Bob => bob,
                Person::Carol => carol,
            };
            say(client, id, text)?;
        }
    }
    for room in alice.call::<ListRooms>(&(), &(), &())?.rooms.iter().filter(|room| room.member.is_some()) {
        let unread = script::ROOMS.iter().find(|r| r.name == room.info.name).map_or(0, |r| r.unread);
        let seen = Seq(room.info.last_seq.0.saturating_sub(unread));
        alice.call::<MarkRead>(&room.info.id, &(), &NewReadMarker { seq: seen, rewind: false })?;
    }
    Ok(rooms)
}

/// Makes a new user and signs them in.
fn register(origin: &Origin, name: &str, password: &str) -> Result<(Client, Session)> {
    let credentials = Credentials { name: name.into(), password: password.into() };
    let session = Client::anonymous(origin.clone()).call::<Register>(&(), &(), &credentials)?;
    Ok((Client::signed_in(Access::new(origin.clone(), &session)), session))
}

fn say(client: &Client, room: RoomId, text: &str) -> Result<()> {
    let message = NewMessage { text: text.to_owned(), txn: None, reply_to: None };
    client.call::<SendMessage>(&room, &(), &message)?;
    Ok(())
}

/// Reports to the director what happens, until the director is gone.
fn listen(client: &Client, cues: &Sender<Cue>) {
    for received in client.events(None).resuming() {
        let cue = match received {
            Ok(Received { event: Some(Event::MessageCreated(event)), .. }) => {
                let Message { sender, text, .. } = event.message;
                Cue::Said { room: event.room_id, sender: sender.name, text }
            }
            Ok(Received { event: Some(Event::RoomCreated(event)), .. }) => Cue::NewRoom(event.room.id),
            _ => continue,
        };
        if cues.send(cue).is_err() {
            return;
        }
    }
}
