//! The wire contract, proved on the real server through real sockets.
//!
//! The modules mirror the routes; then come the stream, what an attacker would try, and what a crash leaves behind.
//! Nothing in here knows how the server is written, only what it promises. Which test proves which known mistake of
//! the system that quchat replaces to be gone is listed in [`seed_defects`].

#![cfg(test)] // an integration test always is; said so that the lints for tests apply to its helpers too

mod harness;

mod members;
mod memory_budget;
mod messages;
mod paging;
mod problems;
mod read_markers;
mod room_bounds;
mod rooms;
mod send_once;
mod server_info;
mod sessions;
mod tokens;
mod upgrade;
mod users;

mod activity;
mod events;
mod handover;
mod privacy;
mod reset;
mod resume;
mod stream_end;

mod bounds;
mod early_answers;
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
mod crash;
#[cfg(unix)]
mod environment;
mod model;
#[cfg(unix)]
mod output;
#[cfg(unix)]
mod process;
#[cfg(unix)]
mod storage;
#[cfg(unix)]
mod terminal;
