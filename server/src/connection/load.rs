//! Counts connections.

use crate::metrics::{Counter, Gauge};

/// How many connections there are.
#[derive(Debug, Default)]
pub(crate) struct Load {
    pub(crate) open: Gauge,
    pub(crate) turned_away: Counter,
}
