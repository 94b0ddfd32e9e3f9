//! Performs the effects that `update` returns: calls, streams and saves go to their threads, the rest is done at once.

use std::{io, sync::Arc, time::Duration};

use quchat_shared::{Cursor, user::Session};

use super::{Editor, Runtime, Screen, Wake, Wakes, clock, free_memory::return_free_memory};
use crate::{
    api::{Access, Address, Failure, Origin, Reply, Request, Server},
    state::{Disk, Found, Job, Log, Report, StateDir, kept_pin},
    update::{Effect, Msg, ServerEvent},
    worker::{self, Calls, Stream},
};

/// The threads of the current session.
pub struct Workers {
    pub(super) wakes: Wakes,
    pub(super) disk: Disk,
    pub(super) state_dir: StateDir,
    pub(super) editor: Editor,
    log: Arc<Log>,
    session: Option<Entered>,
    /// The epoch of the last session; reports of the disk for other epochs are ignored.
    entered: Option<u32>,
    stream: Option<(u64, Stream)>,
}

/// The threads and data of a signed-in user.
struct Entered {
    access: Access,
    calls: Option<Calls>,
}

impl Workers {
    /// Starts the disk thread; the others start with a session.
    ///
    /// # Errors
    /// The system cannot create a thread.
    pub fn start(state_dir: StateDir, log: Arc<Log>, editor: Editor, wakes: Wakes) -> io::Result<Self> {
        let tell = wakes.clone();
        let disk = Disk::start(state_dir.clone(), move |report| {
            tell.send(Wake::Disk(report));
        })?;
        Ok(Self { wakes, disk, state_dir, editor, log, session: None, entered: None, stream: None })
    }

    /// Whether this is the current stream.
    pub(super) fn is_open(&self, stream: u64) -> bool {
        self.stream.as_ref().is_some_and(|(open, _)| *open == stream)
    }

    /// The next events of the open stream, its number, and whether more wait.
    pub(super) fn take_events(&self, most: usize) -> Option<(u64, Vec<ServerEvent>, bool)> {
        let (number, stream) = self.stream.as_ref()?;
        let (events, more) = stream.take(most);
        Some((*number, events, more))
    }

    /// Turns a report of the disk into messages, unless it belongs to an earlier session.
    pub(super) fn disk_messages(&self, report: Report) -> Vec<Msg> {
        let (epoch, found, forgetful) = match report {
            Report::Saved { ticket, result } => return vec![Msg::Saved { ticket, result }],
            Report::Entered { epoch, found, forgetful } => (epoch, found, forgetful),
        };
        if self.entered != Some(epoch) {
            return Vec::new();
        }
        let mut notices: Vec<_> = forgetful.into_iter().collect();
        if let Ok(found) = &found
            && !found.set_aside.is_empty()
        {
            let names: Vec<_> = found.set_aside.iter().map(|path| path.display().to_string()).collect();
            notices.push(format!("unreadable files were set aside: {}", names.join(", ")));
        }
        if let Ok(Found { former: Some(former), .. }) = &found {
            notices.push(format!("unsent messages of another user with this id were set aside: {}", former.display()));
        }
        notices.iter().for_each(|notice| self.log(notice));
        let notice = (!notices.is_empty()).then(|| Msg::Notice(notices.join(" · ")));
        let (visited, found) = match found {
            Ok(Found { rooms, visits, emoji, .. }) => {
                (vec![Msg::Visited(visits), Msg::EmojiRecalled(emoji)], Ok(rooms))
            }
            Err(why) => (Vec::new(), Err(why)),
        };
        visited.into_iter().chain([Msg::Loaded(found)]).chain(notice).collect()
    }

    fn call(&self, epoch: u32, call: u64, request: Request) -> Option<Msg> {
        let wakes = self.wakes.clone();
        let deliver = move |reply: Reply| {
            wakes.send(Wake::Done { epoch, call, reply: Box::new(reply) });
        };
        let refused = |reason: &str| Err(Failure::because(reason));
        let begun = match &request {
            Request::Register(server, _) | Request::SignIn(server, _) | Request::GetServer(server) => {
                worker::ask(server.clone(), request, deliver).or_else(|error| refused(&error.to_string()))
            }
            _ => match self.session.as_ref().map(|session| &session.calls) {
                Some(Some(calls)) => calls.call(request, deliver),
                Some(None) => refused("the system cannot create a thread"),
                None => refused("you are not signed in"),
            },
        };
        begun.err().map(|failure| Msg::Done { call, reply: Err(failure) })
    }

