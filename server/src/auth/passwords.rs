//! Password hashing: argon2id with the parameters OWASP recommends (19 MiB, 2 passes), off the async threads, bounded.

use std::sync::Arc;

use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version, password_hash::phc::PasswordHash};
use tokio::{sync::Semaphore, task};

use crate::domain::{Error, Result};

/// What a password is checked against when there is no user, so that it takes as long: the hash of random bytes that
/// nobody has kept.
const DECOY: &str = "$argon2id$v=19$m=19456,t=2,p=1$Jg3C3JbqgcY8XPzPyaqt9Q$oNoQ+DAHI8g46oLt4eZNCziU3QmA+OkDxCtBucMQBUo";

/// Hashes and verifies passwords. Clones share the bounds.
#[derive(Clone)]
pub(crate) struct Passwords {
    argon2: Argon2<'static>,
    /// Running ones: 19 MiB and a core each.
    cores: Arc<Semaphore>,
    /// Running and waiting ones.
    queue: Arc<Semaphore>,
}

impl Passwords {
    /// At most `queue` passwords wait for a core.
    pub(crate) fn new(queue: usize) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let params = Params::new(19 * 1024, 2, 1, None).expect("the recommended parameters are within argon2's bounds");
        Self {
            argon2: Argon2::new(Algorithm::Argon2id, Version::V0x13, params),
            cores: Arc::new(Semaphore::new(cores)),
            queue: Arc::new(Semaphore::new(cores + queue)),
        }
    }

    /// The hash of a password with a new salt, as a PHC string.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if too many wait already.
    pub(crate) async fn hash(&self, password: String) -> Result<String> {
        self.run(move |this| this.hash_now(&password)).await?
    }

    /// Whether it is the password behind `hash`. Without a hash it is not, and that takes as long to find out.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if too many wait already.
    pub(crate) async fn verify(&self, password: String, hash: Option<String>) -> Result<bool> {
        self.run(move |this| {
            let known = hash.is_some();
            let hash = PasswordHash::new(hash.as_deref().unwrap_or(DECOY))
                .map_err(|_| crate::store::Error::Corrupt("a password hash"))?;
            Ok(this.argon2.verify_password(password.as_bytes(), &hash).is_ok() && known)
        })
        .await?
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce(&Self) -> T + Send + 'static) -> Result<T> {
        let overloaded = || Error::Unavailable("too many people are signing in at once; try again in a moment");
        let place = Arc::clone(&self.queue).try_acquire_owned().map_err(|_| overloaded())?;
        let core = Arc::clone(&self.cores).acquire_owned().await.map_err(|_| overloaded())?;
        let this = self.clone();
        let done = task::spawn_blocking(move || {
            let _bounds = (place, core);
            work(&this)
        });
        done.await.map_err(|_| crate::store::Error::Corrupt("hashing a password panicked").into())
    }

    fn hash_now(&self, password: &str) -> Result<String> {
        // Fails only without a source of randomness.
        let hash = self.argon2.hash_password(password.as_bytes());
        hash.map(|hash| hash.to_string()).map_err(|_| Error::Unavailable("no randomness for a salt; try again"))
    }
}

#[cfg(test)]
mod tests {
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
        let passwords = Passwords { queue: Arc::new(Semaphore::new(0)), ..Passwords::new(0) };
        assert!(matches!(passwords.hash("x".into()).await, Err(Error::Unavailable(_))));
    }
}
