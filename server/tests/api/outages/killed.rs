//! One of two servers is killed or frozen: the other goes on.

use std::{
    path::Path,
    process::{Child, Stdio},
    thread,
    time::{Duration, Instant},
};

use quchat_server::clock::Clock;
use quchat_shared::RoomId;
use rustix::process::{Pid, Signal, kill_process};

use super::{figures, traffic::Traffic};
use crate::harness::{Client, Database, Node, Process, TestServer, eventually, needs_postgres, prepared};

/// How often a server is killed.
const KILLS: usize = 4;

#[test]
fn kills_of_servers_lose_and_double_nothing() {
    needs_postgres!();
    let data_dir = prepared::data_dir();
    let paths = [data_dir.path(), data_dir.of_node(2)];
    let mut nodes = paths.each_ref().map(|path| Some(Process::start(path)));
    let addresses = nodes.each_ref().map(|node| node.as_ref().unwrap().address);
    let [alice, bob] = ["alice", "bob"].map(|name| prepared::client(name).unwrap().at(addresses[0]));
    let rooms = ["one", "two"].map(|name| alice.create_room(name));
    rooms.iter().for_each(|room| drop(bob.join(*room)));
    let traffic = Traffic::new(addresses.into(), rooms.into());
    let mut times = Vec::new();
    let ends = traffic.during([&alice, &bob], 6, || {
        for kill in 0..KILLS {
            traffic.goes_on(40);
            nodes[kill % 2].take().unwrap().kill();
            times.push(traffic.goes_on(40));
            let again = Process::start(&paths[kill % 2]);
            traffic.nodes.lock().unwrap()[kill % 2] = again.address;
            nodes[kill % 2] = Some(again);
        }
        traffic.goes_on(20);
    });
    traffic.check(&alice.at(nodes[0].as_ref().unwrap().address));
    assert!(ends >= KILLS as u64 / 2, "{ends}");
    eprintln!("{} acknowledged, {KILLS} kills, again after {}", traffic.acknowledged(), figures(times));
}

/// The longest time without an acknowledgement to `sender` while `act` runs.
fn longest_gap(sender: &Client, room: RoomId, act: impl FnOnce() + Send) -> Duration {
    thread::scope(|scope| {
        let act = scope.spawn(act);
        let (mut longest, mut n) = (Duration::ZERO, 0);
        while !act.is_finished() {
            let begun = Instant::now();
            n += 1;
            sender.try_send_once(room, "hello", &format!("gap-{n}")).expect(201);
            longest = longest.max(begun.elapsed());
        }
        act.join().unwrap();
        longest
    })
}

/// Whether a server has had the lock on writing for a while without a statement. Its number is split into two halves.
const HOLDS_LOCK: &str = "SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid)
    WHERE locktype = 'advisory' AND classid = x'7175'::int AND objid = x'63680001'::int AND granted
    AND datname = current_database() AND state = 'idle in transaction' AND state_change < clock_timestamp() - interval '100 ms'";

#[test]
fn a_frozen_server_holds_the_others_up_for_about_two_seconds() {
    needs_postgres!();
    let data_dir = prepared::data_dir();
    let [frozen, other] = [data_dir.path(), data_dir.of_node(2)].map(|path| Process::start(&path));
    let [alice, bob] = ["alice", "bob"].map(|name| prepared::client(name).unwrap().at(other.address));
    let (room, gaps) = (alice.create_room("lobby"), bob.create_room("gaps"));
    bob.join(room);
    let traffic = Traffic::new(vec![frozen.address], vec![room]);
    traffic.during([&alice, &bob], 6, || {
        traffic.goes_on(30);
        let (frozen, database) = (&frozen, data_dir.database());
        let gap = longest_gap(&bob, gaps, move || {
            eventually("it is frozen while it holds the lock", || {
                frozen.signal(Signal::STOP);
                thread::sleep(Duration::from_millis(200)); // nothing shows that nothing goes on
                let holds_lock = database.number(HOLDS_LOCK) > 0;
                if !holds_lock {
                    frozen.signal(Signal::CONT);
                }
                holds_lock.then_some(())
            });
            eventually("PostgreSQL takes the lock away", || (database.number(HOLDS_LOCK) == 0).then_some(()));
            frozen.signal(Signal::CONT);
        });
        eprintln!("the other server stood still for {gap:?}");
        assert!(Duration::from_secs(1) < gap && gap < Duration::from_secs(5), "{gap:?}");
        traffic.goes_on(30);
    });
    traffic.check(&alice);
}

/// A server process that was frozen while it started; killed when dropped.
struct Frozen(Child);

impl Frozen {
    /// Freezes it when it wants to use this table.
    fn before(table: &str, data_dir: &Path, database: &Database) -> Self {
        database.number(&format!("BEGIN; LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE; SELECT 0"));
        let mut command = Process::command_on(data_dir);
        command.args(["--listen", "127.0.0.1:0"]).stdout(Stdio::null());
        let this = Self(command.spawn().unwrap());
        eventually("it waits for the table", || {
            let waiting = format!("SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = '{table}'::regclass");
            (database.number(&waiting) > 0).then_some(())
        });
        kill_process(Pid::from_child(&this.0), Signal::STOP).unwrap();
        database.number("COMMIT; SELECT 0");
        this
    }
}

impl Drop for Frozen {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_server_that_is_frozen_while_it_looks_at_the_tables_keeps_nobody_from_writing() {
    needs_postgres!();
    let server = TestServer::start_nodes(1, prepared::data_dir(), Clock::system(), |_| {});
    let alice = server.user("alice");
    let room = alice.create_room("lobby");
    let data_dir = &server.data_dir;
    let _frozen = Frozen::before("schema_version", &data_dir.of_node(2), &data_dir.database());
    alice.send_message(room, "hello");
}

#[test]
fn a_server_that_is_frozen_while_it_begins_a_lineage_keeps_no_other_from_starting_for_long() {
    needs_postgres!();
    let data_dir = prepared::data_dir();
    let _frozen = Frozen::before("lineages", &data_dir.path(), &data_dir.database());
    let config = data_dir.config_of_node(2);
    eventually("another one starts", || Node::try_start(config.clone()).ok());
}

#[test]
fn a_server_whose_number_a_restored_database_has_given_to_another_one_ends() {
    needs_postgres!();
    let data_dir = prepared::data_dir();
    let process = Process::start(&data_dir.path());
    let database = data_dir.database();
    database.change(
        "CREATE TABLE given AS SELECT max(id) AS id FROM nodes; DELETE FROM nodes;
        INSERT INTO nodes (id, started_at) SELECT id, 0 FROM given",
    );
    database.end_other_connections();
    let (status, _) = process.wait();
    assert!(!status.success(), "{status}");
}
