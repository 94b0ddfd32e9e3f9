//! What terminals make of a frame. The bytes that are really written go to an emulator that measures emoji in its own
//! way: as it is, drawing each part of an emoji separately; as one that draws a single picture; and as terminals that
//! drop unknown characters, or give them one column, or two.

use std::{
    cell::RefCell,
    io::{self, Write},
    rc::Rc,
};

use proptest::prelude::*;
use quchat_client::{
    model::{Dialog, Question, SendState},
    runtime::FrameWriter,
    text::disputed,
    view,
};
use quchat_shared::{Message, RoomId, limits::is_bidi_control};
use tuirealm::{
    event::{Key, KeyModifiers as Mod},
    ratatui::{
        Frame, Terminal, TerminalOptions, Viewport,
        backend::CrosstermBackend,
        buffer::{Buffer, CellDiffOption, CellWidth},
        layout::Rect,
    },
};
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthChar;

use crate::stage::{Stage, long_talk, message, talk, visible};

/// Texts that have broken the columns of other programs, or were meant to.
const NASTY: &[(&str, &str)] = &[
    ("families", "👨‍👩‍👧‍👦 and 👩‍👩‍👦, 👨‍👨‍👧‍👧!"),
    ("professions with skin tones", "👩🏽‍🚀👨🏿‍⚕️🧑🏻‍🤝‍🧑🏾"),
    ("skin tones", "👍🏽👋🏿✊🏻 and a lone 🏽"),
    ("flags", "🇳🇱🇯🇵🇦 🏳️‍🌈🏴‍☠️🏴󠁧󠁢󠁳󠁣󠁴󠁿"),
    ("an odd number of flag letters", "🇳🇱🇯🇵🇦🇧🇨🇩🇪x"),
    ("emoji by selector", "❤️☀️✈️ ☎️| 1️⃣#️⃣ ©️"),
    ("text by selector", "⌚︎⏰︎❤︎ ☎︎|"),
    ("unknown joined sequences", "🦀\u{200d}🐍\u{200d}🐘\u{200d}☕ 😀\u{200d}a"),
    ("lone joiners", "\u{200d}a\u{200d}\u{200d} b\u{200c}c \u{2060}d\u{feff}"),
    (
        "a hill of marks",
        "Z\u{351}\u{36b}\u{343}\u{36a}\u{302}\u{36b}\u{33d}\u{34f}a\u{300}\u{301}\u{302}\u{303}l\u{489}go",
    ),
    ("marks with nothing below them", "\u{301}\u{300} \u{20e3} \u{fe0f}x"),
    ("full width", "ＦＵＬＬ　ｗｉｄｔｈ！日本語、テキスト。"),
    ("half width", "ﾊﾝｶｸ ｶﾅ ﾞﾟ ￩￪"),
    ("jamo", "한글 한 ᄀᄀᄀ각ᆨᆨ ᅡᅡ ㅎㅏㄴ"),
    ("right to left", "שלום עולם مرحبا بالعالم لا 123 ﷺ ﷽"),
    ("direction controls", "\u{202e}gpj.exe\u{202c} \u{2066}a\u{2067}b\u{2069}\u{200f}c\u{200e}\u{61c}d"),
    ("widths of nothing", "a\u{200b}b\u{ad}c\u{34f}d\u{17b4}e\u{3164}f\u{115f}g\u{1160}h"),
    ("spaces of all sorts", "a\u{a0}b\u{1680}c\u{2003}d\u{200a}e\u{202f}f\u{205f}g\u{3000}h"),
    ("tabs", "\ta\tbb\tccc\tdddd\te"),
    ("breaks of all sorts", "a\rb\r\nc\u{b}d\u{c}e\u{85}f\u{2028}g\u{2029}h"),
    ("controls", "\0\u{1}\u{7}\u{8}\u{e}\u{f}\u{1a}\u{7f}x"),
    ("controls of the second kind", "\u{80}\u{84}\u{8d}\u{90}evil\u{9c}\u{9b}2J\u{9d}0;evil\u{9c}x"),
    ("a cleared screen", "\u{1b}[2J\u{1b}[H\u{1b}[31mred\u{1b}[0m\u{1b}c\u{1b}[?1049l"),
    ("a stolen title", "\u{1b}]0;evil\u{7}\u{1b}]2;evil\u{1b}\\\u{1b}]52;c;ZXZpbA==\u{7}\u{1b}]9;evil\u{7}x"),
    ("a device that answers", "\u{1b}[6n\u{1b}[c\u{1b}P$q\"p\u{1b}\\\u{1b}_Gevil\u{1b}\\\u{5}x"),
    ("a link that is another", "https://a.example/\u{1b}]8;;https://evil.example\u{1b}\\x http://日本.example/👨‍👩‍👧?❤️=1"),
    ("newer than the terminal", "x🫩|end 🫆🫟🪾 🧑🥰 \u{1fae9}\u{1f3fb}| \u{1f8b2}\u{1fbf0}"),
    ("wider than they were", "☰☱|䷀䷿|𝌀𝍖 ㉈㉏ \u{2ffc}\u{31e4} \u{17a4}\u{17d8}|"),
    ("marks with a column of their own", "কা কি|\u{b95}\u{bbe} \u{c95}\u{cc0}|한\u{302e}글\u{302f}"),
    ("never assigned", "\u{378}\u{e000}\u{f8ff}\u{f0000}\u{10ffff}\u{fffe}\u{fdd0}x"),
    ("conjuncts", "क्षत्रिय नमस्ते স্ত্রী ക്ഷ ශ්‍රී พูดไทย ភាសាខ្មែរ ၾကၽြန္ေတာ္ བོད་སྐད་"),
    ("marks that come first", "\u{600}1 \u{6dd}2 \u{110bd}3 \u{0d4e}ക"),
    ("ligatures", "لا لا ᨔᨗ ⵏ⵿ⴾ ꓐꓽꓐ ᭄"),
    ("ambiguous widths", "±×÷°§¶ ①②③ ─│┌ ░▒▓ ←→↑↓ αβγ «»"),
    ("long dashes", "⸺ two ⸻ three ﷽ one"),
    ("ideographs beyond", "𠀀𪜀𰀀 㐀 ⿰⿱ 𝔘𝔫𝔦 🀄🃏"),
    ("tags", "a\u{e0041}\u{e0042}b\u{e007f} \u{e0100}c"),
];

