//! A bounded pool of read-only connections, used off the async threads.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::{sync::Semaphore, task};

use super::{Error, Result, Snapshot};

/// A read-only connection to the store.
pub(crate) trait Reader: Send + 'static {
    /// Runs `read` on one state of the store.
    fn snapshot<T>(&mut self, read: impl FnOnce(&dyn Snapshot) -> T) -> Result<T>;
}

/// The pool. Clones share it.
pub(crate) struct Readers<R> {
    idle: Arc<Mutex<Vec<R>>>,
    permits: Arc<Semaphore>,
}

impl<R> Clone for Readers<R> {
    fn clone(&self) -> Self {
        Self { idle: Arc::clone(&self.idle), permits: Arc::clone(&self.permits) }
    }
}

impl<R: Reader> Readers<R> {
    pub(crate) fn new(connections: Vec<R>) -> Self {
        let permits = Arc::new(Semaphore::new(connections.len()));
        Self { idle: Arc::new(Mutex::new(connections)), permits }
    }

    /// Runs `read` on a connection of the pool, once one is free.
    pub(crate) async fn read<T, X>(
        &self,
        read: impl FnOnce(&dyn Snapshot) -> std::result::Result<T, X> + Send + 'static,
    ) -> std::result::Result<T, X>
    where
        T: Send + 'static,
        X: From<Error> + Send + 'static,
    {
        let permit = Arc::clone(&self.permits).acquire_owned().await.map_err(|_| Error::Closed)?;
        let idle = Arc::clone(&self.idle);
        let outcome = task::spawn_blocking(move || {
            let _permit = permit;
            let mut borrowed = Borrowed::take(&idle).ok_or(Error::Closed)?;
            borrowed.connection.as_mut().ok_or(Error::Closed)?.snapshot(read)
        });
        match outcome.await {
            Ok(outcome) => outcome?,
            Err(_) => Err(Error::Corrupt("a read panicked").into()),
        }
    }
}

/// A connection out of the pool, which goes back there whatever happens to the read.
struct Borrowed<'a, R> {
    connection: Option<R>,
    idle: &'a Mutex<Vec<R>>,
}

impl<'a, R> Borrowed<'a, R> {
    fn take(idle: &'a Mutex<Vec<R>>) -> Option<Self> {
        let connection = idle.lock().unwrap_or_else(PoisonError::into_inner).pop()?;
        Some(Self { connection: Some(connection), idle })
    }
}

impl<R> Drop for Borrowed<'_, R> {
    fn drop(&mut self) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).extend(self.connection.take());
    }
}
