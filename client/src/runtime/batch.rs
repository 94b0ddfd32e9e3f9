//! Interprets keys that arrive together.
//!
//! A slow connection delivers several lines at once that were typed one by one: each Enter sends its line. If the
//! terminal does not mark pastes, text that arrives together with the Enter before it counts as a paste, whose line
//! breaks must not send. A long one is treated like any paste: it asks first, and one undo removes it. Even then a line
//! that begins with a command is never taken for text, because a wrong guess would publish it. A question ignores
//! several characters at once. Three equal arrows at once are a mouse wheel, since nobody presses a key that fast.

use std::collections::VecDeque;

use quchat_shared::limits::TEXT_MAX;
use tuirealm::event::{Event, Key, KeyEvent, KeyModifiers};

use crate::{
    model::{ComponentId, DialogId},
    update::{Action, commands::is_command},
};

/// This many equal arrows at once are a mouse wheel.
const WHEEL_MIN: usize = 3;
/// This many characters at once are a paste.
pub(super) const PASTE_MIN: usize = 64;
/// This many characters at once were typed ahead. They do not answer a question.
const TYPED_AHEAD_MIN: usize = 3;
/// More lines at once are an unmarked paste, inserted by a program in between: nobody types that much, even if the
/// connection stalls for long.
const TYPED_MAX: usize = 200;
/// This many characters are enough to recognize a command at the start of a line.
const COMMAND_MAX: usize = 32;
/// A paste with more lines, or larger than a message, keeps its final line break as text; otherwise it is the Enter
/// that sends.
const LINES_MAX: usize = 20;

/// Input that is not handled yet: delivered at once, or while another program had the terminal.
#[derive(Debug, Default)]
pub(super) struct Batch {
    events: VecDeque<Event<Action>>,
    /// This many arrows at the front belong to a mouse wheel.
    wheel: usize,
    /// The terminal marks pastes, so plain text was typed.
    brackets: bool,
}

/// The meaning of a key in a batch.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Typed {
    /// The key itself.
    Event(Event<Action>),
    /// A different Action, because of the keys around it.
    Act(Action),
}

impl Batch {
    /// Appends later input.
    pub(super) fn add(&mut self, events: Vec<Event<Action>>, brackets: bool) {
        if self.events.is_empty() {
            self.wheel = 0;
        }
        self.events.extend(events);
        let lines = self.events.iter().filter_map(text).filter(|c| *c == '\n').count();
        self.brackets = brackets && lines <= TYPED_MAX;
    }

    pub(super) fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// The next key for the component with the focus. Neighbouring keys matter only in the composer, the find bar and
    /// questions: a list needs its arrows, a form its Enter. A guessed paste would follow `draft`.
    pub(super) fn next(&mut self, focus: ComponentId, draft: &str) -> Option<Typed> {
        if matches!(focus, ComponentId::Dialog(DialogId::Ask | DialogId::Review)) && self.is_text(TYPED_AHEAD_MIN) {
            self.events.drain(..self.text());
        }
        let guesses = focus == ComponentId::Composer && !self.brackets;
        let begins = self.events.front().and_then(text).is_some_and(|first| first != '\n');
        if guesses
            && begins
            && self.is_text(PASTE_MIN)
            && let Some(paste) = self.paste(draft)
        {
            return Some(Typed::Event(Event::Paste(paste)));
        }
        let event = self.events.pop_front()?;
        let Some(code) = plain(&event).filter(|_| matches!(focus, ComponentId::Composer | ComponentId::Find)) else {
            return Some(Typed::Event(event));
        };
        Some(match code {
            Key::Enter if guesses && self.text_follows() && !self.is_at_command(draft) => Typed::Act(Action::Newline),
            Key::Up | Key::Down if self.is_wheel(&event) => {
                Typed::Act(if code == Key::Up { Action::LineUp } else { Action::LineDown })
            }
            _ => Typed::Event(event),
        })
    }

    /// Whether the next `count` keys are text.
    fn is_text(&self, count: usize) -> bool {
        self.events.iter().take(count).filter_map(text).count() == count
    }

    /// The number of text keys at the front.
    fn text(&self) -> usize {
        self.events.iter().map_while(text).count()
    }

