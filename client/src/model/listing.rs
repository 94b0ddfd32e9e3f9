//! A list of messages from several rooms, newest first, that is fetched page by page: the inbox, and what a search found.

use std::{cmp::Reverse, sync::Arc};

use quchat_shared::{Message, RoomId, Seq, Timestamp, api::Hit};

use super::PATIENCE_MS;

/// Most messages of a list. Whoever looks for an older one narrows the search.
pub(crate) const LISTED_MAX: usize = 300;

/// A message by its room and seq.
pub type Place = (RoomId, Seq);

/// The messages fetched so far, and what becomes of the next page.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    /// Newest first.
    pub hits: Vec<Arc<Hit>>,
    /// Since when the next page is wanted, in [`super::Now::mono_ms`]; `None` if it is not.
    pub wanted: Option<u64>,
    /// Why the last page was not fetched, in one sentence.
    pub problem: Option<Arc<str>>,
    /// The wanted page is the first one; until it comes, [`Listing::hits`] are what was listed before.
    pub renewing: bool,
    /// What came while the first page was wanted. The page may have been read before it.
    arrived: Vec<Arc<Hit>>,
    /// The `next` of the last page.
    next: Option<String>,
    /// Nothing is requested before this.
    pub(crate) not_before: u64,
}

/// What identifies a hit, and its place in the order of the server.
fn order(message: &Message) -> (Timestamp, RoomId, Seq) {
    (message.sent_at, message.room_id, message.seq)
}

/// What identifies a message.
#[must_use]
pub fn place(hit: &Hit) -> Place {
    (hit.message.room_id, hit.message.seq)
}

impl Listing {
    /// Wants the first page, not before this time. What is listed stays until it comes.
    pub(crate) fn renew(&mut self, now: u64, not_before: u64) {
        self.renewing = true;
        self.arrived.clear();
        self.wanted = Some(now);
        self.problem = None;
        self.not_before = not_before;
    }

    /// Wants the next page, or again the one that failed.
    pub(crate) fn want_more(&mut self, now: u64) {
        if self.wanted.is_none() && (self.renewing || self.has_more()) {
            self.wanted = Some(now);
            self.problem = None;
        }
    }

    /// The position after which the wanted page begins; `None` for the first page.
    pub(crate) fn after(&self) -> Option<&str> {
        self.next.as_deref().filter(|_| !self.renewing)
    }

    /// Whether older messages can be fetched.
    #[must_use]
    pub fn has_more(&self) -> bool {
        self.next.is_some() && !self.is_full()
    }

    /// Whether older messages exist that are not listed, because the list is full.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        self.next.is_some() && self.is_full()
    }

    fn is_full(&self) -> bool {
        self.hits.len() >= LISTED_MAX
    }

    /// When something is due: the request of the wanted page, unless one is in flight, or the sign that it is slow.
    pub(crate) fn deadline(&self, now: u64, in_flight: bool) -> Option<u64> {
        let since = self.wanted?;
        let slow = Some(since.saturating_add(PATIENCE_MS));
        let request = Some(self.not_before).filter(|_| !in_flight);
        [slow, request].into_iter().flatten().filter(|&at| at > now).min()
    }

    /// Takes the wanted page.
    pub(crate) fn take(&mut self, page: Vec<Hit>, next: Option<String>) {
        if std::mem::take(&mut self.renewing) {
            self.hits.clear();
        }
        let stuck = next.is_some() && next == self.next;
        self.next = next.filter(|_| !stuck);
        self.wanted = None;
        self.problem = None;
        let oldest = self.hits.last().map(|hit| order(&hit.message));
        let older = page.into_iter().filter(|hit| oldest.is_none_or(|oldest| order(&hit.message) < oldest));
        self.hits.extend(older.map(|hit| Arc::new(slim(hit))));
        self.hits.truncate(LISTED_MAX);
        std::mem::take(&mut self.arrived).into_iter().for_each(|hit| self.insert(hit));
    }

    /// Notes why the wanted page did not come. Scrolling asks for it again.
    pub(crate) fn fail(&mut self, reason: &str) {
        self.wanted = None;
        self.problem = Some(reason.into());
    }

    /// Notes why the wanted page did not come, and asks for it again later.
    pub(crate) fn postpone(&mut self, reason: &str, not_before: u64) {
        self.problem = Some(reason.into());
        self.not_before = not_before;
    }

    /// Adds a message at its place, if the list reaches that far.
    pub(crate) fn add(&mut self, hit: Hit) {
        let hit = Arc::new(slim(hit));
        if !self.renewing {
            self.insert(hit);
        } else if self.arrived.len() < LISTED_MAX {
            self.arrived.push(hit);
        }
    }

    fn insert(&mut self, hit: Arc<Hit>) {
        let key = Reverse(order(&hit.message));
        let at = self.hits.partition_point(|listed| Reverse(order(&listed.message)) < key);
        let is_there = self.hits.get(at).is_some_and(|listed| place(listed) == place(&hit));
        let is_beyond = at == self.hits.len() && self.next.is_some();
        if is_there {
            if is_earlier(&self.hits[at], &hit.message) {
                self.hits[at] = hit;
            }
        } else if !is_beyond {
            self.hits.insert(at, hit);
            self.hits.truncate(LISTED_MAX);
        }
    }

    /// Removes a message.
    pub(crate) fn remove(&mut self, gone: Place) {
        self.hits.retain(|hit| place(hit) != gone);
        self.arrived.retain(|hit| place(hit) != gone);
    }

    /// The listed copy of a message, if this one is newer.
    pub(crate) fn earlier(&self, message: &Message) -> Option<&Arc<Hit>> {
        self.hits.iter().find(|hit| is_earlier(hit, message))
    }

    /// Takes a newer copy of a listed message, in which this was found.
    pub(crate) fn update(&mut self, message: &Message, ranges: Vec<(usize, usize)>) {
        for hit in self.hits.iter_mut().chain(&mut self.arrived).filter(|hit| is_earlier(hit, message)) {
            *hit = Arc::new(slim(Hit { message: message.clone(), room: hit.room.clone(), ranges: ranges.clone() }));
        }
    }
}

