//! The components on the screen: each turns a key or an Action into a `Msg`, and draws itself.
//!
//! Components keep only what belongs to the screen: cursor, undo history, chosen row, wrapped rows. The model holds the
//! truth, and the view shows it to them before each frame. They start no thread and must not know network or disk.

mod completion;
mod composer;
mod dialog;
mod field;
mod find;
mod history;
mod mounted;
mod quote;
mod reactions;
mod rooms;
mod sign_in;
mod status;
mod styles;
mod typing;

use std::{any::Any, sync::Arc};

use tuirealm::component::AppComponent;

pub(crate) use self::{
    composer::Composer,
    find::FindBar,
    history::History,
    mounted::ScreenComponent,
    rooms::{Rooms, room_name},
    status::Status,
    styles::Styles,
};
use self::{
    dialog::{
        Ask, Bans, CreateRoom, Help, Inbox, Invited, Invites, Password, People, React, Review, Search, Sessions,
        SignedOut, Switcher, Users,
    },
    mounted::Mounted,
    sign_in::SignIn,
};
use crate::{
    keymap::Keymap,
    model::{ComponentId, DialogId, Model},
    update::{Action, Msg},
};

/// A component as tui-realm holds it.
pub type Component = Box<dyn AppComponent<Msg, Action>>;

/// tui-realm's registry of mounted components.
pub type App = tuirealm::application::Application<ComponentId, Msg, Action>;

/// Creates the component with this id for `model`.
#[must_use]
pub fn component(id: ComponentId, model: &Model, keymap: &Arc<Keymap>) -> Component {
    let mut mounted = match id {
        ComponentId::SignIn => Mounted::new(SignIn::new(keymap)),
        ComponentId::Rooms => Mounted::new(Rooms::default()),
        ComponentId::History => Mounted::new(History::default()),
        ComponentId::Composer => Mounted::new(Composer::default()),
        ComponentId::Find => Mounted::new(FindBar::default()),
        ComponentId::Status => Mounted::new(Status::new(Arc::clone(keymap))),
        ComponentId::Dialog(DialogId::Switcher) => Mounted::new(Switcher::default()),
        ComponentId::Dialog(DialogId::CreateRoom) => Mounted::new(CreateRoom::new(keymap)),
        ComponentId::Dialog(DialogId::Help) => Mounted::new(Help::new(keymap)),
        ComponentId::Dialog(DialogId::Ask) => Mounted::new(Ask::new(keymap)),
        ComponentId::Dialog(DialogId::Review) => Mounted::new(Review::new(keymap)),
        ComponentId::Dialog(DialogId::SignedOut) => Mounted::new(SignedOut::new(keymap)),
        ComponentId::Dialog(DialogId::React) => Mounted::new(React::default()),
        ComponentId::Dialog(DialogId::Inbox) => Mounted::new(Inbox::new(keymap)),
        ComponentId::Dialog(DialogId::Search) => Mounted::new(Search::default()),
        ComponentId::Dialog(DialogId::People) => Mounted::new(People::new(keymap)),
        ComponentId::Dialog(DialogId::Bans) => Mounted::new(Bans::new(keymap)),
        ComponentId::Dialog(DialogId::Sessions) => Mounted::new(Sessions::new(keymap)),
        ComponentId::Dialog(DialogId::Password) => Mounted::new(Password::new(keymap)),
        ComponentId::Dialog(DialogId::Users) => Mounted::new(Users::new(keymap)),
        ComponentId::Dialog(DialogId::Invites) => Mounted::new(Invites::new(keymap)),
        ComponentId::Dialog(DialogId::Invited) => Mounted::new(Invited::new(keymap)),
    };
    mounted.component().show(model);
    Box::new(mounted)
}

/// The mounted component with this id.
pub(crate) fn mounted(app: &mut App, id: ComponentId) -> Option<&mut dyn ScreenComponent> {
    app.get_component_mut(&id)?.as_any_mut().downcast_mut::<Mounted>().map(Mounted::component)
}

/// The mounted component with this id, if it has this type.
pub(crate) fn mounted_as<C: ScreenComponent>(app: &mut App, id: ComponentId) -> Option<&mut C> {
    let component: &mut dyn Any = mounted(app, id)?;
    component.downcast_mut()
}
