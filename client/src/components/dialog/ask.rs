//! A question with yes and no, and what it is about, for example the messages that are not sent yet.

use quchat_shared::{RoomId, Seq, UserRef, pin::Pin, room::RoomKind};
use tuirealm::{
    event::{Event, Key, KeyEvent},
    ratatui::{
        Frame,
        layout::Rect,
        style::Style,
        text::{Line, Span},
    },
};

use super::{
    super::{ScreenComponent, rooms::room_name, styles::Styles},
    keys::keys,
};
use crate::{
    keymap::Keymap,
    model::{Dialog, Model, Question, Room, Server, Storage},
    text::{clip, editor::BYTES_MAX, wrap},
    update::{Action, Msg, measure},
};

/// Unsent messages that are listed; the rest are only counted.
const NAMED: usize = 5;
/// Lines of a paste that are shown.
const SHOWN: usize = 3;
const COLUMNS: u16 = 58;

/// The question as drawn.
#[derive(Default)]
pub(in super::super) struct Ask {
    title: &'static str,
    lines: Vec<Said>,
    yes: String,
    /// Only y confirms, because it cannot be undone. Enter is pressed too easily, and may still be held down.
    earnest: bool,
    /// There is no yes: the paste is too long to edit as one message, or it is not for the user to decide.
    no_yes: bool,
    /// What the key s does, if it does anything.
    split: Option<String>,
    no: &'static str,
    /// The key that answers no.
    stay: String,
}

/// A line of the question: a sentence is wrapped, a quotation is cut.
struct Said {
    text: String,
    style: Style,
    quoted: bool,
}

impl Said {
    fn rows(&self, columns: u16) -> Vec<String> {
        match self.quoted {
            true => vec![clip(&self.text, columns)],
            false => wrap(&self.text, columns.max(1)).into_iter().map(|row| row.text).collect(),
        }
    }
}

impl Ask {
    pub(in super::super) fn new(keymap: &Keymap) -> Self {
        Self { stay: keymap.named(Action::Cancel), ..Self::default() }
    }

    fn say(&mut self, text: impl Into<String>, style: Style) {
        self.lines.push(Said { text: text.into(), style, quoted: false });
    }

    fn quote(&mut self, text: String, style: Style) {
        self.lines.push(Said { text, style, quoted: true });
    }

    fn unsent(&mut self, model: &Model) {
        for (room, text) in model.at_stake().take(NAMED) {
            self.quote(format!("◌ {}  {text}", room_name(room)), Styles::PLAIN);
        }
        match model.at_stake().count() {
            0 => {}
            n => {
                if n > NAMED {
                    self.say(format!("… and {} more", n - NAMED), Styles::PLAIN);
                }
                let (fate, style) = match (&model.storage, n) {
                    (Storage::Kept | Storage::Opening, 1) => ("It is saved and sent when you are back.", Styles::FAINT),
                    (Storage::Kept | Storage::Opening, _) => {
                        ("They are saved and sent when you are back.", Styles::FAINT)
                    }
                    (_, 1) => ("It is not saved on this machine and will be lost.", Styles::WRONG),
                    _ => ("They are not saved on this machine and will be lost.", Styles::WRONG),
                };
                self.say(fate, style);
            }
        }
    }

    /// Says how a text that is too long for one message would be split.
    fn splits(&mut self, text: &str) {
        let (messages, characters, more) = measure(text);
        let many = "more than the 4,000 of one message";
        let fate = match more {
            true => format!("Sent now, it becomes {messages} messages, split at line ends; Up brings back the rest."),
            false => format!("Sent now, it becomes {messages} messages, split at line ends."),
        };
        self.say(format!("It has {characters} characters, {many}. {fate}"), Styles::PLAIN);
    }

