//! A terminal with a program in it: a test sends keys and waits for what the screen shows.
//!
//! Owns the pseudo-terminal and its emulation. It must not know what the program is.

use std::{
    fs::File,
    io::{Read, Write},
    sync::{Arc, Condvar, Mutex},
    thread,
    time::{Duration, Instant},
};

use portable_pty::{Child, CommandBuilder, PtyPair, PtySize, native_pty_system};
use rustix::{
    process::{Pid, Signal, kill_process},
    termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr},
};

/// Long enough for a busy machine. In a passing test nothing waits this long.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Redraws the screen.
const REDRAW: &str = "\x0c";

/// A program in its own terminal. Dropping it kills the program.
pub(crate) struct Terminal {
    pty: PtyPair,
    keys: Box<dyn Write + Send>,
    emulator: Arc<Emulator>,
    program: Box<dyn Child + Send + Sync>,
    modes_before: String,
}

/// The program's output so far, interpreted as a terminal does.
struct Emulator {
    parser: Mutex<vt100::Parser<Requests>>,
    changed: Condvar,
}

/// Sequences that vt100 does not handle.
#[derive(Default)]
struct Requests {
    focus_reports: bool,
    key_flags: i32,
    /// A frame is being written, so the screen shows half of it.
    drawing: bool,
    frames: u64,
    title: String,
    bells: usize,
    /// OSC sequences other than titles, their parts joined by `;`.
    calls: Vec<String>,
}

impl vt100::Callbacks for Requests {
    fn audible_bell(&mut self, _: &mut vt100::Screen) {
        self.bells += 1;
    }

    fn set_window_title(&mut self, _: &mut vt100::Screen, title: &[u8]) {
        self.title = String::from_utf8_lossy(title).into_owned();
    }

    fn unhandled_osc(&mut self, _: &mut vt100::Screen, parts: &[&[u8]]) {
        self.calls.push(String::from_utf8_lossy(&parts.join(&b';')).into_owned());
    }

    fn unhandled_csi(&mut self, _: &mut vt100::Screen, i1: Option<u8>, _: Option<u8>, params: &[&[u16]], c: char) {
        match (i1, c) {
            (Some(b'?'), 'h' | 'l') if params.contains(&&[1004_u16][..]) => self.focus_reports = c == 'h',
            (Some(b'?'), 'h' | 'l') if params.contains(&&[2026_u16][..]) => {
                self.drawing = c == 'h';
                self.frames += u64::from(c == 'l');
            }
            (Some(b'>'), 'u') => self.key_flags += 1,
            (Some(b'<'), 'u') => self.key_flags -= 1,
            _ => {}
        }
    }
}

impl Terminal {
    /// Starts the program in a new terminal of `columns` x `rows`.
    pub(crate) fn start(command: CommandBuilder, columns: u16, rows: u16) -> Self {
        let pty = native_pty_system().openpty(size(columns, rows)).expect("a pseudo-terminal");
        let modes_before = modes(&pty);
        let program = pty.slave.spawn_command(command).expect("the program starts");
        let keys = pty.master.take_writer().expect("a first writer");
        let parser = vt100::Parser::new_with_callbacks(rows, columns, 0, Requests::default());
        let emulator = Arc::new(Emulator { parser: Mutex::new(parser), changed: Condvar::new() });
        let output = pty.master.try_clone_reader().expect("a reader");
        let screen = Arc::clone(&emulator);
        thread::spawn(move || screen.follow(output));
        Self { pty, keys, emulator, program, modes_before }
    }

    /// Sends keys as a keyboard would.
    pub(crate) fn press(&mut self, keys: &str) -> &mut Self {
        self.keys.write_all(keys.as_bytes()).and_then(|()| self.keys.flush()).expect("the terminal takes keys");
        self
    }

    /// Sends a bracketed paste.
    pub(crate) fn paste(&mut self, text: &str) -> &mut Self {
        let text = text.replace('\n', "\r");
        self.press(&format!("\x1b[200~{text}\x1b[201~"))
    }

    /// Waits until the screen contains `text`.
    pub(crate) fn shows(&mut self, text: &str) -> &mut Self {
        self.wait(&format!("the screen to show {text:?}"), |screen| screen.contains(text))
    }

