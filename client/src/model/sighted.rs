//! Which messages of a room have been on the screen long enough to count as seen.

use std::collections::BTreeMap;

use quchat_shared::Seq;

/// Most ranges kept. A user who jumps around more often sees some messages as new again.
const STRETCHES_MAX: usize = 256;

/// Ranges of seq, first to last. At least one message lies between two ranges.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Sighted {
    stretches: BTreeMap<Seq, Seq>,
}

impl Sighted {
    /// Adds the messages from `first` to `last`.
    pub(crate) fn add(&mut self, first: Seq, last: Seq) {
        if first > last {
            return;
        }
        let (mut first, mut last) = (first, last);
        // merge ranges that overlap or adjoin
        while let Some((&from, &to)) = self.stretches.range(..=last.next()).next_back() {
            if to.next() < first {
                break;
            }
            self.stretches.remove(&from);
            first = first.min(from);
            last = last.max(to);
        }
        self.stretches.insert(first, last);
        if self.stretches.len() > STRETCHES_MAX {
            self.stretches.pop_last();
        }
    }

    /// The last message of the unbroken range of seen messages after `read`; `read` itself if the next one was not
    /// seen.
    pub(crate) fn run_after(&self, read: Seq) -> Seq {
        let next = read.next();
        let stretch = self.stretches.range(..=next).next_back();
        stretch.map_or(read, |(_, &to)| if to >= next { to } else { read })
    }

    /// Whether this message was seen.
    pub(crate) fn holds(&self, seq: Seq) -> bool {
        self.stretches.range(..=seq).next_back().is_some_and(|(_, &to)| to >= seq)
    }

    /// The number of seen messages after `after` and before `before`.
    pub(crate) fn between(&self, after: Seq, before: Seq) -> u64 {
        let inside = |(from, to): (&Seq, &Seq)| {
            let (from, to) = (from.0.max(after.0.saturating_add(1)), to.0.min(before.0.saturating_sub(1)));
            (to.saturating_add(1)).saturating_sub(from)
        };
        self.stretches.range(..before).map(inside).sum()
    }

    /// Drops everything up to the read marker, because it is read anyway.
    pub(crate) fn forget_to(&mut self, read: Seq) {
        let beyond = self.stretches.split_off(&read.next());
        let across = self.stretches.pop_last().filter(|(_, to)| *to > read);
        self.stretches = beyond;
        self.stretches.extend(across.map(|(_, to)| (read.next(), to)));
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn stretches_say_the_same_as_single_messages(
            added in prop::collection::vec((1_u64..60, 0_u64..9), 0..30), forgotten in 0_u64..20, at in 0_u64..70, to in 0_u64..70,
        ) {
            let (mut sighted, mut single) = (Sighted::default(), BTreeSet::new());
            for (n, (first, more)) in added.into_iter().enumerate() {
                sighted.add(Seq(first), Seq(first + more));
                single.extend(first..=first + more);
                if n == 9 {
                    sighted.forget_to(Seq(forgotten));
                    single.retain(|seq| *seq > forgotten);
                }
            }
            let run = (at + 1..).take_while(|seq| single.contains(seq)).last().unwrap_or(at);
            prop_assert_eq!(sighted.run_after(Seq(at)), Seq(run));
            prop_assert_eq!(sighted.holds(Seq(at)), single.contains(&at));
            let between = single.iter().filter(|seq| at < **seq && **seq < to).count();
            prop_assert_eq!(sighted.between(Seq(at), Seq(to)), between as u64);
        }
    }

    #[test]
    fn the_number_of_stretches_is_bounded() {
        let mut sighted = Sighted::default();
        (1..10_000).for_each(|n| sighted.add(Seq(n * 2), Seq(n * 2)));
        assert_eq!(sighted.stretches.len(), STRETCHES_MAX);
        assert!(sighted.holds(Seq(2)), "those next to the read marker are kept");
        sighted.add(Seq(5), Seq(u64::MAX));
        assert_eq!(sighted.run_after(Seq(4)), Seq(u64::MAX));
    }
}