    fn paste(&mut self, model: &Model, question: &Question) {
        let Question::Paste { room, text, at } = question else { return };
        let room = model.rooms.get(room);
        self.title = "paste";
        self.yes = "paste".to_owned();
        self.no = "leave it out; Up brings it back";
        let draft = room.map_or("", |room| &room.draft.text);
        let (before, after) = draft.split_at_checked(*at).unwrap_or((draft, ""));
        let whole = format!("{before}{text}{after}");
        let (messages, ..) = measure(&whole);
        let text = text.trim_end_matches('\n');
        let count = text.split('\n').count();
        let name = room.map_or_else(String::new, room_name);
        self.say(format!("Paste {count} lines into the message to {name}?"), Styles::STRONG);
        if messages > 1 {
            self.splits(&whole); // first, because a small screen cuts the lines
        }
        for line in text.split('\n').take(SHOWN) {
            self.quote(format!("│ {line}"), Styles::FAINT);
        }
        if count > SHOWN {
            self.say(format!("… and {} more", count - SHOWN), Styles::FAINT);
        }
        if messages > 1 {
            self.no_yes = whole.len() > BYTES_MAX;
            self.split = Some(format!("send as {messages} messages"));
            "edit it here".clone_into(&mut self.yes);
        }
    }

    fn delete(&mut self, model: &Model, room: RoomId, seq: Seq) {
        self.title = "delete";
        self.yes = "delete".to_owned();
        self.no = "keep it";
        let message = model.rooms.get(&room).and_then(|room| room.message(seq));
        let Some(message) = message.filter(|message| message.deleted_at.is_none()) else {
            return self.say("The message is deleted already.", Styles::PLAIN);
        };
        let whose = match model.me() == Some(message.sender.id) {
            true => "your message".to_owned(),
            false => format!("the message of {}", message.sender.name),
        };
        self.say(format!("Delete {whose} for everyone? It cannot be brought back."), Styles::STRONG);
        let mut lines = message.text.lines().filter(|line| !line.trim().is_empty());
        for line in lines.by_ref().take(SHOWN) {
            self.quote(format!("│ {line}"), Styles::FAINT);
        }
        match lines.count() {
            0 => {}
            more => self.say(format!("… and {more} more"), Styles::FAINT),
        }
    }

    fn leave(&mut self, room: Option<&Room>) {
        self.title = "leave";
        self.yes = "leave".to_owned();
        let name = room.map_or_else(String::new, room_name);
        let Some(room) = room.filter(|room| room.gone) else {
            return self.say(format!("Leave {name}? You can only come back by invitation."), Styles::PLAIN);
        };
        self.yes = "discard and leave".to_owned();
        self.say(format!("Leave {name} and discard what was not sent there?"), Styles::STRONG);
        let texts = room.unsent().map(|pending| &*pending.text).chain([&*room.draft.text]);
        let texts: Vec<&str> = texts.filter(|text| !text.trim().is_empty()).collect();
        for text in texts.iter().take(NAMED) {
            self.quote(format!("│ {text}"), Styles::FAINT);
        }
        if texts.len() > NAMED {
            self.say(format!("… and {} more", texts.len() - NAMED), Styles::FAINT);
        }
    }

