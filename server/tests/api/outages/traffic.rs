//! People who go on whatever happens: they send each message until it is acknowledged, and follow a stream on whichever
//! server lets them.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use quchat_shared::{Event, Message, RoomId, Seq};
use serde_json::json;

use crate::harness::{Client, Opening, Over, eventually};

/// How long a message may take to be acknowledged, over all attempts. Only a failing test waits that long.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long to wait before the next attempt.
const PAUSE: Duration = Duration::from_millis(10);
/// The room whose creation is the last event.
const END: &str = "the end";

/// Senders at work.
pub(super) struct Traffic {
    /// The servers, which may move.
    pub(super) nodes: Mutex<Vec<SocketAddr>>,
    pub(super) rooms: Vec<RoomId>,
    /// Without it, a message that is stored twice shows as two.
    has_txn: bool,
    /// The senders end with the message that they are sending.
    over: Over,
    acknowledged: AtomicU64,
    /// Attempts that were answered with 503.
    refused: AtomicU64,
    /// Attempts without an answer.
    unanswered: AtomicU64,
    /// The attempt that took longest, in milliseconds.
    slowest: AtomicU64,
    messages: Mutex<BTreeMap<(RoomId, Seq), String>>,
}

impl Traffic {
    pub(super) fn new(nodes: Vec<SocketAddr>, rooms: Vec<RoomId>) -> Self {
        Self {
            nodes: Mutex::new(nodes),
            rooms,
            has_txn: true,
            over: Over::default(),
            acknowledged: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            unanswered: AtomicU64::new(0),
            slowest: AtomicU64::new(0),
            messages: Mutex::default(),
        }
    }

    /// The messages have no `txn`, so every attempt must be answered.
    pub(super) fn without_txn(self) -> Self {
        Self { has_txn: false, ..self }
    }

    /// Has so many send, and one listen on each server, while `act` runs. Afterwards each listener has heard all. Returns
    /// how often their streams have ended.
    #[track_caller]
    pub(super) fn during(&self, people: [&Client; 2], senders: usize, act: impl FnOnce()) -> u64 {
        let count = self.nodes.lock().unwrap().len();
        let heard = thread::scope(|scope| {
            let end = self.over.set_on_drop();
            let listeners = (0..count).map(|node| Listener::new(self, people[1], node)).collect::<Vec<_>>();
            let listeners: Vec<_> = listeners.into_iter().map(|all| scope.spawn(|| all.listen())).collect();
            let send = |name| scope.spawn(move || self.send(people[name % 2], name, name % count));
            let senders: Vec<_> = (0..senders).map(send).collect();
            act();
            drop(end);
            senders.into_iter().for_each(|sender| sender.join().unwrap());
            eventually("the last event is made", || {
                let client = people[0].at(self.address(0));
                let body = json!({"name": END}).to_string().into_bytes();
                let answer = client.try_send("POST", "/v1/rooms", "application/json", Some(body)).ok()?;
                matches!(answer.status, 201 | 409).then_some(())
            });
            listeners.into_iter().map(|listener| listener.join().unwrap()).collect::<Vec<_>>()
        });
        for &(heard, _) in &heard {
            assert_eq!(heard, self.acknowledged(), "the streams of each listener together have all");
        }
        heard.into_iter().map(|(_, ends)| ends).sum()
    }

    /// Sends in all rooms until it is over, at first on the server with this number.
    fn send(&self, sender: &Client, name: usize, mut node: usize) {
        let mut sender = sender.at(self.address(node));
        for n in 0.. {
            if self.over.is_set() {
                return;
            }
            let (room, text) = (self.rooms[n % self.rooms.len()], format!("{name}-{n}"));
            let begun = Instant::now();
            let message: Message = loop {
                match self.attempt(&sender, room, &text) {
                    Some(message) => break message,
                    None => thread::sleep(PAUSE),
                }
                assert!(begun.elapsed() < PATIENCE, "{text} is not acknowledged");
                node += 1;
                sender = sender.at(self.address(node));
            };
            assert_eq!(message.text, text);
            let known = self.messages.lock().unwrap().insert((room, message.seq), text);
            assert_eq!(known, None, "two messages have the same seq");
            self.acknowledged.fetch_add(1, Ordering::AcqRel);
        }
    }

