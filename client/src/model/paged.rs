//! A list that the server gives page by page. One page is kept: the whole list may be long.

/// The page on the screen, and the way to the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paged<T> {
    /// The page on the screen; `None` until it has arrived.
    pub page: Option<Vec<T>>,
    /// Where the page begins: the `after` of its request.
    pub(crate) after: Option<String>,
    /// Where the pages before it begin.
    before: Vec<Option<String>>,
    /// Where the next page begins; `None` on the last one.
    next: Option<String>,
    /// Increases when another page is shown. The component then chooses its first row.
    pub rev: u64,
    /// The page must be requested, again or for the first time.
    pub(crate) wanted: bool,
    /// Why the last request failed.
    pub problem: Option<String>,
}

impl<T> Default for Paged<T> {
    /// The first page is wanted.
    fn default() -> Self {
        Self { page: None, after: None, before: Vec::new(), next: None, rev: 0, wanted: true, problem: None }
    }
}

impl<T> Paged<T> {
    /// Whether there is a page before this one.
    #[must_use]
    pub fn has_before(&self) -> bool {
        !self.before.is_empty()
    }

    /// Whether there is a page after this one.
    #[must_use]
    pub fn has_next(&self) -> bool {
        self.next.is_some()
    }

    /// Wants the first page.
    pub(crate) fn restart(&mut self) {
        (self.after, self.wanted) = (None, true);
        self.before.clear();
    }

    /// Wants the next page or the one before, if there is one.
    pub(crate) fn turn(&mut self, forward: bool) {
        if self.wanted {
            return;
        }
        if forward {
            let Some(next) = self.next.take() else { return };
            self.before.push(self.after.replace(next));
        } else {
            let Some(before) = self.before.pop() else { return };
            self.after = before;
        }
        self.wanted = true;
    }

    /// Takes the requested page. `id` tells the rows apart.
    pub(crate) fn take(&mut self, page: Vec<T>, next: Option<String>, id: impl Fn(&T) -> u64) {
        let first = |page: &[T]| page.first().map(&id);
        let moved = self.page.as_deref().is_none_or(|shown| first(shown) != first(&page));
        self.rev += u64::from(moved);
        (self.page, self.next, self.problem) = (Some(page), next, None);
    }

    /// Removes rows from the page. If none is left, the page that shows others is wanted.
    pub(crate) fn retain(&mut self, stays: impl Fn(&T) -> bool) {
        let Some(page) = &mut self.page else { return };
        page.retain(stays);
        if page.is_empty() && self.next.is_some() {
            self.wanted = true;
        } else if page.is_empty() {
            self.turn(false);
        }
    }
}
