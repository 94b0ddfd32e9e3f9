//! A store for tests, which records the events that it publishes.

use std::{
    path::Path,
    sync::{Arc, Mutex},
    thread::JoinHandle,
};

use quchat_shared::Timestamp;

use super::{Change, Committed, Store};
use crate::reply_dispatcher::ReplyDispatcher;

/// Opens the store in `dir`. Returns it, the thread that ends last, and the ids of the published events in order.
pub(super) fn open(dir: &Path, now: Timestamp) -> (Store, JoinHandle<()>, Arc<Mutex<Vec<u64>>>) {
    let published = Arc::new(Mutex::new(Vec::new()));
    let publishing = Arc::clone(&published);
    let publish = move |committed: Committed| {
        publishing.lock().unwrap().extend(committed.changes.iter().filter_map(Change::event_id))
    };
    let opened = Store::open(&dir.join("db"), now).unwrap();
    let (store, thread) = opened.start(ReplyDispatcher::start(), (), publish).unwrap();
    (store, thread, published)
}