/// Whether the hit is an earlier copy of the message.
pub(crate) fn is_earlier(hit: &Hit, message: &Message) -> bool {
    place(hit) == (message.room_id, message.seq) && hit.message.rev < message.rev
}

/// A hit without what a list does not show.
fn slim(mut hit: Hit) -> Hit {
    hit.message.reactions = Vec::new();
    hit
}

#[cfg(test)]
mod tests {
    use quchat_shared::{UserId, UserRef, api::FoundIn, room::RoomKind};

    use super::*;

    fn hit(room: u64, seq: u64, at: i64) -> Hit {
        let sender = UserRef { id: UserId(2), name: "bob".to_owned() };
        let room = FoundIn { id: RoomId(room), name: "r".to_owned(), kind: RoomKind::Public, peer: None };
        let message = Message::new(room.id, Seq(seq), sender, "hi".to_owned(), Timestamp::from_millis(at));
        Hit { message, room, ranges: Vec::new() }
    }

    fn seqs(list: &Listing) -> Vec<u64> {
        list.hits.iter().map(|hit| hit.message.seq.0).collect()
    }

    #[test]
    fn pages_and_arrivals_form_one_list_without_repetition() {
        let mut list = Listing::default();
        list.renew(0, 0);
        list.take(vec![hit(1, 9, 90), hit(1, 7, 70)], Some("70".to_owned()));
        list.add(hit(1, 10, 100));
        list.add(hit(2, 8, 80));
        list.add(hit(1, 9, 90));
        list.add(hit(1, 1, 10));
        assert_eq!(seqs(&list), [10, 9, 8, 7], "what the list does not reach is left to the next page");
        list.want_more(5);
        assert_eq!((list.wanted, list.after()), (Some(5), Some("70")));
        list.take(vec![hit(1, 7, 70), hit(1, 1, 10)], None);
        assert_eq!(seqs(&list), [10, 9, 8, 7, 1]);
        list.want_more(6);
        assert_eq!(list.wanted, None, "that was the last page");
    }

    #[test]
    fn what_comes_before_the_first_page_is_listed_with_it() {
        let mut list = Listing::default();
        list.renew(0, 0);
        [hit(1, 9, 90), hit(1, 10, 100), hit(1, 8, 80)].into_iter().for_each(|hit| list.add(hit));
        list.remove((RoomId(1), Seq(8)));
        assert_eq!(seqs(&list), [0; 0], "the list stays as it is until the page comes");
        list.take(vec![hit(1, 9, 90), hit(1, 7, 70)], None);
        assert_eq!(seqs(&list), [10, 9, 7]);
    }

    #[test]
    fn a_list_is_bounded_and_says_so() {
        let mut list = Listing::default();
        list.renew(0, 0);
        list.take((1..=500).rev().map(|n| hit(1, n, 0)).collect(), Some("more".to_owned()));
        assert_eq!((list.hits.len(), list.has_more(), list.is_cut()), (LISTED_MAX, false, true));
    }

    #[test]
    fn a_server_that_repeats_a_page_is_asked_once() {
        let mut list = Listing::default();
        list.renew(0, 0);
        for _ in 0..2 {
            list.take(vec![hit(1, 9, 90)], Some("x".to_owned()));
        }
        assert_eq!((seqs(&list), list.has_more()), (vec![9], false));
    }
}