/// The writer, an emulator, and how it draws disputed characters.
struct Glass {
    bytes: Rc<RefCell<Vec<u8>>>,
    terminal: Terminal<CrosstermBackend<Ink>>,
    writer: FrameWriter,
    eyes: Vec<(Eye, vt100::Parser<Obeyed>)>,
}

/// How a terminal draws a character of disputed width.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Eye {
    /// Each part separately.
    Apart,
    /// One picture of the intended width.
    InOne,
    /// Not at all, because it is unknown.
    Dropped,
    /// In one column.
    Narrow,
    /// In two columns.
    Wide,
}

impl Eye {
    const ALL: [Self; 5] = [Self::Apart, Self::InOne, Self::Dropped, Self::Narrow, Self::Wide];

    /// A substitute that the emulator takes for one character of the width that such a terminal gives this one.
    fn stand_in(self, cluster: &str) -> Option<&'static str> {
        disputed(cluster).and(match self {
            Self::Apart => None,
            Self::InOne => Some(if cluster.cell_width() > 1 { "日" } else { "i" }),
            Self::Dropped => Some(""),
            Self::Narrow => Some("i"),
            Self::Wide => Some("日"),
        })
    }
}

struct Ink(Rc<RefCell<Vec<u8>>>);

impl Write for Ink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Sequences other than text at a position in a colour.
#[derive(Default)]
struct Obeyed(Vec<String>);

