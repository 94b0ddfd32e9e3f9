//! The chosen row of a list that is shown page by page: past the end of a page follows the next one. Also what stands
//! below the list while there is no page.

use tuirealm::ratatui::text::{Line, Span};

use super::{super::styles::Styles, chosen_row::ChosenRow, keys::remark};
use crate::{model::Paged, update::Msg};

/// Starts at the first row of the first page.
#[derive(Debug, Default)]
pub(super) struct PagedRow {
    pub(super) row: ChosenRow,
    rev: u64,
    /// The page before was asked for: its last row is chosen.
    to_last: bool,
    has_before: bool,
    has_next: bool,
    has_page: bool,
    problem: Option<String>,
}

impl PagedRow {
    /// Moves within a page of so many rows, or to another page.
    pub(super) fn step(&mut self, by: isize, rows: usize) -> Msg {
        if by > 0 && self.row.at == rows.saturating_sub(1) && self.has_next {
            return Msg::TurnPage { forward: true };
        }
        if by < 0 && self.row.at == 0 && self.has_before {
            self.to_last = true;
            return Msg::TurnPage { forward: false };
        }
        self.row.step(by, rows);
        Msg::Redraw
    }

    /// Follows the list, of whose page so many rows are shown.
    pub(super) fn follow<T>(&mut self, list: &Paged<T>, rows: usize) {
        (self.has_before, self.has_next, self.has_page) = (list.has_before(), list.has_next(), list.page.is_some());
        self.problem.clone_from(&list.problem);
        if std::mem::replace(&mut self.rev, list.rev) != list.rev {
            self.row = ChosenRow::default();
            if std::mem::take(&mut self.to_last) {
                self.row.at = usize::MAX;
            }
        }
        self.row.keep_within(rows);
    }

    /// Says in which directions there is more.
    pub(super) fn more(&self) -> Span<'static> {
        let more = match (self.has_before, self.has_next) {
            (false, false) => "",
            (true, false) => "↑ more",
            (false, true) => "↓ more",
            (true, true) => "↑ ↓ more",
        };
        Span::styled(more, Styles::FAINT)
    }

    /// Why there is no page, if it failed.
    pub(super) fn problem(&self, columns: u16) -> Option<Line<'static>> {
        self.problem.as_ref().map(|problem| remark(&format!("✗ {problem}"), Styles::WRONG, columns))
    }

    /// Whether the page has not arrived.
    pub(super) fn is_waiting(&self) -> bool {
        !self.has_page
    }

    /// Says that the page has not arrived.
    pub(super) fn waiting(&self, columns: u16) -> Option<Line<'static>> {
        self.is_waiting().then(|| remark("◌ one moment …", Styles::WAITING, columns))
    }
}
