//! The hub's thread: publishes events, registers streams, sends heartbeats, and ends streams whose token has expired.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use quchat_shared::{Event, event::ByeReason};
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, sleep_until},
};

use super::{
    Command, Registered, Registration, Subscription,
    batch::Batch,
    broadcasts::PacedBroadcasts,
    bye,
    delivery::Delivery,
    ended::{Count, Ended},
    ephemeral::EphemeralEvents,
    listeners::{Key, Listeners},
    outbox::{Outbox, TypingAt},
    presence::{Online, Presence, PresenceCount},
    recent_events::RecentEvents,
    recent_senders::RecentSenders,
};
use crate::{
    budget::Budget,
    clock::Clock,
    config::Config,
    domain::{audience::Audience, presence::Question},
    reply_dispatcher::ReplyDispatcher,
    store::{Change, Committed, EventRef, Lineage},
    stream::{Chunk, Pushed},
};

/// Once this many bytes are gathered they are written, and registrations are answered, before more is taken.
const GATHER_BYTES: usize = 64 * 1024;
/// How many bytes a registration counts towards [`GATHER_BYTES`], besides the frames that it missed.
const REGISTRATION_BYTES: usize = 512;

/// The state of the hub's thread.
pub(super) struct EventLoop {
    lineage: Lineage,
    head: u64,
    recent: RecentEvents,
    listeners: Listeners,
    ended: Ended,
    /// Registrations at positions whose commit has not been published yet.
    waiting: Vec<(Registration, oneshot::Sender<Registered>)>,
    /// Registrations that are not answered yet, with their outcome.
    unanswered: Vec<(oneshot::Sender<Registered>, Registered)>,
    replies: ReplyDispatcher,
    /// The budget that waiting frames are charged to.
    budget: Budget,
    /// The batch that the next event may join.
    batch: Option<Batch>,
    /// Bytes of frames, and registrations, since the last flush.
    gathered: usize,
    ephemeral: EphemeralEvents,
    presence: Presence,
    broadcasts: PacedBroadcasts,
    heartbeat: Duration,
    stream_queue: usize,
    clock: Clock,
    leaving: mpsc::UnboundedSender<Key>,
    is_stopped: bool,
    delivery: Arc<Delivery>,
    /// For other servers, if there may be any.
    outbox: Option<Arc<Outbox>>,
    /// Filled if there may be other servers.
    senders: RecentSenders,
    /// The oldest commit that is not written to the streams yet.
    undelivered: Option<Instant>,
}

impl EventLoop {
    pub(super) fn new(
        config: &Config,
        replies: ReplyDispatcher,
        budget: Budget,
        lineage: Lineage,
        head: u64,
        leaving: mpsc::UnboundedSender<Key>,
        questions: mpsc::Sender<Vec<Question>>,
    ) -> Self {
        Self {
            lineage,
            head,
            recent: RecentEvents::new(head),
            listeners: Listeners::new(config.stream_queue),
            ended: Ended::default(),
            waiting: Vec::new(),
            unanswered: Vec::new(),
            replies,
            budget,
            batch: None,
            gathered: 0,
            ephemeral: EphemeralEvents::new(config.activity_delay),
            presence: Presence::new(config, questions),
            broadcasts: PacedBroadcasts::default(),
            heartbeat: config.heartbeat,
            stream_queue: config.stream_queue,
            clock: config.clock.clone(),
            leaving,
            is_stopped: false,
            delivery: Arc::new(Delivery::new(head)),
            outbox: None,
            senders: RecentSenders::default(),
            undelivered: None,
        }
    }

    /// Has what others are to be told noted here.
    pub(super) fn telling(self, outbox: Option<Arc<Outbox>>) -> Self {
        Self { outbox, ..self }
    }

    /// Who is online, readable from everywhere.
    pub(super) fn online(&self) -> Online {
        self.presence.online()
    }

    /// The count of ended sessions, readable from any thread.
    pub(super) fn sessions_ended(&self) -> Count {
        self.ended.count()
    }

    /// The count of what happened to presence, readable from everywhere.
    pub(super) fn presence(&self) -> PresenceCount {
        self.presence.count()
    }

    /// How far the hub is, readable from any thread.
    pub(super) fn delivery(&self) -> Arc<Delivery> {
        Arc::clone(&self.delivery)
    }

