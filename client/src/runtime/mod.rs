//! The loop: what happened becomes a `Msg`, `update` changes the model, what it asks for is begun, the view draws.
//!
//! Owns what the model must not: the terminal, tui-realm's Application, the one channel, the workers, the clock. It
//! never waits for network or disk, and when nothing happens it sleeps until the next deadline, or for ever.

#[cfg(not(unix))]
mod anywhere;
mod attention;
mod batch;
mod clipboard;
mod clock;
#[cfg(unix)]
mod decode;
mod editor;
mod effects;
#[cfg(unix)]
mod input;
mod memory;
mod pen;
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
pub use self::{
    attention::{Caller, Way},
    clock::Clock,
    editor::{Edited, Editor},
    effects::Workers,
    pen::Pen,
    screen::{Screen, Tty},
    term::{check_term, marks_pastes},
    wake::{Wake, Wakes},
};
use self::{
    batch::{Batch, Typed},
    wake::STREAM_STEP_MAX,
};
#[cfg(unix)]
pub use self::{input::Input, signals::listen_to_signals};
use crate::{
    components::App,
    keymap::Keymap,
    model::{Id, Model, Seen},
    theme::Themes,
    update::{Action, Msg, Pick, ServerEvent, focus, next_deadline, title, update},
    view,
};

/// However much happens, a frame comes at least this often; and where only the stream tells something, at most.
const FRAME_EVERY: Duration = Duration::from_millis(FRAME_EVERY_MS);
const FRAME_EVERY_MS: u64 = 16;

/// Rows per click of the wheel.
const WHEEL_ROWS: usize = 3;

/// How long the disk may take at the end.
const LAST_SAVE_MAX: Duration = Duration::from_secs(1);

/// What the person at the keyboard has settled beforehand about keys, looks and calls.
#[derive(Debug)]
pub struct Preferences {
    /// Which key means what.
    pub keymap: Keymap,
    /// The themes there are; the model names the one in use.
    pub themes: Themes,
    /// How to be called.
    pub caller: Caller,
    /// The terminal marks what is pasted (bracketed paste), as far as one knows beforehand.
    pub brackets: bool,
}

/// The client at run time.
pub struct Runtime<S: Screen> {
    model: Model,
    app: App,
    keymap: Arc<Keymap>,
    themes: Themes,
    screen: S,
    caller: Caller,
    clock: Clock,
    workers: Workers,
    /// Keys that arrived together and have not been handled yet.
    batch: Batch,
    /// The terminal is another program's for now: no keys, no frames.
    lent: bool,
    /// The stream's inbox was not empty when it was last looked at.
    stream_waits: bool,
    /// The screen is not what the model says.
    dirty: bool,
    /// Not by the stream alone: somebody waits to see what they have done.
    awaited: bool,
    /// When the last frame was drawn that only the stream was the reason for, on the clock of the deadlines.
    told_ms: u64,
    /// The last frame was large enough to show what keys do.
    fits: bool,
    /// What the window is called.
    title: String,
    /// The terminal tells of the mouse.
    mouse: bool,
    /// What `update` was last told about the frame.
    seen: Option<Seen>,
    exit: Option<i32>,
    /// The terminal marks what is pasted.
    brackets: bool,
}

