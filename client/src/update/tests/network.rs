//! Tests `update` against a simulated server at the level of Msgs, which delays, fails, loses answers and streams.

use std::collections::BTreeMap;

use proptest::prelude::*;
use quchat_shared::Kind;

use super::*;
use crate::model::Stored;

/// A server with one room, a network with random failures, and a disk.
struct Simulation {
    client: Client,
    stored: Vec<Message>,
    by_txn: BTreeMap<String, u64>,
    waiting: Vec<(u64, Request)>,
    /// Random numbers that decide what happens in each step.
    random: Vec<u8>,
    /// How many of the stored messages the stream has sent.
    streamed: usize,
}

/// What happens to a message that was sent.
enum Fate {
    Answered,
    /// The server stores it, but its answer is lost.
    AnswerLost,
    /// The server answers that it is unavailable.
    Postponed,
}

impl Simulation {
    fn new(random: Vec<u8>) -> Self {
        let client = Client::online();
        Self { client, stored: Vec::new(), by_txn: BTreeMap::new(), waiting: Vec::new(), random, streamed: 0 }
    }

    fn random(&mut self) -> u8 {
        self.random.pop().unwrap_or(0)
    }

    /// Stores a message on the server, once per txn.
    fn store(&mut self, txn: &str, text: &str) -> Message {
        let next = self.stored.len() as u64 + 4;
        let seq = *self.by_txn.entry(txn.to_owned()).or_insert(next);
        let message = Message { txn: Some(txn.to_owned()), ..message(GENERAL, seq, ALICE, text) };
        if seq == next {
            self.stored.push(message.clone());
        }
        message
    }

    /// One step of the simulation: an answer, a loss, some events, or time.
    fn step(&mut self) {
        self.client.disk();
        let calls = self.client.calls();
        self.waiting.extend(calls.into_iter().filter(|(_, req)| is_send(req)));
        let new = |(_, req): &&(u64, Request)| match req {
            Request::SendMessage(_, new) => !self.by_txn.contains_key(new.txn.as_deref().unwrap()),
            _ => false,
        };
        assert!(self.waiting.iter().filter(new).count() <= 1, "at most one send unknown to the server is in flight");
        match self.random() % 8 {
            0..=2 => self.answer(Fate::Answered),
            3 => self.answer(Fate::AnswerLost),
            4 => self.answer(Fate::Postponed),
            5 => self.stream_next(),
            6 => {
                self.client.pass(400);
            }
            _ => {
                self.client.pass(3_000);
            }
        }
    }

    fn answer(&mut self, fate: Fate) {
        if self.waiting.is_empty() {
            self.client.pass(31_000);
            return;
        }
        let any = usize::from(self.random()) % self.waiting.len();
        let (call, req) = self.waiting.remove(any);
        let Request::SendMessage(_, new) = req else { unreachable!("only sends wait") };
        let reply = match fate {
            Fate::Answered => Ok(Answer::Message(self.store(&new.txn.unwrap(), &new.text))),
            Fate::AnswerLost => {
                self.store(&new.txn.unwrap(), &new.text);
                Err(unreachable())
            }
            Fate::Postponed => Err(refused(503, Kind::Unavailable, "later")),
        };
        self.client.on(Msg::Done { call, reply });
    }

    /// Sends the next stored message on the stream.
    fn stream_next(&mut self) {
        if let Some(message) = self.stored.get(self.streamed).cloned() {
            self.streamed += 1;
            self.client.hear(message);
        }
    }

    /// Lets everything complete without further failures.
    fn finish(&mut self) {
        for _ in 0..5_000 {
            if self.client.model.unsent() == 0 {
                break;
            }
            self.step();
        }
        while self.streamed < self.stored.len() {
            self.stream_next();
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn a_hundred_messages_typed_at_once_arrive_once_and_in_order(random in prop::collection::vec(any::<u8>(), 0..600)) {
        let mut simulation = Simulation::new(random);
        let typed: Vec<String> = (0..100).map(|n| format!("message {n}")).collect();
        for text in &typed {
            simulation.client.say(text);
        }
        simulation.finish();
        let stored: Vec<&str> = simulation.stored.iter().map(|message| &*message.text).collect();
        prop_assert_eq!(stored, typed.iter().map(String::as_str).collect::<Vec<_>>());
        let room = simulation.client.room(GENERAL);
        prop_assert_eq!(room.outbox.len(), 0);
        prop_assert_eq!(room.timeline.last(), Some(Seq(103)));
        prop_assert_eq!(room.timeline.messages.len(), 103);
    }
}

#[test]
fn after_a_restart_a_message_is_sent_with_the_same_txn_and_stored_once() {
    let mut simulation = Simulation::new(Vec::new());
    simulation.client.say("before the crash").disk();
    let (_, req) = simulation.client.calls().pop().unwrap();
    let Request::SendMessage(_, new) = req else { panic!() };
    simulation.store(new.txn.as_deref().unwrap(), &new.text); // it arrived; then the client was killed
    let kept: Vec<_> = simulation.client.room(GENERAL).outbox.iter().filter_map(crate::model::Pending::kept).collect();

    let mut second = Client::new();
    second.model.txn_prefix = "q".into();
    second.start();
    second.on(Msg::Loaded(Ok(vec![Stored { draft: "half a".into(), outbox: kept, ..Stored::new(GENERAL) }])));
    assert!(
        second.effects.iter().all(|e| !matches!(e, Effect::Call { req, .. } if is_send(req))),
        "the rooms are listed first"
    );
    second.list_rooms(rooms());
    assert_eq!(second.draft(), "half a");
    let sends = sent(&mut second);
    assert_eq!(sends, [("p-1".to_owned(), "before the crash".to_owned())]);
    assert_eq!(simulation.store(&sends[0].0, &sends[0].1).seq, Seq(4));
    assert_eq!(simulation.stored.len(), 1);
}
