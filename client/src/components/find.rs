//! The find bar, in the composer's place: the search term and the number of matching messages, and what the server is
//! asked for beyond the loaded ones.

use tuirealm::{
    event::Event,
    ratatui::{
        Frame,
        layout::Rect,
        text::{Line, Span},
    },
};

use super::{ScreenComponent, field::Field, rooms::room_name, styles::Styles};
use crate::{
    model::{Find, Further, Model, Room},
    text::{clip, width},
    update::{Action, Msg},
};

/// Columns that always remain for the search term.
const TEXT_MIN: u16 = 12;

/// The text being typed and its matches.
#[derive(Default)]
pub(crate) struct FindBar {
    field: Field,
    loaded: bool,
    label: String,
    count: Option<Count>,
    /// What is known about the messages before the loaded ones.
    remark: Option<Span<'static>>,
    framed: bool,
}

/// The number of matches.
struct Count {
    at: usize,
    all: usize,
    goes_on: bool,
}

impl FindBar {
    /// Rows of the text, without the frame.
    pub(crate) fn rows(&mut self, framed: bool) -> usize {
        self.framed = framed;
        1
    }

    /// The number of matches in words.
    fn count_text(&self) -> Option<Span<'static>> {
        let Count { at, all, goes_on } = self.count.as_ref()?;
        Some(match (all, goes_on) {
            (0, true) => Span::styled(" searching … ", Styles::WAITING),
            (0, false) => Span::styled(" ✗ not found ", Styles::WRONG),
            (all, true) => Span::styled(format!(" {all} … "), Styles::WAITING),
            (all, false) => Span::styled(format!(" {at}/{all} "), Styles::STRONG),
        })
    }
}

/// What the bar says about the messages that are not loaded.
fn remark(find: &Find, room: &Room) -> Option<Span<'static>> {
    let further = match &find.further {
        _ if find.going.is_some() => Some((" going there … ".to_owned(), Styles::WAITING)),
        Further::Wanted { .. } => Some((" searching further back … ".to_owned(), Styles::WAITING)),
        Further::Nothing => Some((" nothing further back ".to_owned(), Styles::FAINT)),
        Further::Failed(reason) => Some((format!(" ✗ {reason} "), Styles::WRONG)),
        Further::Idle if room.timeline.has_older && find.needle.is_some() => {
            Some((" Up: further back, too ".to_owned(), Styles::FAINT))
        }
        Further::Idle => None,
    };
    further.map(|(text, style)| Span::styled(text, style))
}

impl ScreenComponent for FindBar {
    fn show(&mut self, model: &Model) {
        let Some((find, room)) = model.find.as_ref().zip(model.open_room()) else { return };
        if !std::mem::replace(&mut self.loaded, true) {
            self.field.set(&find.typed);
        }
        self.label = room_name(room);
        let (at, all) = find.count();
        self.count = find.needle.as_ref().map(|_| Count { at, all, goes_on: find.goes_on() });
        self.remark = remark(find, room);
    }

    fn draw(&mut self, frame: &mut Frame<'_>, area: Rect, focused: bool) {
        let count = self.count_text();
        let remark = self.remark.clone();
        let hint = format!("find in {}", self.label);
        if self.framed {
            let title = clip(&format!(" {hint} "), area.width.saturating_sub(18));
            let mut block = Styles::frame(Span::styled(title, Styles::PLAIN), focused);
            if let Some(count) = count {
                block = block.title(Line::from(count).right_aligned());
            }
            if let Some(remark) = remark {
                block = block.title_bottom(Line::from(remark).right_aligned());
            }
            let inner = block.inner(area);
            frame.render_widget(block, area);
            let air = u16::from(inner.width > 8);
            let text = Rect { x: inner.x + air, width: inner.width - air, ..inner };
            return self.field.draw(frame, text, "the text to find", focused);
        }
        let mut right: Vec<Span<'static>> = count.into_iter().chain(remark).collect();
        let columns = |spans: &[Span<'static>]| spans.iter().map(|span| width(&span.content)).sum::<u16>();
        while columns(&right) + TEXT_MIN > area.width && right.pop().is_some() {}
        let beside = columns(&right);
        frame.render_widget(Span::styled("/ ", Styles::ACCENT), area);
        let text = Rect { x: area.x + 2.min(area.width), width: area.width.saturating_sub(2 + beside), ..area };
        self.field.draw(frame, text, &hint, focused);
        frame.render_widget(Line::from(right), Rect { x: area.right() - beside, width: beside, ..area });
    }

    fn on(&mut self, event: &Event<Action>) -> Option<Msg> {
        let before = self.field.text().to_owned();
        let taken = self.field.take(event);
        if self.field.text() != before {
            return Some(Msg::Sought(self.field.text().into()));
        }
        taken.then_some(Msg::Redraw)
    }
}
