//! The event loop: an event becomes a `Msg`, `update` changes the model, its effects are started, the view draws.
//!
//! Owns what the model must not have: the terminal, tui-realm's Application, the channel, the workers, the clock. It
//! never waits for network or disk. When nothing happens it sleeps until the next deadline.

#[cfg(not(unix))]
mod anywhere;
mod batch;
mod clipboard;
mod clock;
#[cfg(unix)]
mod decode;
mod editor;
mod effects;
mod frame_writer;
mod free_memory;
#[cfg(unix)]
mod input;
mod notifier;
mod reported;
mod screen;
#[cfg(unix)]
mod signals;
mod term;
mod wake;

use std::{
    collections::VecDeque,
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError},
    },
    time::{Duration, Instant},
};

use tuirealm::{
    event::{Event, KeyEvent, MouseButton, MouseEvent, MouseEventKind},
    listener::EventListenerCfg,
    ratatui::Frame,
};

#[cfg(not(unix))]
use self::anywhere::stop_alone;
#[cfg(not(unix))]
pub use self::anywhere::{Input, listen_to_signals};
#[cfg(unix)]
use self::signals::stop_alone;
use self::{
    batch::{Batch, Typed},
    wake::STREAM_STEP_MAX,
};
pub use self::{
    clock::Clock,
    editor::{Edited, Editor},
    effects::Workers,
    frame_writer::FrameWriter,
    notifier::{Notifier, NotifyMethod},
    screen::{Screen, Tty},
    term::{check_term, marks_pastes},
    wake::{Wake, Wakes},
};
#[cfg(unix)]
pub use self::{input::Input, signals::listen_to_signals};
use crate::{
    components::App,
    keymap::Keymap,
    model::{ComponentId, Model, Seen},
    theme::Themes,
    update::{Action, Msg, Pick, ServerEvent, focus, next_deadline, title, update},
    view,
};

/// The longest time between frames while events keep coming, and the shortest while only the stream changes something.
const FRAME_EVERY: Duration = Duration::from_millis(FRAME_EVERY_MS);
const FRAME_EVERY_MS: u64 = 16;

/// Rows per click of the wheel.
const WHEEL_ROWS: usize = 3;

/// How long to wait for the disk at exit.
const LAST_SAVE_MAX: Duration = Duration::from_secs(1);

/// The settings for keys, themes and notifications.
#[derive(Debug)]
pub struct Preferences {
    pub keymap: Keymap,
    /// All themes; the model names the current one.
    pub themes: Themes,
    pub notifier: Notifier,
    /// Whether the terminal marks pastes (bracketed paste), judged by its name.
    pub brackets: bool,
}

/// The client at run time.
pub struct Runtime<S: Screen> {
    model: Model,
    app: App,
    keymap: Arc<Keymap>,
    themes: Themes,
    screen: S,
    notifier: Notifier,
    clock: Clock,
    workers: Workers,
    /// Keys that arrived together and are not handled yet.
    batch: Batch,
    /// Another program has the terminal: no keys, no frames.
    lent: bool,
    /// The stream's inbox was not empty at the last check.
    stream_waits: bool,
    /// The screen does not show the current model.
    dirty: bool,
    /// Something other than the stream changed the model; the user waits for the result of an input.
    awaited: bool,
    /// When the last frame caused only by the stream was drawn, on the clock of the deadlines.
    last_stream_frame_ms: u64,
    /// The last frame was large enough to show the effect of keys.
    fits: bool,
    /// The current window title.
    title: String,
    /// The terminal reports the mouse.
    mouse: bool,
    /// The last report of shown messages to `update`.
    seen: Option<Seen>,
    exit: Option<i32>,
    /// The terminal marks pastes.
    brackets: bool,
}

impl<S: Screen> Runtime<S> {
    /// Creates the client. The first message must be [`Msg::Start`].
    #[must_use]
    pub fn new(model: Model, preferences: Preferences, screen: S, clock: Clock, workers: Workers) -> Self {
        let Preferences { keymap, themes, notifier, brackets } = preferences;
        let mut this = Self {
            model: Model { themes: themes.names().cloned().collect(), ascii: themes.is_ascii(), ..model },
            app: App::init(EventListenerCfg::default()), // without ports and ticks it starts no thread
            keymap: Arc::new(keymap),
            themes,
            screen,
            notifier,
            clock,
            workers,
            batch: Batch::default(),
            lent: false,
            stream_waits: false,
            dirty: true,
            awaited: true,
            last_stream_frame_ms: 0,
            fits: true,
            title: String::new(),
            mouse: false,
            seen: None,
            exit: None,
            brackets,
        };
        view::follow(&this.model, &this.keymap, &mut this.app);
        this
    }

