//! The order of what is published: commits of this server and of others, each once, in the order of the log.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use tokio::sync::Notify;

use super::changes::Changes;
use crate::store::Committed;

/// Most own commits that wait for those of others. Beyond that they are read from the log, too.
const OWN_MAX: usize = 1_000;

pub(super) type Publish = Box<dyn Fn(Committed) + Send + Sync>;

/// Where the writer hands in what it commits. The thread that follows the log ends once this is dropped.
pub(crate) struct Publisher(Arc<Shared>);

/// Where the thread that follows the log hands in what it reads.
pub(super) struct Order(Arc<Shared>);

struct Shared {
    state: Mutex<State>,
    publish: Publish,
    /// Wakes the thread that follows the log.
    wake: Arc<Notify>,
    is_used: AtomicBool,
}

struct State {
    /// Everything up to this event is published.
    position: u64,
    /// Own commits that come after something that is not published yet, by the event before them.
    own: BTreeMap<u64, Committed>,
}

/// Both ends, with everything up to the event `head` published.
pub(super) fn ordered(head: u64, publish: Publish, wake: Arc<Notify>) -> (Publisher, Order) {
    let state = Mutex::new(State { position: head, own: BTreeMap::new() });
    let shared = Arc::new(Shared { state, publish, wake, is_used: AtomicBool::new(true) });
    (Publisher(Arc::clone(&shared)), Order(shared))
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Publishes in order, while nobody else does.
    fn publish(&self, state: &mut State, committed: Committed) {
        state.position = committed.head;
        (self.publish)(committed);
    }
}

impl Publisher {
    /// Publishes a commit of this server at once, if everything before it is published. Otherwise it waits for that.
    pub(crate) fn publish(&self, committed: Committed) {
        let mut state = self.0.lock();
        if committed.begun == state.position {
            self.0.publish(&mut state, committed);
        } else if committed.head > state.position {
            if state.own.len() >= OWN_MAX {
                state.own.clear();
            }
            state.own.insert(committed.begun, committed);
            self.0.wake.notify_one();
        }
        // Otherwise the log was read in the moment after the commit.
    }
}

impl Drop for Publisher {
    fn drop(&mut self) {
        self.0.is_used.store(false, Ordering::Release);
        self.0.wake.notify_one();
    }
}

impl Order {
    /// Whether the writer is still there.
    pub(super) fn is_used(&self) -> bool {
        self.0.is_used.load(Ordering::Acquire)
    }

    /// Everything up to this event is published.
    pub(super) fn position(&self) -> u64 {
        self.0.lock().position
    }

    /// Whether own commits wait for those of others.
    pub(super) fn is_waiting(&self) -> bool {
        !self.0.lock().own.is_empty()
    }

    /// Publishes the changes of events up to `through`, which were read from the log, as far as they were not published
    /// meanwhile; then the own commits that follow.
    pub(super) fn publish_others(&self, through: u64, changes: Changes) {
        let mut state = self.0.lock();
        let begun = state.position;
        if through > begun {
            let new = changes.into_iter().filter(|(id, _)| *id > begun);
            let changes = new.map(|(_, change)| change).collect();
            self.0.publish(&mut state, Committed { begun, head: through, changes });
        }
        while let Some(next) = state.own.first_entry() {
            let committed = next.remove();
            if committed.begun == state.position {
                self.0.publish(&mut state, committed);
            } else if committed.head > state.position {
                state.own.insert(committed.begun, committed);
                break;
            }
        }
    }

    /// Goes on after this event, without what lies before it. `restart` ends the streams that would miss it.
    pub(super) fn restart_at(&self, head: u64, restart: impl FnOnce()) {
        let mut state = self.0.lock();
        state.own.clear();
        state.position = head;
        restart();
    }
}

#[cfg(test)]
mod tests {
    use quchat_shared::{SessionId, UserId};

    use super::*;
    use crate::store::Change;

    /// The head of each published commit, and the number of its changes.
    type Published = Arc<Mutex<Vec<(u64, usize)>>>;

    /// Both ends at event 10.
    fn at_ten() -> (Publisher, Order, Published) {
        let published = Published::default();
        let seen = Arc::clone(&published);
        let publish = move |committed: Committed| {
            seen.lock().unwrap().push((committed.head, committed.changes.len()));
        };
        let (publisher, order) = ordered(10, Box::new(publish), Arc::default());
        (publisher, order, published)
    }

    fn change() -> Change {
        Change::SessionEnded { user: UserId(1), session: SessionId(1) }
    }

    fn own(begun: u64, head: u64) -> Committed {
        Committed { begun, head, changes: vec![change()] }
    }

    #[test]
    fn own_commits_are_published_at_once_while_nobody_else_commits() {
        let (publisher, order, published) = at_ten();
        publisher.publish(own(10, 12));
        publisher.publish(own(12, 13));
        assert_eq!(*published.lock().unwrap(), [(12, 1), (13, 1)]);
        assert!(!order.is_waiting());
    }

    #[test]
    fn an_own_commit_waits_for_what_another_server_committed_before_it() {
        let (publisher, order, published) = at_ten();
        publisher.publish(own(12, 13));
        publisher.publish(own(13, 14));
        assert!(order.is_waiting() && published.lock().unwrap().is_empty());
        order.publish_others(12, vec![(11, change()), (12, change())]);
        assert_eq!(*published.lock().unwrap(), [(12, 2), (13, 1), (14, 1)]);
    }

    #[test]
    fn what_the_log_showed_first_is_not_published_again() {
        let (publisher, order, published) = at_ten();
        publisher.publish(own(12, 13));
        order.publish_others(13, vec![(11, change()), (12, change()), (13, change())]);
        publisher.publish(own(10, 12));
        assert_eq!(*published.lock().unwrap(), [(13, 3)]);
        order.publish_others(12, vec![(11, change()), (12, change())]);
        assert_eq!(published.lock().unwrap().len(), 1);
        publisher.publish(own(13, 15));
        order.publish_others(16, vec![(14, change()), (15, change()), (16, change())]);
        assert_eq!(published.lock().unwrap()[1..], [(15, 1), (16, 1)], "only the rest");
    }

    #[test]
    fn after_a_restart_only_what_follows_is_published() {
        let (publisher, order, published) = at_ten();
        publisher.publish(own(11, 12));
        order.restart_at(7, || ());
        publisher.publish(own(7, 8));
        assert_eq!(*published.lock().unwrap(), [(8, 1)]);
        drop(publisher);
        assert!(!order.is_used());
    }
}
