//! Who listens to what: takes what was committed, encodes each event once and hands it to the streams it reaches.
//!
//! One thread owns all of it. It learns of events only after their commit, waits for no reader, and knows no HTTP; of
//! the store it knows only what a commit tells.

mod listeners;
mod mailbox;
mod tail;

use std::{
    collections::BTreeMap,
    sync::Arc,
    thread::{self, JoinHandle},
    time::Duration,
};

use bytes::Bytes;
use quchat_shared::{
    Cursor, Event, RoomId, Seq, Timestamp,
    event::{Activity, Bye, ByeReason, RoomActivity},
};
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, sleep_until},
};

pub(crate) use self::{listeners::Online, mailbox::Chunk, tail::Scope};
use self::{
    listeners::{Key, Listeners},
    mailbox::Mailbox,
    tail::{Reach, Tail},
};
use crate::{clock::Clock, config::Config, domain::events::cursor, store::Change};

/// Commits and registrations that wait for the hub before a new one has to.
const QUEUE: usize = 1024;
/// A chunk that has this many bytes takes no further frame.
const CHUNK_BYTES: usize = 16 * 1024;

/// Access to the hub. Clones share it; it ends when all are gone.
#[derive(Clone)]
pub(crate) struct Hub {
    commands: mpsc::Sender<Command>,
    online: Online,
}

/// What became of a registration.
pub(crate) enum Registered {
    /// It follows from here.
    Live(Subscription),
    /// More has happened since its position than is kept here: read on and try again.
    Behind,
    /// The server stops.
    Stopped,
}

enum Command {
    Tell(Vec<Change>),
    Register(Registration, oneshot::Sender<Registered>),
    Leave(Key),
    Stop,
}

/// A stream that has read everything up to and including `at`.
pub(crate) struct Registration {
    pub(crate) scope: Scope,
    pub(crate) expires_at: Timestamp,
    pub(crate) at: u64,
}

/// An open stream; dropping it closes it.
pub(crate) struct Subscription {
    key: Key,
    mailbox: Arc<Mailbox>,
    commands: mpsc::Sender<Command>,
}

impl Subscription {
    pub(crate) fn mailbox(&self) -> &Mailbox {
        &self.mailbox
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.mailbox.close();
        // A full queue is no harm: the hub sweeps closed mailboxes with each heartbeat.
        let _ = self.commands.try_send(Command::Leave(self.key));
    }
}

impl Hub {
    /// Starts the hub at the event `head`; the ids it writes carry `tag`.
    pub(crate) fn start(config: &Config, tag: Arc<str>, head: u64) -> (Self, JoinHandle<()>) {
        let (commands, inbox) = mpsc::channel(QUEUE);
        let listeners = Listeners::default();
        let online = listeners.online();
        let state = State {
            tag,
            head,
            tail: Tail::new(head),
            listeners,
            waiting: Vec::new(),
            active: BTreeMap::new(),
            activity_due: None,
            heartbeat: config.heartbeat,
            activity_delay: config.activity_delay,
            stream_queue: config.stream_queue,
            slow: bye(ByeReason::Slow),
            clock: config.clock.clone(),
            commands: commands.downgrade(),
            stopped: false,
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
        let thread = thread::Builder::new().name("hub".to_owned()).spawn(move || match runtime {
            Ok(runtime) => runtime.block_on(state.run(inbox)),
            Err(error) => tracing::error!(%error, "the hub cannot start"),
        });
        let thread = thread.expect("a thread can be started while the server starts");
        (Self { commands, online }, thread)
    }

    /// Tells what a commit has to tell. Blocks while the hub is behind; not for async threads.
    pub(crate) fn tell(&self, changes: Vec<Change>) {
        let _ = self.commands.blocking_send(Command::Tell(changes)); // fails only once the hub has ended
    }

    /// Registers a stream in one step with what came since its position.
    pub(crate) async fn register(&self, registration: Registration) -> Registered {
        let (reply, answer) = oneshot::channel();
        match self.commands.send(Command::Register(registration, reply)).await {
            Ok(()) => answer.await.unwrap_or(Registered::Stopped),
            Err(_) => Registered::Stopped,
        }
    }

    /// Says goodbye to every stream, now and later.
    pub(crate) async fn stop(&self) {
        let _ = self.commands.send(Command::Stop).await; // fails only once the hub has ended
    }

    /// Done when the hub has ended, which it does by itself only if it is broken.
    pub(crate) async fn ended(&self) {
        self.commands.closed().await;
    }

    /// The users with an open stream.
    pub(crate) fn online(&self) -> &Online {
        &self.online
    }
}

/// The last frame of a stream.
pub(crate) fn bye(reason: ByeReason) -> Chunk {
    chunk(&Event::from(Bye { reason }))
}

/// A sign of life, and a position that is reached without anything to show for it.
pub(crate) fn heartbeat(position: &Cursor) -> Bytes {
    format!(":\nid: {position}\n\n").into()
}

fn chunk(event: &Event) -> Chunk {
    let mut bytes = Vec::new();
    event.encode(None, &mut bytes);
    Chunk { bytes: bytes.into(), frames: 1 }
}

/// The state of the hub.
struct State {
    tag: Arc<str>,
    head: u64,
    tail: Tail,
    listeners: Listeners,
    /// Registrations at positions whose commit has not been told yet.
    waiting: Vec<(Registration, oneshot::Sender<Registered>)>,
    active: BTreeMap<RoomId, Seq>,
    activity_due: Option<Instant>,
    heartbeat: Duration,
    activity_delay: Duration,
    stream_queue: usize,
    /// What is told to a reader who cannot keep up.
    slow: Chunk,
    clock: Clock,
    commands: mpsc::WeakSender<Command>,
    stopped: bool,
}

impl State {
    async fn run(mut self, mut inbox: mpsc::Receiver<Command>) {
        let mut heartbeat_due = Instant::now() + self.heartbeat;
        loop {
            tokio::select! {
                biased; // what is due does not wait for a busy inbox
                () = sleep_until(self.next_deadline(heartbeat_due)) => {}
                command = inbox.recv() => match command {
                    Some(command) => self.handle(command),
                    None => return,
                },
            }
            let now = Instant::now();
            if now >= heartbeat_due {
                heartbeat_due = now + self.heartbeat;
                self.beat();
            }
            if self.activity_due.is_some_and(|due| now >= due) {
                self.tell_activity();
            }
            if let Some(at) = self.listeners.next_expiry() {
                let now = self.clock.now();
                if at <= now {
                    self.listeners.end_expired(now, &bye(ByeReason::Expired));
                }
            }
        }
    }