    /// Runs until the user quits; returns the exit code.
    pub fn run(&mut self, wakes: &Receiver<Wake>) -> i32 {
        loop {
            let begun = Instant::now();
            while begun.elapsed() < FRAME_EVERY && self.advance(wakes) {}
            if let Some(code) = self.exit {
                self.finish(wakes);
                return code;
            }
            let frame_at = self.frame_waits_until();
            if frame_at.is_none() {
                self.frame();
            }
            if self.idle() {
                match self.sleep(wakes, frame_at) {
                    Ok(wake) => self.take(wake),
                    Err(RecvTimeoutError::Timeout) => {} // a deadline: `advance` handles it
                    Err(RecvTimeoutError::Disconnected) => self.step(Msg::Stop),
                }
            }
        }
    }

    /// Waits for the disk, but never for the network.
    fn finish(&mut self, wakes: &Receiver<Wake>) {
        let begun = Instant::now();
        while !self.workers.finish(FRAME_EVERY) {
            wakes.try_iter().for_each(drop); // a full channel would block the disk thread
            if begun.elapsed() > LAST_SAVE_MAX {
                return self.workers.log_last("the disk took more than a second; the last change may not be saved");
            }
        }
    }

    /// Accepts a wake. The keys and events it carries are handled one by one, later.
    fn take(&mut self, wake: Wake) {
        match wake {
            Wake::Input(events) => {
                self.brackets |= events.iter().any(|event| matches!(event, Event::Paste(_)));
                self.batch.add(events, self.brackets);
            }
            Wake::Resized => self.resized(),
            Wake::Continued if self.lent => {} // another program has the terminal
            Wake::Continued => {
                self.screen.resume();
                self.step(Msg::Redraw);
            }
            Wake::Suspend if self.lent => {
                stop_alone().ok(); // if this fails, the client continues
            }
            Wake::Suspend => self.step(Msg::Act(Action::Suspend)),
            Wake::Done { epoch, call, reply } if epoch == self.model.epoch => {
                self.step(Msg::Done { call, reply: *reply })
            }
            Wake::Knocked { epoch, call, found } if epoch == self.model.epoch => {
                self.step(Msg::Knocked { call, found: *found })
            }
            Wake::Done { .. } | Wake::Knocked { .. } => {} // from an earlier session
            Wake::Stream { stream } => self.stream_waits |= self.workers.is_open(stream),
            Wake::Disk(report) => self.workers.disk_messages(report).into_iter().for_each(|msg| self.step(msg)),
            Wake::Edited(edited) => self.close_editor(*edited),
            Wake::Copied { loaded: true, .. } => self.step(Msg::Copied),
            Wake::Copied { text, loaded: false } => self.screen.ask_clipboard(&text),
            Wake::Interrupt if self.lent => {}
            Wake::Interrupt | Wake::Stop => self.step(Msg::Stop),
        }
    }

    /// Handles the next key or event; returns false if there is none.
    fn advance(&mut self, wakes: &Receiver<Wake>) -> bool {
        if self.exit.is_some() {
            return false;
        }
        if next_deadline(&self.model).is_some_and(|due| due <= self.clock.now().mono_ms) {
            self.step(Msg::Tick);
        }
        if self.keys_wait() {
            return self.batch_or_stream();
        }
        match wakes.try_recv() {
            Ok(wake) => {
                self.take(wake);
                true
            }
            Err(_) => self.batch_or_stream(),
        }
    }

    /// Handles the next key of the batch; if none waits, the next step of the stream.
    fn batch_or_stream(&mut self) -> bool {
        let draft = self.model.open_room().map_or(&self.model.command.text, |room| &room.draft.text);
        if self.keys_wait()
            && let Some(typed) = self.batch.next(focus(&self.model), draft)
        {
            self.typed(typed);
            return true;
        }
        if !self.stream_waits {
            return false;
        }
        let Some((stream, events, more)) = self.workers.take_events(STREAM_STEP_MAX) else {
            self.stream_waits = false;
            return false;
        };
        self.stream_waits = more;
        if !events.is_empty() {
            let visible = events.iter().any(|event| !matches!(event, ServerEvent::At(_))) || self.dirty;
            let awaited = self.awaited;
            self.step(Msg::Stream { stream, events });
            self.dirty = visible;
            self.awaited = awaited;
        }
        true
    }

    fn idle(&self) -> bool {
        !self.keys_wait() && !self.stream_waits && self.exit.is_none()
    }

    /// Keys typed ahead of an editor wait until it ends.
    fn keys_wait(&self) -> bool {
        !self.lent && !self.batch.is_empty()
    }

    /// When the pending frame is due. The first change by the stream after a pause is drawn at once; during a flood,
    /// frames are limited to what an eye can follow. Otherwise a slow line to the terminal would fill with frames, and
    /// the frame that shows a key press would queue behind them.
    fn frame_waits_until(&self) -> Option<u64> {
        let due = self.last_stream_frame_ms.saturating_add(FRAME_EVERY_MS);
        (self.dirty && !self.awaited && self.clock.now().mono_ms < due).then_some(due)
    }

    /// Waits for an event, a deadline, or the pending frame.
    fn sleep(&self, wakes: &Receiver<Wake>, frame_at: Option<u64>) -> Result<Wake, RecvTimeoutError> {
        match next_deadline(&self.model).into_iter().chain(frame_at).min() {
            None => wakes.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Some(due) => {
                let left = due.saturating_sub(self.clock.now().mono_ms);
                wakes.recv_timeout(Duration::from_millis(left.max(1)))
            }
        }
    }

