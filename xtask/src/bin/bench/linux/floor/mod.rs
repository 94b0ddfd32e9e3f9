//! The least that the same work costs: what a kernel asks to move the bytes, and a disk to keep them.

mod argon2;
mod sockets;
mod sqlite;

pub(super) use self::{argon2::hashes_per_second, sockets::message, sockets::serve, sqlite::insert};
