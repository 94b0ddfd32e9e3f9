//! The background process: a server in a temporary directory, the messages that it starts with, and two users who go
//! on chatting. It removes everything when the foreground process closes the pipe.

use std::{
    collections::HashMap,
    env,
    fs::{self, File},
    io::{self, Write},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::mpsc::{self, Receiver, RecvTimeoutError, Sender},
    thread,
    time::{Duration, Instant},
};

use quchat_client::{
    api::{Access, Client, Origin, Received},
    state,
};
use quchat_shared::{
    Event, Message, RoomId, Seq, UserId,
    api::{CreateRoom, JoinRoom, ListRooms, MarkRead, NewMessage, NewReadMarker, NewRoom, Register, SendMessage},
    room::RoomKind,
    user::{NewUser, Session},
};
use tasks::{listening_address, log, private, sibling};

use crate::{
    Result,
    director::Director,
    opening,
    script::{self, Person},
};

/// How long the start of the server may take.
const START: Duration = Duration::from_secs(30);

/// A server, and the directory for its data and for the client's state. Both are removed on drop.
struct TempServer {
    process: Child,
    dir: PathBuf,
}

impl TempServer {
    /// Starts a server on a free port and returns its address too.
    fn start() -> Result<(Self, String)> {
        let program = sibling("quchat-server", "demo")?;
        let dir = env::temp_dir().join(format!("quchat-demo-{}", private::random_text()?));
        private::create_dir(&dir)?;
        let log = dir.join("server.log");
        let mut server = Command::new(program);
        server.args(["--listen", "127.0.0.1:0", "--limit", "all=off", "--data-dir"]).arg(dir.join("server"));
        server.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(File::create(&log)?);
        let mut this = Self { process: server.spawn()?, dir };
        match listening_address(&mut this.process, START) {
            Ok(address) => Ok((this, format!("http://{address}"))),
            Err(reason) => Err(format!("the server did not start: {reason}: {}", log::last_line(&log)).into()),
        }
    }
}

impl Drop for TempServer {
    fn drop(&mut self) {
        let _ = self.process.kill(); // a clean shutdown would save nothing that is needed
        let _ = self.process.wait();
        let _ = fs::remove_dir_all(&self.dir);
    }
}

/// What the director reacts to.
enum Input {
    Message { room: RoomId, sender: String, text: String },
    NewRoom(RoomId),
    Stop,
}

/// Starts the server, prints one line, and chats until the foreground process closes the pipe. The line is `ready` with
/// the server's address and the client's state directory, or an error.
pub(crate) fn run() -> Result<()> {
    let (sender, inputs) = mpsc::channel();
    let stop = sender.clone();
    thread::spawn(move || {
        let _ = io::copy(&mut io::stdin().lock(), &mut io::sink()); // ends when the other end closes
        let _ = stop.send(Input::Stop);
    });
    match Conversation::start() {
        Ok(conversation) => {
            let state = conversation.server.dir.join("state");
            print_line(&format!("ready {} {}", conversation.address, state.display()))?;
            conversation.run(sender, &inputs);
            Ok(())
        }
        Err(error) => print_line(&error.to_string()),
    }
}

fn print_line(line: &str) -> Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{line}")?;
    Ok(stdout.flush()?)
}

struct Conversation {
    server: TempServer,
    address: String,
    bob: Client,
    carol: Client,
    alice: UserId,
    rooms: HashMap<&'static str, RoomId>,
}

impl Conversation {
    /// Starts a server with three users, their rooms and messages. Alice is signed in.
    fn start() -> Result<Self> {
        let (server, address) = TempServer::start()?;
        let password = private::random_text()?;
        let origin = Origin::parse(&address).map_err(|e| format!("{address}: {e}"))?;
        let register = |name| register(&origin, name, &password);
        let (bob, _) = register("bob")?;
        let (carol, _) = register("carol")?;
        let (alice, session) = register("alice")?;
        let place = state::StateDir::at(server.dir.join("state").join("quchat"));
        state::keep_session(&place, &origin, &session)?;

        let rooms = seed(&bob, &carol, &alice)?;
        Ok(Self { server, address, bob, carol, alice: session.user.id, rooms })
    }

    /// Chats until it is stopped. A message that cannot be sent is skipped.
    fn run(self, sender: Sender<Input>, inputs: &Receiver<Input>) {
        let bob = self.bob.clone(); // he is in every room
        thread::spawn(move || listen(&bob, &sender));
        let (bob, carol, alice, rooms) = (self.bob.clone(), self.carol.clone(), self.alice, self.rooms.clone());
        thread::spawn(move || opening::play(&bob, &carol, alice, &rooms));
        let begin = Instant::now();
        let mut director = Director::new(self.rooms.clone(), u64::from(std::process::id()));
        loop {
            match inputs.recv_timeout(director.next_due().saturating_sub(begin.elapsed())) {
                Ok(Input::Message { room, sender, text }) => {
                    director.message_received(begin.elapsed(), room, &sender, &text);
                }
                Ok(Input::NewRoom(room)) => director.room_created(begin.elapsed(), room),
                Ok(Input::Stop) | Err(RecvTimeoutError::Disconnected) => return,
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

/// Creates the rooms, joins them and sends their history. Leaves the newest messages unread for alice.
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

/// Registers a new user, who is then signed in.
fn register(origin: &Origin, name: &str, password: &str) -> Result<(Client, Session)> {
    let new = NewUser { name: name.into(), password: password.into(), invite: None };
    let session = Client::anonymous(origin.clone()).call::<Register>(&(), &(), &new)?;
    Ok((Client::signed_in(Access::new(origin.clone(), &session)), session))
}

fn say(client: &Client, room: RoomId, text: &str) -> Result<()> {
    let message = NewMessage { text: text.to_owned(), txn: None, reply_to: None };
    client.call::<SendMessage>(&room, &(), &message)?;
    Ok(())
}

/// Passes messages and new rooms to the director until it stops.
fn listen(client: &Client, inputs: &Sender<Input>) {
    for received in client.events(None).resuming() {
        let input = match received {
            Ok(Received { event: Some(Event::MessageCreated(event)), .. }) => {
                let Message { sender, text, .. } = event.message;
                Input::Message { room: event.room_id, sender: sender.name, text }
            }
            Ok(Received { event: Some(Event::RoomCreated(event)), .. }) if event.room.kind == RoomKind::Public => {
                Input::NewRoom(event.room.id)
            }
            _ => continue,
        };
        if inputs.send(input).is_err() {
            return;
        }
    }
}