    fn attempt(&self, sender: &Client, room: RoomId, text: &str) -> Option<Message> {
        let body = if self.has_txn { json!({"text": text, "txn": text}) } else { json!({"text": text}) };
        let body = body.to_string().into_bytes();
        let begun = Instant::now();
        let answer = sender.try_send("POST", &format!("/v1/rooms/{room}/messages"), "application/json", Some(body));
        self.slowest.fetch_max(begun.elapsed().as_millis() as u64, Ordering::AcqRel);
        let counter = match &answer {
            Ok(answer) if matches!(answer.status, 200 | 201) => return Some(answer.json()),
            Ok(answer) => {
                answer.problem(503, "unavailable");
                &self.refused
            }
            Err(_) => &self.unanswered,
        };
        counter.fetch_add(1, Ordering::AcqRel);
        None
    }

    fn address(&self, node: usize) -> SocketAddr {
        let nodes = self.nodes.lock().unwrap();
        nodes[node % nodes.len()]
    }

    pub(super) fn acknowledged(&self) -> u64 {
        self.acknowledged.load(Ordering::Acquire)
    }

    pub(super) fn refused(&self) -> u64 {
        self.refused.load(Ordering::Acquire)
    }

    pub(super) fn unanswered(&self) -> u64 {
        self.unanswered.load(Ordering::Acquire)
    }

    pub(super) fn slowest(&self) -> Duration {
        Duration::from_millis(self.slowest.load(Ordering::Acquire))
    }

    /// Waits for as many more acknowledgements, and returns how long the first of them took.
    #[track_caller]
    pub(super) fn goes_on(&self, by: u64) -> Duration {
        let (from, begun) = (self.acknowledged(), Instant::now());
        let first = eventually("a message is acknowledged", || (self.acknowledged() > from).then(|| begun.elapsed()));
        eventually("messages are acknowledged", || (self.acknowledged() >= from + by).then_some(()));
        first
    }

    /// Checks that the rooms hold exactly what was acknowledged, without a gap.
    #[track_caller]
    pub(super) fn check(&self, reader: &Client) {
        let mut messages = self.messages.lock().unwrap().clone();
        for &room in &self.rooms {
            let history = reader.history(room);
            let seqs: Vec<_> = history.iter().map(|message| message.seq.0).collect();
            assert_eq!(seqs, (1..=seqs.len() as u64).collect::<Vec<_>>(), "no gap");
            for message in history {
                let acknowledged = messages.remove(&(room, message.seq));
                assert_eq!(acknowledged.as_deref(), Some(&*message.text), "{}", message.seq.0);
            }
        }
        assert!(messages.is_empty(), "lost: {messages:?}");
    }
}

/// Follows one stream after the other. Panics on a hole, a double or a `reset`.
struct Listener<'a> {
    traffic: &'a Traffic,
    client: Client,
    node: usize,
    position: String,
    seqs: BTreeMap<RoomId, u64>,
    /// How many streams have ended.
    ends: u64,
}

impl<'a> Listener<'a> {
    /// Begins now, on the server with this number.
    fn new(traffic: &'a Traffic, client: &Client, node: usize) -> Self {
        let client = client.at(traffic.address(node));
        let position = client.rooms().cursor.0;
        Self { traffic, client, node, position, seqs: BTreeMap::new(), ends: 0 }
    }

    /// Follows until the last event. Returns how many messages came, and how many streams ended.
    fn listen(mut self) -> (u64, u64) {
        loop {
            assert!(!self.traffic.over.has_failed(), "the test has failed");
            let opening = Opening { last_event_id: Some(&self.position), ..Opening::default() };
            if let Some(mut stream) = opening.try_open(&self.client) {
                while let Some(received) = stream.next_or_end() {
                    if self.take(received.event) {
                        return (self.seqs.values().sum(), self.ends);
                    }
                }
                stream.last_id().clone_into(&mut self.position);
                self.ends += 1;
            }
            thread::sleep(PAUSE);
            self.node += 1;
            self.client = self.client.at(self.traffic.address(self.node));
        }
    }

    fn take(&mut self, event: Event) -> bool {
        match event {
            Event::MessageCreated(created) if self.traffic.rooms.contains(&created.room_id) => {
                let seq = self.seqs.entry(created.room_id).or_default();
                *seq += 1;
                assert_eq!(created.message.seq.0, *seq, "each once, in order, without a hole");
            }
            Event::RoomCreated(created) => return created.room.name == END,
            Event::Reset(reset) => panic!("nothing is lost, but {reset:?}"),
            _ => {}
        }
        false
    }
}
