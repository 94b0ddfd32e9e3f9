//! Password hashing: argon2id with the parameters that OWASP recommends (19 MiB, 2 passes), on low-priority threads.
//! The queue is bounded and fair between networks: many requests from one network do not delay a few from another.

use std::{
    cell::RefCell,
    net::IpAddr,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    thread,
};

use argon2::{
    Algorithm, Argon2, Block, Params, PasswordVerifier, Version,
    password_hash::{
        self, CustomizedPasswordHasher,
        phc::{Output, ParamsString, PasswordHash, Salt},
    },
};
use quchat_shared::limits::password_form;
use tokio::sync::oneshot;

use super::fair_queue::FairQueue;
use crate::{
    domain::{Error, Result},
    network::network,
    priority::lower_priority,
};

/// The hash that a password is checked against if the user does not exist, so that the check takes as long. It is the
/// hash of random bytes that nobody knows.
const DECOY: &str = "$argon2id$v=19$m=19456,t=2,p=1$Jg3C3JbqgcY8XPzPyaqt9Q$oNoQ+DAHI8g46oLt4eZNCziU3QmA+OkDxCtBucMQBUo";

/// Hashes and verifies passwords. Clones share the threads, which end when all clones are dropped.
#[derive(Clone)]
pub(crate) struct Passwords {
    queue: Arc<CloseOnDrop>,
}

/// Closes the queue when the last clone of [`Passwords`] is dropped.
struct CloseOnDrop(Arc<Queue>);

impl Drop for CloseOnDrop {
    fn drop(&mut self) {
        drop(self.0.close()); // nobody waits for this work any more
    }
}

/// The waiting work, by network of origin.
type Queue = FairQueue<IpAddr, Work>;

/// Hashes or verifies one password and replies to the caller. Called without a hasher, it replies that it was refused.
type Work = Box<dyn FnOnce(Option<&Hasher>) + Send>;

/// The result of checking a password against a hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    Wrong,
    Right,
    /// Right, but the stored hash is of the password as it was typed. Holds the hash of its [`password_form`], to
    /// replace the stored one.
    Outdated(String),
}

/// argon2 with memory that is reused between passwords. With 19 MiB of fresh pages from the kernel for each password,
/// two cores hashed 80 passwords a second instead of 112.
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
    /// Starts one thread per core. At most `queue` passwords wait for them.
    pub(crate) fn new(queue: usize) -> Self {
        let queue = Arc::new(Queue::new(queue));
        // Each thread needs 19 MiB and a core.
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            let queue = Arc::clone(&queue);
            let thread = thread::Builder::new().name("passwords".to_owned()).spawn(move || run(&queue));
            thread.expect("a thread can be started while the server starts");
        }
        Self { queue: Arc::new(CloseOnDrop(queue)) }
    }

    /// Refuses waiting and further work. Work in progress finishes.
    pub(crate) fn stop(&self) {
        self.queue.0.close().into_iter().for_each(|waiting| waiting(None));
    }

    /// How many passwords wait, and the most that may.
    pub(crate) fn waiting(&self) -> (usize, usize) {
        self.queue.0.len()
    }

    /// Hashes [`password_form`] of a password with a new salt. Returns a PHC string.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if the queue is full.
    pub(crate) async fn hash(&self, password: String, from: IpAddr) -> Result<String> {
        self.run(from, move |hasher| hash(hasher, &password_form(&password))).await?
    }

    /// Checks a password against `hash`. Without a hash the result is [`Verdict::Wrong`], after the same time. Old
    /// hashes may be of the password as it was typed; if that differs from [`password_form`], both are tried.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if the queue is full.
    pub(crate) async fn verify(&self, password: String, hash: Option<String>, from: IpAddr) -> Result<Verdict> {
        self.run(from, move |hasher| verify(hasher, &password, hash.as_deref())).await?
    }

    async fn run<T: Send + 'static>(
        &self,
        from: IpAddr,
        work: impl FnOnce(&Hasher) -> T + Send + 'static,
    ) -> Result<T> {
        let (reply, done) = oneshot::channel();
        let work = move |hasher: Option<&Hasher>| {
            if !reply.is_closed() {
                let _ = reply.send(hasher.map(work));
            }
        };
        if let Some(refused) = self.queue.0.push(network(from), Box::new(work)) {
            refused(None);
        }
        match done.await {
            Ok(Some(done)) => Ok(done),
            Ok(None) => Err(Error::Unavailable("the server is too busy to sign you in; try again in a moment")),
            Err(_) => Err(crate::store::Error::Panicked("hashing a password").into()),
        }
    }
}

