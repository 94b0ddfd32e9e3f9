//! Lineages of event ids (epochs): which run of the server issued a position in the event log.
//!
//! A backup that is copied back makes the log shorter, and the next run gives the same numbers to other events. Each run
//! therefore has a tag of its own, which clients hand back with every position.

use std::sync::{Arc, PoisonError, RwLock};

use quchat_shared::{Cursor, Seq};

use super::{Error, Result};

/// The lineage to which new events belong. Clones share its tag, which changes only where several servers share a
/// database.
#[derive(Debug, Clone)]
pub(crate) struct Lineage(Arc<RwLock<String>>);

impl Lineage {
    /// Begins a lineage with a tag of 40 random bits, written as eight letters and digits.
    ///
    /// # Errors
    /// [`Error::Unusable`]: the operating system gives no random bytes.
    pub(super) fn draw() -> Result<Self> {
        const ALPHABET: &[u8; 32] = b"abcdefghijkmnopqrstuvwxyz0123456";
        let mut bytes = [0; 8];
        getrandom::fill(&mut bytes).map_err(|error| Error::Unusable(format!("cannot get random bytes: {error}")))?;
        let tag: String = bytes.iter().map(|byte| char::from(ALPHABET[usize::from(byte % 32)])).collect();
        Ok(Self::known(tag))
    }

    /// The lineage with this tag, which a run of the server has begun.
    pub(crate) fn known(tag: String) -> Self {
        Self(Arc::new(RwLock::new(tag)))
    }

    pub(super) fn tag(&self) -> String {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Goes on as the lineage with this tag, in all clones.
    pub(super) fn adopt(&self, tag: String) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = tag;
    }

    /// The position after this event, as clients see it.
    pub(crate) fn cursor(&self, event: u64) -> Cursor {
        Cursor(format!("{}-{event}", self.0.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

/// Splits a cursor into the tag of its lineage and the number of its event; `None` if it has another form.
pub(crate) fn parse_cursor(cursor: &Cursor) -> Option<(&str, u64)> {
    let (tag, event) = cursor.0.rsplit_once('-')?;
    let event = event.parse::<Seq>().ok()?; // accepts digits only, no sign
    Some((tag, event.0))
}
