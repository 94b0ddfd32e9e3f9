//! The rows of the keymap: context, key, Action, help text.

use tuirealm::event::Key;

use super::Chord;
use crate::{
    model::{ComponentId, DialogId},
    update::{Action, commands::COMMANDS},
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// Where the key is bound.
    pub context: Context,
    pub chord: Chord,
    pub action: Action,
    /// The help text; rows with the same context and Action have the same text.
    pub help: &'static str,
}

/// Where a row applies. Several contexts apply at once; the innermost wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Context {
    /// A message is selected.
    Selection,
    /// The search line is open.
    Find,
    Composer,
    /// Rooms and messages, without a dialog.
    Screen,
    /// Any text input.
    Text,
    /// Forms with several fields.
    Form,
    /// Dialogs with a list or a long text.
    List,
    /// Always.
    Everywhere,
}

impl Context {
    /// All contexts, in the order of the help.
    pub const ALL: [Self; 8] = [
        Self::Screen,
        Self::Selection,
        Self::Find,
        Self::Composer,
        Self::Text,
        Self::List,
        Self::Form,
        Self::Everywhere,
    ];

    /// The contexts that apply while `focus` has the keyboard, innermost first.
    #[must_use]
    pub fn of(focus: ComponentId) -> &'static [Self] {
        match focus {
            ComponentId::Composer => &[Self::Composer, Self::Text, Self::Screen, Self::Everywhere],
            ComponentId::Find => &[Self::Find, Self::Text, Self::Screen, Self::Everywhere],
            ComponentId::Rooms => &[Self::Screen, Self::Everywhere],
            ComponentId::SignIn
            | ComponentId::Dialog(DialogId::CreateRoom | DialogId::SignedOut | DialogId::Password) => {
                &[Self::Form, Self::Text, Self::Everywhere]
            }
            ComponentId::Dialog(
                DialogId::Switcher | DialogId::React | DialogId::Search | DialogId::People | DialogId::Users,
            ) => &[Self::List, Self::Text, Self::Everywhere],
            ComponentId::Dialog(
                DialogId::Help
                | DialogId::Ask
                | DialogId::Review
                | DialogId::Inbox
                | DialogId::Bans
                | DialogId::Sessions
                | DialogId::Invites
                | DialogId::Invited,
            ) => &[Self::List, Self::Everywhere],
            ComponentId::History => &[Self::Selection, Self::Screen, Self::Everywhere],
            ComponentId::Status => &[Self::Everywhere],
        }
    }

    /// The heading in the help.
    #[must_use]
    pub fn heading(self) -> &'static str {
        match self {
            Self::Composer => "Writing a message",
            Self::Selection => "A chosen message",
            Self::Find => "Searching in a room",
            Self::Screen => "Rooms and reading",
            Self::Text => "Editing text",
            Self::Form => "Forms",
            Self::List => "Lists and long texts",
            Self::Everywhere => "Always",
        }
    }
}

/// Plain keys that components handle themselves; listed only in the help.
pub const PLAIN: &[(Context, &str, &str)] = &[
    (Context::Screen, "Up, Down, Enter", "in the side bar: choose a room and open it"),
    (Context::Composer, "Up, Down", "at the first or last row: earlier inputs, and back to the draft"),
    (Context::Composer, "End", "on an empty input: go to the newest message"),
    (Context::Composer, "mouse wheel", "scrolls, if the terminal sends it as three or more arrows at once"),
    (Context::List, "Up, Down, Enter", "choose"),
    (Context::List, "Home, End", "in the help and the inbox: go to the start or the end"),
    (Context::List, "y, n", "answer a question"),
    (Context::List, "y", "on a new invite: copy its link"),
    (Context::List, "1 … 9", "reacting: toggle what is already there"),
    (Context::List, "e, d", "on a refused message: edit; discard after y (Up brings it back)"),
    (Context::Form, "Up, Down, Enter", "go to the other field; submit"),
    (Context::Form, "Space", "toggle a check box"),
];

/// The slash command equivalent to `action`, for terminals that keep a key for themselves.
#[must_use]
pub fn command(action: Action) -> Option<&'static str> {
    let name = match action {
        Action::RoomNumber(_) => "room",
        Action::CreateRoom => "create",
        Action::Unfold => "unfold",
        _ => "",
    };
    COMMANDS.iter().find(|command| command.action == Some(action) || command.name == name).map(|command| command.name)
}

/// The built-in table.
pub(super) fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    let mut add = |context, chords: &[Chord], action, help| {
        rows.extend(chords.iter().map(|&chord| Row { context, chord, action, help }));
    };
    screen(&mut add);
    selection(&mut add);
    find(&mut add);
    composer(&mut add);
    text(&mut add);
    forms(&mut add);
    everywhere(&mut add);
    rows
}

