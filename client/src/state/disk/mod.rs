//! The disk thread: runs jobs in order. Of several queued saves of a room, only the latest is written.
//!
//! Owns the order of writes. It must not know how the model changes; it takes jobs and returns reports.

use std::{
    collections::VecDeque,
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use quchat_shared::{Timestamp, user::Session};

use super::{DraftStore, EditorFile, Found, LastSignIn, Log, StateDir, keep_pin, moved, session};
use crate::{
    api::{Origin, Server},
    model::{Stored, Visit},
    update::NotKept,
};

/// A file operation. It has no `Debug` because some variants hold a token.
pub enum Job {
    /// Stores the session, remembers server and name, and opens the user's drafts. Reports [`Report::Entered`].
    Enter {
        /// Returned in the report.
        epoch: u32,
        origin: Origin,
        /// The user and the token.
        session: Session,
    },
    /// Stores the pin of a server. Reports nothing.
    Trust(Server),
    /// Deletes the session of this origin and token, and closes the drafts. Reports nothing.
    Leave(Origin, String),
    /// Writes a line to the log. Reports nothing.
    Note(Arc<Log>, Timestamp, String),
    /// Deletes an editor file whose text an earlier save contains. Reports nothing.
    Discard(EditorFile),
    /// Stores the visited rooms, latest first. Reports nothing.
    Visits(Vec<Visit>),
    /// Stores the emoji of the latest reactions, latest first. Reports nothing.
    Emoji(Vec<Arc<str>>),
    /// Stores the data of a room. Reports [`Report::Saved`], once per ticket.
    Save {
        /// Returned in the reports.
        tickets: Vec<u64>,
        stored: Stored,
    },
}

/// The result of a job.
#[derive(Debug, PartialEq, Eq)]
pub enum Report {
    /// The drafts are open.
    Entered {
        /// The epoch of the job.
        epoch: u32,
        /// The stored data, or why it is not available.
        found: Result<Found, NotKept>,
        /// Why the session could not be stored; the user has to sign in again after the next start.
        forgetful: Option<String>,
    },
    /// A save has completed, successfully or not.
    Saved {
        /// The ticket of the save.
        ticket: u64,
        /// The error text if the save failed.
        result: Result<(), String>,
    },
}

/// A handle to the disk thread.
pub struct Disk {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    queue: Mutex<Queue>,
    changed: Condvar,
}

#[derive(Default)]
struct Queue {
    jobs: VecDeque<Job>,
    working: bool,
    closed: bool,
}

impl Disk {
    /// Starts the thread, which calls `report` for each result, in order.
    ///
    /// # Errors
    /// The system cannot create a thread.
    pub fn start(state_dir: StateDir, report: impl FnMut(Report) + Send + 'static) -> io::Result<Self> {
        let shared = Arc::<Shared>::default();
        let queue = Arc::clone(&shared);
        thread::Builder::new().name("disk".into()).spawn(move || queue.work(&state_dir, report))?;
        Ok(Self { shared })
    }

    pub fn push(&self, job: Job) {
        self.shared.lock().push(job);
        self.shared.changed.notify_all();
    }

    /// Waits until the queue is empty, at most `longest`. Returns whether it is.
    #[must_use]
    pub fn finish(&self, longest: Duration) -> bool {
        let until = Instant::now() + longest;
        let mut queue = self.shared.lock();
        while queue.working || !queue.jobs.is_empty() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            queue = self.shared.changed.wait_timeout(queue, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        self.shared.lock().closed = true;
        self.shared.changed.notify_all();
    }
}

impl Queue {
    /// A new save of a room replaces a queued one and takes over its tickets, but never moves it past another kind of
    /// job.
    fn push(&mut self, job: Job) {
        if let Job::Save { tickets: later, stored: latest } = &job {
            for waiting in self.jobs.iter_mut().rev() {
                let Job::Save { tickets, stored } = waiting else { break };
                if stored.room == latest.room {
                    tickets.extend_from_slice(later);
                    stored.clone_from(latest);
                    return;
                }
            }
        }
        self.jobs.push_back(job);
    }
}

impl Shared {
    fn work(&self, state_dir: &StateDir, mut report: impl FnMut(Report)) {
        let mut state = StoreState::SignedOut;
        let mut queue = self.lock();
        loop {
            let Some(job) = queue.jobs.pop_front() else {
                if queue.closed {
                    return;
                }
                queue = self.changed.wait(queue).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            queue.working = true;
            drop(queue);
            perform(job, state_dir, &mut state).into_iter().for_each(&mut report);
            queue = self.lock();
            queue.working = false;
            self.changed.notify_all();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The state of the user's drafts on disk.
enum StoreState {
    SignedOut,
    Open(DraftStore),
    Unavailable(NotKept),
}

const FAULT: &str = "internal error; the log has details";

fn perform(job: Job, state_dir: &StateDir, state: &mut StoreState) -> Vec<Report> {
    match job {
        Job::Save { tickets, stored } => {
            let save = || match state {
                StoreState::Open(store) => store.save(&stored),
                StoreState::Unavailable(NotKept::Failing(reason)) => Err(reason.clone()),
                // `Elsewhere` was reported when the session began. It must not delay sending.
                StoreState::Unavailable(NotKept::Elsewhere) | StoreState::SignedOut => Ok(()),
            };
            let result = catch_unwind(AssertUnwindSafe(save)).unwrap_or_else(|_| Err(FAULT.into()));
            tickets.into_iter().map(|ticket| Report::Saved { ticket, result: result.clone() }).collect()
        }
        Job::Enter { epoch, origin, session } => {
            *state = StoreState::SignedOut; // release the lock first: the next user may be the same one
            let moved = moved::adopt(state_dir, &origin);
            let open = || open(state_dir, &origin, &session);
            let opened = catch_unwind(AssertUnwindSafe(open)).unwrap_or_else(|_| Err(NotKept::Failing(FAULT.into())));
            let keep = || keep(state_dir, &origin, &session);
            let kept = catch_unwind(AssertUnwindSafe(keep)).unwrap_or_else(|_| Err(io::Error::other(FAULT)));
            let forgetful = kept.err().map(|error| format!("the sign-in cannot be saved: {error}"));
            let left = moved.err().map(|error| format!("drafts of {} cannot be moved: {error}", origin.plain()));
            let forgetful = forgetful.or(left);
            let (found, now) = match opened {
                Ok((found, store)) => (Ok(found), StoreState::Open(store)),
                Err(why) => (Err(why.clone()), StoreState::Unavailable(why)),
            };
            *state = now;
            vec![Report::Entered { epoch, found, forgetful }]
        }
        Job::Trust(server) => {
            keep_pin(state_dir, &server).ok(); // at worst the next sign-in asks again
            Vec::new()
        }
        Job::Discard(file) => {
            file.discard().ok(); // a leftover file is harmless
            Vec::new()
        }
        Job::Visits(visits) => {
            if let StoreState::Open(store) = state {
                store.write_visits(&visits).ok(); // at worst the next start opens another room
            }
            Vec::new()
        }
        Job::Emoji(emoji) => {
            if let StoreState::Open(store) = state {
                store.write_emoji(&emoji).ok(); // at worst the next start offers others first
            }
            Vec::new()
        }
        Job::Leave(origin, token) => {
            *state = StoreState::SignedOut;
            let forget = || session::forget_session(state_dir, &origin, &token);
            catch_unwind(AssertUnwindSafe(forget)).ok(); // the stored token is no longer valid anyway
            Vec::new()
        }
        Job::Note(log, at, line) => {
            log.line(at, &line);
            Vec::new()
        }
    }
}

fn open(state_dir: &StateDir, origin: &Origin, session: &Session) -> Result<(Found, DraftStore), NotKept> {
    let mut store = DraftStore::open(state_dir, origin, &session.user)?;
    Ok((store.read()?, store))
}

fn keep(state_dir: &StateDir, origin: &Origin, session: &Session) -> io::Result<()> {
    session::keep_session(state_dir, origin, session)?;
    LastSignIn { server: Some(origin.to_string()), name: Some(session.user.name.clone()), chosen: true }
        .write(state_dir)
}

#[cfg(test)]
mod tests;
