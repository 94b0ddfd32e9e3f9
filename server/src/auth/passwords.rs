//! Password hashing: argon2id with the parameters OWASP recommends (19 MiB, 2 passes), on threads of its own that yield
//! to everything else, bounded.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, PoisonError},
    thread,
};

use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version, password_hash::phc::PasswordHash};
use tokio::sync::{mpsc, oneshot};

use crate::domain::{Error, Result};

/// What a password is checked against when there is no user, so that it takes as long: the hash of random bytes that
/// nobody has kept.
const DECOY: &str = "$argon2id$v=19$m=19456,t=2,p=1$Jg3C3JbqgcY8XPzPyaqt9Q$oNoQ+DAHI8g46oLt4eZNCziU3QmA+OkDxCtBucMQBUo";

/// Hashes and verifies passwords. Clones share the threads, which end when all clones are gone.
#[derive(Clone)]
pub(crate) struct Passwords {
    queue: mpsc::Sender<Work>,
}

/// One password to be hashed or verified; answers whoever asked.
type Work = Box<dyn FnOnce(&Argon2<'static>) + Send>;

impl Passwords {
    /// At most `queue` passwords wait for a core.
    pub(crate) fn new(queue: usize) -> Self {
        let params = Params::new(19 * 1024, 2, 1, None).expect("the recommended parameters are within argon2's bounds");
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let (queue, work) = mpsc::channel(queue.max(1));
        let work = Arc::new(Mutex::new(work));
        // Each needs 19 MiB and a core.
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            let (argon2, work) = (argon2.clone(), Arc::clone(&work));
            let thread = thread::Builder::new().name("passwords".to_owned()).spawn(move || run(&argon2, &work));
            thread.expect("a thread can be started while the server starts");
        }
        Self { queue }
    }

    /// The hash of a password with a new salt, as a PHC string.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if too many wait already.
    pub(crate) async fn hash(&self, password: String) -> Result<String> {
        let hash = move |argon2: &Argon2<'_>| argon2.hash_password(password.as_bytes()).map(|hash| hash.to_string());
        // Fails only without a source of randomness.
        self.run(hash).await?.map_err(|_| Error::Unavailable("no randomness for a salt; try again"))
    }

    /// Whether it is the password behind `hash`. Without a hash it is not, and that takes as long to find out.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if too many wait already.
    pub(crate) async fn verify(&self, password: String, hash: Option<String>) -> Result<bool> {
        self.run(move |argon2| {
            let known = hash.is_some();
            let hash = PasswordHash::new(hash.as_deref().unwrap_or(DECOY))
                .map_err(|_| crate::store::Error::Corrupt("a password hash"))?;
            Ok(argon2.verify_password(password.as_bytes(), &hash).is_ok() && known)
        })
        .await?
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce(&Argon2<'_>) -> T + Send + 'static) -> Result<T> {
        let (reply, done) = oneshot::channel();
        let work = move |argon2: &Argon2<'static>| {
            let _ = reply.send(work(argon2)); // or nobody waits any more
        };
        let overloaded = |_| Error::Unavailable("too many people are signing in at once; try again in a moment");
        self.queue.try_send(Box::new(work)).map_err(overloaded)?;
        done.await.map_err(|_| crate::store::Error::Corrupt("hashing a password panicked").into())
    }
}

fn run(argon2: &Argon2<'static>, queue: &Mutex<mpsc::Receiver<Work>>) {
    yield_to_others();
    loop {
        let next = queue.lock().unwrap_or_else(PoisonError::into_inner).blocking_recv();
        let Some(work) = next else { return };
        let _ = catch_unwind(AssertUnwindSafe(|| work(argon2))); // whoever asked is told
    }
}

/// Lets this thread have what the others leave: a password may take a moment longer, a message may not. Measured on two
/// cores with four people signing in all the time: as many sign-ins as argon2id allows, and messages within 5 ms.
#[cfg(target_os = "linux")]
fn yield_to_others() {
    let _ = rustix::process::nice(19); // a thread's own on Linux; where it is refused, all are equal
}

/// Elsewhere niceness is the whole process's.
#[cfg(not(target_os = "linux"))]
fn yield_to_others() {}

#[cfg(test)]
mod tests {
    use std::{future::poll_fn, task::Poll};

    use super::*;

    #[tokio::test]
    async fn a_password_verifies_against_its_own_hash_only() {
        let passwords = Passwords::new(4);
        let hash = passwords.hash("correct horse".into()).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        let hash_of_same_cost = hash.clone();
        assert!(passwords.verify("correct horse".into(), Some(hash.clone())).await.unwrap());
        assert!(!passwords.verify("correct horsf".into(), Some(hash)).await.unwrap());
        assert!(!passwords.verify("correct horse".into(), None).await.unwrap());
        assert_eq!(DECOY.rsplitn(3, '$').nth(2), hash_of_same_cost.rsplitn(3, '$').nth(2), "both take as long");
    }

    #[tokio::test]
    async fn a_full_queue_says_so() {
        let passwords = Passwords::new(1);
        let (release, held) = std::sync::mpsc::channel::<()>();
        let held = Arc::new(Mutex::new(held));
        let mut waiting = Vec::new();
        let refusal = loop {
            let held = Arc::clone(&held);
            let mut one = Box::pin(passwords.run(move |_| held.lock().unwrap().recv().unwrap_or_default()));
            match poll_fn(|cx| Poll::Ready(one.as_mut().poll(cx))).await {
                Poll::Ready(outcome) => break outcome,
                Poll::Pending => waiting.push(one),
            }
        };
        assert!(matches!(refusal, Err(Error::Unavailable(_))));
        drop(release);
        for one in waiting {
            one.await.unwrap();
        }
    }
}