impl<S: Screen> Runtime<S> {
    /// A client that has been told nothing yet; [`Msg::Start`] comes first.
    #[must_use]
    pub fn new(model: Model, preferences: Preferences, screen: S, clock: Clock, workers: Workers) -> Self {
        let Preferences { keymap, themes, caller, brackets } = preferences;
        let mut this = Self {
            model: Model { themes: themes.names().cloned().collect(), ascii: themes.is_ascii(), ..model },
            app: App::init(EventListenerCfg::default()), // without ports and ticks: it starts no thread
            keymap: Arc::new(keymap),
            themes,
            screen,
            caller,
            clock,
            workers,
            batch: Batch::default(),
            lent: false,
            stream_waits: false,
            dirty: true,
            awaited: true,
            told_ms: 0,
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

    /// Runs until it is over; the exit code.
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
                    Err(RecvTimeoutError::Timeout) => {} // a deadline: `advance` sees to it
                    Err(RecvTimeoutError::Disconnected) => self.step(Msg::Stop),
                }
            }
        }
    }

    /// Waits for the disk, never for the network.
    fn finish(&mut self, wakes: &Receiver<Wake>) {
        let begun = Instant::now();
        while !self.workers.finish(FRAME_EVERY) {
            wakes.try_iter().for_each(drop); // a full channel would hold the disk up
            if begun.elapsed() > LAST_SAVE_MAX {
                return self.workers.log_last("the disk took more than a second; the last change may not be kept");
            }
        }
    }

    /// Takes in one thing that happened; keys and events that came with it are handled one by one, later.
    fn take(&mut self, wake: Wake) {
        match wake {
            Wake::Input(events) => {
                self.brackets |= events.iter().any(|event| matches!(event, Event::Paste(_)));
                self.batch.add(events, self.brackets);
            }
            Wake::Resized => self.resized(),
            Wake::Continued if self.lent => {} // it is another program's affair
            Wake::Continued => {
                self.screen.resume();
                self.step(Msg::Redraw);
            }
            Wake::Suspend if self.lent => {
                stop_alone().ok(); // if it cannot be stopped, it goes on
            }
            Wake::Suspend => self.step(Msg::Act(Action::Suspend)),
            Wake::Done { epoch, call, reply } if epoch == self.model.epoch => {
                self.step(Msg::Done { call, reply: *reply })
            }
            Wake::Done { .. } => {} // of another session
            Wake::Stream { stream } => self.stream_waits |= self.workers.is_open(stream),
            Wake::Disk(report) => self.workers.told(report).into_iter().for_each(|msg| self.step(msg)),
            Wake::Edited(edited) => self.close_editor(*edited),
            Wake::Copied { loaded: true, .. } => self.step(Msg::Copied),
            Wake::Copied { text, loaded: false } => self.screen.ask_clipboard(&text),
            Wake::Interrupt if self.lent => {}
            Wake::Interrupt | Wake::Stop => self.step(Msg::Stop),
        }
    }

    /// Does the next thing; false if there is none.
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

    /// The next key of the batch; with none waiting, the next step of the stream.
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
            (self.dirty, self.awaited) = (visible, awaited);
        }
        true
    }

    fn idle(&self) -> bool {
        !self.keys_wait() && !self.stream_waits && self.exit.is_none()
    }

    /// Keys typed ahead of an editor are for afterwards.
    fn keys_wait(&self) -> bool {
        !self.lent && !self.batch.is_empty()
    }

    /// When the frame is due that waits, if one does. What the stream tells after a pause is drawn at once, and a flood
    /// of it no more often than an eye can follow: a slow line to the terminal would be full of frames, with the one
    /// that shows a key behind them all.
    fn frame_waits_until(&self) -> Option<u64> {
        let due = self.told_ms.saturating_add(FRAME_EVERY_MS);
        (self.dirty && !self.awaited && self.clock.now().mono_ms < due).then_some(due)
    }

    /// Until something happens, a deadline comes, or the frame is due that waits.
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
                let in_rooms = focus(&self.model) == Id::Rooms;
                if in_rooms && self.model.in_side_bar {
                    self.step(Msg::Act(Action::FocusRooms));
                }
                let to = if in_rooms { Id::Composer } else { focus(&self.model) }; // where a letter would go
                if let Some(msg) = self.offer_to(&to, &event) {
                    self.step(msg);
                }
            }
            Typed::Event(Event::Mouse(mouse)) if self.fits => self.clicked(mouse),
            Typed::Event(_) => {}
        }
    }

    /// Also where the size is again the one it was: the terminal may have cut off on the way what it does not bring back.
    fn resized(&mut self) {
        self.screen.forget();
        self.step(Msg::Redraw);
    }

    /// The wheel scrolls what has the keys, a click opens a room of the side bar.
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

    /// A chord with a row is an Action; any other key is the focused component's as it is.
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

    /// The focused component first; what it declines is for everyone.
    fn act(&mut self, action: Action) {
        if !self.fits && !matches!(action, Action::Quit | Action::Suspend | Action::Redraw) {
            return; // nobody could see what it does
        }
        let msg = self.offer(&Event::User(action)).unwrap_or(Msg::Act(action));
        self.step(msg);
    }

    fn offer(&mut self, event: &Event<Action>) -> Option<Msg> {
        self.offer_to(&focus(&self.model), event)
    }

    fn offer_to(&mut self, id: &Id, event: &Event<Action>) -> Option<Msg> {
        self.app.get_component_mut(id)?.on(event)
    }

    /// One turn of the circle.
    pub fn step(&mut self, msg: Msg) {
        (self.dirty, self.awaited) = (true, true);
        let mut waiting = VecDeque::from([msg]);
        while let Some(msg) = waiting.pop_front() {
            self.model.now = self.clock.now();
            for effect in update(&mut self.model, msg) {
                waiting.extend(self.perform(effect));
            }
            view::follow(&self.model, &self.keymap, &mut self.app);
        }
    }

    /// Draws if something changed, and tells `update` what could be seen. That alone causes no further frame.
    fn frame(&mut self) {
        if self.lent || !std::mem::take(&mut self.dirty) || self.exit.is_some() {
            return;
        }
        if !std::mem::take(&mut self.awaited) {
            self.told_ms = self.clock.now().mono_ms;
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
        let mouse = self.model.mouse && !self.model.bare; // bare is for marking text with it
        if mouse != self.mouse {
            self.screen.watch_mouse(mouse);
            self.mouse = mouse;
        }
        let seen = view::seen(&mut self.app);
        let moved = seen.as_ref().is_some_and(|seen| seen.scrolled != 0);
        if moved || seen != self.seen {
            self.seen.clone_from(&seen);
            self.step(seen.map_or(Msg::Unseen, Msg::Seen));
            (self.dirty, self.awaited) = (false, false);
        }
    }
}

#[cfg(test)]
mod tests;
