//! A commit whose connection is cut is made once or not at all, and its senders notice nothing.

use std::time::Duration;

use quchat_server::clock::Clock;

use super::{figures, traffic::Traffic};
use crate::harness::{Cut, Proxy, TestServer, eventually, needs_postgres, prepared};

/// How many commits are cut.
const CUTS: u64 = 45;

#[test]
fn commits_that_are_cut_are_made_once_and_no_send_fails() {
    needs_postgres!();
    let data_dir = prepared::data_dir();
    let proxy = Proxy::before(&data_dir.url().unwrap());
    let tune = |config: &mut quchat_server::Config| config.heartbeat = Duration::from_secs(1);
    let server = TestServer::start_nodes(1, data_dir.by_way_of(proxy.url()), Clock::system(), tune);
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let rooms = ["one", "two"].map(|name| alice.create_room(name));
    rooms.iter().for_each(|room| drop(bob.join(*room)));
    let traffic = Traffic::new(vec![server.address], rooms.into()).without_txn();
    let mut times = Vec::new();
    let ends = traffic.during([&alice, &bob], 8, || {
        traffic.goes_on(20);
        for cut in 0..CUTS {
            proxy.cut_next_commit([Cut::Before, Cut::During, Cut::After][cut as usize % 3]);
            eventually("a commit is cut", || (proxy.cut_commits() > cut).then_some(()));
            times.push(traffic.goes_on(8));
        }
        // All connections at once, those that read and that which follows, too.
        for _ in 0..5 {
            proxy.cut();
            times.push(traffic.goes_on(8));
        }
    });
    traffic.check(&alice);
    eprintln!("{} acknowledged, {CUTS} commits cut, again after {}", traffic.acknowledged(), figures(times));
    assert_eq!((traffic.refused(), traffic.unanswered()), (0, 0), "no attempt fails");
    assert_eq!(ends, 0, "one stream has all of them");
}