impl vt100::Callbacks for Obeyed {
    fn audible_bell(&mut self, _: &mut vt100::Screen) {
        self.0.push("a bell".into());
    }
    fn visual_bell(&mut self, _: &mut vt100::Screen) {
        self.0.push("a visual bell".into());
    }
    fn resize(&mut self, _: &mut vt100::Screen, size: (u16, u16)) {
        self.0.push(format!("the size {size:?}"));
    }
    fn set_window_icon_name(&mut self, _: &mut vt100::Screen, name: &[u8]) {
        self.0.push(format!("the icon's name {name:?}"));
    }
    fn set_window_title(&mut self, _: &mut vt100::Screen, title: &[u8]) {
        self.0.push(format!("the title {title:?}"));
    }
    fn copy_to_clipboard(&mut self, _: &mut vt100::Screen, _: &[u8], data: &[u8]) {
        self.0.push(format!("a copy of {data:?}"));
    }
    fn paste_from_clipboard(&mut self, _: &mut vt100::Screen, _: &[u8]) {
        self.0.push("the clipboard".into());
    }
    fn unhandled_char(&mut self, _: &mut vt100::Screen, c: char) {
        self.0.push(format!("{c:?}"));
    }
    fn unhandled_control(&mut self, _: &mut vt100::Screen, byte: u8) {
        self.0.push(format!("control {byte:#x}"));
    }
    fn unhandled_escape(&mut self, _: &mut vt100::Screen, i1: Option<u8>, _: Option<u8>, byte: u8) {
        if byte != b'\\' {
            self.0.push(format!("escape {i1:?} {byte:#x}"));
        }
    }
    fn unhandled_csi(&mut self, _: &mut vt100::Screen, i1: Option<u8>, _: Option<u8>, params: &[&[u16]], c: char) {
        if c != 'm' {
            self.0.push(format!("csi {i1:?} {params:?} {c}"));
        }
    }
    fn unhandled_osc(&mut self, _: &mut vt100::Screen, parts: &[&[u8]]) {
        if parts.first() != Some(&&b"8"[..]) {
            self.0.push(format!("osc {parts:?}"));
        }
    }
}

impl Glass {
    fn new(width: u16, height: u16) -> Self {
        let bytes = Rc::new(RefCell::new(Vec::new()));
        let viewport = Viewport::Fixed(Rect::new(0, 0, width, height));
        let backend = CrosstermBackend::new(Ink(Rc::clone(&bytes)));
        let terminal = Terminal::with_options(backend, TerminalOptions { viewport }).unwrap();
        let emulator = || vt100::Parser::new_with_callbacks(height, width, 0, Obeyed::default());
        Self { bytes, terminal, writer: FrameWriter::default(), eyes: Eye::ALL.map(|eye| (eye, emulator())).into() }
    }

    /// Draws a frame, and checks that the emulator shows it cell for cell.
    fn shows(&mut self, stage: &mut Stage, what: &str) {
        let (model, keymap, themes, app) = (&stage.model, &stage.keymap, &stage.themes, &mut stage.app);
        let mut drawn = Buffer::default();
        let draw = |frame: &mut Frame<'_>| {
            view::view(model, keymap, themes, app, frame);
            drawn.clone_from(frame.buffer_mut());
        };
        self.writer.draw(&mut self.terminal, draw).unwrap();
        let written = String::from_utf8(self.bytes.take()).unwrap();
        assert_harmless(&written, what);
        let written = written.replace('\u{fffd}', "?"); // the emulator does not draw this one
        let wanted = wanted(&drawn);
        for (eye, emulator) in &mut self.eyes {
            emulator.process(seen_by(*eye, &written).as_bytes());
            assert_eq!(emulator.callbacks().0, Vec::<String>::new(), "{what}");
            compare(&wanted, emulator.screen(), *eye, what);
        }
        stage.draw(); // reports the shown messages to the model
    }
}

/// The written text with its substitutes; escape sequences are unchanged.
fn seen_by(eye: Eye, written: &str) -> String {
    let text = |text: &str| text.graphemes(true).map(|c| eye.stand_in(c).unwrap_or(c).to_owned()).collect::<String>();
    let mut parts = written.split('\u{1b}');
    let mut out = text(parts.next().unwrap_or_default());
    for part in parts {
        let end = match part.chars().next() {
            Some('[') => part[1..].find(|c| matches!(c, '@'..='~')).map_or(part.len(), |last| last + 2),
            Some(']') => part.len(), // up to the terminator
            Some(first) => first.len_utf8(),
            None => 0,
        };
        out.push_str(&format!("\x1b{}{}", &part[..end], text(&part[end..])));
    }
    out
}

