//! The common part of all components: implements tui-realm's two traits for a [`ScreenComponent`].

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

/// A component of the screen.
pub(crate) trait ScreenComponent: Any {
    /// Copies what the next frame needs. Called when mounted, after each `Msg` if the component has the focus, and
    /// before each frame.
    fn show(&mut self, model: &Model);

    /// Draws what was copied.
    fn draw(&mut self, frame: &mut Frame<'_>, area: Rect, focused: bool);

    /// Handles a plain key, a paste, or an Action in `Event::User`. `None` means that the event is not handled.
    fn on(&mut self, event: &Event<Action>) -> Option<Msg>;

    /// The preferred size in columns and rows; used only for dialogs.
    fn wanted(&self) -> (u16, u16) {
        (0, 0)
    }

    /// The preferred size for at most this many columns.
    fn wanted_in(&self, _columns: u16) -> (u16, u16) {
        self.wanted()
    }
}

/// Wraps a component for tui-realm. The view passes the model by downcast, so only the focus of tui-realm's attributes
/// is used, and none of its commands.
pub(crate) struct Mounted {
    component: Box<dyn ScreenComponent>,
    focused: bool,
}

impl Mounted {
    pub(crate) fn new(component: impl ScreenComponent) -> Self {
        Self { component: Box::new(component), focused: false }
    }

    pub(crate) fn component(&mut self) -> &mut dyn ScreenComponent {
        &mut *self.component
    }
}

impl Component for Mounted {
    fn view(&mut self, frame: &mut Frame<'_>, area: Rect) {
        let area = area.intersection(frame.area());
        if !area.is_empty() {
            self.component.draw(frame, area, self.focused);
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
            // a chord that the keymap does not bind; components never read modifiers
            Event::Keyboard(key) if key.modifiers.intersects(commands) => None,
            // if there is nothing to delete, Ctrl+D means end of input
            Event::User(Action::DeleteForward) => self.component.on(event).or(Some(Msg::Act(Action::EndOfInput))),
            _ => self.component.on(event),
        }
    }
}
