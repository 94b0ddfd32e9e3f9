//! Completion in the composer (Tab): the candidates for the word before the cursor, and the list that shows them.
//!
//! Owns the candidates and which of them is in the text. It never covers the composer, and must not know keys.

use std::{collections::HashSet, sync::Arc};

use quchat_shared::{
    RoomId, UserId,
    limits::{self, ROOM_NAME_MAX, room_key},
    room::RoomKind,
};
use tuirealm::ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span},
};

use super::{rooms::room_name, styles::Styles};
use crate::{
    model::{Model, Room},
    text::{Editor, clip, emoji::EMOJI, width},
    update::{
        SERVER_ROLES,
        commands::{COMMANDS, LEVELS, ROLES, is_offered},
    },
};

/// Most rows of the list.
const ROWS_MAX: u16 = 8;
/// Most columns of the list, including its frame.
const COLUMNS_MAX: u16 = 60;
/// How many of a room's newest messages are searched for people.
const RECENT: usize = 1_000;

/// What is completed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Person,
    /// A room mentioned in a message, where every reader can see its name: only public rooms.
    Room,
    /// A room to go to.
    AnyRoom,
    Command,
    Theme,
    Level,
    Emoji,
    /// The argument of a command; its name has no sign.
    Name,
    /// The argument of a command about bans: the users known to be banned come first.
    Banned,
    Role,
    ServerRole,
}

/// The commands whose argument, up to the end of the line, is completed.
const ARGUMENTS: [(&str, Kind); 5] = [
    ("/join ", Kind::AnyRoom),
    ("/theme ", Kind::Theme),
    ("/notify ", Kind::Level),
    ("/react ", Kind::Emoji),
    ("/admin invite ", Kind::AnyRoom),
];

/// The commands whose first argument is the name of a user.
const PEOPLE: [&str; 9] = [
    "/msg ",
    "/invite ",
    "/kick ",
    "/ban ",
    "/unban ",
    "/role ",
    "/admin suspend ",
    "/admin unsuspend ",
    "/admin role ",
];

/// The start of the commands that have a second word.
const ADMIN: &str = "/admin ";

/// The word before the cursor: its kind and where it begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Word {
    room: RoomId,
    kind: Kind,
    start: usize,
}

#[derive(Debug, Clone)]
struct Offer {
    /// Compared with the typed text; in lower case.
    key: String,
    /// Replaces the word.
    text: String,
    label: String,
    note: String,
}

/// The open list.
#[derive(Debug)]
struct List {
    title: &'static str,
    choices: Vec<Offer>,
    /// The one in the text; none yet if the list has opened by itself.
    chosen: Option<usize>,
    start: usize,
}

/// The state of the completion.
#[derive(Debug, Default)]
pub(super) struct Completion {
    word: Option<Word>,
    /// Collected once when the cursor enters the word, so that a key stays cheap and the order does not change.
    offers: Vec<Offer>,
    list: Option<List>,
    /// The start of a name that the server was asked to complete.
    asked: Option<String>,
}

impl Completion {
    /// Collects the candidates once for each word.
    pub(super) fn collect(&mut self, model: &Model, room: RoomId, editor: &Editor) {
        let public = || model.ordered().filter(|room| !room.gone && room.info.kind == RoomKind::Public);
        let spaced = spaced_room(editor, public).map(|start| (Kind::Room, start));
        let word = spaced.or_else(|| word(editor)).map(|(kind, start)| Word { room, kind, start });
        if self.list.is_none() && word != self.word {
            self.offers = word.map_or_else(Vec::new, |word| gather(model, word));
            self.word = word;
        }
        self.offer_found(model, editor);
    }

    /// The start of a name that nobody has whom this client knows. The list opens when the server has found names.
    pub(super) fn ask(&mut self, editor: &Editor) -> Option<Arc<str>> {
        let typed = self.typed_name(editor)?;
        let is_known = !matching(&self.offers, typed).is_empty();
        let name = typed.trim_start_matches('@');
        let asked = limits::user_name(name).ok().filter(|_| !is_known)?;
        self.asked = Some(asked.to_owned());
        Some(asked.into())
    }

