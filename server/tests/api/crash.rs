//! After a crash or a stop, every acknowledged message is stored exactly once.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
};

use quchat_shared::{Message, RoomId, Seq, event::ByeReason};
use rustix::process::Signal;
use serde_json::json;

use crate::harness::{Client, Connection, DataDir, Over, Process, TIMEOUT, eventually, message_of};

/// Sends messages until the server is gone, or the test has failed. A message without an answer is repeated with the same `txn`.
struct Writer {
    name: usize,
    client: Client,
    next: usize,
    acknowledged: HashMap<String, Seq>,
}

impl Writer {
    fn write_until_it_dies(&mut self, room: RoomId, count: &AtomicUsize, over: &Over) {
        while !over.is_set() {
            let txn = format!("{}-{}", self.name, self.next);
            let body = json!({"text": txn, "txn": txn}).to_string().into_bytes();
            let target = format!("/v1/rooms/{room}/messages");
            let Ok(answer) = self.client.try_send("POST", &target, "application/json", Some(body)) else { return };
            if answer.status == 503 {
                return;
            }
            assert!(matches!(answer.status, 200 | 201), "{}", answer.text());
            let message: Message = answer.json();
            assert_eq!(message.text, txn);
            self.acknowledged.insert(txn, message.seq);
            self.next += 1;
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn moves_to(&mut self, address: SocketAddr) {
        self.client = self.client.at(address);
    }
}

#[test]
fn acknowledged_messages_survive_five_kills_under_load_exactly_once() {
    let data_dir = DataDir::new();
    let mut server = Process::start(&data_dir.path());
    let (alice, bob) = (server.register("alice"), server.register("bob"));
    let room = alice.create_room("lobby");
    bob.join(room);
    let mut writers: Vec<_> = (0..4)
        .map(|name| Writer { name, client: [&alice, &bob][name % 2].clone(), next: 0, acknowledged: HashMap::new() })
        .collect();
    let mut position = bob.rooms().cursor.0;
    let mut delivered: Vec<Seq> = Vec::new();

    for kill in 1..=5 {
        let (count, over) = (AtomicUsize::new(0), Over::default());
        let mut stream = bob.at(server.address).resume(&position);
        thread::scope(|scope| {
            for writer in &mut writers {
                scope.spawn(|| writer.write_until_it_dies(room, &count, &over));
            }
            let listener = scope.spawn(|| {
                let received = stream.rest();
                (
                    stream.last_id().to_owned(),
                    received.iter().filter_map(|received| message_of(&received.event)).collect::<Vec<_>>(),
                )
            });
            let _end = over.set_on_drop();
            eventually("the writers write", || (count.load(Ordering::Relaxed) > 40 * kill).then_some(()));
            server.kill();
            let (last_id, received) = listener.join().unwrap();
            delivered.extend(received.into_iter().map(|(_, seq)| seq));
            position = last_id;
        });
        server = Process::start(&data_dir.path());
        writers.iter_mut().for_each(|writer| writer.moves_to(server.address));
    }

    let alice = alice.at(server.address);
    let history = alice.history(room);
    let seqs: Vec<_> = history.iter().map(|message| message.seq.0).collect();
    assert_eq!(seqs, (1..=seqs.len() as u64).collect::<Vec<_>>(), "no gap");
    let by_txn: HashMap<&str, Seq> = history.iter().map(|m| (m.txn.as_deref().unwrap(), m.seq)).collect();
    assert_eq!(by_txn.len(), history.len(), "no message twice");
    for writer in &writers {
        for (txn, seq) in &writer.acknowledged {
            assert_eq!(by_txn.get(&**txn), Some(seq), "{txn} was acknowledged");
        }
        assert!(
            history.iter().filter(|m| m.txn.as_deref().unwrap().starts_with(&format!("{}-", writer.name))).count()
                <= writer.next + 1
        );
    }
    let mut stream = bob.at(server.address).resume(&position);
    let end = alice.send_message(room, "the end").seq;
    delivered.extend(
        stream.until_message(room, end).iter().filter_map(|received| message_of(&received.event)).map(|(_, seq)| seq),
    );
    assert_eq!(delivered, (1..=end.0).map(Seq).collect::<Vec<_>>(), "the stream delivered every message once");
}

#[test]
fn a_stop_finishes_started_requests_and_sends_bye() {
    let data_dir = DataDir::new();
    let server = Process::start(&data_dir.path());
    let (alice, bob) = (server.register("alice"), server.register("bob"));
    let room = alice.create_room("lobby");
    let mut stream = bob.listen();

    let body = json!({"text": "half said", "txn": "a-1"}).to_string();
    let mut half = alice.connect();
    let target = format!("POST /v1/rooms/{room}/messages HTTP/1.1\r\n{}", alice.head_lines());
    half.send(format!("{target}Content-Type: application/json\r\nContent-Length: {}\r\n\r\n", body.len()));
    half.send(&body[..body.len() / 2]);
    alice.get("/v1/users/me").expect(200);

    server.signal(Signal::TERM);
    stream.expects_bye(ByeReason::Shutdown);
    half.send(&body[body.len() / 2..]);
    let answer = half.answer();
    let sent = answer.status == 201;
    if !sent {
        answer.problem(503, "unavailable");
    }
    let (status, rest) = server.wait();
    assert_eq!((status.code(), &*rest), (Some(0), ""));

    let server = Process::start(&data_dir.path());
    let history = alice.at(server.address).history(room);
    assert_eq!(history.iter().any(|message| message.text == "half said"), sent, "the answer matches the history");
}

#[test]
fn a_stop_under_load_loses_no_acknowledged_message() {
    let data_dir = DataDir::new();
    let server = Process::start(&data_dir.path());
    let alice = server.register("alice");
    let room = alice.create_room("lobby");
    let acknowledged = Mutex::new(Vec::new());
    let (stopped, over) = (AtomicBool::new(false), Over::default());
    thread::scope(|scope| {
        for writer in 0..4 {
            let (alice, acknowledged, stopped, over) = (alice.clone(), &acknowledged, &stopped, &over);
            scope.spawn(move || {
                for n in (0..).take_while(|_| !over.is_set()) {
                    let text = format!("{writer}-{n}");
                    let body = json!({"text": text}).to_string().into_bytes();
                    let target = format!("/v1/rooms/{room}/messages");
                    match alice.try_send("POST", &target, "application/json", Some(body)) {
                        Ok(answer) if answer.status == 201 => acknowledged.lock().unwrap().push(text),
                        Ok(answer) => return drop(answer.problem(503, "unavailable")),
                        Err(error) => return assert!(stopped.load(Ordering::Acquire), "{error} before the stop"),
                    }
                }
            });
        }
        let _end = over.set_on_drop();
        eventually("the writers write", || (acknowledged.lock().unwrap().len() > 100).then_some(()));
        stopped.store(true, Ordering::Release);
        server.signal(Signal::TERM);
        assert_eq!(server.wait().0.code(), Some(0));
    });
    let server = Process::start(&data_dir.path());
    let history = alice.at(server.address).history(room);
    for text in acknowledged.into_inner().unwrap() {
        assert_eq!(history.iter().filter(|message| message.text == text).count(), 1, "{text}");
    }
}

#[test]
fn sigint_and_sigterm_both_stop_the_server_cleanly() {
    for signal in [Signal::TERM, Signal::INT] {
        let data_dir = DataDir::new();
        let server = Process::start(&data_dir.path());
        let mut idle = Connection::open(server.address);
        server.signal(signal);
        assert_eq!(server.wait().0.code(), Some(0), "{signal:?}");
        assert!(idle.ends(TIMEOUT));
    }
}
