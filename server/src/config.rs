//! The settings of a server and their defaults.

use std::{path::PathBuf, time::Duration};

use quchat_shared::{
    api::Registration,
    limits::{PRIVATE_ROOMS_PER_USER, ROOMS, ROOMS_PER_USER, STREAMS_PER_USER},
};

use crate::{cidr::Cidr, clock::Clock, rate_limits::Rates, store::PostgresSettings, tls::TlsFiles};

/// The settings of a server. [`Config::new`] returns the production defaults; tests lower the bounds.
#[derive(Debug, Clone)]
pub struct Config {
    /// Directory of the database, the signing key and the lock; created with mode 0700 if missing.
    pub data_dir: PathBuf,
    /// The PostgreSQL that several servers share. Without it, the server has a SQLite database in its data directory.
    pub postgres: Option<PostgresSettings>,
    /// How long the other servers on the same PostgreSQL may go unread before all streams end: they could miss something,
    /// and sessions may have ended meanwhile.
    pub cut_off_after: Duration,
    /// The name that `GET /v1/server` returns.
    pub name: String,
    /// Source of wall-clock and monotonic time.
    pub clock: Clock,
    /// Heartbeat interval: the longest time that an event stream stays silent.
    pub heartbeat: Duration,
    /// How long `activity` is collected before it is published.
    pub activity_delay: Duration,
    /// How long changes of presence are collected before they are published.
    pub presence_delay: Duration,
    /// How long a user without a stream still counts as online.
    pub offline_after: Duration,
    /// A user's typing in a room is published at most once in this time.
    pub typing_interval: Duration,
    /// How long a peer may accept no byte while data waits for it.
    pub write_timeout: Duration,
    /// How long a request head may take to arrive.
    pub head_timeout: Duration,
    /// How long a request body may take to arrive.
    pub body_timeout: Duration,
    /// How long a connection may stay open between two requests.
    pub idle_timeout: Duration,
    /// How long responses in progress may take to finish once the server stops.
    pub drain_timeout: Duration,
    /// Connection limit: most connections at once. The limit on open files may lower it. Streams get at most 95 % of
    /// them.
    pub max_connections: usize,
    /// Most frames queued for one stream; the stream of a slower reader is closed.
    pub stream_queue: usize,
    /// How long a token, and with it a session, is valid.
    pub token_lifetime: Duration,
    /// Wrong passwords per name and address within [`Config::wrong_password_window`] before the answer is 429.
    pub wrong_passwords: u32,
    /// The period over which [`Config::wrong_passwords`] counts.
    pub wrong_password_window: Duration,
    /// Most passwords queued for hashing or verification before the answer is 503. They take about 2 s on two cores.
    pub password_queue: usize,
    /// Retention: events are kept at least this long …
    pub events_kept_for: Duration,
    /// … and never fewer than the newest this many.
    pub events_kept: u64,
    /// How long a deleted or replaced text stays in the database files before the first attempt to erase it from them.
    pub erase_delay: Duration,
    /// Most visible events replayed to one stream; a client further behind gets `reset` with `too_far`.
    pub replay_max: u64,
    /// Most existing rooms that one user created; direct rooms do not count.
    pub max_rooms_per_user: u32,
    /// Most rooms on the server; direct rooms do not count.
    pub max_rooms: u32,
    /// Most private and direct rooms of which one user is a member.
    pub max_private_rooms_per_user: u32,
    /// Most bytes of request bodies, responses and stream frames in memory at once.
    pub memory_budget: usize,
    /// Most event streams of one user at once; beyond that the answer is 429.
    pub max_streams_per_user: usize,
    /// The certificate that the operator provides. Without one, the server creates its own in the data directory.
    pub tls_files: Option<TlsFiles>,
    /// Whether every request may come over plain HTTP, from anywhere.
    pub plaintext: bool,
    /// The addresses of reverse proxies that are believed about the clients of their requests.
    pub trusted_proxies: Vec<Cidr>,
    /// Who may register.
    pub registration: Registration,
    /// Whether the owners of a room may invite people to it, and not only admins.
    pub room_invites: bool,
    /// Wrong codes of invites per address within [`Config::wrong_password_window`] before the answer is 429.
    pub wrong_invites: u32,
    /// How often users and addresses may do what costs the server work.
    pub rates: Rates,
    /// The backups that the server makes by itself, if any.
    pub backups: Option<Backups>,
}

/// Backups that a server makes by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backups {
    /// Their directory; created with mode 0700 if missing.
    pub dir: PathBuf,
    /// The time between two of them.
    pub every: Duration,
    /// How many are kept; older ones are removed.
    pub keep: usize,
}

impl Config {
    /// The defaults, with this data directory.
    #[must_use]
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        const DAY: Duration = Duration::from_secs(24 * 60 * 60);
        Self {
            data_dir: data_dir.into(),
            postgres: None,
            cut_off_after: Duration::from_secs(10),
            name: "quchat".to_owned(),
            clock: Clock::system(),
            heartbeat: Duration::from_secs(15),
            activity_delay: Duration::from_secs(2),
            presence_delay: Duration::from_secs(1),
            offline_after: Duration::from_secs(5),
            typing_interval: Duration::from_secs(3),
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
            erase_delay: Duration::from_secs(20),
            replay_max: 50_000,
            max_rooms_per_user: ROOMS_PER_USER,
            max_rooms: ROOMS,
            max_private_rooms_per_user: PRIVATE_ROOMS_PER_USER,
            memory_budget: 256 * 1024 * 1024,
            max_streams_per_user: STREAMS_PER_USER as usize,
            tls_files: None,
            plaintext: false,
            trusted_proxies: Vec::new(),
            registration: Registration::Open,
            room_invites: false,
            wrong_invites: 20,
            rates: Rates::default(),
            backups: None,
        }
    }
}
