//! The field above a list of people: the start of a name typed there asks for the list anew.

use tuirealm::{
    event::Event,
    ratatui::{Frame, layout::Rect},
};

use super::{super::field::Field, paged_row::PagedRow};
use crate::update::{Action, Msg};

#[derive(Default)]
pub(super) struct NameFilter(Field);

impl NameFilter {
    /// Draws the field at the top of the dialog. Returns the areas of the list and of the last row.
    pub(super) fn draw(&self, frame: &mut Frame<'_>, inner: Rect, focused: bool) -> (Rect, Rect) {
        let body = inner.height.saturating_sub(1);
        let foot = Rect { y: inner.bottom().saturating_sub(1), height: 1.min(inner.height), ..inner };
        let prompt = Rect { height: 1.min(body), ..inner };
        self.0.draw(frame, prompt, "the start of a name", focused);
        let air = u16::from(body > 8);
        let list = Rect { y: inner.y + (1 + air).min(body), height: body.saturating_sub(1 + 2 * air), ..inner };
        (list, foot)
    }

    pub(super) fn on(&mut self, event: &Event<Action>, place: &mut PagedRow) -> Option<Msg> {
        let before = self.0.text().to_owned();
        let taken = self.0.take(event);
        if self.0.text() == before {
            return taken.then_some(Msg::Redraw);
        }
        place.row.at = 0;
        Some(Msg::FilterPeople(self.0.text().trim().into()))
    }
}
