//! The search in all rooms: what is searched for, and below it the messages found, newest first.

use tuirealm::{
    event::{Event, Key, KeyEvent},
    ratatui::{
        Frame,
        layout::Rect,
        text::{Line, Span},
    },
};

use super::{
    super::{ScreenComponent, field::Field, styles::Styles},
    hits::Hits,
    keys::keys_in_a_row,
};
use crate::{
    model::{Asked, Model},
    update::{Action, Msg},
};

/// The text being typed, and the hits.
#[derive(Default)]
pub(in super::super) struct Search {
    field: Field,
    is_loaded: bool,
    hits: Hits,
    /// The hits are of what is typed.
    is_current: bool,
    /// The line below the text.
    remark: Line<'static>,
}

impl Search {
    fn remark(model: &Model) -> Line<'static> {
        let listing = &model.search.listing;
        let (text, style) = match &model.search.asked {
            Asked::Nothing => ("in:#room from:@name after:2026-11-01 before:…".to_owned(), Styles::FAINT),
            Asked::Wrong(why) => (format!("✗ {why}"), Styles::WRONG),
            Asked::Sender(_) | Asked::Messages(_) if listing.problem.is_some() => return Line::default(),
            Asked::Sender(_) | Asked::Messages(_) if listing.renewing => ("◌ searching …".to_owned(), Styles::WAITING),
            Asked::Sender(_) | Asked::Messages(_) => {
                let more = if listing.has_more() || listing.is_cut() { "+" } else { "" };
                match listing.hits.len() {
                    0 => ("✗ nothing found".to_owned(), Styles::PLAIN),
                    n => {
                        let found = Span::styled(format!("{n}{more} found"), Styles::FAINT);
                        return keys_in_a_row(found, &[("Enter", "goes there")], u16::MAX);
                    }
                }
            }
        };
        Line::styled(text, style)
    }
}

impl ScreenComponent for Search {
    fn show(&mut self, model: &Model) {
        let is_first = !std::mem::replace(&mut self.is_loaded, true);
        if is_first {
            match model.search.as_left {
                true => self.field.offer(&model.search.typed),
                false => self.field.set(&model.search.typed),
            }
        }
        let was_current = std::mem::replace(&mut self.is_current, !model.search.listing.renewing);
        self.hits.show(model, &model.search.listing);
        if is_first {
            self.hits.choose(model.search.chosen);
        } else if self.is_current && !was_current && model.search.chosen.is_none() {
            self.hits.choose_first();
        }
        self.remark = Self::remark(model);
    }

    fn draw(&mut self, frame: &mut Frame<'_>, area: Rect, focused: bool) {
        let inner = Styles::dialog(frame, area, "search all rooms");
        let row = |nth: u16| Rect { y: inner.y + nth.min(inner.height), height: 1, ..inner }.intersection(inner);
        self.field.draw(frame, row(0), "words to search for", focused);
        frame.render_widget(&self.remark, row(1));
        let above = 2.min(inner.height);
        self.hits.draw(frame, Rect { y: inner.y + above, height: inner.height - above, ..inner });
    }

    fn on(&mut self, event: &Event<Action>) -> Option<Msg> {
        if let Event::Keyboard(KeyEvent { code: Key::Enter, .. }) = event {
            let hit = self.hits.chosen().filter(|_| self.is_current);
            return Some(hit.map_or(Msg::SearchNow, |hit| Msg::JumpTo(hit.clone())));
        }
        if let Some(msg) = self.hits.take(event) {
            return Some(msg);
        }
        let before = self.field.text().to_owned();
        let taken = self.field.take(event);
        if self.field.text() != before {
            return Some(Msg::SearchFor(self.field.text().into()));
        }
        taken.then_some(Msg::Redraw)
    }

    fn wanted(&self) -> (u16, u16) {
        (92, 40)
    }
}