    /// Waits until the screen no longer contains `text`.
    pub(crate) fn hides(&mut self, text: &str) -> &mut Self {
        self.wait(&format!("the screen to hide {text:?}"), |screen| !screen.contains(text))
    }

    /// Waits until `holds` accepts the rows of the screen.
    pub(crate) fn wait(&mut self, what: &str, holds: impl Fn(&str) -> bool) -> &mut Self {
        self.emulator.wait(what, |parser| holds(&parser.screen().contents()));
        self
    }

    /// The rows of the screen.
    pub(crate) fn screen(&self) -> String {
        self.emulator.parser.lock().expect("no reader panicked").screen().contents()
    }

    /// Waits until the window has this title.
    pub(crate) fn has_title(&mut self, title: &str) -> &mut Self {
        self.emulator.wait(&format!("the title {title:?}"), |parser| parser.callbacks().title == title);
        self
    }

    /// How often the bell rang, and the other notification sequences.
    pub(crate) fn notifications(&self) -> (usize, Vec<String>) {
        let parser = self.emulator.parser.lock().expect("no reader panicked");
        (parser.callbacks().bells, parser.callbacks().calls.clone())
    }

    /// Checks that every cell is as in a frame drawn on an empty screen. The effect of the last key must be visible.
    pub(crate) fn is_whole(&mut self) -> &mut Self {
        let (before, frames) = self.picture();
        self.press(REDRAW).emulator.wait("a frame drawn anew", |parser| parser.callbacks().frames > frames);
        let (anew, _) = self.picture();
        assert!(before == anew, "remains of earlier frames:\n{before:#?}\nredrawn:\n{anew:#?}");
        self
    }

    /// Every row with its colours, and the number of frames so far.
    fn picture(&self) -> (Vec<String>, u64) {
        let parser = self.emulator.parser.lock().expect("no reader panicked");
        let (rows, columns) = parser.screen().size();
        let cell = |x, y| parser.screen().cell(y, x).map_or_else(String::new, seen);
        let rows = (0..rows).map(|y| (0..columns).map(|x| cell(x, y)).collect());
        (rows.collect(), parser.callbacks().frames)
    }

    /// Changes the window size.
    pub(crate) fn resize(&mut self, columns: u16, rows: u16) -> &mut Self {
        // vt100 cannot scroll a screen of one row, nor cut a wide character
        let (emulated_rows, emulated_columns) = (rows.max(2), columns.max(2));
        self.emulator.parser.lock().expect("no reader panicked").screen_mut().set_size(emulated_rows, emulated_columns);
        self.pty.master.resize(size(columns, rows)).expect("a terminal can be resized");
        self
    }

    /// Sends the program a signal.
    pub(crate) fn signal(&mut self, signal: Signal) -> &mut Self {
        kill_process(self.pid(), signal).expect("the program is there");
        self
    }

    /// Sends a signal to the foreground process group; in a shell this is its job.
    pub(crate) fn signal_job(&mut self, signal: Signal) -> &mut Self {
        let job = self.pty.master.process_group_leader().and_then(Pid::from_raw).expect("a job is in front");
        kill_process(job, signal).expect("the job is there");
        self
    }

    /// Kills the program as `kill -9` does, without any cleanup.
    pub(crate) fn kill(&mut self) {
        self.signal(Signal::KILL);
        self.exit_code();
    }