    fn knock(&self, epoch: u32, call: u64, address: Address) -> Option<Msg> {
        let (wakes, state_dir) = (self.wakes.clone(), self.state_dir.clone());
        let known = move |origin: &Origin| kept_pin(&state_dir, origin);
        let deliver = move |found| {
            wakes.send(Wake::Knocked { epoch, call, found: Box::new(found) });
        };
        let begun = worker::knock(address, known, deliver);
        begun.err().map(|error| Msg::Knocked { call, found: Err(Failure::because(&error.to_string())) })
    }

    fn listen(&mut self, number: u64, since: Cursor) -> Option<Msg> {
        self.stream = None; // close the old stream first
        let ended = |reason: &str| {
            let events = vec![ServerEvent::Ended(Failure::because(reason))];
            Some(Msg::Stream { stream: number, events })
        };
        let Some(session) = &self.session else { return ended("you are not signed in") };
        let wakes = self.wakes.clone();
        let wake = move || {
            wakes.send(Wake::Stream { stream: number });
        };
        match Stream::open(session.access.clone(), since, wake) {
            Ok(stream) => {
                self.stream = Some((number, stream));
                None
            }
            Err(error) => ended(&error.to_string()),
        }
    }

    fn enter(&mut self, epoch: u32, server: Server, session: Session) {
        self.stream = None;
        let access = Access::new(server.clone(), &session);
        let calls = Calls::start(access.clone());
        if let Err(error) = &calls {
            self.log(&format!("cannot start threads for calls: {error}"));
        }
        self.session = Some(Entered { access, calls: calls.ok() });
        self.entered = Some(epoch);
        self.disk.push(Job::Enter { epoch, origin: server.origin, session });
    }

    fn redial(&mut self) {
        if let Some(entered) = &mut self.session {
            entered.calls = None; // shut down the old ones first
            entered.calls = Calls::start(entered.access.clone()).ok();
        }
    }

    fn sign_out(&mut self) {
        self.stream = None;
        self.entered = None;
        if let Some(Entered { access, .. }) = self.session.take() {
            self.disk.push(Job::Leave(access.server.origin.clone(), access.token.reveal().to_owned()));
            worker::sign_out(access);
        }
    }

    /// Closes the network connections and waits for the disk. Returns whether everything is saved in time.
    pub(super) fn finish(&mut self, longest: Duration) -> bool {
        self.stream = None;
        self.session = None;
        self.disk.finish(longest)
    }

    /// Queues a log line for the disk thread.
    fn log(&self, line: &str) {
        self.disk.push(Job::Note(Arc::clone(&self.log), clock::timestamp(), line.to_owned()));
    }

    /// Writes a log line directly: the loop is over and the disk thread has not finished.
    pub(super) fn log_last(&self, line: &str) {
        self.log.line(clock::timestamp(), line);
    }
}

impl<S: Screen> Runtime<S> {
    /// Starts an effect. An immediate result is returned; a later one wakes the loop.
    pub(super) fn perform(&mut self, effect: Effect) -> Option<Msg> {
        match effect {
            Effect::Call { call, req } => return self.workers.call(self.model.epoch, call, req),
            Effect::Knock { call, address } => return self.workers.knock(self.model.epoch, call, address),
            Effect::Trust(server) => self.workers.disk.push(Job::Trust(server)),
            Effect::Listen { stream, since } => return self.workers.listen(stream, since),
            Effect::HangUp => self.workers.stream = None,
            Effect::Redial => self.workers.redial(),
            Effect::Enter { server, session } => self.workers.enter(self.model.epoch, server, session),
            Effect::SignOut => self.workers.sign_out(),
            Effect::Save { ticket, stored } => self.workers.disk.push(Job::Save { tickets: vec![ticket], stored }),
            Effect::RememberVisits(visits) => self.workers.disk.push(Job::Visits(visits)),
            Effect::RememberEmoji(emoji) => self.workers.disk.push(Job::Emoji(emoji)),
            Effect::OpenEditor { room, draft } => return self.open_editor(room, &draft),
            Effect::Copy(text) => self.screen.copy(&text, &self.workers.wakes),
            Effect::Notify { title, body } => self.screen.say(&self.notifier.notify(&title, &body)),
            Effect::GiveBack => return_free_memory(),
            Effect::Redraw => self.screen.forget(),
            Effect::Suspend => {
                self.seen = None; // report again what the next frame shows
                self.screen.suspend();
            }
            Effect::Exit(code) => self.exit = Some(code),
        }
        None
    }
}
