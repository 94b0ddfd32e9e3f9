//! Bytes of the budget, in use until the charge is dropped.

use super::{Account, Budget, Full};

/// Returns its bytes to the budget when it is dropped. Keep it beside the bytes that it accounts for.
pub(crate) struct Charge {
    bytes: usize,
    owner: Owner,
}

enum Owner {
    /// Streams, which share the bytes.
    Streams(Budget),
    Connection(Account),
}

impl Charge {
    pub(super) fn shared(budget: Budget, bytes: usize) -> Self {
        Self { bytes, owner: Owner::Streams(budget) }
    }

    pub(super) fn of(account: Account, bytes: usize) -> Self {
        Self { bytes, owner: Owner::Connection(account) }
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Raises the charge to `bytes` in total.
    ///
    /// # Errors
    /// The budget is full; the charge is unchanged.
    pub(crate) fn grow(&mut self, bytes: usize) -> Result<(), Full> {
        let more = bytes.saturating_sub(self.bytes);
        let mut added = match &self.owner {
            Owner::Streams(budget) => budget.charge_shared(more)?,
            Owner::Connection(account) => account.charge(more)?,
        };
        self.bytes += std::mem::take(&mut added.bytes);
        Ok(())
    }

    /// As [`Charge::grow`] for bytes that streams share, but never closes a connection to make room.
    pub(super) fn try_grow(&mut self, bytes: usize) -> Result<(), Full> {
        let Owner::Streams(budget) = &self.owner else { return Err(Full) };
        let more = bytes.saturating_sub(self.bytes);
        budget.try_reserve(more).then(|| self.bytes += more).ok_or(Full)
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        if self.bytes > 0 {
            match &self.owner {
                Owner::Streams(budget) => budget.release(self.bytes),
                Owner::Connection(account) => account.release(self.bytes),
            }
        }
    }
}
