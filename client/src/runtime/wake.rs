//! The one channel on which the loop sleeps, and everything that can arrive on it.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use tuirealm::event::Event;

use super::editor::Edited;
use crate::{api::Reply, state::Report, update::Action};

/// Most wakes that wait; whoever sends more waits itself, up to the person at the keyboard.
const WAITING_MAX: usize = 256;

/// Most events of the stream in one step; then come keys that wait.
pub(super) const STREAM_STEP_MAX: usize = 256;

/// Why the loop wakes up.
#[derive(Debug)]
pub enum Wake {
    /// Keys, pastes and changes of focus that the terminal gave in one go.
    Input(Vec<Event<Action>>),
    /// The terminal has another size.
    Resized,
    /// A call was answered.
    Done {
        /// The model's epoch when it was made.
        epoch: u32,
        /// Its number.
        call: u64,
        /// The answer.
        reply: Box<Reply>,
    },
    /// The inbox of a stream is no longer empty.
    Stream {
        /// The number of the stream.
        stream: u64,
    },
    /// The process was stopped and goes on.
    Continued,
    /// Somebody wants the process to be stopped: not with a key, which arrives as one.
    Suspend,
    /// The disk has done something.
    Disk(Report),
    /// tmux has ended, and has taken the text or not.
    Copied {
        /// What was to be copied.
        text: String,
        /// It has it.
        loaded: bool,
    },
    /// The user's editor has ended.
    Edited(Box<Edited>),
    /// SIGINT: not from a key, which arrives as one; and not for us while the terminal is another program's.
    Interrupt,
    /// Somebody wants the process to end, or the terminal is gone.
    Stop,
}

/// The sending end. Sending to a loop that has ended does nothing.
#[derive(Debug, Clone)]
pub struct Wakes(SyncSender<Wake>);

impl Wakes {
    /// The channel.
    #[must_use]
    pub fn channel() -> (Self, Receiver<Wake>) {
        let (sender, receiver) = sync_channel(WAITING_MAX);
        (Self(sender), receiver)
    }

    /// Wakes the loop; false if there is none any more.
    pub fn send(&self, wake: Wake) -> bool {
        self.0.send(wake).is_ok()
    }
}