    /// What was typed of a name, if the word before the cursor is one.
    fn typed_name<'a>(&self, editor: &'a Editor) -> Option<&'a str> {
        let word = self.word.filter(|word| matches!(word.kind, Kind::Person | Kind::Name | Kind::Banned))?;
        editor.text().get(word.start..editor.cursor())
    }

    /// Opens the list with the names that the server has found, if they still complete what is typed.
    fn offer_found(&mut self, model: &Model, editor: &Editor) {
        let Some(asked) = self.asked.take_if(|asked| *model.look_up.answered == **asked) else { return };
        let typed = self.typed_name(editor).filter(|typed| typed.trim_start_matches('@') == asked);
        let Some(Word { kind, start, .. }) = self.word.filter(|_| typed.is_some() && self.list.is_none()) else {
            return;
        };
        let choices: Vec<Offer> = model.look_up.found.iter().map(|user| Offer::name(kind, &user.name, "")).collect();
        if !choices.is_empty() {
            self.list = Some(List { title: kind.title(), choices, chosen: None, start });
        }
    }

    /// Whether the list has opened by itself, so that nothing of it is in the text.
    pub(super) fn is_untouched(&self) -> bool {
        self.list.as_ref().is_some_and(|list| list.chosen.is_none())
    }

    pub(super) fn is_open(&self) -> bool {
        self.list.is_some()
    }

    /// Closes the list; the chosen candidate stays in the text.
    pub(super) fn close(&mut self) {
        self.list = None;
        self.word = None; // the text changed
    }

    /// Inserts the first candidate, or moves `by` candidates further. Returns whether the text changed. All moves are
    /// one undo step.
    pub(super) fn step(&mut self, editor: &mut Editor, by: isize) -> bool {
        if let Some(list) = &mut self.list {
            let count = list.choices.len().cast_signed();
            let from = list.chosen.map_or(if by < 0 { 0 } else { -1 }, usize::cast_signed);
            let chosen = (from + by).rem_euclid(count).cast_unsigned();
            if list.chosen.replace(chosen).is_some() {
                editor.undo();
            }
            return editor.replace_back(list.start, &list.choices[chosen].text);
        }
        let Some(Word { kind, start, .. }) = self.word else { return false };
        let Some(typed) = editor.text().get(start..editor.cursor()) else { return false };
        let choices = matching(&self.offers, typed);
        let chosen = if by < 0 { choices.len().saturating_sub(1) } else { 0 };
        let Some(first) = choices.get(chosen) else { return false };
        let changed = editor.replace_back(start, &first.text);
        self.word = None; // the text changed
        if changed && choices.len() > 1 {
            self.list = Some(List { title: kind.title(), choices, chosen: Some(chosen), start });
        }
        changed
    }

    /// Draws the list above the composer.
    pub(super) fn draw(&self, frame: &mut Frame<'_>, composer: Rect) {
        let Some(list) = &self.list else { return };
        let above = composer.y.saturating_sub(frame.area().y + 1); // keep the top line visible
        let count = u16::try_from(list.choices.len()).unwrap_or(u16::MAX);
        let height = (count.min(ROWS_MAX) + 2).min(above);
        if height < 3 {
            return;
        }
        let area = Rect { y: composer.y - height, height, width: composer.width.min(COLUMNS_MAX), ..composer };
        let inner = Styles::dialog(frame, area, list.title);
        let rows = usize::from(inner.height);
        let top = list.chosen.map_or(0, |chosen| (chosen + 1).saturating_sub(rows));
        let label = list.choices.iter().map(|offer| width(&offer.label)).max().unwrap_or(0).min(inner.width / 2);
        for (at, row) in (top..list.choices.len()).zip(inner.rows()) {
            frame.render_widget(list.choices[at].line(label, row.width, Some(at) == list.chosen), row);
        }
    }
}

impl Kind {
    fn title(self) -> &'static str {
        match self {
            Self::Person | Self::Name | Self::Banned => "people",
            Self::Role | Self::ServerRole => "roles",
            Self::Room | Self::AnyRoom => "rooms",
            Self::Command => "commands",
            Self::Theme => "themes",
            Self::Level => "notify me of",
            Self::Emoji => "emoji",
        }
    }
}

impl Offer {
    /// A user, in a message with a sign.
    fn name(kind: Kind, name: &str, note: &str) -> Self {
        let sign = if kind == Kind::Person { "@" } else { "" };
        let (text, label) = (format!("{sign}{name} "), format!("@{name}"));
        Self { key: name.to_lowercase(), text, label, note: note.to_owned() }
    }

    fn line(&self, label: u16, columns: u16, chosen: bool) -> Line<'static> {
        let name = clip(&self.label, label);
        let fill = usize::from(label - width(&name));
        let line = Line::from(vec![
            Span::styled(if chosen { "❯ " } else { "  " }, Styles::ACCENT),
            Span::raw(name),
            Span::styled(
                format!("{}  {}", " ".repeat(fill), clip(&self.note, columns.saturating_sub(label + 4))),
                Styles::FAINT,
            ),
        ]);
        if chosen { Styles::chosen(line) } else { line }
    }
}

