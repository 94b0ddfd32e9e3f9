//! PostgreSQL is away, or the network to it: requests fail clearly and soon, streams wait a while, and all of it recovers.

use std::{
    thread,
    time::{Duration, Instant},
};

use quchat_server::{Rates, clock::Clock};
use quchat_shared::{Message, RoomId, Seq, event::ByeReason};
use rustix::process::Signal;

use super::{figures, traffic::Traffic};
use crate::harness::{
    Client, Cluster, Cut, DataDir, Node, Opening, Proxy, TestServer, eventually, message_of, needs_postgres, prepared,
};

#[test]
fn restarts_and_crashes_of_postgresql_lose_and_double_nothing() {
    needs_postgres!();
    let Some(mut cluster) = Cluster::start() else { return };
    let server = TestServer::start_nodes(2, DataDir::on(&cluster.url()), Clock::system(), |config| {
        config.heartbeat = Duration::from_secs(1);
        config.cut_off_after = Duration::from_secs(30); // on a busy machine a restart can take seconds
    });
    let (alice, bob) = (server.register("alice"), server.register("bob"));
    let rooms = ["one", "two"].map(|name| alice.create_room(name));
    rooms.iter().for_each(|room| drop(bob.join(*room)));
    let traffic = Traffic::new(vec![server.node(0), server.node(1)], rooms.into());
    let mut times = Vec::new();
    let ends = traffic.during([&alice, &bob], 6, || {
        for signal in [Signal::QUIT, Signal::KILL, Signal::INT, Signal::KILL] {
            traffic.goes_on(30);
            cluster.stop(signal);
            cluster.resume();
            times.push(traffic.goes_on(30));
        }
    });
    traffic.check(&alice);
    let (acknowledged, refused, slowest) = (traffic.acknowledged(), traffic.refused(), traffic.slowest());
    eprintln!("{acknowledged} acknowledged, again after {}, {refused} refused, slowest {slowest:?}", figures(times));
    assert_eq!((traffic.unanswered(), ends), (0, 0), "streams stay open for a while");
    assert!(slowest < Duration::from_secs(12), "{slowest:?}");
}

/// When streams end, counted from when the server could read last: up to a second before it notices.
const CUT_OFF_AFTER: Duration = Duration::from_secs(2);

/// A server that finds PostgreSQL by way of the proxy, and ends its streams soon.
fn behind(proxy: &Proxy, data_dir: DataDir) -> TestServer {
    TestServer::start_nodes(1, data_dir.by_way_of(proxy.url()), Clock::system(), |config| {
        config.heartbeat = Duration::from_millis(200);
        config.cut_off_after = CUT_OFF_AFTER;
        config.postgres = config.postgres.take().map(|settings| settings.answering_within(Duration::from_millis(600)));
    })
}

/// Checks that everything is refused while PostgreSQL is away, with a sentence each.
#[track_caller]
fn refuses_all(client: &Client, room: RoomId) {
    for answer in [client.get("/v1/rooms"), client.try_send_once(room, "hello", "later")] {
        let problem = answer.problem(503, "unavailable");
        assert!(problem["detail"].as_str().unwrap().len() > 10, "{problem}");
    }
    Opening::default().ask(client).map(drop).unwrap_err().problem(503, "unavailable");
}

#[test]
fn while_postgresql_is_away_everything_is_refused_and_afterwards_all_is_well() {
    needs_postgres!();
    let data_dir = prepared::data_dir();
    let proxy = Proxy::before(&data_dir.url().unwrap());
    let server = behind(&proxy, data_dir);
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let room = alice.create_room("lobby");
    bob.join(room);
    let mut stream = bob.listen();
    alice.send_message(room, "before");
    // For a moment: the stream stays, and misses nothing.
    proxy.refuse(true);
    proxy.cut();
    eventually("it says so", || (alice.get("/healthz").status == 503).then_some(()));
    proxy.refuse(false);
    eventually("it is back", || (alice.get("/healthz").status == 200).then_some(()));
    alice.send_message(room, "between");
    stream.until_message(room, Seq(2));
    let position = stream.last_id().to_owned();
    // For long.
    proxy.refuse(true);
    proxy.cut();
    let away = Instant::now();
    stream.expects_bye(ByeReason::Shutdown);
    assert!(away.elapsed() > CUT_OFF_AFTER / 3, "{:?}", away.elapsed());
    refuses_all(&bob, room);
    let health = bob.get("/healthz");
    assert_eq!(health.status, 503, "{}", health.text());
    proxy.refuse(false);
    let back = Instant::now();
    eventually("it is back", || (alice.get("/healthz").status == 200).then_some(()));
    eprintln!("back after {:?}", back.elapsed());
    assert_eq!(alice.send_message(room, "after").seq, Seq(3));
    let received = bob.resume(&position).until_message(room, Seq(3));
    assert_eq!(received.iter().filter_map(|received| message_of(&received.event)).count(), 1);
}