    /// Waits until the program exits; returns its exit code.
    pub(crate) fn exit_code(&mut self) -> u32 {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.program.try_wait().expect("a child can be waited for") {
                return status.exit_code();
            }
            assert!(Instant::now() < deadline, "the program does not end\n{}", self.screen());
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Waits until the program has taken over the terminal.
    pub(crate) fn taken(&mut self) -> &mut Self {
        self.emulator.wait("the alternate screen", |parser| parser.screen().alternate_screen());
        self
    }

    /// Waits until the terminal is restored: screen, cursor, paste, focus, keys, line discipline.
    pub(crate) fn given_back(&mut self) -> &mut Self {
        self.emulator.wait("the terminal to be given back", |parser| {
            let (screen, asked) = (parser.screen(), parser.callbacks());
            !(screen.alternate_screen() || screen.hide_cursor() || screen.bracketed_paste())
                && screen.mouse_protocol_mode() == vt100::MouseProtocolMode::None
                && !asked.focus_reports
                && asked.key_flags <= 0
        });
        let deadline = Instant::now() + PATIENCE;
        while modes(&self.pty) != self.modes_before {
            assert!(Instant::now() < deadline, "{} instead of {}", modes(&self.pty), self.modes_before);
            thread::sleep(Duration::from_millis(5));
        }
        self
    }

    /// Switches the terminal to line mode, as a shell does.
    pub(crate) fn cook(&mut self) -> &mut Self {
        let terminal = self.line();
        let mut modes = tcgetattr(&terminal).expect("it is a terminal");
        modes.local_modes |= LocalModes::ICANON | LocalModes::ECHO;
        tcsetattr(&terminal, OptionalActions::Now, &modes).expect("it may be changed");
        self
    }

    /// Waits until the terminal is in raw mode.
    pub(crate) fn is_raw(&mut self) -> &mut Self {
        let (terminal, deadline) = (self.line(), Instant::now() + PATIENCE);
        while tcgetattr(&terminal).expect("it is a terminal").local_modes.contains(LocalModes::ICANON) {
            assert!(Instant::now() < deadline, "the terminal still collects lines");
            thread::sleep(Duration::from_millis(5));
        }
        self
    }

    /// The program's end of the pseudo-terminal.
    fn line(&self) -> File {
        let name = self.pty.master.tty_name().expect("a terminal has a name");
        File::options().read(true).write(true).open(name).expect("it is there")
    }

    /// The program's process id.
    pub(crate) fn pid(&self) -> Pid {
        let pid = self.program.process_id().and_then(|pid| i32::try_from(pid).ok());
        pid.and_then(Pid::from_raw).expect("a started program has an id")
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("the last screen:\n{}", self.screen());
        }
        if matches!(self.program.try_wait(), Ok(None)) {
            let _ = kill_process(self.pid(), Signal::KILL);
            let _ = self.program.wait();
        }
    }
}

impl Emulator {
    fn follow(&self, mut output: impl Read) {
        let mut bytes = [0; 8192];
        while let Ok(len @ 1..) = output.read(&mut bytes) {
            self.parser.lock().expect("no one panics with the screen").process(&bytes[..len]);
            self.changed.notify_all();
        }
    }

    fn wait(&self, what: &str, holds: impl Fn(&vt100::Parser<Requests>) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        let mut parser = self.parser.lock().expect("no reader panicked");
        while parser.callbacks().drawing || !holds(&parser) {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                drop(parser); // a poisoned lock could not be read for the panic message
                panic!("waited in vain for {what}");
            }
            parser = self.changed.wait_timeout(parser, left).expect("no reader panicked").0;
        }
    }
}

/// The visible part of a cell. An empty cell shows only its background colour.
fn seen(cell: &vt100::Cell) -> String {
    let behind = match (cell.bgcolor(), cell.inverse(), cell.underline()) {
        (vt100::Color::Default, false, false) => String::new(),
        behind => format!("{behind:?}"),
    };
    match cell.contents() {
        "" | " " => format!(" {behind}"),
        text => match (cell.fgcolor(), cell.bold(), cell.dim(), cell.italic()) {
            (vt100::Color::Default, false, false, false) => format!("{text}{behind}"),
            before => format!("{text}{before:?}{behind}"),
        },
    }
}

/// Waits for a condition that is not on the screen.
pub(crate) fn until(what: &str, holds: impl FnMut() -> bool) {
    until_within(PATIENCE, what, holds);
}

/// The same with a shorter timeout.
pub(crate) fn until_within(longest: Duration, what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < longest, "waited in vain for {what}");
        thread::yield_now();
    }
}

fn size(columns: u16, rows: u16) -> PtySize {
    PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 }
}

/// The line discipline as text that can be compared.
fn modes(pty: &PtyPair) -> String {
    format!("{:?}", pty.master.get_termios())
}
