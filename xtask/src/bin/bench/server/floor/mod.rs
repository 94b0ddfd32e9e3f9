//! The floor: the least that kernel, disk and password hash need for the same work.

mod argon2;
mod sockets;
mod sqlite;

pub(super) use self::{argon2::hashes_per_second, sockets::message, sockets::serve, sqlite::insert};
