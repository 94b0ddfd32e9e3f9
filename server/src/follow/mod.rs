//! Follows what other servers commit to the same database, and hands it to the hub in the order of the log.
//!
//! What this server commits itself comes from memory, at once, if everything before it was published. Otherwise it
//! waits until the thread here has read what is missing. The thread also tells the others who has a stream here and who
//! is typing, and the hub what they tell of that. With SQLite there are no other servers, and nothing of this runs.

mod changes;
mod late;
mod order;
mod others;
mod presence;
mod typing;

use std::{
    sync::Arc,
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use tokio::sync::Notify;

pub(crate) use self::order::Publisher;
use self::{order::Order, presence::Presence};
use crate::{
    hub::{Hub, Outbox},
    store::{Committed, Feed, Health, Heard, Joined, LogView, Result},
};

/// How often the thread looks without being told. It covers a server that ended between a commit and telling of it.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Most rows of the log that are read at once.
const ROWS: u32 = 2_000;
/// So far behind, catching up would take longer than having all clients replay.
const FAR_BEHIND: u64 = 50_000;
/// How long to wait before the next attempt to connect.
const RETRY: Duration = Duration::from_millis(200);

/// Starts the thread, which ends once the returned publisher is gone. `publish` gets commits in the order of the log,
/// after the event `head`.
pub(crate) fn start(
    feed: Feed,
    head: u64,
    hub: Hub,
    outbox: Arc<Outbox>,
    health: Health,
    cut_off_after: Duration,
    publish: impl Fn(Committed) + Send + Sync + 'static,
) -> (Publisher, JoinHandle<()>) {
    let wake = outbox.wake();
    let (publisher, order) = order::ordered(head, Box::new(publish), Arc::clone(&wake));
    let presence = Presence::new(Arc::clone(&outbox), hub.clone());
    let looked = Instant::now();
    let follower =
        Follower { feed, order, hub, outbox, presence, health, wake, cut_off_after, looked, is_cut_off: false };
    let thread = thread::Builder::new().name("follow".to_owned()).spawn(move || follower.run());
    (publisher, thread.expect("a thread can be started while the server starts"))
}

struct Follower {
    feed: Feed,
    order: Order,
    hub: Hub,
    outbox: Arc<Outbox>,
    presence: Presence,
    health: Health,
    wake: Arc<Notify>,
    cut_off_after: Duration,
    /// When everything was read for the last time.
    looked: Instant,
    /// That was too long ago, and the streams were ended.
    is_cut_off: bool,
}

impl Follower {
    fn run(mut self) {
        while self.order.is_used() {
            if let Err(error) = self.follow() {
                tracing::debug!(error = &error as &dyn std::error::Error, "cannot follow the log");
                self.end_streams_if_cut_off();
                if let Err(error) = self.connect() {
                    self.health.cannot_follow(&error);
                    thread::sleep(RETRY);
                }
            }
        }
    }

    /// Waits for something to do, and does it.
    fn follow(&mut self) -> Result<()> {
        let heard = self.feed.wait(self.next_due().saturating_duration_since(Instant::now()), &self.wake)?;
        let is_news = heard.head > self.order.position();
        self.take(heard);
        if is_news || self.order.is_waiting() || self.looked.elapsed() >= LOOK_EVERY {
            self.catch_up()?;
        }
        for text in typing::texts(&self.outbox.take_typing(Instant::now())) {
            self.feed.tell_typing(&text)?;
        }
        if self.presence.due() <= Instant::now() {
            self.presence.exchange(&mut self.feed)?;
        }
        Ok(())
    }

    fn next_due(&self) -> Instant {
        let due = (self.looked + LOOK_EVERY).min(self.presence.due());
        self.outbox.typing_due().map_or(due, |typing| due.min(typing))
    }

    /// Takes what other servers tell.
    fn take(&mut self, heard: Heard) {
        if heard.has_moved {
            self.presence.be_told();
        }
        for text in heard.typing {
            self.hub.typing_elsewhere(typing::parse(&text));
        }
    }

    fn catch_up(&mut self) -> Result<()> {
        self.look()?;
        self.looked = Instant::now();
        self.is_cut_off = false;
        self.health.follows();
        Ok(())
    }

    /// Publishes everything up to the head of the log.
    fn look(&mut self) -> Result<()> {
        loop {
            let after = self.order.position();
            let (head, read) = self.feed.look(|log: &LogView<'_>| {
                let page = log.between(after, after + FAR_BEHIND, ROWS)?;
                let (head, is_last) = (page.head, page.rows.len() < ROWS as usize);
                let is_near = head.saturating_sub(after) <= FAR_BEHIND;
                Ok((head, is_near.then(|| changes::read(log, page, is_last)).transpose()?))
            })?;
            let Some((through, changes)) = read else {
                tracing::warn!(behind = head - after, "far behind the log; clients connect again");
                self.restart_at(head);
                return Ok(());
            };
            self.order.publish_others(through, changes);
            if through >= head {
                return Ok(());
            }
        }
    }

    fn connect(&mut self) -> Result<()> {
        // Streams must end in time, even if this takes longer.
        let left = self.cut_off_after.saturating_sub(self.looked.elapsed());
        let within = if self.is_cut_off { Duration::MAX } else { left };
        let Joined { is_new_lineage, base, head } = self.feed.connect(within)?;
        self.presence.begin_anew();
        // A new lineage that begins before what was published is an older state of the log.
        if is_new_lineage && base < self.order.position() {
            tracing::warn!("the database has lost its newest events; clients connect again");
            self.restart_at(head);
        }
        self.feed.adopt_lineage(); // from here on this server writes to it
        self.catch_up() // nobody has told of what was committed meanwhile
    }

    fn restart_at(&mut self, head: u64) {
        self.order.restart_at(head, || self.hub.restart_at(head));
        self.presence.forget();
    }

    fn end_streams_if_cut_off(&mut self) {
        if self.looked.elapsed() > self.cut_off_after && !std::mem::replace(&mut self.is_cut_off, true) {
            self.health.cut_off();
            self.restart_at(self.order.position());
        }
    }
}
