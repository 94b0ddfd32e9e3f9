//! Everything at once, at random: servers are killed, PostgreSQL is restarted and killed, connections and commits are cut.

use std::{
    env,
    time::{Duration, Instant},
};

use rustix::process::Signal;

use super::traffic::Traffic;
use crate::harness::{Cluster, Cut, DataDir, Process, Proxy, eventually, needs_postgres};

/// How long it lasts, in seconds, unless this variable says otherwise.
const SECONDS: u64 = 4;
const SECONDS_VARIABLE: &str = "QUCHAT_STORM_SECONDS";

/// Numbers that look random (xorshift).
struct Random(u64);

impl Random {
    fn below(&mut self, most: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % most
    }
}

#[test]
fn a_storm_of_kills_restarts_and_cuts_loses_and_doubles_nothing() {
    needs_postgres!();
    let Some(mut cluster) = Cluster::start() else { return };
    let seconds = env::var(SECONDS_VARIABLE).map_or(SECONDS, |seconds| seconds.parse().unwrap());
    let seed = u64::from(std::process::id()) + 1;
    eprintln!("{seconds} s, seed {seed}");
    let mut random = Random(seed);
    let proxy = Proxy::before(&cluster.url());
    let data_dir = DataDir::on(proxy.url());
    let mut nodes = vec![Some(Process::start(&data_dir.path()))];
    let paths = [data_dir.path(), data_dir.of_node(2)];
    nodes.push(Some(Process::start(&paths[1])));
    let address = |node: &Option<Process>| node.as_ref().unwrap().address;
    let alice = nodes[0].as_ref().unwrap().register("alice");
    let bob = nodes[0].as_ref().unwrap().register("bob");
    let rooms = ["one", "two", "three"].map(|name| alice.create_room(name));
    rooms.iter().for_each(|room| drop(bob.join(*room)));
    let traffic = Traffic::new(nodes.iter().map(address).collect(), rooms.into());
    let (mut kills, mut restarts, mut cuts) = (0, 0, 0);
    traffic.during([&alice, &bob], 6, || {
        let until = Instant::now() + Duration::from_secs(seconds);
        while Instant::now() < until {
            match random.below(12) {
                0..=1 => {
                    let victim = random.below(2) as usize;
                    nodes[victim].take().unwrap().kill();
                    kills += 1;
                    traffic.goes_on(random.below(20));
                    let again = Process::start(&paths[victim]);
                    traffic.nodes.lock().unwrap()[victim] = again.address;
                    nodes[victim] = Some(again);
                }
                which @ 2..=3 => {
                    cluster.stop([Signal::QUIT, Signal::KILL][which as usize - 2]);
                    cluster.resume();
                    restarts += 1;
                }
                4..=5 => {
                    proxy.cut();
                    cuts += 1;
                }
                _ => proxy.cut_next_commit([Cut::Before, Cut::During, Cut::After][random.below(3) as usize]),
            }
            traffic.goes_on(random.below(40) + 1);
        }
    });
    let alice = alice.at(address(&nodes[0]));
    eventually("reading works", || (alice.get("/v1/rooms").status == 200).then_some(())); // some were just cut
    traffic.check(&alice);
    eprintln!(
        "{} acknowledged, {kills} kills of servers, {restarts} of PostgreSQL, {cuts} times all connections cut, {} commits",
        traffic.acknowledged(),
        proxy.cut_commits()
    );
}
