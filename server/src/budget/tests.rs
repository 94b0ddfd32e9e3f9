//! Which charges are refused and which connections are closed when the budget is full.

use std::{
    net::Ipv4Addr,
    sync::{atomic::AtomicUsize, mpsc},
    task::{Wake, Waker},
    thread,
};

use super::*;

/// Counts how often it is woken.
#[derive(Default)]
struct Task(AtomicUsize);

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// A stream with a backlog, which drops its bytes when it is evicted.
struct Reader {
    held: Mutex<Option<(Charge, Backlog)>>,
}

impl Stream for Reader {
    fn evict(&self, _: Key) {
        drop(self.held.lock().unwrap().take());
    }
}

impl Reader {
    fn new() -> Arc<Self> {
        Arc::new(Self { held: Mutex::default() })
    }

    fn behind(budget: &Budget, user: u64, bytes: usize) -> Arc<Self> {
        let reader = Self::new();
        reader.holds(budget, user, bytes, Arc::downgrade(&reader) as Weak<dyn Stream>);
        reader
    }

    fn holds(&self, budget: &Budget, user: u64, bytes: usize, stream: Weak<dyn Stream>) {
        let charge = budget.charge_shared(bytes).unwrap();
        let mut backlog = budget.open_backlog(UserId(user), stream);
        backlog.set(bytes, 1).unwrap();
        *self.held.lock().unwrap() = Some((charge, backlog));
    }

    fn is_evicted(&self) -> bool {
        self.held.lock().unwrap().is_none()
    }
}

fn connection(budget: &Budget, user: u64) -> Account {
    let account = budget.open_account(Ipv4Addr::LOCALHOST.into());
    account.belongs_to(UserId(user));
    account
}

/// A connection of `user` that holds this many bytes and waits for its peer.
fn stalled(budget: &Budget, user: u64, bytes: usize) -> (Account, Charge) {
    let account = connection(budget, user);
    let charge = account.charge(bytes).unwrap();
    account.stalls(Waker::noop());
    (account, charge)
}

#[test]
fn dropping_a_charge_returns_its_bytes() {
    let budget = Budget::new(100);
    let mut charge = connection(&budget, 1).charge(40).unwrap();
    charge.grow(60).unwrap();
    charge.grow(10).unwrap();
    let shared = budget.charge_shared(40).unwrap();
    assert_eq!(budget.used(), 100);
    assert_eq!(charge.grow(61), Err(Full));
    assert!(budget.charge_shared(1).is_err());
    drop((charge, shared));
    assert_eq!(budget.used(), 0);
    assert!(budget.lock().is_empty());
}

#[test]
fn the_largest_holder_loses_the_connection_that_has_waited_longest() {
    let budget = Budget::new(100);
    let few = stalled(&budget, 1, 20);
    let (oldest, newer) = (stalled(&budget, 2, 30), stalled(&budget, 2, 30));
    let task = Arc::new(Task::default());
    oldest.0.stalls(&Waker::from(Arc::clone(&task)));
    let answer = connection(&budget, 3).charge(40).unwrap();
    assert!(oldest.0.is_evicted() && !newer.0.is_evicted() && !few.0.is_evicted());
    assert_eq!(task.0.load(Ordering::Relaxed), 1, "its task is woken");
    assert_eq!(budget.used(), 90);
    assert!(oldest.0.charge(1).is_err(), "an evicted account gets no more bytes");

    newer.0.moves();
    assert!(connection(&budget, 3).charge(20).is_err(), "progress ends the wait, and smaller holders are not evicted");
    drop((few, oldest, newer, answer));
    assert_eq!(budget.used(), 0);
}

#[test]
fn progress_of_the_peer_restarts_the_wait() {
    let budget = Budget::new(100);
    let (first, second) = (stalled(&budget, 1, 50), stalled(&budget, 1, 50));
    first.0.moves();
    first.0.stalls(Waker::noop());
    connection(&budget, 2).charge(10).unwrap();
    assert!(second.0.is_evicted() && !first.0.is_evicted());
}