/// A character of the frame.
struct Wanted {
    x: u16,
    y: u16,
    symbol: String,
    width: u16,
    /// Most columns it may take if terminals differ.
    most: Option<u16>,
}

/// The characters of the frame in order.
fn wanted(frame: &Buffer) -> Vec<Wanted> {
    let mut wanted = Vec::new();
    for y in 0..frame.area.height {
        let mut x = 0;
        while x < frame.area.width {
            let cell = &frame[(x, y)];
            let symbol = visible(cell.symbol()).replace('\u{fffd}', "?");
            let width = match cell.diff_option {
                CellDiffOption::ForcedWidth(width) => width.get(),
                _ => symbol.cell_width().max(1),
            };
            let most = disputed(&symbol).filter(|_| cell.diff_option == CellDiffOption::None);
            wanted.push(Wanted { x, y, symbol, width, most });
            x += width;
        }
    }
    wanted
}

/// Checks that the screen shows the frame, each cell in its column.
fn compare(frame: &[Wanted], screen: &vt100::Screen, eye: Eye, what: &str) {
    let (_, columns) = screen.size();
    let shown = |x: u16, y: u16| screen.cell(y, x).map_or("", vt100::Cell::contents);
    let takes_columns = |c: &char| *c != ' ' && c.width().is_some_and(|width| width > 0);
    for Wanted { x, y, symbol, width, most } in frame {
        let place = || format!("{symbol:?} in {what}, {eye:?}: column {x} of row {y}\n{}", screen.contents());
        match most {
            // marks may be in the cell before, and a wide character has a second half
            None => {
                let seen = (*x..x + width).flat_map(|x| shown(x, *y).chars()).filter(takes_columns);
                assert!(seen.eq(symbol.chars().filter(takes_columns)), "{}", place());
            }
            Some(_) if symbol.starts_with(' ') => {} // marks on a space may be anywhere up to the next cell
            // of a sequence the first part; at the edge, where a sequence has no room, only that or a dot
            Some(most) => {
                let seen = shown(*x, *y).chars().find(takes_columns);
                let first = symbol.chars().find(takes_columns);
                let stand_in = eye.stand_in(symbol).map(|stand_in| stand_in.chars().next());
                let fits = seen == stand_in.unwrap_or(first);
                // columns beyond those reserved are overwritten by what follows
                let covered = seen.is_none() && eye == Eye::Wide && *width == 1;
                let edge = x + most > columns;
                assert!(fits || covered || edge && (seen == first || seen == Some('·')), "{}", place());
            }
        }
    }
}

/// Checks that the text has no control characters except the client's own escapes, and nothing that changes direction.
fn assert_harmless(text: &str, what: &str) {
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let ours = c == '\u{1b}' && matches!(chars.peek(), Some('[' | ']' | '7' | '8' | '\\'));
        assert!(ours || !(c.is_control() || is_bidi_control(c)), "{c:?} in {what}");
    }
}

/// Everything that a user can write, at once.
fn full_of(text: &str, width: u16, height: u16) -> Stage {
    let edge = |columns: usize| format!("{}{text}", "x".repeat(columns));
    let mut messages = talk();
    messages.extend([
        message(7, 60, text, text),
        message(8, 61, "bob", &edge(usize::from(width) / 2)),
        message(9, 62, "carol", &format!("*{text}* `{text}` _{text}_\n> {text}\n- {text}\n```\n{text}\n```")),
    ]);
    let mut stage = Stage::in_general(width, height, messages);
    stage.room().info.name = text.to_owned();
    stage.room().info.topic = text.to_owned();
    stage.model.rooms.get_mut(&RoomId(2)).unwrap().info.name = text.to_owned();
    stage.pend("p-1", text, SendState::Refused(text.into()));
    stage.paste(&format!("{text} {text}"));
    stage
}

