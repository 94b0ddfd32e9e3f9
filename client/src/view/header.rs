//! The top line: room, topic, whether others can read along, how many are online, and the user's name.

use tuirealm::ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span},
};

use super::layout::Places;
use crate::{
    components::{Styles, room_name},
    model::{Link, Model, Room},
    text::{clip, width},
};

/// Draws the top line, and the title over the side bar if there is one. `new_above`: the number of new messages above
/// the screen.
pub(super) fn draw(model: &Model, new_above: Option<String>, frame: &mut Frame<'_>, places: &Places) {
    let beside = places.divider.width > 0;
    if beside {
        let title = Rect { height: 1, y: places.header.y, ..places.rooms };
        frame.render_widget(Span::styled("  quchat", Styles::STRONG), title);
    }
    let row = places.header;
    let right = right(model, new_above, row.width, !beside);
    let wide = u16::try_from(right.width()).unwrap_or(row.width).min(row.width);
    if let Some(room) = model.open_room() {
        frame.render_widget(left(model, room, row.width, row.width - wide), row);
    }
    frame.render_widget(right, Rect { x: row.right() - wide, width: wide, ..row });
}

/// Room and topic in the first `columns` of the line, starting above the times of the history.
fn left(model: &Model, room: &Room, line: u16, columns: u16) -> Line<'static> {
    let air = if line < 48 { 1 } else { 2 };
    let name = clip(&room_name(room), columns.saturating_sub(air + 1));
    let rest = columns.saturating_sub(air + width(&name) + 3);
    let peer = room.peer.as_ref().filter(|_| room.is_direct() && model.link == Link::Connected);
    let topic = match peer.map(|peer| room.participants.is_online(peer.id)) {
        _ if room.gone => &room.gone_because,
        _ if room.banned => "you are banned from this room",
        _ if room.info.archived => "archived",
        Some(_) if peer.map(|peer| peer.id) == model.me() => "your notes: nobody else can read them",
        Some(true) => "● online",
        Some(false) => "○ offline",
        None => &room.info.topic,
    };
    let topic = if rest > 4 { format!("  {}", clip(topic, rest)) } else { String::new() };
    let air = Span::raw(" ".repeat(air.into()));
    Line::from(vec![air, Span::styled(name, Styles::STRONG), Span::styled(topic, Styles::FAINT)])
}

/// The user's name, and the unread count of other rooms if no side bar shows it. The hint about new messages above
/// comes first; on a narrow screen it replaces the user's name. So does the mark of a connection that is not encrypted.
fn right(model: &Model, new_above: Option<String>, columns: u16, alone: bool) -> Line<'static> {
    let mut line = Line::default();
    let narrow = new_above.is_some() && columns < 56;
    if let Some(new_above) = new_above {
        line.push_span(Span::styled(format!("{new_above}  "), Styles::FRESH));
    }
    let elsewhere = model.rooms.values().filter(|room| model.open != Some(room.info.id));
    let unread = elsewhere.clone().map(Room::unread).fold(0, u64::saturating_add);
    let mentions = elsewhere.map(Room::addressed).fold(0, u64::saturating_add);
    if alone && mentions > 0 {
        line.push_span(Span::styled(format!("@{mentions}  "), Styles::FRESH));
    }
    if alone && unread > 0 && !narrow {
        line.push_span(Span::styled(format!("{unread} unread  "), Styles::FRESH));
    }
    if narrow {
        return line;
    }
    let exposed = model.account.as_ref().is_some_and(|account| account.server.origin.is_exposed());
    if exposed {
        line.push_span(Span::styled("! not encrypted  ", Styles::WAITING));
    }
    if let Some(online) = online(model).filter(|_| columns >= 56) {
        line.push_span(Span::styled(format!("{online} online  "), Styles::FAINT));
    }
    if exposed && columns < 56 {
        return line;
    }
    let me = model.account.as_ref().map_or("", |account| &account.user.name);
    line.push_span(Span::raw(format!("{} ", clip(me, columns / 3))));
    line
}

/// How many are online in the open room; `None` if that is not known, as in a large one.
fn online(model: &Model) -> Option<usize> {
    let known = |room: &&Room| !room.is_direct() && !room.gone && model.link == Link::Connected;
    let room = model.open_room().filter(known)?;
    room.participants.online().filter(|&online| online > 0)
}
