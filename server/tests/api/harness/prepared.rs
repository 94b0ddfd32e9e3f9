//! A data directory with three registered users, created once and copied for each server: password hashing is slow on
//! purpose, and nine tests in ten are not about it.

use std::sync::{Arc, OnceLock};

use super::{Client, DataDir, TestServer};

/// The users, in the order of their registration.
const NAMES: [&str; 3] = ["alice", "bob", "carol"];

struct Prepared {
    data_dir: DataDir,
    clients: Vec<Client>,
}

fn prepared() -> Arc<Prepared> {
    static PREPARED: OnceLock<Arc<Prepared>> = OnceLock::new();
    let prepare = || {
        let server = TestServer::fresh();
        let clients = NAMES.map(|name| Client::register(server.address, name)).into();
        let data_dir = server.data_dir.clone();
        server.stop();
        Arc::new(Prepared { data_dir, clients })
    };
    Arc::clone(PREPARED.get_or_init(prepare))
}

/// A copy of the directory.
pub(crate) fn data_dir() -> DataDir {
    prepared().data_dir.copy()
}

/// The session with which `name` registered, if it is one of the prepared users.
pub(crate) fn client(name: &str) -> Option<Client> {
    prepared().clients.iter().find(|client| client.user().name == name).cloned()
}
