//! What every component has in common, once: tui-realm's two traits around a part of the screen.

use std::any::Any;

use tuirealm::{
    command::{Cmd, CmdResult},
    component::{AppComponent, Component},
    event::{Event, KeyModifiers},
    props::{AttrValue, Attribute, QueryResult},
    ratatui::{Frame, layout::Rect},
    state::State,
};

use crate::{
    model::Model,
    update::{Action, Msg},
};

/// A part of the screen.
pub(crate) trait Part: Any {
    /// Takes over what the next frame needs. Called when mounted, after each `Msg` if it has the keys, and before
    /// each frame.
    fn show(&mut self, model: &Model);

    /// Draws what was shown. `focused`: it has the keys.
    fn draw(&mut self, frame: &mut Frame<'_>, area: Rect, focused: bool);

    /// A plain key, a paste, or an Action in `Event::User`. `None` means "not mine".
    fn on(&mut self, event: &Event<Action>) -> Option<Msg>;

    /// Columns and rows it would like to have; only dialogs are asked.
    fn wanted(&self) -> (u16, u16) {
        (0, 0)
    }

    /// The same where there are no more than so many columns.
    fn wanted_in(&self, _columns: u16) -> (u16, u16) {
        self.wanted()
    }
}

/// A part as tui-realm wants it. The view shows parts the model by downcast, so that of tui-realm's attributes only
/// the focus is in use, and of its commands none.
pub(crate) struct Mounted {
    part: Box<dyn Part>,
    focused: bool,
}

impl Mounted {
    pub(crate) fn new(part: impl Part) -> Self {
        Self { part: Box::new(part), focused: false }
    }

    pub(crate) fn part(&mut self) -> &mut dyn Part {
        &mut *self.part
    }
}

impl Component for Mounted {
    fn view(&mut self, frame: &mut Frame<'_>, area: Rect) {
        let area = area.intersection(frame.area());
        if !area.is_empty() {
            self.part.draw(frame, area, self.focused);
        }
    }

    fn query<'a>(&'a self, attr: Attribute) -> Option<QueryResult<'a>> {
        (attr == Attribute::Focus).then(|| AttrValue::Flag(self.focused).into())
    }

    fn attr(&mut self, attr: Attribute, value: AttrValue) {
        if let (Attribute::Focus, AttrValue::Flag(focused)) = (attr, value) {
            self.focused = focused;
        }
    }

    fn state(&self) -> State {
        State::None
    }

    fn perform(&mut self, cmd: Cmd) -> CmdResult {
        CmdResult::Invalid(cmd)
    }
}

impl AppComponent<Msg, Action> for Mounted {
    fn on(&mut self, event: &Event<Action>) -> Option<Msg> {
        let commands = KeyModifiers::CONTROL | KeyModifiers::ALT;
        match event {
            // the keymap knows nothing of it, and no component reads modifiers by itself
            Event::Keyboard(key) if key.modifiers.intersects(commands) => None,
            // where there is nothing to delete, Ctrl+D is a wish to go
            Event::User(Action::DeleteForward) => self.part.on(event).or(Some(Msg::Act(Action::EndOfInput))),
            _ => self.part.on(event),
        }
    }
}
