//! PostgreSQL comes back in an older state, as after a fail-over without synchronous replication.

use std::{collections::BTreeMap, thread, time::Duration};

use quchat_server::clock::Clock;
use quchat_shared::{Event, RoomId, Seq, event::ByeReason};
use rustix::process::Signal;

use crate::harness::{Client, Cluster, DataDir, Opening, TestServer, eventually, message_of, needs_postgres};

/// What a client shows of a room: it fetches the room, and applies the stream. Only with `reset` it fetches it again.
struct Follower {
    client: Client,
    room: RoomId,
    held: BTreeMap<Seq, String>,
    position: String,
    resets: u32,
}

impl Follower {
    fn fetch(&mut self) {
        let history = eventually("it is read", || {
            let answer = self.client.get(&format!("/v1/rooms/{}/messages?after=0&limit=200", self.room));
            (answer.status == 200).then(|| answer.json::<quchat_shared::api::MessagePage>())
        });
        self.held = history.messages.into_iter().map(|message| (message.seq, message.text)).collect();
    }

    /// Follows until a message with this text.
    fn follow(mut self, end: &str) -> Self {
        loop {
            let opening = Opening { last_event_id: Some(&self.position), ..Opening::default() };
            let Some(mut stream) = opening.try_open(&self.client) else {
                thread::sleep(Duration::from_millis(10));
                continue;
            };
            while let Some(received) = stream.next_or_end() {
                match received.event {
                    Event::MessageCreated(created) if created.room_id == self.room => {
                        let message = created.message;
                        let is_end = message.text == end;
                        self.held.insert(message.seq, message.text);
                        if is_end {
                            return self;
                        }
                    }
                    Event::Reset(_) => {
                        self.resets += 1;
                        self.fetch();
                        if self.held.values().any(|text| text == end) {
                            return self;
                        }
                    }
                    _ => {}
                }
            }
            stream.last_id().clone_into(&mut self.position);
        }
    }
}

#[test]
fn when_the_newest_events_are_lost_streams_end_and_clients_fetch_anew() {
    needs_postgres!();
    let Some(mut cluster) = Cluster::start() else { return };
    let server = TestServer::start_nodes(2, DataDir::on(&cluster.url()), Clock::system(), |config| {
        config.heartbeat = Duration::from_secs(1);
        config.cut_off_after = Duration::from_secs(60); // they must not end for that
    });
    let (alice, bob) = (server.register("alice"), server.register("bob"));
    let room = alice.create_room("lobby");
    bob.join(room);
    let nodes = [server.node(0), server.node(1)];
    let alices = nodes.map(|node| alice.at(node));
    alices[0].count_to(room, 5);
    cluster.stop(Signal::QUIT);
    cluster.save();
    cluster.resume();
    eventually("they are back", || {
        alices
            .iter()
            .all(|alice| alice.get("/healthz").status == 200 && alice.get("/v1/rooms").status == 200)
            .then_some(())
    });
    let send = |alice: &Client, text: &str| {
        eventually("it is sent", || {
            let answer = alice.try_send_once(room, text, text);
            matches!(answer.status, 200 | 201).then_some(())
        });
    };
    (0..3).for_each(|n| send(&alices[n % 2], &format!("lost {n}")));
    let mut streams = nodes.map(|node| bob.at(node).resume(&bob.at(node).rooms().cursor.0));
    let followers = nodes.map(|node| {
        let client = bob.at(node);
        let position = client.rooms().cursor.0;
        let mut follower = Follower { client, room, held: BTreeMap::new(), position, resets: 0 };
        follower.fetch();
        assert_eq!(follower.held.len(), 8);
        follower
    });
    let followers = thread::scope(|scope| {
        let followers = followers.map(|follower| scope.spawn(|| follower.follow("the end")));
        cluster.stop(Signal::QUIT);
        cluster.restore();
        cluster.resume();
        // Both write at once, so that the lost numbers are given away again as soon as possible.
        let writers = alices
            .each_ref()
            .map(|alice| scope.spawn(move || (0..10).for_each(|n| send(alice, &format!("{} {n}", alice.address)))));
        writers.into_iter().for_each(|writer| writer.join().unwrap());
        send(&alices[0], "the end");
        followers.map(|follower| follower.join().unwrap())
    });
    for stream in &mut streams {
        stream.expects_bye(ByeReason::Shutdown);
    }
    let history: BTreeMap<_, _> =
        alices[1].history(room).into_iter().map(|message| (message.seq, message.text)).collect();
    assert_eq!(history.len(), 5 + 20 + 1);
    for follower in followers {
        assert_eq!(follower.resets, 1);
        assert_eq!(follower.held, history);
    }
    let id = streams[0].last_id().to_owned();
    let resumed = bob.at(nodes[0]).resume(&id).next();
    assert_eq!((resumed.event.name(), message_of(&resumed.event)), ("reset", None));
}
