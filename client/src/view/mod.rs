//! The view: lays out the components, passes them what changed, and draws them.
//!
//! It reads the model and never changes it. A history gets a window of pointers to messages, never copies.

mod header;
mod layout;

use std::sync::Arc;

use quchat_shared::RoomId;
use tui_realm_stdlib::components::Paragraph;
use tuirealm::{
    component::Component as _,
    ratatui::{
        Frame,
        layout::{Alignment, Margin, Position, Rect},
        text::Span,
        widgets::Clear,
    },
};

use self::layout::Places;
pub use self::layout::fits;
use crate::{
    components::{self, App, Composer, FindBar, History, Rooms, Status, Styles},
    keymap::Keymap,
    model::{ComponentId, Dialog, DialogId, Model, Question, Seen},
    text::wrap,
    theme::Themes,
    update::{Action, focus},
};

/// Mounts, unmounts and focuses components as the model requires, and updates the focused one.
///
/// Call it after each `Msg`, not only before each frame: the next key goes to the component that has the focus by then.
pub fn follow(model: &Model, keymap: &Arc<Keymap>, app: &mut App) {
    let wanted = wanted(model);
    for id in ALL.into_iter().filter(|id| !wanted.contains(id)) {
        if app.mounted(&id) {
            let _ = app.umount(&id); // cannot fail: it is mounted
        }
    }
    for id in &wanted {
        if !app.mounted(id) {
            let _ = app.mount(*id, components::component(*id, model, keymap), Vec::new()); // cannot fail: it is not
        }
    }
    let focus = focus(model);
    if app.focus() != Some(&focus) {
        let _ = app.active(&focus); // cannot fail: what has the focus is wanted, and so mounted
    }
    show(focus, model, app);
}

pub fn view(model: &Model, keymap: &Keymap, themes: &Themes, app: &mut App, frame: &mut Frame<'_>) {
    if let Some(history) = components::mounted_as::<History>(app, ComponentId::History) {
        history.forget_seen();
    }
    if let Some(rooms) = components::mounted_as::<Rooms>(app, ComponentId::Rooms) {
        rooms.forget_place();
    }
    if fits(frame.area().as_size()) {
        draw_all(model, keymap, app, frame);
    } else {
        draw_too_small(model, keymap, frame);
    }
    themes.dress(&model.theme, frame.buffer_mut());
    if let Some(history) = components::mounted_as::<History>(app, ComponentId::History) {
        history.open_links(frame.buffer_mut());
    }
}

fn draw_all(model: &Model, keymap: &Keymap, app: &mut App, frame: &mut Frame<'_>) {
    let area = frame.area();
    let places = places(model, app, area);
    if model.account.is_none() {
        draw(ComponentId::SignIn, model, app, frame, places.whole);
    } else {
        draw_chat(model, keymap, app, frame, &places);
        header::draw(model, new_above(model, keymap, app), frame, &places);
    }
    app.view(&ComponentId::Status, frame, places.status); // it was shown the model to lay out its rows
    for dialog in &model.dialogs {
        let id = ComponentId::Dialog(dialog.id());
        let most = places.dialog_pane().width;
        let (columns, rows) = components::mounted(app, id).map_or((0, 0), |component| component.wanted_in(most));
        draw(id, model, app, frame, places.dialog(columns, rows));
    }
}

/// What the last frame showed of the open room, for `Msg::Seen`; `None` if it showed no message.
#[must_use]
pub fn seen(app: &mut App) -> Option<Seen> {
    components::mounted_as::<History>(app, ComponentId::History)?.seen().cloned()
}

/// The room that the side bar of the last frame showed at this position.
pub(crate) fn room_at(app: &mut App, column: u16, row: u16) -> Option<RoomId> {
    components::mounted_as::<Rooms>(app, ComponentId::Rooms)?.at(Position { x: column, y: row })
}

const ALL: [ComponentId; 22] = [
    ComponentId::SignIn,
    ComponentId::Rooms,
    ComponentId::History,
    ComponentId::Composer,
    ComponentId::Find,
    ComponentId::Status,
    ComponentId::Dialog(DialogId::Switcher),
    ComponentId::Dialog(DialogId::CreateRoom),
    ComponentId::Dialog(DialogId::Help),
    ComponentId::Dialog(DialogId::Ask),
    ComponentId::Dialog(DialogId::Review),
    ComponentId::Dialog(DialogId::SignedOut),
    ComponentId::Dialog(DialogId::React),
    ComponentId::Dialog(DialogId::Inbox),
    ComponentId::Dialog(DialogId::Search),
    ComponentId::Dialog(DialogId::People),
    ComponentId::Dialog(DialogId::Bans),
    ComponentId::Dialog(DialogId::Sessions),
    ComponentId::Dialog(DialogId::Password),
    ComponentId::Dialog(DialogId::Users),
    ComponentId::Dialog(DialogId::Invites),
    ComponentId::Dialog(DialogId::Invited),
];

fn wanted(model: &Model) -> Vec<ComponentId> {
    let mut wanted = vec![ComponentId::Status];
    if model.account.is_none() {
        wanted.push(ComponentId::SignIn);
    } else {
        wanted.extend([ComponentId::Rooms, ComponentId::History, ComponentId::Composer]);
        wanted.extend(model.find.as_ref().map(|_| ComponentId::Find));
    }
    wanted.extend(model.dialogs.iter().map(|dialog| ComponentId::Dialog(dialog.id())));
    wanted
}