/// Draws the text through several changes, each frame over the previous one.
fn endure(name: &str, text: &str, width: u16, height: u16) {
    let what = |did: &str| format!("{name}, {did}, {width}x{height}");
    let mut stage = full_of(text, width, height);
    let mut glass = Glass::new(width, height);
    glass.shows(&mut stage, &what("at first"));
    for c in ['!', '日', '\u{301}', '👍'] {
        stage.key(Key::Char(c));
        glass.shows(&mut stage, &what("typed on"));
    }
    stage.key(Key::PageUp);
    glass.shows(&mut stage, &what("scrolled back"));
    stage.press(Key::Char('m'), Mod::ALT);
    glass.shows(&mut stage, &what("chosen"));
    stage.key(Key::Esc);
    stage.press(Key::End, Mod::CONTROL);
    glass.shows(&mut stage, &what("at the end again"));
    let dialogs = [
        Dialog::Switcher,
        Dialog::Review { room: RoomId(1), txn: "p-1".into() },
        Dialog::Ask(Question::Leave { room: RoomId(1) }),
        Dialog::Ask(Question::Paste { room: RoomId(1), text: text.into(), at: 0 }),
    ];
    for dialog in dialogs {
        stage.model.dialogs = vec![dialog];
        stage.follow();
        glass.shows(&mut stage, &what("under a dialog"));
    }
    stage.model.dialogs.clear();
    stage.follow();
    let again = |message: Message| Message { rev: 2, ..message };
    stage.hold(RoomId(1), long_talk(40).into_iter().map(again).collect());
    glass.shows(&mut stage, &what("gone"));
}

#[test]
fn every_nasty_text_keeps_its_columns_and_controls_nothing() {
    NASTY.iter().for_each(|(name, text)| endure(name, text, 80, 24));
}

#[test]
fn every_nasty_text_keeps_its_columns_in_small_terminals() {
    for (name, text) in NASTY {
        endure(name, text, 57, 20);
        endure(name, text, 40, 12);
    }
}

#[test]
fn scrolling_leaves_no_remains_and_shifts_no_row() {
    for text in ["x🫩|end", "x\u{378}|end", "\u{fffe}\u{fdd0}|end", "x\u{e000}\u{10ffff}|end", "☰|end", "কা|end"]
    {
        let (width, height) = (60, 14);
        let mut messages = long_talk(40);
        messages.iter_mut().step_by(9).for_each(|message| message.text = text.to_owned());
        let mut stage = Stage::in_general(width, height, messages);
        let mut glass = Glass::new(width, height);
        glass.shows(&mut stage, text);
        for key in [[Key::Up; 12], [Key::Down; 12]].concat() {
            stage.press(key, Mod::SHIFT);
            glass.shows(&mut stage, text);
        }
    }
}

#[test]
fn disputed_characters_may_stand_at_any_column() {
    for text in ["👨‍👩‍👧‍👦", "❤️", "👍🏽", "⌚︎", "日", "🇳🇱", "🫩", "\u{378}", "\u{fffe}"]
    {
        let mut glass = Glass::new(40, 12);
        let mut stage = Stage::in_general(40, 12, Vec::new());
        for columns in 0_u64..45 {
            let text = format!("{}{text}|", "x".repeat(columns as usize));
            let mut messages = vec![message(1, 0, "bob", &text), message(2, 1, &text, "below")];
            messages.iter_mut().for_each(|message| message.rev = columns + 1);
            stage.hold(RoomId(1), messages);
            glass.shows(&mut stage, &text);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn any_mixture_of_nasty_texts_keeps_its_columns(
        pieces in prop::collection::vec(prop::sample::select(NASTY), 1..6), cuts in prop::collection::vec(0_usize..30, 6),
        width in 40_u16..100, height in 12_u16..30,
    ) {
        let cut = |(text, at): (&str, &usize)| text.graphemes(true).skip(*at).take(9).collect::<String>();
        let text: String = pieces.iter().map(|(_, text)| *text).zip(&cuts).map(cut).collect();
        endure("a mixture", &text, width, height);
    }
}