/// The kind of the word before the cursor and the byte at which it begins.
fn word(editor: &Editor) -> Option<(Kind, usize)> {
    let before = &editor.text()[..editor.cursor()];
    if let Some((command, kind)) = ARGUMENTS.iter().find(|(command, _)| before.starts_with(command))
        && !before.contains('\n')
    {
        return Some((*kind, command.len())); // a room's name may contain spaces and may omit its sign
    }
    if let Some(found) = person_or_role(before) {
        return Some(found);
    }
    if before.strip_prefix(ADMIN).is_some_and(|word| !word.contains(char::is_whitespace)) {
        return Some((Kind::Command, 0));
    }
    let begin =
        before.rfind(char::is_whitespace).map_or(0, |at| at + before[at..].chars().next().map_or(0, char::len_utf8));
    if begin == 0 && before.starts_with('/') && !before.starts_with("//") {
        return Some((Kind::Command, 0));
    }
    before[begin..].char_indices().rev().find_map(|(at, sign)| {
        let kind = match sign {
            '@' => Kind::Person,
            '#' => Kind::Room,
            ':' => Kind::Emoji,
            _ => return None,
        };
        let inside = before[..begin + at].chars().next_back().is_some_and(char::is_alphanumeric);
        (!inside).then_some((kind, begin + at))
    })
}

/// The name in a command about a person, or the role behind it.
fn person_or_role(before: &str) -> Option<(Kind, usize)> {
    let command = PEOPLE.iter().find(|command| before.starts_with(**command)).filter(|_| !before.contains('\n'))?;
    let args = &before[command.len()..];
    match args.find(char::is_whitespace) {
        None if *command == "/unban " => Some((Kind::Banned, command.len())),
        None => Some((Kind::Name, command.len())),
        Some(at) if !args[at + 1..].contains(char::is_whitespace) => {
            let kind = match *command {
                "/role " => Kind::Role,
                "/admin role " => Kind::ServerRole,
                _ => return None,
            };
            Some((kind, command.len() + at + 1))
        }
        Some(_) => None,
    }
}

/// The start of a room name with spaces, if a part of that name ends at the cursor.
fn spaced_room<'a, N: Iterator<Item = &'a Room>>(editor: &Editor, rooms: impl FnOnce() -> N) -> Option<usize> {
    let before = &editor.text()[..editor.cursor()];
    let line = before.rfind('\n').map_or(0, |at| at + 1);
    if before[line..].starts_with('/') && ARGUMENTS.iter().any(|(command, _)| before[line..].starts_with(command)) {
        return None;
    }
    let at = line + before[line..].rfind('#')?;
    let typed = &before[at + 1..];
    let begins_word = !before[..at].chars().next_back().is_some_and(char::is_alphanumeric);
    if !begins_word || !typed.contains(' ') || typed.starts_with(' ') || typed.chars().count() > ROOM_NAME_MAX {
        return None;
    }
    let typed = typed.to_lowercase();
    rooms().any(|room| room.info.name.to_lowercase().starts_with(&typed)).then_some(at)
}

/// The rooms that `#name` can refer to in a message. If several have one name, it is the one that the user is in.
fn room_names(model: &Model) -> impl Iterator<Item = &Room> {
    nameable(model).filter(|room| room.info.kind == RoomKind::Public)
}

/// The rooms that a name can refer to: those that the user is in, then the public ones; each name once.
fn nameable(model: &Model) -> impl Iterator<Item = &Room> {
    let mut names = HashSet::new();
    let reached = |room: &&Room| !room.gone && room.info.kind != RoomKind::Direct;
    model.ordered().filter(reached).filter(move |room| names.insert(room_key(&room.info.name)))
}

fn gather(model: &Model, word: Word) -> Vec<Offer> {
    let offer = |key: &str, text: String, label: String, note: &str| Offer {
        key: key.to_lowercase(),
        text,
        label,
        note: note.to_owned(),
    };
    match word.kind {
        Kind::Person | Kind::Name | Kind::Banned => people(model, word.room, word.kind == Kind::Banned)
            .into_iter()
            .map(|(name, note)| Offer::name(word.kind, name, note))
            .collect(),
        Kind::Role => ROLES.iter().map(|(name, _)| offer(name, (*name).to_owned(), (*name).to_owned(), "")).collect(),
        Kind::ServerRole => {
            SERVER_ROLES.iter().map(|(name, _)| offer(name, (*name).to_owned(), (*name).to_owned(), "")).collect()
        }
        Kind::Room => room_names(model)
            .map(|room| &room.info)
            .map(|info| offer(&info.name, format!("#{} ", info.name), format!("#{}", info.name), &info.topic))
            .collect(),
        Kind::AnyRoom => nameable(model)
            .map(|room| {
                let sign = if room.info.kind == RoomKind::Public { "#" } else { "" };
                let (name, topic) = (&room.info.name, &room.info.topic);
                offer(name, format!("{sign}{name} "), room_name(room), topic)
            })
            .collect(),
        Kind::Command => COMMANDS
            .iter()
            .filter(|command| is_offered(model, command))
            .map(|command| {
                let air = if command.args.is_empty() { "" } else { " " };
                let label = format!("/{} {}", command.name, command.args);
                offer(command.name, format!("/{}{air}", command.name), label.trim_end().to_owned(), command.help)
            })
            .collect(),
        Kind::Theme => model.themes.iter().map(|name| offer(name, name.to_string(), name.to_string(), "")).collect(),
        Kind::Level => LEVELS.iter().map(|(name, _)| offer(name, (*name).to_owned(), (*name).to_owned(), "")).collect(),
        Kind::Emoji => {
            EMOJI.iter().map(|&(name, emoji)| offer(name, emoji.to_owned(), format!("{emoji} :{name}:"), "")).collect()
        }
    }
}

