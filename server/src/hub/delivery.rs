//! Counts what the hub delivers: how far behind the commits it is.

use crate::metrics::{Gauge, Histogram, Scale};

/// How far the hub is. Shared by the handle of the hub and its thread.
#[derive(Debug)]
pub(crate) struct Delivery {
    /// Time from a commit until its events are written.
    pub(crate) lag: Histogram,
    /// The newest committed event, and the newest one that was delivered.
    pub(crate) committed: Gauge,
    pub(crate) delivered: Gauge,
    /// Streams that follow the hub.
    pub(crate) streams: Gauge,
}

impl Delivery {
    pub(super) fn new(head: u64) -> Self {
        let this = Self {
            lag: Histogram::new(Scale::TIME),
            committed: Gauge::default(),
            delivered: Gauge::default(),
            streams: Gauge::default(),
        };
        this.committed.set(head);
        this.delivered.set(head);
        this
    }
}
