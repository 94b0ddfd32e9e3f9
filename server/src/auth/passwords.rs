//! Password hashing: argon2id with the parameters OWASP recommends (19 MiB, 2 passes), on threads of its own that yield
//! to everything else, bounded.

use std::{
    cell::RefCell,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, PoisonError},
    thread,
};

use argon2::{
    Algorithm, Argon2, Block, Params, PasswordVerifier, Version,
    password_hash::{
        self, CustomizedPasswordHasher,
        phc::{Output, ParamsString, PasswordHash, Salt},
    },
};
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
type Work = Box<dyn FnOnce(&Hasher) + Send>;

/// argon2 in memory that outlives a password. Where each took 19 MiB of fresh pages from the kernel, two cores hashed 80
/// passwords a second instead of 112.
#[derive(Default)]
struct Hasher(RefCell<Vec<Block>>);

impl CustomizedPasswordHasher<PasswordHash> for Hasher {
    type Params = Params;

    fn hash_password_customized(
        &self,
        password: &[u8],
        salt: &[u8],
        algorithm: Option<&str>,
        version: Option<u32>,
        params: Params,
    ) -> password_hash::Result<PasswordHash> {
        let algorithm = algorithm.map(Algorithm::try_from).transpose()?.unwrap_or(Algorithm::Argon2id);
        let version = version.map(Version::try_from).transpose()?.unwrap_or(Version::V0x13);
        let (salt, memory) = (Salt::new(salt)?, &mut *self.0.borrow_mut());
        memory.resize(params.block_count(), Block::new());
        let mut hash = vec![0; params.output_len().unwrap_or(Params::DEFAULT_OUTPUT_LEN)];
        let argon2 = Argon2::new(algorithm, version, params.clone());
        argon2.hash_password_into_with_memory(password, &salt, &mut hash, memory)?;
        Ok(PasswordHash {
            algorithm: algorithm.ident(),
            version: Some(version.into()),
            params: ParamsString::try_from(&params)?,
            salt: Some(salt),
            hash: Some(Output::new(&hash)?),
        })
    }
}

impl Passwords {
    /// At most `queue` passwords wait for a core.
    pub(crate) fn new(queue: usize) -> Self {
        let (queue, work) = mpsc::channel(queue.max(1));
        let work = Arc::new(Mutex::new(work));
        // Each needs 19 MiB and a core.
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            let work = Arc::clone(&work);
            let thread = thread::Builder::new().name("passwords".to_owned()).spawn(move || run(&work));
            thread.expect("a thread can be started while the server starts");
        }
        Self { queue }
    }

    /// The hash of a password with a new salt, as a PHC string.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if too many wait already.
    pub(crate) async fn hash(&self, password: String) -> Result<String> {
        let params = Params::new(19 * 1024, 2, 1, None).expect("the recommended parameters are within argon2's bounds");
        let salt = password_hash::try_generate_salt();
        let salt = salt.map_err(|_| Error::Unavailable("no randomness for a salt; try again"))?;
        let hash = move |hasher: &Hasher| hasher.hash_password_with_params(password.as_bytes(), &salt, params);
        let hash = self.run(hash).await?.map_err(|_| Error::Unavailable("the password cannot be hashed"))?;
        Ok(hash.to_string())
    }

    /// Whether it is the password behind `hash`. Without a hash it is not, and that takes as long to find out.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if too many wait already.
    pub(crate) async fn verify(&self, password: String, hash: Option<String>) -> Result<bool> {
        self.run(move |hasher| {
            let known = hash.is_some();
            let hash = PasswordHash::new(hash.as_deref().unwrap_or(DECOY))
                .map_err(|_| crate::store::Error::Corrupt("a password hash"))?;
            Ok(hasher.verify_password(password.as_bytes(), &hash).is_ok() && known)
        })
        .await?
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce(&Hasher) -> T + Send + 'static) -> Result<T> {
        let (reply, done) = oneshot::channel();
        let work = move |hasher: &Hasher| {
            let _ = reply.send(work(hasher)); // or nobody waits any more
        };
        let overloaded = |_| Error::Unavailable("too many people are signing in at once; try again in a moment");
        self.queue.try_send(Box::new(work)).map_err(overloaded)?;
        done.await.map_err(|_| crate::store::Error::Corrupt("hashing a password panicked").into())
    }
}

fn run(queue: &Mutex<mpsc::Receiver<Work>>) {
    yield_to_others();
    loop {
        let next = queue.lock().unwrap_or_else(PoisonError::into_inner).blocking_recv();
        let Some(mut work) = next else { return };
        let hasher = Hasher::default(); // its memory lasts as long as there is more to do
        loop {
            let _ = catch_unwind(AssertUnwindSafe(|| work(&hasher))); // whoever asked is told
            // Who holds the lock waits for work, or takes some; then this thread begins anew.
            let Some(Ok(next)) = queue.try_lock().ok().map(|mut queue| queue.try_recv()) else { break };
            work = next;
        }
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
