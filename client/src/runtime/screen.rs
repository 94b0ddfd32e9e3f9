//! The terminal as the loop needs it: draw, redraw, lend to another program, and always restore.
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
use super::{FrameWriter, Input, Wakes, clipboard::Clipboard, clock, notifier};
#[cfg(unix)]
use super::{input::is_cooked, signals::stop_process};
use crate::state::Log;

/// What the loop requires of a terminal.
pub trait Screen: TerminalAdapter {
    /// Draws a frame.
    ///
    /// # Errors
    /// The terminal is gone.
    fn show(&mut self, draw: impl FnOnce(&mut Frame<'_>)) -> TerminalResult<()> {
        self.draw(draw).map(drop)
    }

    /// Forgets the screen's content, so that the next frame writes every cell.
    fn forget(&mut self) {
        blank(self.raw_mut());
    }

    /// Copies text to the clipboard of the terminal's user, if the terminal allows it.
    fn copy(&mut self, _text: &str, _wakes: &Wakes) {}

    /// Asks the terminal with OSC 52 to take text into its clipboard. The terminal does not report whether it does.
    fn ask_clipboard(&mut self, _text: &str) {}

    /// Sets the window's title.
    fn name(&mut self, _title: &str) {}

    /// Writes a sequence that changes no cell.
    fn say(&mut self, _sequence: &str) {}

    /// Lets the terminal report wheel and clicks, or use the mouse for selecting text itself.
    fn watch_mouse(&mut self, _watch: bool) {}

    /// Gives the terminal to the shell until the process is continued.
    fn suspend(&mut self) {}

    /// Another program stopped the process, and it continues: the terminal may be in any state.
    fn resume(&mut self) {
        self.forget();
    }

    /// Gives the terminal to another program until [`Screen::take_back`].
    fn lend(&mut self) {}

    /// Takes the terminal back, in any state.
    fn take_back(&mut self) {}
}

impl Screen for TestTerminalAdapter {}

/// Clears the screen. `Terminal::clear` would ask the terminal for its cursor, and the input thread would consume the
/// reply.
fn blank<B: Backend>(terminal: &mut Terminal<B>) {
    if let Ok(size) = terminal.size() {
        terminal.resize(Rect::new(0, 0, size.width, size.height)).ok();
    }
}

/// The terminal in which this process was started.
pub struct Tty {
    adapter: CrosstermTerminalAdapter,
    writer: FrameWriter,
    extras: Extras,
    input: Input,
    /// Another program has the terminal.
    lent: bool,
    /// The next frame must write every cell.
    stale: bool,
    /// The current window title.
    title: String,
    /// The terminal reports the mouse.
    mouse: bool,
    clipboard: Clipboard,
}

impl Tty {
    /// Takes over the terminal. From here on, a panic on this thread restores the terminal before it is reported; a
    /// panic on any other thread is logged and leaves the terminal alone.
    ///
    /// `input` reads the terminal; it pauses while another program has the terminal.
    ///
    /// # Errors
    /// There is no terminal.
    pub fn take(log: Arc<Log>, input: Input) -> TerminalResult<Self> {
        let adapter = CrosstermTerminalAdapter::new()?; // also installs a panic hook
        let extras = Extras::default();
        let (restore, hook, screen) = (extras.clone(), panic::take_hook(), thread::current().id());
        panic::set_hook(Box::new(move |panic| {
            log.line(clock::timestamp(), &panic_location(panic));
            if thread::current().id() == screen {
                restore.end();
                hook(panic);
            }
        }));
        let mut this = Self {
            adapter,
            writer: FrameWriter::default(),
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
            self.say(&notifier::window(&self.title));
        }
        if self.mouse {
            self.say(MOUSE_ON);
        }
        Ok(())
    }

