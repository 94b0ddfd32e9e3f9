//! Tests the workers against a scripted server.

mod calls;
mod streams;

use std::thread;

use crate::api::{
    Access, Answer, Client, Failure, Reply, Request,
    tests::peer::{Heard, SOON, access, hear, peer, reply},
};