type Add<'a> = dyn FnMut(Context, &[Chord], Action, &'static str) + 'a;

fn screen(add: &mut Add<'_>) {
    use Context::Screen;
    let c = Key::Char;
    add(Screen, &[Chord::ctrl(c('k')), Chord::ctrl(c('g'))], Action::Switch, "go to a room; a new name creates one");
    add(Screen, &[Chord::alt(Key::Down), Chord::ctrl(c('n'))], Action::NextRoom, "next room");
    add(Screen, &[Chord::alt(Key::Up), Chord::ctrl(c('p'))], Action::PreviousRoom, "previous room");
    add(Screen, &[Chord::alt(c('a'))], Action::NextUnread, "next unread room, mentions first");
    add(Screen, &[Chord::alt(c('s'))], Action::LastRoom, "previously open room");
    for n in 1..=9u8 {
        add(Screen, &[Chord::alt(c(char::from(b'0' + n)))], Action::RoomNumber(n), "room by number");
    }
    add(Screen, &[Chord::plain(Key::PageUp)], Action::PageUp, "a page back");
    add(Screen, &[Chord::plain(Key::PageDown)], Action::PageDown, "a page forward");
    add(Screen, &[Chord::shift(Key::Up)], Action::LineUp, "a line back");
    add(Screen, &[Chord::shift(Key::Down)], Action::LineDown, "a line forward");
    add(Screen, &[Chord::alt(c('u'))], Action::ToNew, "go to the \"new\" line");
    add(Screen, &[Chord::ctrl(c('f'))], Action::Find, "find text in this room");
    add(Screen, &[Chord::alt(c('/'))], Action::Search, "search all rooms");
    add(Screen, &[Chord::alt(c('i'))], Action::Inbox, "inbox: the messages that mention you");
    add(Screen, &[Chord::alt(Key::Left)], Action::Back, "go back to where you were before a jump");
    add(Screen, &[Chord::alt(Key::Right)], Action::Forward, "go forward again");
    add(Screen, &[Chord::ctrl(Key::End)], Action::ToBottom, "go to the newest message");
    add(Screen, &[Chord::plain(Key::Tab)], Action::FocusRooms, "go to the side bar and back");
    let bare = "hide side bar and frames, to copy with the mouse";
    add(Screen, &[Chord::plain(Key::Function(2))], Action::Bare, bare);
    add(Screen, &[Chord::plain(Key::Function(5))], Action::Reconnect, "reconnect now");
    add(Screen, &[Chord::alt(c('m'))], Action::Select, "choose a message, to reply to it, react to it or copy it");
    add(Screen, &[Chord::alt(c('e'))], Action::Edit, "edit your last message");
    add(Screen, &[Chord::alt(c('c'))], Action::CreateRoom, "create a room");
    add(Screen, &[Chord::alt(c('v'))], Action::Review, "list refused messages");
    add(Screen, &[Chord::alt(c('w'))], Action::People, "list the people in this room");
}

fn selection(add: &mut Add<'_>) {
    use Context::Selection;
    let plain = |c| Chord::plain(Key::Char(c));
    add(Selection, &[plain('k'), Chord::plain(Key::Up)], Action::LineUp, "previous message");
    add(Selection, &[plain('j'), Chord::plain(Key::Down)], Action::LineDown, "next message");
    add(Selection, &[plain('g'), Chord::plain(Key::Home)], Action::SelectFirst, "first loaded message");
    add(Selection, &[plain('G'), Chord::plain(Key::End)], Action::SelectLast, "newest message");
    add(Selection, &[plain('y')], Action::Copy, "copy its text");
    add(Selection, &[plain('Y')], Action::CopyWithAuthor, "copy it with author and time");
    add(Selection, &[plain('o')], Action::CopyLinks, "copy its links");
    add(Selection, &[plain('r')], Action::Reply, "reply to it");
    add(Selection, &[plain('p')], Action::ToReplied, "go to the message it replies to");
    add(Selection, &[Chord::plain(Key::Enter)], Action::Unfold, "unfold a long message; repeat to fold it");
    add(Selection, &[plain('i')], Action::Details, "show its number and times");
    add(Selection, &[plain('e')], Action::Edit, "edit it");
    add(Selection, &[plain('d')], Action::Delete, "delete it, after a question");
    add(Selection, &[plain('+')], Action::React, "react to it");
    for n in 1..=9u8 {
        let digit = char::from(b'0' + n);
        add(Selection, &[plain(digit)], Action::ToggleReaction(n), "react like others; repeat to take it back");
    }
}

fn find(add: &mut Add<'_>) {
    use Context::Find;
    let next = [Chord::plain(Key::Enter), Chord::plain(Key::Down)];
    add(Find, &next, Action::FindNext, "next match");
    add(Find, &[Chord::plain(Key::Up)], Action::FindPrevious, "previous match");
    add(Find, &[Chord::alt(Key::Char('m'))], Action::Select, "choose the found message and stay there");
}