/// People, the latest to speak in this room first, then those of the other rooms, then the user. With `bans`, those who
/// are banned from this room come before them.
fn people(model: &Model, open: RoomId, bans: bool) -> Vec<(&str, &'static str)> {
    let here = model.rooms.get(&open).into_iter().map(|room| (room, ""));
    let elsewhere = model.rooms.values().filter(|room| room.info.id != open).map(|room| (room, "in other rooms"));
    let me = model.account.as_ref().map(|account| &account.user);
    let mut known: HashSet<UserId> = me.map(|me| me.id).into_iter().collect();
    let mut people = Vec::new();
    let banned = model.rooms.get(&open).filter(|_| bans).into_iter().flat_map(|room| room.participants.banned());
    people.extend(banned.filter(|(id, _)| known.insert(*id)).map(|(_, name)| (name, "banned")));
    for (room, note) in here.chain(elsewhere) {
        let senders = room.timeline.messages.iter().rev().take(RECENT).map(|message| &message.sender);
        people.extend(senders.filter(|sender| known.insert(sender.id)).map(|sender| (sender.name.as_str(), note)));
        let peer = room.peer.iter().map(|peer| (peer.id, peer.name.as_str()));
        let members = peer.chain(room.participants.names()).filter(|(id, _)| known.insert(*id));
        people.extend(members.map(|(_, name)| (name, note)));
    }
    people.extend(me.map(|me| (me.name.as_str(), "you")));
    people
}

/// Candidates that begin with the typed text, then those that contain it; each group in its order.
fn matching(offers: &[Offer], typed: &str) -> Vec<Offer> {
    let typed = typed.trim_start_matches(['@', '#', '/', ':']).trim_end_matches(':').trim_end().to_lowercase();
    let begins = offers.iter().filter(|offer| offer.key.starts_with(&typed));
    let holds = offers.iter().filter(|offer| !offer.key.starts_with(&typed) && offer.key.contains(&typed));
    begins.chain(holds).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word_in(text: &str) -> Option<(Kind, &str)> {
        word(&Editor::new(text)).map(|(kind, start)| (kind, &text[start..]))
    }

    #[test]
    fn a_sign_begins_a_word_only_after_a_word_boundary() {
        assert_eq!(word_in("hi @bo"), Some((Kind::Person, "@bo")));
        assert_eq!(word_in("(@bo"), Some((Kind::Person, "@bo")));
        assert_eq!(word_in("see #up"), Some((Kind::Room, "#up")));
        assert_eq!(word_in("日本\u{3000}:ta"), Some((Kind::Emoji, ":ta")));
        for plain in ["", "hi", "alice@example", "https:/", "@bo ", "a /jo", "//jo"] {
            assert_eq!(word_in(plain), None, "{plain}");
        }
    }

    #[test]
    fn the_argument_of_a_command_is_completed() {
        assert_eq!(word_in("/theme da"), Some((Kind::Theme, "da")));
        assert_eq!(word_in("/notify "), Some((Kind::Level, "")));
        assert_eq!(word_in("/theme x\n@a"), Some((Kind::Person, "@a")));
        assert_eq!(word_in("/admin su"), Some((Kind::Command, "/admin su")));
        assert_eq!(word_in("/admin suspend bo"), Some((Kind::Name, "bo")));
        assert_eq!(word_in("/admin role bob ad"), Some((Kind::ServerRole, "ad")));
        assert_eq!(word_in("/admin invite #ga"), Some((Kind::AnyRoom, "#ga")));
    }

    #[test]
    fn commands_stand_at_the_start_and_join_takes_a_name_with_spaces() {
        assert_eq!(word_in("/jo"), Some((Kind::Command, "/jo")));
        assert_eq!(word_in("/join upcoming ev"), Some((Kind::AnyRoom, "upcoming ev")));
        assert_eq!(word_in("/join #up"), Some((Kind::AnyRoom, "#up")));
    }
}