    /// Runs until all handles of the hub are gone.
    pub(super) async fn run(mut self, mut inbox: mpsc::Receiver<Command>, mut left: mpsc::UnboundedReceiver<Key>) {
        let mut heartbeat_due = Instant::now() + self.heartbeat;
        loop {
            tokio::select! {
                biased; // what is due does not wait for a busy inbox
                () = sleep_until(self.next_deadline(heartbeat_due)) => {}
                Some(key) = left.recv() => self.listeners.remove(key),
                command = inbox.recv() => match command {
                    Some(command) => self.take(command, &mut inbox),
                    None => return,
                },
                () = std::future::ready(()), if self.has_work() => {}
            }
            self.delivery.streams.set(self.listeners.len() as u64);
            self.tell_presence();
            self.broadcasts.advance(&self.listeners, &self.budget, &self.lineage.cursor(self.head));
            let now = Instant::now();
            if now >= heartbeat_due {
                heartbeat_due = now + self.heartbeat;
                self.listeners.shrink();
                self.presence.forget_unheard(&self.listeners);
                self.broadcasts.begin_heartbeat(self.listeners.all_keys());
            }
            while let Some((event, audience)) = self.ephemeral.take_due(now) {
                let mut bytes = Vec::new();
                event.encode(None, &mut bytes);
                self.broadcasts.begin_event(Chunk::new(&self.budget, &bytes, 1), self.listeners.keys(audience));
            }
            if let Some(at) = self.listeners.next_expiry() {
                let now = self.clock.now();
                if at <= now {
                    self.listeners.end_expired(now, &bye(ByeReason::Expired));
                }
            }
        }
    }

    /// Whether there is work that only gives way to what is more urgent.
    fn has_work(&self) -> bool {
        self.broadcasts.are_under_way() || (self.presence.is_under_way() && !self.is_stopped)
    }

    /// Follows streams that have gone, and does a portion of what presence takes.
    fn tell_presence(&mut self) {
        let departed = self.listeners.take_departed();
        if self.is_stopped {
            return;
        }
        for (user, rooms) in departed {
            if !self.listeners.has_stream(user) {
                self.outbox.iter().for_each(|outbox| outbox.set_here(user, false));
                self.presence.depart(user, rooms);
            }
        }
        self.presence.advance(&self.listeners, &mut self.broadcasts, &self.budget);
    }

    /// Handles a command and what waits behind it, then writes what that came to.
    fn take(&mut self, command: Command, inbox: &mut mpsc::Receiver<Command>) {
        self.handle(command);
        while self.gathered < GATHER_BYTES
            && let Ok(command) = inbox.try_recv()
        {
            self.handle(command);
        }
        if !self.unanswered.is_empty() {
            let unanswered = std::mem::take(&mut self.unanswered);
            // If nobody waits for it any more, dropping the subscription removes the stream.
            self.replies.dispatch(move || unanswered.into_iter().for_each(|(reply, became)| drop(reply.send(became))));
        }
        self.deliver();
        self.listeners.flush();
        self.gathered = 0;
        if let Some(committed) = self.undelivered.take() {
            self.delivery.lag.observe_time(committed.elapsed());
            self.delivery.delivered.set(self.head);
        }
    }

    fn handle(&mut self, command: Command) {
        match command {
            Command::Publish(committed, at) => {
                self.undelivered.get_or_insert(at);
                self.publish(committed);
            }
            Command::RestartAt(head, done) => {
                self.waiting.clear(); // dropping the reply ends the stream
                self.deliver();
                self.listeners.end_all(&bye(ByeReason::Shutdown));
                self.presence.restart();
                self.recent = RecentEvents::new(head);
                self.head = head;
                let _ = done.send(()); // nobody waits any more once the server ends
            }
            Command::Register(registration, reply) => self.register(registration, reply),
            Command::LookedUp(rooms) => {
                self.deliver(); // who has joined or left by now
                self.presence.looked_up(rooms, &self.listeners);
            }
            Command::Typing(event) => {
                self.deliver();
                self.broadcasts.begin_typing(event, &self.listeners, &self.budget, Instant::now());
            }
            Command::TypingElsewhere(all) => {
                self.deliver();
                for TypingAt { typing, position } in all {
                    if !self.senders.have_since(position, typing.room_id, typing.user_id) {
                        self.broadcasts.begin_typing(typing, &self.listeners, &self.budget, Instant::now());
                    }
                }
            }
            Command::Moved(moved) => {
                self.presence.follow_elsewhere(moved, &self.listeners);
                self.gathered += GATHER_BYTES; // it took a while; what waits goes out first
            }
            Command::Stop => {
                self.is_stopped = true;
                self.waiting.clear(); // dropping the reply says so
                self.deliver();
                self.listeners.end_all(&bye(ByeReason::Shutdown));
            }
        }
    }

