//! How long to wait after a failure, with jitter from the seed in the model.

use super::Model;
use crate::api::pause_ms;

impl Model {
    /// The pause after this many failures in a row, in milliseconds. See [`pause_ms`].
    pub(crate) fn backoff(&mut self, failures: u32) -> u64 {
        self.pause(failures, None)
    }

    /// Like [`Model::backoff`], but at least the pause that the server asked for.
    pub(crate) fn pause(&mut self, failures: u32, asked_ms: Option<u64>) -> u64 {
        pause_ms(failures, self.random(), asked_ms)
    }

    /// The next pseudo-random number (SplitMix64).
    fn random(&mut self) -> u64 {
        self.seed = self.seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.seed ^ (self.seed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }
}