fn places(model: &Model, app: &mut App, area: Rect) -> Places {
    show(ComponentId::Status, model, app);
    let below = components::mounted_as::<Status>(app, ComponentId::Status).map_or(1, |status| status.rows(area.width));
    let frame = Places::new(area, below, model.in_side_bar || model.open.is_none(), model.bare);
    let rows = match components::mounted_as::<FindBar>(app, ComponentId::Find) {
        Some(bar) => bar.rows(frame.framed()),
        None => components::mounted_as::<Composer>(app, ComponentId::Composer)
            .map_or(1, |composer| composer.rows(frame.composer_columns(), frame.framed())),
    };
    let places = frame.with_composer(rows);
    if let Some(history) = components::mounted_as::<History>(app, ComponentId::History) {
        history.resize(places.history.height);
    }
    if let Some(rooms) = components::mounted_as::<Rooms>(app, ComponentId::Rooms) {
        rooms.resize(places.rooms.height);
    }
    places
}

fn show(id: ComponentId, model: &Model, app: &mut App) {
    if let Some(component) = components::mounted(app, id) {
        component.show(model);
    }
}

fn draw(id: ComponentId, model: &Model, app: &mut App, frame: &mut Frame<'_>, area: Rect) {
    show(id, model, app);
    app.view(&id, frame, area);
}

fn draw_chat(model: &Model, keymap: &Keymap, app: &mut App, frame: &mut Frame<'_>, places: &Places) {
    if places.divider.width > 0 {
        for cell in places.divider.rows() {
            frame.render_widget(Span::styled("│", Styles::FAINT), cell);
        }
    }
    match model.open_room() {
        Some(_) => {
            draw(ComponentId::History, model, app, frame, places.history);
            let history = components::mounted_as::<History>(app, ComponentId::History);
            let (below, all) = history.map_or((None, false), |history| (history.below(), history.shows_all_unread()));
            if let Some(rooms) = components::mounted_as::<Rooms>(app, ComponentId::Rooms) {
                rooms.set_all_in_view(all);
            }
            if let Some(composer) = components::mounted_as::<Composer>(app, ComponentId::Composer) {
                composer.set_below(below);
            }
            let writing = if model.find.is_some() { ComponentId::Find } else { ComponentId::Composer };
            draw(writing, model, app, frame, places.composer);
        }
        None => {
            draw_invitation(model, keymap, frame, places.history);
            if let Some(composer) = components::mounted_as::<Composer>(app, ComponentId::Composer) {
                composer.set_below(None);
            }
            draw(ComponentId::Composer, model, app, frame, places.composer);
        }
    }
    let inviting = places.rooms_over_history && model.rooms.is_empty();
    if !inviting {
        if places.rooms_over_history {
            frame.render_widget(Clear, places.rooms);
        }
        draw(ComponentId::Rooms, model, app, frame, places.rooms);
    }
    if places.rooms_over_history
        && let Some(history) = components::mounted_as::<History>(app, ComponentId::History)
    {
        history.forget_seen(); // the messages below are covered
    }
}

/// How many new messages are above the screen, if the view opened below the "new" line, and the key that goes there.
fn new_above(model: &Model, keymap: &Keymap, app: &mut App) -> Option<String> {
    let first = components::mounted_as::<History>(app, ComponentId::History)?.seen()?.first.clone();
    let count = model.open_room()?.new_above(&first);
    let way = keymap.chord(Action::ToNew).map_or_else(|| "/new".to_owned(), |chord| chord.to_string());
    (count > 0).then(|| format!("↑ {count} new · {way}"))
}

/// The size that is needed and the keys that quit, cut to one line.
fn draw_too_small(model: &Model, keymap: &Keymap, frame: &mut Frame<'_>) {
    let quit = keymap.named(Action::Quit);
    let text = match model.dialogs.last() {
        Some(Dialog::Ask(Question::Quit { unsent })) => format!("{unsent} unsent; {quit} again quits"),
        _ => format!("quchat needs 40x12; {quit} quits; nothing is lost"),
    };
    let area = frame.area();
    for (row, line) in area.rows().zip(wrap(&text, area.width.max(1))) {
        frame.render_widget(Span::styled(line.text, Styles::STRONG), row);
    }
}

/// Shown while no room is open: what to do next.
fn draw_invitation(model: &Model, keymap: &Keymap, frame: &mut Frame<'_>, area: Rect) {
    let text = match (model.rooms.is_empty(), model.cursor.is_none()) {
        (true, true) => "Waiting for the server to list the rooms".to_owned(),
        (true, false) => format!("No rooms yet: {}, type a name, Enter creates it", keymap.named(Action::Switch)),
        (false, _) => "Choose a room: Up, Down, Enter".to_owned(),
    };
    let middle = Rect { y: area.y + area.height / 2, height: area.height.div_ceil(2), ..area };
    let mut invitation = Paragraph::default().text(text).style(Styles::FAINT).alignment_horizontal(Alignment::Center);
    invitation.view(frame, middle.inner(Margin::new(2, 0)));
}