    fn question(&mut self, model: &Model, question: &Question) {
        match question {
            Question::Quit { unsent } => {
                self.title = "quit";
                self.yes = "quit".to_owned();
                self.say(are(*unsent), Styles::STRONG);
                self.unsent(model);
            }
            Question::SignOut { unsent } => {
                self.title = "sign out";
                self.yes = "sign out".to_owned();
                let name = model.account.as_ref().map_or("", |account| account.user.name.as_str());
                self.say(format!("Sign {name} out? Drafts stay on this machine."), Styles::PLAIN);
                if *unsent > 0 {
                    self.say(are(*unsent), Styles::STRONG);
                    self.unsent(model);
                }
            }
            Question::Leave { room } => self.leave(model.rooms.get(room)),
            Question::CatchUp { rooms, messages } => {
                self.title = "catch up";
                self.yes = "mark as read".to_owned();
                self.no = "leave as it is";
                let count = |n: u64, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
                let text =
                    format!("Mark {} in {} as read?", count(*messages, "message"), count(rooms.len() as u64, "room"));
                self.say(text, Styles::PLAIN);
            }
            Question::Paste { .. } => self.paste(model, question),
            Question::Split { room } => {
                let room = model.rooms.get(room);
                self.title = "send";
                self.no = "keep editing";
                let draft = room.map_or("", |room| &room.draft.text);
                let name = room.map_or_else(String::new, room_name);
                self.say(format!("Send this to {name} as several messages?"), Styles::STRONG);
                self.splits(draft);
                self.yes = format!("send as {} messages", measure(draft).0);
            }
            Question::DeleteMessage { room, seq } => self.delete(model, *room, *seq),
            Question::Trust(approach) => self.trust(&approach.server),
            Question::ChangedKey { server, seen } => self.changed_key(server, *seen),
            Question::DeleteRoom { room }
            | Question::Archive { room }
            | Question::Remove { room, .. }
            | Question::Ban { room, .. } => self.moderate(model.rooms.get(room), question),
            Question::Suspend { user } => self.suspend(user),
        }
    }

    /// The first contact with a key.
    fn trust(&mut self, server: &Server) {
        self.title = "unknown server";
        self.yes = "trust it and connect".to_owned();
        self.no = "do not connect";
        self.say(format!("quchat does not know {} yet. Its key is:", server.origin.authority()), Styles::STRONG);
        self.say(server.pin.map_or_else(String::new, |pin| pin.to_string()), Styles::ACCENT);
        let how = "Compare it with the key that the server printed when it started, or with what its operator tells you. \
                   If it is another one, somebody may be reading along. quchat remembers it and does not ask again.";
        self.say(how, Styles::PLAIN);
    }

    /// Another key than the known one. No key accepts it: that would become a habit.
    fn changed_key(&mut self, server: &Server, seen: Pin) {
        self.title = "the key has changed";
        self.no_yes = true;
        self.no = "back";
        let address = server.origin.authority();
        self.say(format!("{address} shows another key than before. Nothing was sent to it."), Styles::WRONG);
        self.say("Its key now, and before:", Styles::PLAIN);
        self.say(seen.to_string(), Styles::PLAIN);
        self.say(server.pin.map_or_else(String::new, |pin| pin.to_string()), Styles::PLAIN);
        let why = "Either the server has a new key, or somebody between you and it pretends to be it. Ask its operator, \
                   but not here.";
        self.say(why, Styles::PLAIN);
        self.say("Only if the new key is right, quit and run:", Styles::PLAIN);
        self.say(format!("quchat forget-key {}", server.origin), Styles::STRONG);
    }

    /// What moderators do to a room or its members.
    fn moderate(&mut self, room: Option<&Room>, question: &Question) {
        let name = room.map_or_else(String::new, room_name);
        let (title, yes, no, what, fate) = match question {
            Question::Archive { .. } => (
                "archive",
                "archive",
                "leave it open",
                format!("Archive {name}? Nobody can write there any more."),
                "Its messages stay readable. /archive opens it again.",
            ),
            Question::Remove { user, .. } => (
                "remove",
                "remove",
                "keep them",
                format!("Remove {} from {name}?", user.name),
                match room.map(|room| room.info.kind) {
                    Some(RoomKind::Public) => "They can join again; /ban keeps them out.",
                    _ => "They can only come back if a member adds them.",
                },
            ),
            Question::Ban { user, .. } => (
                "ban",
                "ban",
                "do not ban",
                format!("Ban {} from {name}?", user.name),
                "They are removed and cannot come back until the ban is lifted.",
            ),
            _ => (
                "delete",
                "delete for everybody",
                "keep it",
                format!("Delete {name} with all its messages, for everybody?"),
                "This cannot be undone. /archive keeps the messages readable.",
            ),
        };
        (self.title, self.yes, self.no) = (title, yes.to_owned(), no);
        self.say(what, Styles::STRONG);
        self.say(fate, Styles::PLAIN);
        if let Question::Ban { reason: Some(reason), .. } = question {
            self.say(format!("Reason: {reason}"), Styles::FAINT);
        }
    }