    fn typed(&mut self, typed: Typed) {
        match typed {
            Typed::Act(action) => self.act(action),
            Typed::Event(Event::Keyboard(key)) => self.key(key),
            Typed::Event(Event::WindowResize(..)) => self.resized(),
            Typed::Event(Event::FocusGained) => self.step(Msg::TermFocus(true)),
            Typed::Event(Event::FocusLost) => self.step(Msg::TermFocus(false)),
            Typed::Event(event @ Event::Paste(_)) if self.fits => {
                let in_rooms = focus(&self.model) == ComponentId::Rooms;
                if in_rooms && self.model.in_side_bar {
                    self.step(Msg::Act(Action::FocusRooms));
                }
                // to the same component as a letter
                let to = if in_rooms { ComponentId::Composer } else { focus(&self.model) };
                if let Some(msg) = self.offer_to(&to, &event) {
                    self.step(msg);
                }
            }
            Typed::Event(Event::Mouse(mouse)) if self.fits => self.clicked(mouse),
            Typed::Event(_) => {}
        }
    }

    /// Redraws even if the size is the same as before: the terminal may have shrunk in between and cut off content.
    fn resized(&mut self) {
        self.screen.forget();
        self.step(Msg::Redraw);
    }

    /// The wheel scrolls the focused component; a click opens a room of the side bar.
    fn clicked(&mut self, mouse: MouseEvent) {
        match mouse.kind {
            MouseEventKind::ScrollUp => (0..WHEEL_ROWS).for_each(|_| self.act(Action::LineUp)),
            MouseEventKind::ScrollDown => (0..WHEEL_ROWS).for_each(|_| self.act(Action::LineDown)),
            MouseEventKind::Down(MouseButton::Left) if self.model.dialogs.is_empty() => {
                if let Some(room) = view::room_at(&mut self.app, mouse.column, mouse.row) {
                    self.step(Msg::Pick(Pick::Room(room)));
                }
            }
            _ => {}
        }
    }

    /// A chord in the keymap becomes an Action; any other key goes to the focused component unchanged.
    fn key(&mut self, key: KeyEvent) {
        match self.keymap.action(focus(&self.model), key) {
            Some(action) => self.act(action),
            None if self.fits => {
                if let Some(msg) = self.offer(&Event::Keyboard(key)) {
                    self.step(msg);
                }
            }
            None => {}
        }
    }

    /// Offers the Action to the focused component first, then to `update`.
    fn act(&mut self, action: Action) {
        if !self.fits && !matches!(action, Action::Quit | Action::Suspend | Action::Redraw) {
            return; // its effect would be invisible
        }
        let msg = self.offer(&Event::User(action)).unwrap_or(Msg::Act(action));
        self.step(msg);
    }

    fn offer(&mut self, event: &Event<Action>) -> Option<Msg> {
        self.offer_to(&focus(&self.model), event)
    }

    fn offer_to(&mut self, id: &ComponentId, event: &Event<Action>) -> Option<Msg> {
        self.app.get_component_mut(id)?.on(event)
    }

    /// Updates the model with one message and starts the effects.
    pub fn step(&mut self, msg: Msg) {
        self.dirty = true;
        self.awaited = true;
        let mut waiting = VecDeque::from([msg]);
        while let Some(msg) = waiting.pop_front() {
            self.model.now = self.clock.now();
            for effect in update(&mut self.model, msg) {
                waiting.extend(self.perform(effect));
            }
            view::follow(&self.model, &self.keymap, &mut self.app);
        }
    }

    /// Draws if something changed, and reports the shown messages to `update`. That report alone causes no further
    /// frame.
    fn frame(&mut self) {
        if self.lent || !std::mem::take(&mut self.dirty) || self.exit.is_some() {
            return;
        }
        if !std::mem::take(&mut self.awaited) {
            self.last_stream_frame_ms = self.clock.now().mono_ms;
        }
        let Self { model, keymap, themes, app, fits, .. } = self;
        let draw = |frame: &mut Frame<'_>| {
            *fits = view::fits(frame.area().as_size());
            view::view(model, keymap, themes, app, frame);
        };
        if self.screen.show(draw).is_err() {
            return self.step(Msg::Stop); // the terminal is gone
        }
        let title = title(&self.model);
        if title != self.title {
            self.screen.name(&title);
            self.title = title;
        }
        let mouse = self.model.mouse && !self.model.bare; // bare mode leaves the mouse to the terminal, to select text
        if mouse != self.mouse {
            self.screen.watch_mouse(mouse);
            self.mouse = mouse;
        }
        let seen = view::seen(&mut self.app);
        let moved = seen.as_ref().is_some_and(|seen| seen.scrolled != 0);
        if moved || seen != self.seen {
            self.seen.clone_from(&seen);
            self.step(seen.map_or(Msg::Unseen, Msg::Seen));
            self.dirty = false;
            self.awaited = false;
        }
    }
}

#[cfg(test)]
mod tests;
