//! Text that looks real, the same in each run. It knows no scenario.

/// The most common words; the earlier, the more common.
const COMMON: &str = "the to a and of in is it for on that we this with server be have not are you but release please \
    was as can at will from or if so there about just what need they all now one get has deployment when out up like \
    do some work think more would";
/// Further words consist of these.
const SYLLABLES: [&str; 24] = [
    "ba", "de", "ki", "lo", "mu", "na", "pe", "ri", "so", "tu", "ver", "wan", "tion", "ment", "ing", "er", "al", "con",
    "pre", "ter", "men", "sta", "gra", "ful",
];

/// Some words, whose frequencies are distributed as in a language; one message in 20,000 has a rare one.
pub(super) fn text(number: u64) -> String {
    let common = COMMON.split_whitespace().collect::<Vec<_>>();
    let mut random = Random(number + 1);
    let words = 3 + random.below(9) + random.below(9);
    let mut text = String::new();
    for _ in 0..words {
        // Zipf's law: each power of two of ranks is as likely as the one before.
        let size = 1 << random.below(15);
        let rank = size - 1 + random.below(size);
        match usize::try_from(rank).ok().and_then(|rank| common.get(rank)) {
            Some(word) => text.push_str(word),
            None => {
                let mut spelling = Random(rank);
                for _ in 0..2 + rank % 3 {
                    text.push_str(SYLLABLES[usize::try_from(spelling.below(24)).unwrap_or(0)]);
                }
            }
        }
        text.push(' ');
    }
    if number % 20_000 == 7 {
        text.push_str(&format!("needle{}", number / 20_000 % 10));
    }
    text
}

/// Numbers that look random and are the same in each run (splitmix64).
pub(super) struct Random(pub(super) u64);

impl Random {
    /// A number from 0 to `end`, exclusive.
    pub(super) fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % end.max(1)
    }
}
