//! What is on the screen: each component turns a key or an Action into a `Msg`, and draws itself.
//!
//! Components keep only what belongs to the screen: cursor, undo, the chosen row, wrapped rows. What is true is in the
//! model; the view shows it to them before each frame. They start no thread and know neither network nor disk.

mod composer;
mod dialog;
mod field;
mod history;
mod look;
mod mounted;
mod rooms;
mod sign_in;
mod status;
mod typing;

use std::sync::Arc;

use tuirealm::component::AppComponent;

pub(crate) use self::{
    composer::Composer,
    history::History,
    look::Look,
    mounted::Part,
    rooms::{Rooms, room_name},
};
use self::{
    dialog::{Ask, CreateRoom, Help, Review, SignedOut, Switcher},
    mounted::Mounted,
    sign_in::SignIn,
    status::Status,
};
use crate::{
    keymap::Keymap,
    model::{DialogId, Id, Model},
    update::{Action, Msg},
};

/// A component as tui-realm holds it.
pub type Component = Box<dyn AppComponent<Msg, Action>>;

/// What tui-realm keeps for us.
pub type App = tuirealm::application::Application<Id, Msg, Action>;

/// The component of this name, showing `model`.
#[must_use]
pub fn component(id: Id, model: &Model, keymap: &Arc<Keymap>) -> Component {
    match id {
        Id::SignIn => mount(SignIn::default(), model),
        Id::Rooms => mount(Rooms::default(), model),
        Id::History => mount(History::default(), model),
        Id::Composer => mount(Composer::default(), model),
        Id::Status => mount(Status::new(Arc::clone(keymap)), model),
        Id::Dialog(DialogId::Switcher) => mount(Switcher::default(), model),
        Id::Dialog(DialogId::CreateRoom) => mount(CreateRoom::default(), model),
        Id::Dialog(DialogId::Help) => mount(Help::new(keymap), model),
        Id::Dialog(DialogId::Ask) => mount(Ask::default(), model),
        Id::Dialog(DialogId::Review) => mount(Review::default(), model),
        Id::Dialog(DialogId::SignedOut) => mount(SignedOut::default(), model),
    }
}

/// The part of type `P` behind a component's name.
pub(crate) fn part<P: Part>(app: &mut App, id: Id) -> Option<&mut P> {
    app.get_component_mut(&id)?.as_any_mut().downcast_mut::<Mounted<P>>().map(Mounted::part)
}

/// Shows `model` to the component of this name, whatever it is.
pub(crate) fn show(app: &mut App, id: Id, model: &Model) {
    fn tell<P: Part>(app: &mut App, id: Id, model: &Model) {
        if let Some(part) = part::<P>(app, id) {
            part.show(model);
        }
    }
    match id {
        Id::SignIn => tell::<SignIn>(app, id, model),
        Id::Rooms => tell::<Rooms>(app, id, model),
        Id::History => tell::<History>(app, id, model),
        Id::Composer => tell::<Composer>(app, id, model),
        Id::Status => tell::<Status>(app, id, model),
        Id::Dialog(DialogId::Switcher) => tell::<Switcher>(app, id, model),
        Id::Dialog(DialogId::CreateRoom) => tell::<CreateRoom>(app, id, model),
        Id::Dialog(DialogId::Help) => tell::<Help>(app, id, model),
        Id::Dialog(DialogId::Ask) => tell::<Ask>(app, id, model),
        Id::Dialog(DialogId::Review) => tell::<Review>(app, id, model),
        Id::Dialog(DialogId::SignedOut) => tell::<SignedOut>(app, id, model),
    }
}

/// How much room a dialog wants, in columns and rows, frame included.
pub(crate) fn wanted(app: &mut App, id: DialogId) -> (u16, u16) {
    fn ask<P: Part>(app: &mut App, id: DialogId) -> (u16, u16) {
        part::<P>(app, Id::Dialog(id)).map_or((0, 0), |part| part.wanted())
    }
    match id {
        DialogId::Switcher => ask::<Switcher>(app, id),
        DialogId::CreateRoom => ask::<CreateRoom>(app, id),
        DialogId::Help => ask::<Help>(app, id),
        DialogId::Ask => ask::<Ask>(app, id),
        DialogId::Review => ask::<Review>(app, id),
        DialogId::SignedOut => ask::<SignedOut>(app, id),
    }
}

fn mount<P: Part>(mut part: P, model: &Model) -> Component {
    part.show(model);
    Box::new(Mounted::new(part))
}