    /// The text at the front, up to a line that begins with a command; the Enter after a short text is left. `None` if
    /// the first line, together with `draft`, is a command.
    fn paste(&mut self, draft: &str) -> Option<String> {
        let mut pasted: String = self.events.iter().map_while(text).collect();
        if !draft.contains('\n') && is_command(&format!("{draft}{pasted}")) {
            return None;
        }
        let commands = pasted.match_indices('\n').map(|(at, _)| at).find(|at| is_command(&pasted[at + 1..]));
        pasted.truncate(commands.unwrap_or(pasted.len()));
        let lines = pasted.trim_end_matches('\n');
        if lines.split('\n').nth(LINES_MAX).is_none() && lines.chars().nth(TEXT_MAX).is_none() {
            pasted.truncate(lines.len());
        }
        self.events.drain(..pasted.chars().count());
        Some(pasted)
    }

    /// Whether the Enter just taken ends a command, or a line before one.
    fn is_at_command(&self, draft: &str) -> bool {
        let line = self.events.iter().map_while(text).skip_while(|c| *c == '\n').take(COMMAND_MAX).collect::<String>();
        is_command(&line) || !draft.contains('\n') && is_command(draft)
    }

    fn text_follows(&self) -> bool {
        let follows = self.events.iter().find(|event| plain(event) != Some(Key::Enter));
        follows.and_then(plain).is_some_and(|code| matches!(code, Key::Char(_) | Key::Tab))
    }

    fn is_wheel(&mut self, arrow: &Event<Action>) -> bool {
        if self.wheel == 0 {
            let run = 1 + self.events.iter().take_while(|event| *event == arrow).count();
            self.wheel = if run >= WHEEL_MIN { run } else { 0 };
        }
        let wheel = self.wheel > 0;
        self.wheel = self.wheel.saturating_sub(1);
        wheel
    }
}

/// The character that a key types.
pub(super) fn text(event: &Event<Action>) -> Option<char> {
    match plain(event)? {
        Key::Char(c) => Some(c),
        Key::Enter => Some('\n'),
        Key::Tab => Some('\t'),
        _ => None,
    }
}