fn hash(hasher: &Hasher, password: &str) -> Result<String> {
    let params = Params::new(19 * 1024, 2, 1, None).expect("the recommended parameters are within argon2's bounds");
    let salt = password_hash::try_generate_salt();
    let salt = salt.map_err(|_| Error::Unavailable("cannot get random bytes for a salt; try again"))?;
    let hash = hasher.hash_password_with_params(password.as_bytes(), &salt, params);
    Ok(hash.map_err(|_| Error::Unavailable("the password cannot be hashed"))?.to_string())
}

fn verify(hasher: &Hasher, typed: &str, known: Option<&str>) -> Result<Verdict> {
    let expected = PasswordHash::new(known.unwrap_or(DECOY))
        .map_err(|_| crate::store::Error::BrokenRow("a password hash that cannot be parsed"))?;
    let is_right = |form: &str| hasher.verify_password(form.as_bytes(), &expected).is_ok() && known.is_some();
    let form = password_form(typed);
    if is_right(&form) {
        return Ok(Verdict::Right);
    }
    if form != typed && is_right(typed) {
        return hash(hasher, &form).map(Verdict::Outdated);
    }
    Ok(Verdict::Wrong)
}

/// A sign-in may take a moment longer and a message may not. Measured on two cores with four people signing in all the
/// time: as many sign-ins as argon2id allows, and messages take at most 5 ms.
fn run(queue: &Queue) {
    lower_priority();
    while let Some(first) = queue.pop() {
        let hasher = Hasher::default(); // its memory is freed once the queue is empty
        for work in std::iter::once(first).chain(std::iter::from_fn(|| queue.try_pop())) {
            let _ = catch_unwind(AssertUnwindSafe(|| work(Some(&hasher)))); // after a panic the caller gets an error
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{future::poll_fn, net::Ipv4Addr, sync::Mutex, task::Poll};

    use super::*;

    const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
    const THERE: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));

    #[tokio::test]
    async fn a_password_verifies_against_its_own_hash_only() {
        let passwords = Passwords::new(4);
        let hash = passwords.hash("correct horse".into(), HERE).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        let verdict = async |password: &str, hash: Option<&String>| {
            passwords.verify(password.into(), hash.cloned(), HERE).await.unwrap()
        };
        assert_eq!(verdict("correct horse", Some(&hash)).await, Verdict::Right);
        assert_eq!(verdict("correct horsf", Some(&hash)).await, Verdict::Wrong);
        assert_eq!(verdict("correct horse", None).await, Verdict::Wrong);
        assert_eq!(DECOY.rsplitn(3, '$').nth(2), hash.rsplitn(3, '$').nth(2), "the decoy takes as long as a real hash");
    }

    #[tokio::test]
    async fn a_hash_of_the_typed_form_is_replaced() {
        let passwords = Passwords::new(4);
        let (composed, decomposed) = ("caf\u{e9} secret", "cafe\u{301} secret");
        let old = super::hash(&Hasher::default(), decomposed).unwrap();
        let verdict = async |password: &str, hash: &str| {
            passwords.verify(password.into(), Some(hash.into()), HERE).await.unwrap()
        };
        let Verdict::Outdated(new) = verdict(decomposed, &old).await else { panic!("the password is right") };
        assert_eq!(verdict(composed, &new).await, Verdict::Right);
        assert_eq!(verdict(decomposed, &new).await, Verdict::Right);
        assert_eq!(verdict("cafe secret", &new).await, Verdict::Wrong);
        assert_eq!(passwords.verify(decomposed.into(), None, HERE).await.unwrap(), Verdict::Wrong);
    }

    #[tokio::test]
    async fn a_stopping_server_refuses_password_work() {
        let passwords = Passwords::new(4);
        passwords.stop();
        assert!(matches!(passwords.hash("correct horse".into(), HERE).await, Err(Error::Unavailable(_))));
    }

    #[tokio::test]
    async fn a_full_queue_refuses_the_network_that_fills_it() {
        let passwords = Passwords::new(2);
        let (release, held) = std::sync::mpsc::channel::<()>();
        let held = Arc::new(Mutex::new(held));
        let start = |from| {
            let held = Arc::clone(&held);
            Box::pin(passwords.run(from, move |_| held.lock().unwrap().recv().unwrap_or_default()))
        };
        let mut waiting = Vec::new();
        let refusal = loop {
            let mut one = start(HERE);
            match poll_fn(|cx| Poll::Ready(one.as_mut().poll(cx))).await {
                Poll::Ready(outcome) => break outcome,
                Poll::Pending => waiting.push(one),
            }
        };
        assert!(matches!(refusal, Err(Error::Unavailable(_))));
        let mut other = start(THERE);
        assert!(poll_fn(|cx| Poll::Ready(other.as_mut().poll(cx))).await.is_pending(), "others still get a place");
        drop(release);
        other.await.unwrap();
        let mut refused = 0;
        for one in waiting {
            refused += usize::from(one.await.is_err());
        }
        assert_eq!(refused, 1, "one of the waiting passwords was refused");
    }
}
