//! The terminal as the loop needs it: shown, forgotten, lent to the shell, and always given back as it was.
//!
//! Owns every mode of the terminal. It must not know what is drawn or what keys mean.

use std::{
    io::{self, stdout},
    panic,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use crossterm::{
    Command, cursor, event as keys, execute, queue,
    style::Print,
    terminal::{BeginSynchronizedUpdate, EndSynchronizedUpdate},
};
use tuirealm::{
    ratatui::{Frame, Terminal, backend::Backend, layout::Rect},
    terminal::{CrosstermTerminalAdapter, TerminalAdapter, TerminalError, TerminalResult, TestTerminalAdapter},
};

#[cfg(not(unix))]
use super::anywhere::{is_cooked, stop_process};
use super::{Input, Pen, Wakes, attention, clipboard::Clipboard, clock};
#[cfg(unix)]
use super::{input::is_cooked, signals::stop_process};
use crate::state::Log;

/// What the loop asks of a terminal.
pub trait Screen: TerminalAdapter {
    /// Draws a frame.
    ///
    /// # Errors
    /// The terminal is gone.
    fn show(&mut self, draw: impl FnOnce(&mut Frame<'_>)) -> TerminalResult<()> {
        self.draw(draw).map(drop)
    }

    /// Forgets what is on the screen, so that the next frame writes every cell.
    fn forget(&mut self) {
        blank(self.raw_mut());
    }

    /// Puts text into the clipboard of whoever looks at the terminal, where the terminal lets it.
    fn copy(&mut self, _text: &str, _wakes: &Wakes) {}

    /// Asks the terminal itself to take text into its clipboard. It does not say whether it does.
    fn ask_clipboard(&mut self, _text: &str) {}

    /// Names the window it is in.
    fn name(&mut self, _title: &str) {}

    /// Writes a sequence that changes no cell.
    fn say(&mut self, _sequence: &str) {}

    /// Has the terminal tell of the wheel and of clicks, or keep them to itself for marking text.
    fn watch_mouse(&mut self, _watch: bool) {}

    /// Gives the terminal to the shell until the process is continued.
    fn suspend(&mut self) {}

    /// The process was stopped by somebody else, and goes on: anything may have become of the terminal.
    fn resume(&mut self) {
        self.forget();
    }

    /// Gives the terminal to another program, until it is taken back.
    fn lend(&mut self) {}

    /// Takes the terminal back, whatever state it comes in.
    fn take_back(&mut self) {}
}

impl Screen for TestTerminalAdapter {}

/// Empties the screen. `Terminal::clear` would ask the terminal where its cursor is, and the input thread would eat the
/// answer.
fn blank<B: Backend>(terminal: &mut Terminal<B>) {
    if let Ok(size) = terminal.size() {
        terminal.resize(Rect::new(0, 0, size.width, size.height)).ok();
    }
}

/// The terminal this process was started in.
pub struct Tty {
    adapter: CrosstermTerminalAdapter,
    pen: Pen,
    extras: Extras,
    input: Input,
    /// It is another program's for now.
    lent: bool,
    /// The next frame is to write every cell.
    stale: bool,
    /// What the window is called.
    title: String,
    /// The terminal tells of the mouse.
    mouse: bool,
    clipboard: Clipboard,
}

impl Tty {
    /// Takes the terminal over. From here on, a panic on this thread gives it back before it is told, and one on any
    /// other thread goes to the log and touches nothing.
    ///
    /// `input` reads it; it looks away while the terminal is not ours.
    ///
    /// # Errors
    /// There is no terminal.
    pub fn take(log: Arc<Log>, input: Input) -> TerminalResult<Self> {
        let adapter = CrosstermTerminalAdapter::new()?; // brings a panic hook of its own
        let extras = Extras::default();
        let (restore, hook, screen) = (extras.clone(), panic::take_hook(), thread::current().id());
        panic::set_hook(Box::new(move |panic| {
            log.line(clock::timestamp(), &told(panic));
            if thread::current().id() == screen {
                restore.end();
                hook(panic);
            }
        }));
        let mut this = Self {
            adapter,
            pen: Pen::default(),
            extras,
            input,
            lent: false,
            stale: false,
            title: String::new(),
            mouse: false,
            clipboard: Clipboard::find(|name| std::env::var_os(name)),
        };
        this.begin()?;
        Ok(this)
    }

    fn begin(&mut self) -> TerminalResult<()> {
        self.adapter.enable_raw_mode()?;
        self.adapter.enter_alternate_screen()?;
        self.extras.begin().map_err(|_| TerminalError::CannotConnectStdout)?;
        if !self.title.is_empty() {
            self.say(&attention::window(&self.title));
        }
        if self.mouse {
            self.say(MOUSE_ON);
        }
        Ok(())
    }

    fn end(&mut self) {
        self.extras.end();
        self.adapter.restore().ok(); // nothing is left to tell it to
    }
}

/// Where a panic was. Its own text may quote what it failed on: a message, or a password.
fn told(panic: &panic::PanicHookInfo<'_>) -> String {
    let thread = thread::current();
    let place = panic.location().map_or_else(|| "an unknown place".to_owned(), ToString::to_string);
    format!("thread {:?} panicked at {place}", thread.name().unwrap_or("without a name"))
}

impl Screen for Tty {
    fn name(&mut self, title: &str) {
        title.clone_into(&mut self.title);
        self.say(&attention::window(title));
    }

    fn watch_mouse(&mut self, watch: bool) {
        self.mouse = watch;
        self.say(if watch { MOUSE_ON } else { MOUSE_OFF });
    }

    fn say(&mut self, sequence: &str) {
        if !self.lent {
            execute!(stdout(), Print(sequence)).ok(); // the next frame will tell, if the terminal is gone
        }
    }

    fn show(&mut self, draw: impl FnOnce(&mut Frame<'_>)) -> TerminalResult<()> {
        queue!(stdout(), BeginSynchronizedUpdate).ok(); // the frame itself will fail, if anything does
        if std::mem::take(&mut self.stale) {
            blank(self.raw_mut());
            self.pen.forget();
        }
        let drawn = self.pen.draw(self.adapter.raw_mut(), draw).map_err(|_| TerminalError::CannotDrawFrame);
        execute!(stdout(), EndSynchronizedUpdate).ok();
        drawn
    }

    fn forget(&mut self) {
        self.stale = true; // emptied together with the frame that fills it: nobody sees it empty
    }

    fn copy(&mut self, text: &str, wakes: &Wakes) {
        if !self.clipboard.load(text, wakes) {
            self.ask_clipboard(text);
        }
    }

    fn ask_clipboard(&mut self, text: &str) {
        self.say(&self.clipboard.ask(text));
    }

    fn suspend(&mut self) {
        self.lend();
        stop_process().ok(); // if it cannot be stopped, it goes on
        self.take_back();
    }

    fn resume(&mut self) {
        if is_cooked() {
            self.end(); // so that each mode is begun anew; those of the keyboard would pile up
            self.begin().ok();
        } else {
            // a shell may have ended them
            execute!(stdout(), keys::EnableBracketedPaste, keys::EnableFocusChange).ok();
            self.watch_mouse(self.mouse);
        }
        self.forget();
    }

    fn lend(&mut self) {
        self.input.pause();
        self.end();
        self.lent = true;
    }

    fn take_back(&mut self) {
        self.lent = false;
        self.begin().ok(); // if the terminal is gone, the next frame will tell
        self.forget();
        self.input.resume();
    }
}

impl Drop for Tty {
    fn drop(&mut self) {
        if !self.lent {
            self.end();
        }
    }
}

/// The modes that the adapter knows nothing of. Ended once, by whoever comes first.
#[derive(Debug, Clone, Default)]
struct Extras(Arc<AtomicBool>);

impl Extras {
    fn begin(&self) -> io::Result<()> {
        self.0.store(true, Ordering::SeqCst);
        // No event types are asked for: a repeated key would be lost. Where the terminal does not know them, the
        // flags do nothing; asking first would cost two seconds where it does not answer.
        let flags = keys::KeyboardEnhancementFlags::DISAMBIGUATE_ESCAPE_CODES;
        execute!(
            stdout(),
            keys::EnableBracketedPaste,
            keys::EnableFocusChange,
            keys::PushKeyboardEnhancementFlags(flags),
            AlternateScrollOff,
            Print(attention::KEEP_WINDOW)
        )
    }

    /// Before the alternate screen is left: each screen has keyboard flags of its own.
    fn end(&self) {
        if self.0.swap(false, Ordering::SeqCst) {
            execute!(
                stdout(),
                Print(MOUSE_OFF),
                Print(attention::RESTORE_WINDOW),
                AlternateScrollBack,
                keys::PopKeyboardEnhancementFlags,
                keys::DisableFocusChange,
                keys::DisableBracketedPaste,
                cursor::Show, // a frame without a place to write has hidden it
                EndSynchronizedUpdate
            )
            .ok();
        }
    }
}

/// Wheel and buttons, their places in decimal (xterm modes 1000 and 1006). Not where the mouse goes: crossterm's own
/// command asks for that, too, and each move would wake the loop.
const MOUSE_ON: &str = "\x1b[?1000h\x1b[?1006h";
/// See [`MOUSE_ON`].
const MOUSE_OFF: &str = "\x1b[?1006l\x1b[?1000l";

/// The wheel sends no arrows: they would walk through the input history. The mode is saved first (xterm `XTSAVE`).
struct AlternateScrollOff;

impl Command for AlternateScrollOff {
    fn write_ansi(&self, f: &mut impl std::fmt::Write) -> std::fmt::Result {
        f.write_str("\x1b[?1007s\x1b[?1007l")
    }
}

/// On, as most terminals have it, then as it was where it could be saved (xterm `XTRESTORE`).
struct AlternateScrollBack;

impl Command for AlternateScrollBack {
    fn write_ansi(&self, f: &mut impl std::fmt::Write) -> std::fmt::Result {
        f.write_str("\x1b[?1007h\x1b[?1007r")
    }
}

impl TerminalAdapter for Tty {
    type Backend = <CrosstermTerminalAdapter as TerminalAdapter>::Backend;

    fn enable_raw_mode(&mut self) -> TerminalResult<()> {
        self.adapter.enable_raw_mode()
    }

    fn disable_raw_mode(&mut self) -> TerminalResult<()> {
        self.adapter.disable_raw_mode()
    }

    fn enter_alternate_screen(&mut self) -> TerminalResult<()> {
        self.adapter.enter_alternate_screen()
    }

    fn leave_alternate_screen(&mut self) -> TerminalResult<()> {
        self.adapter.leave_alternate_screen()
    }

    fn enable_mouse_capture(&mut self) -> TerminalResult<()> {
        self.adapter.enable_mouse_capture()
    }

    fn disable_mouse_capture(&mut self) -> TerminalResult<()> {
        self.adapter.disable_mouse_capture()
    }

    fn raw_mut(&mut self) -> &mut Terminal<Self::Backend> {
        self.adapter.raw_mut()
    }

    fn raw(&self) -> &Terminal<Self::Backend> {
        self.adapter.raw()
    }
}
