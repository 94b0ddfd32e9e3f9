//! Tests `update` against a simulated server at the level of Msgs, which delays, fails, loses answers and streams.

use std::collections::BTreeMap;

use proptest::prelude::*;
use quchat_shared::Kind;

use super::*;
use crate::model::Stored;

/// A server with one room, a network with random failures, and a disk.
struct World {
    client: Client,
    stored: Vec<Message>,
    by_txn: BTreeMap<String, u64>,
    waiting: Vec<(u64, Request)>,
    fates: Vec<u8>,
    told: usize,
}

impl World {
    fn new(fates: Vec<u8>) -> Self {
        let client = Client::online();
        Self { client, stored: Vec::new(), by_txn: BTreeMap::new(), waiting: Vec::new(), fates, told: 0 }
    }

    fn fate(&mut self) -> u8 {
        self.fates.pop().unwrap_or(0)
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
    fn turn(&mut self) {
        self.client.disk();
        let calls = self.client.calls();
        self.waiting.extend(calls.into_iter().filter(|(_, req)| is_send(req)));
        let new = |(_, req): &&(u64, Request)| match req {
            Request::SendMessage(_, new) => !self.by_txn.contains_key(new.txn.as_deref().unwrap()),
            _ => false,
        };
        assert!(self.waiting.iter().filter(new).count() <= 1, "at most one send unknown to the server is in flight");
        match self.fate() % 8 {
            0..=2 => self.answer(true, true),
            3 => self.answer(true, false),
            4 => self.answer(false, false),
            5 => self.tell(),
            6 => {
                self.client.pass(400);
            }
            _ => {
                self.client.pass(3_000);
            }
        }
    }

    fn answer(&mut self, arrives: bool, answered: bool) {
        if self.waiting.is_empty() {
            self.client.pass(31_000);
            return;
        }
        let any = usize::from(self.fate()) % self.waiting.len();
        let (call, req) = self.waiting.remove(any);
        let Request::SendMessage(_, new) = req else { unreachable!("only sends wait") };
        let reply = match (arrives, answered) {
            (true, true) => Ok(Answer::Message(self.store(&new.txn.unwrap(), &new.text))),
            (true, false) => {
                self.store(&new.txn.unwrap(), &new.text);
                Err(unreachable())
            }
            (false, _) => Err(refused(503, Kind::Unavailable, "later")),
        };
        self.client.on(Msg::Done { call, reply });
    }

    fn tell(&mut self) {
        if let Some(message) = self.stored.get(self.told).cloned() {
            self.told += 1;
            self.client.hear(message);
        }
    }

    /// Lets everything complete without further failures.
    fn settle(&mut self) {
        for _ in 0..5_000 {
            if self.client.model.unsent() == 0 {
                break;
            }
            self.turn();
        }
        while self.told < self.stored.len() {
            self.tell();
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn a_hundred_messages_typed_at_once_arrive_once_and_in_order(fates in prop::collection::vec(any::<u8>(), 0..600)) {
        let mut world = World::new(fates);
        let typed: Vec<String> = (0..100).map(|n| format!("message {n}")).collect();
        for text in &typed {
            world.client.say(text);
        }
        world.settle();
        let stored: Vec<&str> = world.stored.iter().map(|message| &*message.text).collect();
        prop_assert_eq!(stored, typed.iter().map(String::as_str).collect::<Vec<_>>());
        let room = world.client.room(GENERAL);
        prop_assert_eq!(room.outbox.len(), 0);
        prop_assert_eq!(room.timeline.last(), Some(Seq(103)));
        prop_assert_eq!(room.timeline.messages.len(), 103);
    }
}

#[test]
fn after_a_restart_a_message_is_sent_with_the_same_txn_and_stored_once() {
    let mut world = World::new(Vec::new());
    world.client.say("before the crash").disk();
    let (_, req) = world.client.calls().pop().unwrap();
    let Request::SendMessage(_, new) = req else { panic!() };
    world.store(new.txn.as_deref().unwrap(), &new.text); // it arrived; then the client was killed
    let kept: Vec<_> = world.client.room(GENERAL).outbox.iter().filter_map(crate::model::Pending::kept).collect();

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
    assert_eq!(world.store(&sends[0].0, &sends[0].1).seq, Seq(4));
    assert_eq!(world.stored.len(), 1);
}