#[test]
fn a_request_never_evicts_a_smaller_holder() {
    let budget = Budget::new(100);
    let (few, _many) = (stalled(&budget, 1, 10), connection(&budget, 2).charge(90).unwrap());
    assert!(connection(&budget, 2).charge(5).is_err());
    assert!(!few.0.is_evicted());
    connection(&budget, 3).charge(5).unwrap();
    assert!(few.0.is_evicted(), "a new user may evict a stalled connection");
}

#[test]
fn a_charge_larger_than_the_budget_evicts_nobody() {
    let budget = Budget::new(100);
    let held = stalled(&budget, 1, 60);
    assert!(connection(&budget, 2).charge(101).is_err());
    assert!(!held.0.is_evicted());
}

#[test]
fn the_stream_with_the_most_bytes_is_evicted_first() {
    let budget = Budget::new(100);
    let readers: Vec<_> = [20, 40, 30].map(|bytes| Reader::behind(&budget, 1, bytes)).into();
    let other = Reader::behind(&budget, 2, 10);
    let _shared = budget.charge_shared(60).unwrap();
    let evicted: Vec<_> = readers.iter().map(|reader| reader.is_evicted()).collect();
    assert_eq!((evicted, other.is_evicted()), (vec![false, true, true], false));
}

/// A stream whose eviction waits until the test lets it go on.
struct SlowReader {
    reader: Arc<Reader>,
    begun: mpsc::SyncSender<()>,
    goes_on: Mutex<mpsc::Receiver<()>>,
}

impl Stream for SlowReader {
    fn evict(&self, backlog: Key) {
        self.begun.send(()).unwrap();
        self.goes_on.lock().unwrap().recv().unwrap();
        self.reader.evict(backlog);
    }
}

#[test]
fn while_a_stream_is_being_evicted_nobody_evicts_another_for_the_same_bytes() {
    let budget = Budget::new(100);
    let ((begun, has_begun), (go_on, goes_on)) = (mpsc::sync_channel(1), mpsc::channel());
    let slow = Arc::new(SlowReader { reader: Reader::new(), begun, goes_on: Mutex::new(goes_on) });
    slow.reader.holds(&budget, 1, 60, Arc::downgrade(&slow) as Weak<dyn Stream>);
    let other = Reader::behind(&budget, 1, 40);
    thread::scope(|scope| {
        let first = scope.spawn(|| budget.charge_shared(20).unwrap());
        has_begun.recv().unwrap();
        let (charged, is_charged) = mpsc::channel();
        let budget = &budget;
        scope.spawn(move || charged.send(budget.charge_shared(20)));
        let early = is_charged.recv_timeout(Duration::from_millis(20));
        go_on.send(()).unwrap(); // before anything fails: the scope waits for both threads
        assert!(early.is_err(), "it waits");
        let _charges = (first.join().unwrap(), is_charged.recv().unwrap().unwrap());
        assert!(slow.reader.is_evicted() && !other.is_evicted());
    });
}

#[test]
fn clients_without_a_token_are_grouped_by_address() {
    let budget = Budget::new(100);
    let from = |address: [u8; 4], bytes| {
        let account = budget.open_account(Ipv4Addr::from(address).into());
        let charge = account.charge(bytes).unwrap();
        account.stalls(Waker::noop());
        (account, charge)
    };
    let (one, two) = (from([10, 0, 0, 1], 40), [from([10, 0, 0, 2], 30), from([10, 0, 0, 2], 30)]);
    connection(&budget, 1).charge(20).unwrap();
    assert!(!one.0.is_evicted() && two[0].0.is_evicted() && !two[1].0.is_evicted());
}

#[test]
fn the_bound_holds_under_concurrent_charges() {
    let budget = Budget::new(10_000);
    thread::scope(|scope| {
        for user in 1..=4 {
            let budget = &budget;
            scope.spawn(move || {
                let mut held = Vec::new();
                for n in 0..2000 {
                    let account = connection(budget, user);
                    if let Ok(charge) = account.charge(n % 700) {
                        account.stalls(Waker::noop());
                        held.push((account, charge));
                    }
                    held.retain(|(account, _)| !account.is_evicted());
                    assert!(budget.used() <= budget.max());
                }
            });
        }
    });
    assert_eq!(budget.used(), 0);
    assert_eq!(budget.lock().leaving(), 0);
}
