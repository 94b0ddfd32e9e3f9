//! End to end: the real client in a real pseudo-terminal against the real server.
//!
//! Tests what a user does and sees, what the server holds afterwards, and the API client without a screen. Needs only
//! what cargo builds.
#![cfg(test)] // an integration test always is; stated so that the lints for tests apply to its helpers too
#![cfg(unix)]

mod attention;
mod bursts;
mod changing;
mod command_line;
mod composing;
mod dice;
mod drafts;
mod encrypted;
mod governing;
mod inbox;
mod leaving;
mod losses;
mod people;
mod person;
mod resuming;
mod returning;
mod searching;
mod server;
mod settling;
mod sign_in;
mod storms;
mod talking;
mod terminal;
