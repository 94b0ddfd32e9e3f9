//! The hub: takes committed changes, encodes each event once and delivers it to the streams of its audience (broadcast,
//! publish and subscribe).
//!
//! One thread owns all of it. It gets events only after their commit, never waits for a reader and knows no HTTP. Of
//! the store it knows only what a commit publishes. While it writes to thousands of streams, the next events gather,
//! and each stream gets them in one write.

mod batch;
mod broadcasts;
mod delivery;
mod ended;
mod ephemeral;
mod event_loop;
mod listeners;
mod outbox;
mod presence;
mod recent_events;
mod recent_senders;
mod scope;
mod typing;

use std::{
    sync::Arc,
    thread::{self, JoinHandle},
    time::Duration,
};

use quchat_shared::{
    Cursor, Event, RoomId, Timestamp, UserId,
    event::{Bye, ByeReason, Typing},
};
use tokio::{
    sync::{mpsc, oneshot},
    time::Instant,
};

pub(crate) use self::{
    delivery::Delivery,
    ended::SessionsEnded,
    outbox::{Outbox, TypingAt},
    presence::{Moved, Online, PresencePosition},
    scope::Scope,
};
use self::{event_loop::EventLoop, listeners::Key, presence::PresenceCount, typing::TypingThrottle};
use crate::{
    budget::Budget,
    config::Config,
    domain::presence::{Question, RoomMembers},
    metrics::Counter,
    reply_dispatcher::ReplyDispatcher,
    store::{Committed, Lineage},
    stream::{Chunk, StreamContext, StreamWriter},
};

/// Most queued commits and registrations; senders then wait.
const QUEUE: usize = 1024;

/// A handle of the hub. The hub ends when all clones are dropped.
#[derive(Clone)]
pub(crate) struct Hub {
    commands: mpsc::Sender<Command>,
    online: Online,
    sessions_ended: ended::Count,
    presence: PresenceCount,
    typing: Arc<TypingThrottle>,
    delivery: Arc<Delivery>,
    outbox: Option<Arc<Outbox>>,
}

/// The outcome of a registration.
pub(crate) enum Registered {
    /// The stream follows the hub from here on.
    Following(Subscription),
    /// The hub no longer has all events since the stream's position. Read on from the store and try again.
    Behind,
    /// The stream must end at once, for this reason.
    Ended(ByeReason),
}

enum Command {
    /// A commit, and when it was made.
    Publish(Committed, Instant),
    /// Answers when that is done.
    RestartAt(u64, oneshot::Sender<()>),
    Register(Registration, oneshot::Sender<Registered>),
    /// Answers to the questions of the hub.
    LookedUp(Vec<RoomMembers>),
    Typing(Typing),
    /// What other servers have told of who is typing there, …
    TypingElsewhere(Vec<TypingAt>),
    /// … and of who has a stream there.
    Moved(Moved),
    Stop,
}

/// A stream that has read everything up to and including `at`.
pub(crate) struct Registration {
    pub(crate) scope: Scope,
    pub(crate) expires_at: Timestamp,
    pub(crate) at: u64,
    /// The count just before the store confirmed that the session is alive.
    pub(crate) sessions_ended: SessionsEnded,
    /// Before its client could read who is online.
    pub(crate) presence: PresencePosition,
    pub(crate) writer: Arc<StreamWriter>,
}

/// An open stream; dropping it closes it.
pub(crate) struct Subscription {
    key: Key,
    writer: Arc<StreamWriter>,
    leaving: mpsc::UnboundedSender<Key>,
}

impl Subscription {
    pub(crate) fn writer(&self) -> &Arc<StreamWriter> {
        &self.writer
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.writer.close();
        let _ = self.leaving.send(self.key); // fails only once the hub has ended
    }
}

impl Hub {
    /// Starts the hub at the event `head` of this lineage. It puts questions about rooms to the returned receiver, to be
    /// answered with [`Hub::looked_up`]. With an outbox, there are other servers.
    pub(crate) fn start(
        config: &Config,
        replies: ReplyDispatcher,
        budget: Budget,
        lineage: Lineage,
        head: u64,
        outbox: Option<Arc<Outbox>>,
    ) -> (Self, JoinHandle<()>, mpsc::Receiver<Vec<Question>>) {
        let (commands, inbox) = mpsc::channel(QUEUE);
        let (leaving, left) = mpsc::unbounded_channel(); // each stream leaves once, so streams bound it
        let (ask, questions) = mpsc::channel(1); // the next one is put once the last is answered
        let event_loop = EventLoop::new(config, replies, budget, lineage, head, leaving, ask).telling(outbox.clone());
        let (online, sessions_ended) = (event_loop.online(), event_loop.sessions_ended());
        let (presence, delivery) = (event_loop.presence(), event_loop.delivery());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
        let thread = thread::Builder::new().name("hub".to_owned()).spawn(move || match runtime {
            Ok(runtime) => runtime.block_on(event_loop.run(inbox, left)),
            Err(error) => tracing::error!(%error, "the hub cannot start"),
        });
        let thread = thread.expect("a thread can be started while the server starts");
        let typing = Arc::new(TypingThrottle::new(config.typing_interval));
        (Self { commands, online, sessions_ended, presence, typing, delivery, outbox }, thread, questions)
    }

