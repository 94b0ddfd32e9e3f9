//! The base of every test: the real server on port 0, and clients that know only its wire contract.
//!
//! Paths and field names are spelled out here and in the tests instead of being taken from the server's tables, so that
//! an error in a table is noticed. It must not know how the server is built beyond starting and stopping it.

mod answer;
mod balancer;
mod client;
#[cfg(unix)]
mod cluster;
mod connection;
mod data_dir;
mod database;
mod filling;
mod member_verbs;
mod node;
mod over;
mod postgres;
pub(crate) mod prepared;
#[cfg(unix)]
mod process;
#[cfg(unix)]
mod proxy;
mod setup;
mod stream;
mod test_server;
#[cfg(unix)]
mod tls;
mod verbs;

use std::{
    sync::Barrier,
    thread,
    time::{Duration, Instant},
};

pub(crate) use self::{
    answer::Answer,
    client::{Client, PASSWORD},
    connection::Connection,
    data_dir::DataDir,
    database::Database,
    filling::fill_room,
    node::Node,
    over::Over,
    setup::{left_out, needs_one_node, needs_postgres, needs_sqlite, nodes, store},
    stream::{Opening, Stream, StreamEvent, message_of},
    test_server::TestServer,
};
#[cfg(unix)]
pub(crate) use self::{
    cluster::Cluster,
    process::{LoggedProcess, Process},
    proxy::{Cut, Proxy},
    tls::{TlsConnection, Tunnel, tls_connect, tls_settings},
};

/// How long an expected event may take. Only a failing test waits that long.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(15);

/// Polls until `attempt` returns a value.
#[track_caller]
pub(crate) fn eventually<T>(what: &str, mut attempt: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + TIMEOUT;
    loop {
        if let Some(found) = attempt() {
            return found;
        }
        assert!(Instant::now() < deadline, "not within {TIMEOUT:?}: {what}");
        thread::park_timeout(Duration::from_millis(5));
    }
}

/// Raises the limit on open files. Both ends of every connection are in this process, and some systems start at 256.
pub(crate) fn raise_descriptor_limit() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let maximum = getrlimit(Resource::Nofile).maximum;
        let enough = maximum.map_or(4096, |maximum| maximum.min(4096));
        if getrlimit(Resource::Nofile).current.is_some_and(|current| current < enough) {
            setrlimit(Resource::Nofile, Rlimit { current: Some(enough), maximum }).unwrap();
        }
    }
}

/// Runs `act` on `n` threads that start at the same moment. Returns the results in the order of the threads.
pub(crate) fn at_once<T: Send>(n: usize, act: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let start = Barrier::new(n);
    thread::scope(|scope| {
        let threads: Vec<_> = (0..n)
            .map(|i| {
                let (start, act) = (&start, &act);
                scope.spawn(move || {
                    start.wait();
                    act(i)
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

/// The keys of a JSON object, sorted.
#[track_caller]
pub(crate) fn keys(object: &serde_json::Value) -> Vec<&str> {
    let mut keys: Vec<_> = object.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}
