//! Tests of the wire contract against the real server, over real sockets.
//!
//! Some modules follow the routes; others cover the stream, attacks, crashes, the data directory and the program
//! itself. The tests know what the server promises, not how it is written. [`seed_defects`] lists known defects of the
//! system that quchat replaces, and the test that covers each.

#![cfg(test)] // always true here; it makes the lint exceptions for tests apply to the helpers, too

mod harness;

mod adding;
mod bans;
mod direct_rooms;
mod invites;
mod member_list;
mod member_races;
mod members;
mod memory_budget;
mod mentions;
mod message_changes;
mod messages;
mod notify;
mod paging;
mod password;
mod problems;
mod rate_limits;
mod reactions;
mod read_markers;
mod removing;
mod rights;
mod roles;
mod room_bounds;
mod room_changes;
mod room_deletion;
mod rooms;
mod search;
mod send_once;
mod server_info;
mod session_list;
mod sessions;
mod suspension;
mod tokens;
mod upgrade;
mod users;

mod activity;
mod events;
mod handover;
mod message_model;
mod message_replay;
mod presence;
mod privacy;
mod reset;
mod resume;
mod stream_end;
mod typing;

mod bounds;
mod early_answers;
mod erasure;
mod framing;
mod half_closed;
mod hardening;
mod places;
mod plain_words;
mod races;
mod seed_defects;
mod slow_reader;
mod stopping;

#[cfg(unix)]
mod backup;
#[cfg(unix)]
mod crash;
#[cfg(unix)]
mod environment;
#[cfg(unix)]
mod fuzz;
#[cfg(unix)]
mod joining;
#[cfg(unix)]
mod metrics;
#[cfg(unix)]
mod migrate;
mod model;
mod nodes;
#[cfg(unix)]
mod operator;
#[cfg(unix)]
mod operator_access;
#[cfg(unix)]
mod outages;
#[cfg(unix)]
mod output;
#[cfg(unix)]
mod process;
#[cfg(unix)]
mod read_only;
#[cfg(unix)]
mod request_log;
#[cfg(unix)]
mod storage;
#[cfg(unix)]
mod store_flags;
#[cfg(unix)]
mod terminal;
#[cfg(unix)]
mod transport;
