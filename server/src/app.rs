//! The shared state that every request handler receives. Nothing in it is global.

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicBool, Ordering},
};

use quchat_shared::{Timestamp, join_link::JoinLink};
use tokio::sync::Notify;

use crate::{
    auth::{jwt::Tokens, login_throttle::LoginThrottle, passwords::Passwords},
    config::Config,
    domain::{Error, Principal, Result, invites::Admission, rooms, sessions},
    hub::Hub,
    metrics::{Counter, Gauge, Histogram},
    rate_limits::RateLimits,
    session_uses::SessionUses,
    store::{Hints, Snapshot, Store, Tx},
    stream::StreamContext,
    stream_places::StreamPlaces,
    tls::Tls,
    turns::Turns,
};

/// The settings, the store, the hub and the limits of a running server.
pub(crate) struct App {
    pub(crate) config: Config,
    pub(crate) store: Store,
    pub(crate) hub: Hub,
    pub(crate) tokens: Tokens,
    pub(crate) passwords: Passwords,
    pub(crate) login_throttle: LoginThrottle,
    /// Counts wrong codes of invites, under an empty name.
    pub(crate) invite_throttle: LoginThrottle,
    pub(crate) rate_limits: RateLimits,
    pub(crate) streams: Arc<StreamPlaces>,
    pub(crate) session_uses: Arc<SessionUses>,
    pub(crate) stopping: AtomicBool,
    /// Notified when a room was deleted. Its rows can then be purged.
    pub(crate) room_deleted: Notify,
    /// Notified when the index has something to do: there are new messages, or rooms are gone.
    pub(crate) index_work: Arc<Notify>,
    /// State that all streams share, including the memory budget of the server.
    pub(crate) stream_context: Arc<StreamContext>,
    /// How far behind resuming streams are, in events.
    pub(crate) resumed_behind: Histogram,
    /// The outcomes of scheduled backups.
    pub(crate) backups: BackupCounts,
    /// The certificate of the server.
    pub(crate) tls: Arc<Tls>,
    /// Where others reach the server, once that is known.
    pub(crate) reached_at: OnceLock<Vec<JoinLink>>,
    /// Limits [`App::read_much`] per user.
    pub(crate) turns: Arc<Turns>,
}

/// The outcomes of scheduled backups.
#[derive(Debug, Default)]
pub(crate) struct BackupCounts {
    /// When the newest one was made, in seconds since the epoch.
    pub(crate) last_success: Gauge,
    pub(crate) failures: Counter,
}

impl App {
    /// The current wall-clock time.
    pub(crate) fn now(&self) -> Timestamp {
        self.config.clock.now()
    }

    /// The configured limits on rooms.
    pub(crate) fn room_bounds(&self) -> rooms::Bounds {
        rooms::Bounds {
            per_user: self.config.max_rooms_per_user,
            in_all: self.config.max_rooms,
            private_per_user: self.config.max_private_rooms_per_user,
        }
    }

    /// Who may register, and who may invite.
    pub(crate) fn admission(&self) -> Admission {
        Admission { registration: self.config.registration, room_invites: self.config.room_invites }
    }

    /// Whether the server has begun to shut down.
    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    /// Runs `read` on a snapshot in which the caller's session is alive. The operator has none.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        caller: impl Into<Principal>,
        read: impl FnOnce(&dyn Snapshot) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let Principal::User(caller) = caller.into() else { return self.store.read(read).await };
        let (uses, hour) = (Arc::clone(&self.session_uses), sessions::to_the_hour(self.now()));
        let read = move |store: &dyn Snapshot| {
            if sessions::require(store, caller)? < hour {
                uses.note(caller.session);
            }
            read(store)
        };
        self.store.read(read).await
    }

    /// As [`App::read`], for reads that may take long. Each user may run a few at a time. Further ones wait until one
    /// has ended, even if its client has gone.
    pub(crate) async fn read_much<T: Send + 'static>(
        &self,
        caller: impl Into<Principal>,
        read: impl FnOnce(&dyn Snapshot) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let Principal::User(caller) = caller.into() else { return self.store.read(read).await };
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

    /// Runs `write` in a transaction in which the caller's session is alive (the operator has none), and passes it the
    /// time at which it runs.
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        caller: impl Into<Principal>,
        write: impl Fn(&mut dyn Tx, Timestamp) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.write_with(caller, Hints::default(), write).await
    }

    /// As [`App::write`]. `hints` say what `write` is about to read, besides what concerns the caller.
    pub(crate) async fn write_with<T: Send + 'static>(
        &self,
        caller: impl Into<Principal>,
        hints: Hints,
        write: impl Fn(&mut dyn Tx, Timestamp) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let clock = self.config.clock.clone();
        let Principal::User(caller) = caller.into() else {
            let write = move |tx: &mut dyn Tx| {
                let now = tx.now(&clock);
                write(tx, now)
            };
            return self.store.write_with(hints, write).await;
        };
        let uses = Arc::clone(&self.session_uses);
        let write = move |tx: &mut dyn Tx| {
            let (last_used, now) = (sessions::require(tx, caller)?, tx.now(&clock));
            if last_used < sessions::to_the_hour(now) {
                uses.note(caller.session);
            }
            write(tx, now)
        };
        let hints = Hints { session: Some(caller.session), user: Some(caller.user), ..hints };
        self.store.write_with(hints, write).await
    }
}