    fn end(&mut self) {
        self.extras.end();
        self.adapter.restore().ok(); // there is nowhere to report an error
    }
}

/// The location of a panic. Its text may quote a message or a password, so it is not used.
fn panic_location(panic: &panic::PanicHookInfo<'_>) -> String {
    let thread = thread::current();
    let place = panic.location().map_or_else(|| "an unknown location".to_owned(), ToString::to_string);
    format!("thread {:?} panicked at {place}", thread.name().unwrap_or("unnamed"))
}

impl Screen for Tty {
    fn name(&mut self, title: &str) {
        title.clone_into(&mut self.title);
        self.say(&notifier::window(title));
    }

    fn watch_mouse(&mut self, watch: bool) {
        self.mouse = watch;
        self.say(if watch { MOUSE_ON } else { MOUSE_OFF });
    }

    fn say(&mut self, sequence: &str) {
        if !self.lent {
            execute!(stdout(), Print(sequence)).ok(); // if the terminal is gone, the next frame fails
        }
    }

    fn show(&mut self, draw: impl FnOnce(&mut Frame<'_>)) -> TerminalResult<()> {
        queue!(stdout(), BeginSynchronizedUpdate).ok(); // if this fails, the frame fails, too
        if std::mem::take(&mut self.stale) {
            blank(self.raw_mut());
            self.writer.forget();
        }
        let drawn = self.writer.draw(self.adapter.raw_mut(), draw).map_err(|_| TerminalError::CannotDrawFrame);
        execute!(stdout(), EndSynchronizedUpdate).ok();
        drawn
    }

    fn forget(&mut self) {
        self.stale = true; // cleared together with the next frame, so it never flashes empty
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
        stop_process().ok(); // if this fails, the client continues
        self.take_back();
    }

    fn resume(&mut self) {
        if is_cooked() {
            self.end(); // end each mode before it begins again: keyboard modes are a stack
            self.begin().ok();
        } else {
            // a shell may have switched these off
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
        self.begin().ok(); // if the terminal is gone, the next frame fails
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

/// The modes that the adapter does not handle. They are ended once, by the first caller.
#[derive(Debug, Clone, Default)]
struct Extras(Arc<AtomicBool>);

impl Extras {
    fn begin(&self) -> io::Result<()> {
        self.0.store(true, Ordering::SeqCst);
        // Event types are not requested: a repeated key would be lost. Terminals that do not know these flags ignore
        // them. Asking first would cost two seconds if the terminal does not answer.
        let flags = keys::KeyboardEnhancementFlags::DISAMBIGUATE_ESCAPE_CODES;
        execute!(
            stdout(),
            keys::EnableBracketedPaste,
            keys::EnableFocusChange,
            keys::PushKeyboardEnhancementFlags(flags),
            AlternateScrollOff,
            Print(notifier::KEEP_WINDOW)
        )
    }

    /// Call it before leaving the alternate screen: each screen has its own keyboard flags.
    fn end(&self) {
        if self.0.swap(false, Ordering::SeqCst) {
            execute!(
                stdout(),
                Print(MOUSE_OFF),
                Print(notifier::RESTORE_WINDOW),
                AlternateScrollBack,
                keys::PopKeyboardEnhancementFlags,
                keys::DisableFocusChange,
                keys::DisableBracketedPaste,
                cursor::Show, // a frame without a text cursor has hidden it
                EndSynchronizedUpdate
            )
            .ok();
        }
    }
}

/// Reports wheel and buttons with decimal positions (xterm modes 1000 and 1006), but no motion. crossterm's own command
/// also requests motion, and each move would wake the loop.
const MOUSE_ON: &str = "\x1b[?1000h\x1b[?1006h";
/// See [`MOUSE_ON`].
const MOUSE_OFF: &str = "\x1b[?1006l\x1b[?1000l";

/// Stops the wheel from sending arrows, which would move through the input history. The mode is saved first (xterm
/// `XTSAVE`).
struct AlternateScrollOff;

impl Command for AlternateScrollOff {
    fn write_ansi(&self, f: &mut impl std::fmt::Write) -> std::fmt::Result {
        f.write_str("\x1b[?1007s\x1b[?1007l")
    }
}

/// Switches the mode on, the usual default, and then restores the saved value where supported (xterm `XTRESTORE`).
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
