//! Everything about a server that can be chosen, with the value it has when nobody chooses.

use std::{path::PathBuf, time::Duration};

use quchat_shared::limits::{PRIVATE_ROOMS_PER_USER, ROOMS, ROOMS_PER_USER, STREAMS_PER_USER};

use crate::clock::Clock;

/// How a server behaves. [`Config::new`] is what a production server runs with; tests tighten the bounds.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where database, signing key and lock live; created with mode 0700 if missing.
    pub data_dir: PathBuf,
    /// What `GET /v1/server` calls the server.
    pub name: String,
    /// Where the time comes from.
    pub clock: Clock,
    /// Longest silence on an event stream.
    pub heartbeat: Duration,
    /// How long `activity` is gathered before it is told.
    pub activity_delay: Duration,
    /// How long a peer may accept no byte of what waits for it.
    pub write_timeout: Duration,
    /// How long a request head may take to arrive.
    pub head_timeout: Duration,
    /// How long a request body may take to arrive.
    pub body_timeout: Duration,
    /// How long a connection may stay open between two requests.
    pub idle_timeout: Duration,
    /// How long running answers may take to finish once the server stops.
    pub drain_timeout: Duration,
    /// Most connections at once; the descriptor limit may lower it. Streams get at most 95 % of it.
    pub max_connections: usize,
    /// Most frames that wait for one stream before it is cut off as too slow.
    pub stream_queue: usize,
    /// How long a token works.
    pub token_lifetime: Duration,
    /// Wrong passwords per name and address within [`Config::wrong_password_window`] before 429.
    pub wrong_passwords: u32,
    /// See [`Config::wrong_passwords`].
    pub wrong_password_window: Duration,
    /// Password work that may wait for a core before 503: some 2 s of it on two cores.
    pub password_queue: usize,
    /// Events are kept at least this long …
    pub events_kept_for: Duration,
    /// … and never fewer than the newest this many.
    pub events_kept: u64,
    /// More visible events behind than this are not replayed (`reset`, `too_far`).
    pub replay_max: u64,
    /// Most rooms of one creator, those that still exist; direct rooms are not counted.
    pub max_rooms_per_user: u32,
    /// Most rooms in all; direct rooms are not counted.
    pub max_rooms: u32,
    /// Most rooms that are not public in which one user is a member.
    pub max_private_rooms_per_user: u32,
    /// Most bytes of request bodies, answers and frames for streams that are kept in memory at once.
    pub memory_budget: usize,
    /// Most event streams of one user at once; 429 beyond.
    pub max_streams_per_user: usize,
}

impl Config {
    /// The defaults, on a data directory.
    #[must_use]
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        const DAY: Duration = Duration::from_secs(24 * 60 * 60);
        Self {
            data_dir: data_dir.into(),
            name: "quchat".to_owned(),
            clock: Clock::system(),
            heartbeat: Duration::from_secs(15),
            activity_delay: Duration::from_secs(2),
            write_timeout: Duration::from_secs(30),
            head_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(20),
            idle_timeout: Duration::from_secs(75),
            drain_timeout: Duration::from_secs(3),
            max_connections: 20_000,
            stream_queue: 4096,
            token_lifetime: 30 * DAY,
            wrong_passwords: 20,
            wrong_password_window: Duration::from_secs(5 * 60),
            password_queue: 256,
            events_kept_for: 7 * DAY,
            events_kept: 100_000,
            replay_max: 50_000,
            max_rooms_per_user: ROOMS_PER_USER,
            max_rooms: ROOMS,
            max_private_rooms_per_user: PRIVATE_ROOMS_PER_USER,
            memory_budget: 256 * 1024 * 1024,
            max_streams_per_user: STREAMS_PER_USER as usize,
        }
    }
}