fn composer(add: &mut Add<'_>) {
    use Context::Composer;
    let c = Key::Char;
    add(Composer, &[Chord::plain(Key::Enter)], Action::Send, "send");
    let newline = [Chord::alt(Key::Enter), Chord::ctrl(c('j')), Chord::shift(Key::Enter)];
    add(Composer, &newline, Action::Newline, "new line");
    add(Composer, &[Chord::ctrl(c('x'))], Action::OpenEditor, "edit the draft in $VISUAL or $EDITOR");
    let complete = "complete @name, #room, /command or :emoji:; on an empty input: side bar";
    add(Composer, &[Chord::plain(Key::Tab)], Action::Complete, complete);
    add(Composer, &[Chord::plain(Key::BackTab)], Action::CompleteBack, "previous suggestion");
    add(Composer, &[Chord::ctrl(c('k'))], Action::KillOrSwitch, "delete to the end of the line, or go to a room");
}

fn text(add: &mut Add<'_>) {
    use Context::Text;
    let c = Key::Char;
    add(Text, &[Chord::ctrl(c('a'))], Action::LineStart, "start of the line");
    add(Text, &[Chord::ctrl(c('e'))], Action::LineEnd, "end of the line");
    add(Text, &[Chord::ctrl(c('b'))], Action::CharBack, "a character back");
    add(Text, &[Chord::ctrl(Key::Left), Chord::alt(c('b'))], Action::WordBack, "a word back");
    add(Text, &[Chord::ctrl(Key::Right), Chord::alt(c('f'))], Action::WordForward, "a word forward");
    add(Text, &[Chord::ctrl(c('h'))], Action::DeleteBack, "delete the character before");
    add(Text, &[Chord::ctrl(c('d'))], Action::DeleteForward, "delete the character after");
    let word_back = [Chord::ctrl(c('w')), Chord::alt(Key::Backspace), Chord::ctrl(Key::Backspace)];
    add(Text, &word_back, Action::DeleteWordBack, "delete the word before");
    add(Text, &[Chord::ctrl(Key::Delete), Chord::alt(c('d'))], Action::DeleteWordForward, "delete the word after");
    add(Text, &[Chord::ctrl(c('u'))], Action::DeleteToStart, "delete to the start of the line");
    add(Text, &[Chord::ctrl(c('k'))], Action::KillOrSwitch, "delete to the end of the line");
    add(Text, &[Chord::ctrl(c('y'))], Action::Yank, "insert the deleted text again");
    let undo = [Chord::ctrl(c('_')), Chord::ctrl(c('7')), Chord::ctrl(c('/')), Chord::ctrl(c('-'))];
    add(Text, &undo, Action::Undo, "undo");
    add(Text, &[Chord::alt(c('r')), Chord::ctrl(c('r'))], Action::Redo, "redo");
}

fn forms(add: &mut Add<'_>) {
    use Context::{Form, List};
    let c = Key::Char;
    add(List, &[Chord::ctrl(c('n')), Chord::shift(Key::Down)], Action::LineDown, "down");
    add(List, &[Chord::ctrl(c('p')), Chord::shift(Key::Up)], Action::LineUp, "up");
    add(List, &[Chord::plain(Key::PageDown)], Action::PageDown, "a page down");
    add(List, &[Chord::plain(Key::PageUp)], Action::PageUp, "a page up");
    add(Form, &[Chord::plain(Key::Tab)], Action::NextField, "next field");
    add(Form, &[Chord::plain(Key::BackTab)], Action::PreviousField, "previous field");
    add(Form, &[Chord::plain(Key::Function(3))], Action::Register, "register (when signing in)");
    add(Form, &[Chord::plain(Key::Function(4))], Action::ShowPassword, "show or hide the password");
}

fn everywhere(add: &mut Add<'_>) {
    use Context::Everywhere;
    let c = Key::Char;
    add(Everywhere, &[Chord::plain(Key::Function(1))], Action::Help, "this help");
    add(Everywhere, &[Chord::plain(Key::Esc)], Action::Cancel, "close, go back; never loses text");
    add(
        Everywhere,
        &[Chord::ctrl(c('c'))],
        Action::Interrupt,
        "clear the draft (Up brings it back); twice on an empty input: quit",
    );
    add(Everywhere, &[Chord::ctrl(c('d'))], Action::EndOfInput, "on an empty input: like Ctrl+C");
    add(Everywhere, &[Chord::ctrl(c('q'))], Action::Quit, "quit");
    add(Everywhere, &[Chord::ctrl(c('l'))], Action::Redraw, "redraw the screen");
    add(Everywhere, &[Chord::ctrl(c('z'))], Action::Suspend, "suspend, back to the shell");
}
