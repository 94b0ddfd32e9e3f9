//! Pages of lists. A page is read with one item more than it holds, which says whether another page follows.

/// Cuts a list that was read with one item more than `limit` to its page. Returns what the next page is to come after,
/// `None` on the last page.
pub(super) fn cut<T>(items: &mut Vec<T>, limit: u32, place: impl Fn(&T) -> String) -> Option<String> {
    let has_more = items.len() > limit as usize;
    items.truncate(limit as usize);
    items.last().filter(|_| has_more).map(place)
}
