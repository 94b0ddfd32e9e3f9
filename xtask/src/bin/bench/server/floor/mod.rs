//! The floor: the least that kernel, database and password hash need for the same work.

mod argon2;
mod pgbench;
mod sockets;
mod sqlite;

pub(super) use self::{
    argon2::hashes_per_second,
    pgbench::{commits, rows_per_second},
    sockets::{message, serve},
    sqlite::insert,
};