    fn handle(&mut self, command: Command) {
        match command {
            Command::Tell(changes) => self.tell(changes),
            Command::Register(registration, reply) => self.register(registration, reply),
            Command::Leave(key) => self.listeners.remove(key),
            Command::Stop => {
                self.stopped = true;
                self.waiting.clear(); // dropping the reply says so
                self.listeners.end_all(&bye(ByeReason::Shutdown));
            }
        }
    }

    fn tell(&mut self, changes: Vec<Change>) {
        let mut batch: Option<(Reach, Vec<u8>, usize)> = None;
        for change in changes {
            match change {
                Change::Event { id, event, user } => {
                    self.head = id;
                    let Some(reach) = Reach::of(&event, user) else { continue };
                    let mut frame = Vec::with_capacity(512);
                    event.encode(Some(&cursor(&self.tag, id)), &mut frame);
                    // Messages of one room that were committed together are told together.
                    match &mut batch {
                        Some((same, bytes, frames))
                            if *same == reach && matches!(reach, Reach::Members(_)) && bytes.len() < CHUNK_BYTES =>
                        {
                            bytes.extend_from_slice(&frame);
                            *frames += 1;
                        }
                        other => {
                            self.deliver(other.replace((reach, frame.clone(), 1)));
                        }
                    }
                    self.tail.push(id, reach, frame.into());
                }
                Change::Activity(room) => {
                    self.active.insert(room.id, room.last_seq);
                    self.activity_due.get_or_insert_with(|| Instant::now() + self.activity_delay);
                }
                Change::SessionEnded(session) => {
                    self.deliver(batch.take());
                    self.listeners.end_session(session, &bye(ByeReason::SignedOut));
                }
            }
        }
        self.deliver(batch);
        let head = self.head;
        let ready = self.waiting.extract_if(.., |(registration, _)| registration.at <= head).collect::<Vec<_>>();
        ready.into_iter().for_each(|(registration, reply)| self.register(registration, reply));
    }

    fn deliver(&mut self, batch: Option<(Reach, Vec<u8>, usize)>) {
        if let Some((reach, bytes, frames)) = batch {
            self.listeners.deliver(reach, &Chunk { bytes: bytes.into(), frames }, &self.slow);
        }
    }

    fn register(&mut self, mut registration: Registration, reply: oneshot::Sender<Registered>) {
        let Some(commands) = self.commands.upgrade().filter(|_| !self.stopped) else {
            let _ = reply.send(Registered::Stopped);
            return;
        };
        if registration.at > self.head {
            self.waiting.push((registration, reply)); // its commit is about to be told
            return;
        }
        let Some(missed) = self.tail.after(registration.at) else {
            let _ = reply.send(Registered::Behind);
            return;
        };
        let mailbox = Arc::new(Mailbox::new(self.stream_queue));
        for (reach, frame) in missed {
            if registration.scope.follow(reach)
                && mailbox.push(&Chunk { bytes: Bytes::clone(frame), frames: 1 }) != mailbox::Pushed::Accepted
            {
                let _ = reply.send(Registered::Behind);
                return;
            }
        }
        let key = self.listeners.add(registration.scope, registration.expires_at, Arc::clone(&mailbox));
        // If nobody waits any more, dropping the subscription takes it back out.
        let _ = reply.send(Registered::Live(Subscription { key, mailbox, commands }));
    }

    fn beat(&mut self) {
        self.listeners.sweep();
        let bytes = heartbeat(&cursor(&self.tag, self.head));
        self.listeners.deliver_ephemeral(&Chunk { bytes, frames: 1 }, true);
    }

    fn tell_activity(&mut self) {
        self.activity_due = None;
        let rooms = std::mem::take(&mut self.active);
        let rooms = rooms.into_iter().map(|(id, last_seq)| RoomActivity { id, last_seq }).collect();
        self.listeners.deliver_ephemeral(&chunk(&Activity { rooms }.into()), false);
    }

    fn next_deadline(&self, heartbeat: Instant) -> Instant {
        let expiry = self.listeners.next_expiry().map(|at| {
            let millis = at.as_millis().saturating_sub(self.clock.now().as_millis());
            Instant::now() + Duration::from_millis(u64::try_from(millis).unwrap_or(0))
        });
        [self.activity_due, expiry].into_iter().flatten().fold(heartbeat, Instant::min)
    }
}