    fn suspend(&mut self, user: &UserRef) {
        self.title = "suspend";
        self.yes = "suspend".to_owned();
        self.no = "do not suspend";
        self.say(format!("Suspend {} on this server?", user.name), Styles::STRONG);
        let fate = format!(
            "Their sessions end, and they cannot sign in until /admin unsuspend {}. Their messages stay.",
            user.name
        );
        self.say(fate, Styles::PLAIN);
    }

    /// The possible answers, as many rows as fit.
    fn foot(&self, columns: u16) -> Vec<Line<'static>> {
        let mut choices = Vec::new();
        if !self.no_yes {
            choices.push((if self.earnest { "y" } else { "Enter" }, &*self.yes));
        }
        choices.extend(self.split.iter().map(|what| ("s", &**what)));
        choices.push((&self.stay, self.no));
        keys(Span::raw(""), &choices, columns)
    }
}

fn are(unsent: usize) -> String {
    match unsent {
        1 => "One message is not sent yet:".to_owned(),
        n => format!("{n} messages are not sent yet:"),
    }
}

impl ScreenComponent for Ask {
    fn show(&mut self, model: &Model) {
        let Some(question) = model.dialogs.iter().rev().find_map(|dialog| match dialog {
            Dialog::Ask(question) => Some(question),
            _ => None,
        }) else {
            return;
        };
        self.lines.clear();
        self.no = "stay";
        self.split = None;
        self.no_yes = false;
        self.earnest = matches!(
            question,
            Question::Leave { .. }
                | Question::Split { .. }
                | Question::DeleteMessage { .. }
                | Question::DeleteRoom { .. }
                | Question::Archive { .. }
                | Question::Remove { .. }
                | Question::Ban { .. }
                | Question::Trust(_)
                | Question::Suspend { .. }
        );
        self.question(model, question);
    }

    fn draw(&mut self, frame: &mut Frame<'_>, area: Rect, _focused: bool) {
        let inner = Styles::dialog(frame, area, self.title);
        let foot = self.foot(inner.width);
        let body = inner.height.saturating_sub(u16::try_from(foot.len()).unwrap_or(u16::MAX));
        let said = self.lines.iter().flat_map(|said| said.rows(inner.width).into_iter().map(|row| (row, said.style)));
        for (row, (text, style)) in inner.rows().take(usize::from(body)).zip(said) {
            frame.render_widget(Span::styled(text, style), row);
        }
        for (row, line) in inner.rows().skip(usize::from(body)).zip(foot) {
            frame.render_widget(line, row);
        }
    }

    fn on(&mut self, event: &Event<Action>) -> Option<Msg> {
        match event.as_keyboard()? {
            KeyEvent { code: Key::Char('s' | 'S'), .. } if self.split.is_some() => Some(Msg::SplitPaste),
            KeyEvent { code: Key::Enter | Key::Char('y' | 'Y'), .. } if self.no_yes => Some(Msg::Redraw),
            KeyEvent { code: Key::Enter, .. } => (!self.earnest).then_some(Msg::Answer(true)),
            KeyEvent { code: Key::Char('y' | 'Y'), .. } => Some(Msg::Answer(true)),
            KeyEvent { code: Key::Char('n' | 'N'), .. } => Some(Msg::Answer(false)),
            _ => None,
        }
    }

    fn wanted_in(&self, columns: u16) -> (u16, u16) {
        let columns = columns.saturating_sub(4).min(COLUMNS);
        let rows: usize = self.lines.iter().map(|said| said.rows(columns).len()).sum();
        let rows = u16::try_from(rows + self.foot(columns).len()).unwrap_or(u16::MAX);
        (columns + 4, rows.saturating_add(3))
    }
}