#[test]
fn a_network_that_swallows_what_is_sent_holds_nobody_up_for_long() {
    swallows(Cut::Swallowed);
}

#[test]
fn a_commit_whose_answer_the_network_swallows_is_made_once() {
    swallows(Cut::AnswerSwallowed);
}

/// At a commit, the network between PostgreSQL and one of two servers stops passing anything on.
fn swallows(cut: Cut) {
    needs_postgres!();
    let data_dir = prepared::data_dir();
    let mut config = data_dir.config_of_node(2);
    config.rates = Rates::OFF;
    let proxy = Proxy::before(&data_dir.url().unwrap());
    let server = behind(&proxy, data_dir);
    let other = Node::start(config);
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let there = alice.at(other.address);
    let room = alice.create_room("lobby");
    bob.join(room);
    let mut stream = bob.listen();
    alice.send_message(room, "before");
    stream.until_message(room, Seq(1));
    let position = stream.last_id().to_owned();
    let send = || alice.try_send_once(room, "swallowed", "a-1");
    proxy.cut_next_commit(cut);
    thread::scope(|scope| {
        let begun = Instant::now();
        let swallowed = scope.spawn(move || (send(), begun.elapsed()));
        eventually("the commit is swallowed", || (proxy.cut_commits() == 1).then_some(()));
        // If the commit has not arrived, the first server has the lock on writing until PostgreSQL ends its connection.
        let begun = Instant::now();
        there.send_message(room, "elsewhere");
        let held_up = begun.elapsed();
        assert!(held_up < Duration::from_secs(5), "{held_up:?}");
        let (answer, took) = swallowed.join().unwrap();
        answer.problem(503, "unavailable");
        assert!(took < Duration::from_secs(10), "{took:?}");
        eprintln!("{cut:?}: the other server was held up for {held_up:?}, the send was refused after {took:?}");
    });
    stream.expects_bye(ByeReason::Shutdown);
    refuses_all(&bob, room);
    proxy.swallow(false);
    eventually("it is back", || (alice.get("/healthz").status == 200).then_some(()));
    let again = eventually("it is answered", || Some(send()).filter(|answer| answer.status != 503));
    assert_eq!(again.status, if cut == Cut::Swallowed { 201 } else { 200 }, "made by the first attempt or not");
    let sent: Message = again.json();
    let received = bob.resume(&position).until(|event| message_of(event) == Some((room, Seq(3))));
    assert_eq!(received.iter().filter(|received| message_of(&received.event).is_some()).count(), 2);
    let texts: Vec<_> = there.history(room).into_iter().map(|message| message.text).collect();
    assert_eq!(texts.len(), 3, "{texts:?}");
    assert_eq!(texts[sent.seq.0 as usize - 1], "swallowed");
}

#[test]
fn streams_end_in_time_even_if_an_attempt_to_connect_takes_long() {
    needs_postgres!();
    let data_dir = prepared::data_dir();
    let proxy = Proxy::before(&data_dir.url().unwrap());
    let url = proxy.url().replace("connect_timeout=1", "connect_timeout=60");
    let server = TestServer::start_nodes(1, data_dir.by_way_of(&url), Clock::system(), |config| {
        config.cut_off_after = CUT_OFF_AFTER;
    });
    let mut stream = server.user("bob").listen();
    proxy.swallow(true);
    proxy.cut();
    stream.expects_bye(ByeReason::Shutdown);
    proxy.swallow(false);
}
