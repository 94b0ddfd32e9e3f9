//! Reproducible random numbers.

/// A random number generator (xorshift).
pub(crate) struct Dice(u64);

impl Dice {
    /// The same seed gives the same numbers. It must not be 0.
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// From 0 up to, but not including, `sides`.
    pub(crate) fn below(&mut self, sides: u16) -> u16 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        u16::try_from(self.0 % u64::from(sides)).expect("less than a u16")
    }
}