    fn publish(&mut self, committed: Committed) {
        let mut is_late = false;
        for change in committed.changes {
            match change {
                Change::Event { logged, room_kind, event } => {
                    self.presence.follow(&logged, room_kind);
                    if let Event::MessageCreated(created) = &event {
                        let sender = created.message.sender.id;
                        self.broadcasts.drop_typing(logged.room, sender);
                        if self.outbox.is_some() {
                            self.senders.push(logged.id, logged.room, sender);
                        }
                    }
                    let audience = Audience::of(&logged, room_kind);
                    let mut frame = Vec::with_capacity(512);
                    event.encode(Some(&self.lineage.cursor(logged.id)), &mut frame);
                    if let EventRef::RoomDeleted { .. } = logged.what {
                        self.ephemeral.forget_room(logged.room);
                    }
                    let frame = Bytes::from(frame);
                    self.add(audience, logged.what, frame.clone());
                    self.recent.push(logged.id, audience, frame);
                }
                Change::Ephemeral(happened) => self.ephemeral.add(happened),
                Change::SessionEnded { user, session } => {
                    self.deliver();
                    self.ended.push(session);
                    self.listeners.end_session(user, session, &bye(ByeReason::SignedOut));
                }
                Change::RightsLost { users } => {
                    is_late = true;
                    self.deliver();
                    users.into_iter().for_each(|user| self.listeners.end_user(user, &bye(ByeReason::Slow)));
                }
            }
        }
        self.head = committed.head;
        if is_late {
            self.recent = RecentEvents::new(self.head); // a stream that has not read them reads them from the store
        }
        let head = self.head;
        let ready = self.waiting.extract_if(.., |(registration, _)| registration.at <= head).collect::<Vec<_>>();
        ready.into_iter().for_each(|(registration, reply)| self.register(registration, reply));
    }

    /// Adds the frame of an event to the batch, or begins another.
    fn add(&mut self, audience: Audience, what: EventRef, frame: Bytes) {
        self.gathered += frame.len();
        match &mut self.batch {
            Some(batch) if batch.takes(audience) => batch.push(what, frame),
            _ => {
                self.deliver();
                self.batch = Some(Batch::new(audience, what, frame));
            }
        }
    }

    fn deliver(&mut self) {
        if let Some(batch) = self.batch.take() {
            self.listeners.deliver(batch.audience(), &batch.chunk(&self.budget));
        }
    }

    fn register(&mut self, registration: Registration, reply: oneshot::Sender<Registered>) {
        if registration.at > self.head && !self.is_stopped {
            self.waiting.push((registration, reply)); // its commit is about to be published
            return;
        }
        let became = self.registered(registration);
        self.unanswered.push((reply, became));
    }

    fn registered(&mut self, mut registration: Registration) -> Registered {
        if self.is_stopped {
            return Registered::Ended(ByeReason::Shutdown);
        }
        match self.ended.has_ended(registration.scope.session, registration.sessions_ended) {
            Some(false) => {}
            Some(true) => return Registered::Ended(ByeReason::SignedOut),
            None => return Registered::Behind,
        }
        let Some(missed) = self.recent.after(registration.at) else { return Registered::Behind };
        let (mut bytes, mut frames) = (Vec::new(), 0);
        for (audience, frame) in missed {
            if registration.scope.follow(audience) {
                bytes.extend_from_slice(frame);
                frames += 1;
            }
        }
        if frames > self.stream_queue {
            return Registered::Behind;
        }
        self.gathered += REGISTRATION_BYTES + bytes.len();
        self.deliver(); // what was just handed over is not to come again
        let writer = registration.writer;
        if frames > 0 {
            let chunk = Chunk::new(&self.budget, &bytes, frames);
            if !chunk.may_wait() {
                return Registered::Ended(ByeReason::Slow);
            }
            if writer.push(&chunk, self.stream_queue) != Pushed::Accepted {
                return Registered::Behind; // too many bytes at once, though not too many frames
            }
        }
        let (bytes, frames) = self.presence.catch_up(&registration.scope.rooms, registration.presence);
        if frames > 0 {
            writer.push_ephemeral(&Chunk::new(&self.budget, &bytes, frames), self.stream_queue);
        }
        let user = registration.scope.user;
        let key = self.listeners.add(registration.scope, registration.expires_at, Arc::clone(&writer));
        self.presence.arrive(user);
        self.outbox.iter().for_each(|outbox| outbox.set_here(user, true));
        Registered::Following(Subscription { key, writer, leaving: self.leaving.clone() })
    }

    fn next_deadline(&self, heartbeat: Instant) -> Instant {
        let expiry = self.listeners.next_expiry().map(|at| {
            let millis = at.as_millis().saturating_sub(self.clock.now().as_millis());
            Instant::now() + Duration::from_millis(u64::try_from(millis).unwrap_or(0))
        });
        let presence = self.presence.next_due().filter(|_| !self.is_stopped);
        [self.ephemeral.next_due(), presence, expiry].into_iter().flatten().fold(heartbeat, Instant::min)
    }
}
