//! The handles that every request needs, passed in and never global.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use quchat_shared::Timestamp;
use tokio::sync::Notify;

use crate::{
    auth::{attempts::Attempts, jwt::Tokens, passwords::Passwords},
    config::Config,
    domain::{Caller, Error, Result, rooms, sessions},
    hub::Hub,
    line::Terms,
    store::{Snapshot, Store, Tx},
    stream_places::StreamPlaces,
    turns::Turns,
};

/// Everything a handler can reach.
pub(crate) struct App {
    pub(crate) config: Config,
    pub(crate) store: Store,
    pub(crate) hub: Hub,
    pub(crate) tokens: Tokens,
    pub(crate) passwords: Passwords,
    pub(crate) attempts: Attempts,
    /// Places for open streams.
    pub(crate) streams: Arc<StreamPlaces>,
    pub(crate) stopping: AtomicBool,
    /// A room was deleted: its rows are to be purged.
    pub(crate) room_deleted: Notify,
    /// What all streams share, the budget of the whole server among it.
    pub(crate) terms: Arc<Terms>,
    /// Turns at [`App::read_much`].
    pub(crate) turns: Arc<Turns>,
}

impl App {
    /// Now, by the server's clock.
    pub(crate) fn now(&self) -> Timestamp {
        self.config.clock.now()
    }

    /// How many rooms there may be.
    pub(crate) fn room_bounds(&self) -> rooms::Bounds {
        rooms::Bounds {
            per_user: self.config.max_rooms_per_user,
            in_all: self.config.max_rooms,
            private_per_user: self.config.max_private_rooms_per_user,
        }
    }

    /// Whether the server is about to end.
    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    /// Reads for a caller whose session is alive in that very snapshot.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        caller: Caller,
        read: impl FnOnce(&dyn Snapshot) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let read = move |store: &dyn Snapshot| {
            sessions::require(store, caller)?;
            read(store)
        };
        self.store.read(read).await
    }

    /// The same for what may take long: a caller has few such reads at a time, and the next begins when one has ended,
    /// whether somebody still waits for it or not.
    pub(crate) async fn read_much<T: Send + 'static>(
        &self,
        caller: Caller,
        read: impl FnOnce(&dyn Snapshot) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let turn = self.turns.wait(caller.user).await?;
        if turn.has_waited() && self.is_stopping() {
            return Err(Error::Unavailable("the server is stopping; try again in a moment"));
        }
        let read = move |store: &dyn Snapshot| {
            let _turn = turn;
            read(store)
        };
        self.read(caller, read).await
    }

    /// Writes for a caller whose session is alive in that very transaction. `write` is told the time at which it runs.
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        caller: Caller,
        write: impl Fn(&mut dyn Tx, Timestamp) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let clock = self.config.clock.clone();
        let write = move |tx: &mut dyn Tx| {
            sessions::require(tx, caller)?;
            write(tx, clock.now())
        };
        self.store.write(write).await
    }
}