    /// Publishes a commit, and advances to its head even if there is no event with that number: streams that have read as
    /// far are registered then. Blocks while the hub is behind, so async threads must not call it.
    pub(crate) fn publish(&self, committed: Committed) {
        self.delivery.committed.set(committed.head);
        let _ = self.commands.blocking_send(Command::Publish(committed, Instant::now())); // fails only once the hub has ended
    }

    /// Ends every stream, and goes on after this event. Clients connect again and replay from the store. Returns when
    /// that is done: what was published before went out in the lineage of then. So async threads must not call it.
    pub(crate) fn restart_at(&self, head: u64) {
        let (done, is_done) = oneshot::channel();
        if self.commands.blocking_send(Command::RestartAt(head, done)).is_ok() {
            let _ = is_done.blocking_recv(); // fails only once the hub has ended
        }
    }

    /// Registers a stream and delivers the events since its position, in one step.
    pub(crate) async fn register(&self, registration: Registration) -> Registered {
        let (sender, reply) = oneshot::channel();
        match self.commands.send(Command::Register(registration, sender)).await {
            Ok(()) => reply.await.unwrap_or(Registered::Ended(ByeReason::Shutdown)),
            Err(_) => Registered::Ended(ByeReason::Shutdown),
        }
    }

    /// Answers the questions that the hub put last.
    pub(crate) async fn looked_up(&self, rooms: Vec<RoomMembers>) {
        let _ = self.commands.send(Command::LookedUp(rooms)).await; // fails only once the hub has ended
    }

    /// Tells the other members of a room that a user is typing, before any message that the user sends afterwards. Left
    /// out if the room has heard it a moment ago, or if the hub is behind. `now` is [`crate::clock::Clock::elapsed`].
    pub(crate) fn notify_typing(&self, room: RoomId, user: UserId, now: Duration) {
        if self.typing.admits(room, user, now) {
            let typing = Typing { room_id: room, user_id: user };
            if let Some(outbox) = &self.outbox {
                outbox.add_typing(TypingAt { typing: typing.clone(), position: self.delivery.committed.get() });
            }
            let _ = self.commands.try_send(Command::Typing(typing));
        }
    }

    /// Tells of users who are typing on another server. Left out if the hub is behind.
    pub(crate) fn typing_elsewhere(&self, typing: Vec<TypingAt>) {
        let _ = self.commands.try_send(Command::TypingElsewhere(typing));
    }

    /// Takes what users do on another server. May block, as [`Hub::publish`].
    pub(crate) fn moved(&self, moved: Moved) {
        let _ = self.commands.blocking_send(Command::Moved(moved)); // fails only once the hub has ended
    }

    /// Ends every stream, now and later, with a `bye`.
    pub(crate) async fn stop(&self) {
        let _ = self.commands.send(Command::Stop).await; // fails only once the hub has ended
    }

    /// Completes when the hub's thread has ended. It ends on its own only after a panic.
    pub(crate) async fn ended(&self) {
        self.commands.closed().await;
    }

    /// The number of sessions whose end has reached the hub.
    pub(crate) fn sessions_ended(&self) -> SessionsEnded {
        self.sessions_ended.get()
    }

    /// How much has happened to presence.
    pub(crate) fn presence_position(&self) -> PresencePosition {
        self.presence.get()
    }

    /// How far the hub is.
    pub(crate) fn delivery(&self) -> &Delivery {
        &self.delivery
    }

    /// How many commits and registrations wait, and the most that may.
    pub(crate) fn waiting(&self) -> (usize, usize) {
        (QUEUE - self.commands.capacity(), QUEUE)
    }

    /// The users with an open stream, and those who had one a moment ago.
    pub(crate) fn online(&self) -> &Online {
        &self.online
    }
}

/// The last frame of a stream.
pub(crate) fn bye(reason: ByeReason) -> Chunk {
    let mut bytes = Vec::new();
    Event::from(Bye { reason }).encode(None, &mut bytes);
    Chunk::own(&bytes)
}

/// The context of all stream writers.
pub(crate) fn stream_context(budget: Budget) -> Arc<StreamContext> {
    Arc::new(StreamContext { budget, slow_bye: bye(ByeReason::Slow), cut: Counter::default() })
}

/// A heartbeat: an SSE comment that shows that the stream is alive, with the position that the stream has reached.
pub(crate) fn heartbeat(position: &Cursor) -> Vec<u8> {
    format!(":\nid: {position}\n\n").into()
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use quchat_shared::SessionId;

    use super::*;
    use crate::store::Change;

    #[test]
    fn a_restart_comes_after_everything_that_was_published_before() {
        let config = Config::new(PathBuf::new());
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let replies = {
            let _entered = runtime.enter();
            ReplyDispatcher::start()
        };
        let lineage = Lineage::known("a".to_owned());
        let (hub, thread, questions) = Hub::start(&config, replies, Budget::new(1 << 30), lineage, 0, None);
        for head in 1..1_000 {
            let ended = Change::SessionEnded { user: UserId(1), session: SessionId(head) };
            hub.publish(Committed { begun: head - 1, head, changes: vec![ended; 100] });
        }
        hub.restart_at(2_000);
        assert_eq!(hub.waiting().0, 0);
        drop((hub, questions));
        thread.join().unwrap();
    }
}