/// A key without modifiers, except the Shift of a capital letter.
fn plain(event: &Event<Action>) -> Option<Key> {
    match event {
        Event::Keyboard(KeyEvent { code: code @ Key::Char(_), modifiers }) => {
            (!modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT)).then_some(*code)
        }
        Event::Keyboard(KeyEvent { code, modifiers }) => modifiers.is_empty().then_some(*code),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(text: &str) -> Vec<Event<Action>> {
        let code = |c| match c {
            '⏎' => Key::Enter,
            '↑' => Key::Up,
            '↓' => Key::Down,
            c => Key::Char(c),
        };
        text.chars().map(|c| Event::Keyboard(KeyEvent::new(code(c), KeyModifiers::NONE))).collect()
    }

    fn meant(text: &str, focus: ComponentId) -> String {
        meant_by(text, focus, false)
    }

    fn meant_by(text: &str, focus: ComponentId, brackets: bool) -> String {
        let mut batch = Batch::default();
        batch.add(keys(text), brackets);
        let mut draft = String::new();
        let mut meant = String::new();
        while let Some(typed) = batch.next(focus, &draft) {
            match &typed {
                Typed::Act(Action::Newline) => draft.push('\n'),
                Typed::Event(Event::Keyboard(KeyEvent { code: Key::Enter, .. })) => draft.clear(),
                Typed::Event(Event::Keyboard(KeyEvent { code: Key::Char(c), .. })) => draft.push(*c),
                Typed::Event(Event::Paste(text)) => draft.push_str(text),
                _ => {}
            }
            meant.push(match typed {
                Typed::Act(Action::Newline) => '\n',
                Typed::Act(Action::LineUp) => '△',
                Typed::Act(Action::LineDown) => '▽',
                Typed::Event(Event::Keyboard(KeyEvent { code: Key::Char(c), .. })) => c,
                Typed::Event(Event::Keyboard(KeyEvent { code: Key::Enter, .. })) => '⏎',
                Typed::Event(Event::Keyboard(KeyEvent { code: Key::Up, .. })) => '↑',
                Typed::Event(Event::Keyboard(KeyEvent { code: Key::Down, .. })) => '↓',
                Typed::Event(Event::Paste(text)) => {
                    meant.push_str(&format!("«{text}»"));
                    continue;
                }
                other => panic!("{other:?}"),
            });
        }
        meant
    }

    #[test]
    fn an_enter_with_text_after_it_is_a_line_break_and_the_last_one_sends() {
        for (typed, expected) in [
            ("hello⏎", "hello⏎"),
            ("one⏎two⏎", "one\ntwo⏎"),
            ("a⏎⏎b", "a\n\nb"),
            ("a⏎⏎", "a⏎⏎"),
            ("⏎", "⏎"),
            ("a⏎↑", "a⏎↑"),
        ] {
            assert_eq!(meant(typed, ComponentId::Composer), expected, "{typed}");
            assert_eq!(meant(typed, ComponentId::Rooms), typed);
        }
    }

    #[test]
    fn if_pastes_are_marked_each_enter_is_an_enter_however_much_arrives_at_once() {
        let long = "x".repeat(PASTE_MIN * 2);
        for typed in ["one⏎two⏎", "a⏎⏎b", "/join ops⏎hello⏎", &format!("{long}⏎{long}⏎")] {
            assert_eq!(meant_by(typed, ComponentId::Composer, true), typed);
        }
        let [many, too_many] = [TYPED_MAX, TYPED_MAX + 1].map(|lines| "x⏎".repeat(lines));
        assert_eq!(meant_by(&many, ComponentId::Composer, true), many);
        assert_eq!(meant_by(&too_many, ComponentId::Composer, true), format!("«{}»", too_many.replace('⏎', "\n")));
        assert_eq!(meant_by("↑↑↑", ComponentId::Composer, true), "△△△");
        assert_eq!(meant_by("yes, and no⏎↑", ComponentId::Dialog(DialogId::Ask), true), "↑");
    }

    #[test]
    fn a_command_is_never_taken_for_part_of_a_paste() {
        let long = "x".repeat(PASTE_MIN);
        for (typed, expected) in [
            ("/join ops⏎hello⏎", "/join ops⏎hello⏎"),
            ("one⏎two⏎/leave⏎three⏎four", "one\ntwo⏎/leave⏎three\nfour"),
            ("one⏎⏎/leave⏎", "one⏎⏎/leave⏎"),
            ("/usr/bin⏎/etc⏎", "/usr/bin\n/etc⏎"),
            ("//join⏎x", "//join\nx"),
            (&*format!("/me {long}⏎y⏎"), &*format!("/me {long}⏎y⏎")),
            (&*format!("{long}⏎/me y⏎z"), &*format!("«{long}»⏎/me y⏎z")),
            (&*format!("/usr {long}⏎y⏎"), &*format!("«/usr {long}\ny»⏎")),
        ] {
            assert_eq!(meant(typed, ComponentId::Composer), expected, "{typed}");
        }
    }

    #[test]
    fn three_equal_arrows_at_once_are_a_wheel() {
        for (typed, expected) in
            [("↑↑↑", "△△△"), ("↓↓↓↓", "▽▽▽▽"), ("↑↑", "↑↑"), ("↑↑↓↓", "↑↑↓↓"), ("↑↑↑↓", "△△△↓"), ("a↑↑↑b", "a△△△b")]
        {
            assert_eq!(meant(typed, ComponentId::Composer), expected, "{typed}");
            assert_eq!(meant(typed, ComponentId::Rooms), typed);
        }
    }

    #[test]
    fn in_the_find_bar_a_wheel_scrolls_and_enter_is_enter() {
        assert_eq!(meant("↑↑↑↓", ComponentId::Find), "△△△↓");
        assert_eq!(meant("a⏎b", ComponentId::Find), "a⏎b");
    }

    #[test]
    fn a_long_text_at_once_is_a_paste_and_only_a_short_one_is_sent_by_its_last_enter() {
        let word = "x".repeat(PASTE_MIN);
        assert_eq!(meant(&word[1..], ComponentId::Composer), word[1..]);
        assert_eq!(meant(&format!("{word}⏎y⏎↑"), ComponentId::Composer), format!("«{word}\ny»⏎↑"));
        assert_eq!(meant(&"⏎".repeat(99), ComponentId::Composer), "⏎".repeat(99));
        assert_eq!(meant(&format!("⏎{word}"), ComponentId::Composer), format!("\n«{word}»"));
        let lines = "a line⏎".repeat(LINES_MAX + 1);
        assert_eq!(meant(&lines, ComponentId::Composer), format!("«{}»", lines.replace('⏎', "\n")));
        let long = format!("{}⏎", "x".repeat(TEXT_MAX + 1));
        assert_eq!(
            meant(&long, ComponentId::Composer),
            format!("«{}»", long.replace('⏎', "\n")),
            "it is too long to send"
        );
    }

    #[test]
    fn text_typed_ahead_does_not_answer_a_question() {
        let ask = ComponentId::Dialog(DialogId::Ask);
        assert_eq!(meant("yes, and no⏎↑y", ask), "↑y");
        assert_eq!(meant("y⏎", ask), "y⏎");
        assert_eq!(meant("ddd", ComponentId::Dialog(DialogId::Review)), "");
    }
}
