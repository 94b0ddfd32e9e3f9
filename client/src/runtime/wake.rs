//! The channel on which the loop sleeps, and everything that can arrive on it.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use tuirealm::event::Event;

use super::editor::Edited;
use crate::{
    api::{Failure, Reached, Reply},
    state::Report,
    update::Action,
};

/// Capacity of the channel. A sender waits when it is full; in the end the terminal makes the user wait.
const WAITING_MAX: usize = 256;

/// Most events of the stream in one step; then waiting keys are handled.
pub(super) const STREAM_STEP_MAX: usize = 256;

/// Why the loop wakes up.
#[derive(Debug)]
pub enum Wake {
    /// Keys, pastes and focus changes that the terminal delivered at once.
    Input(Vec<Event<Action>>),
    /// The terminal's size changed.
    Resized,
    /// A call has completed.
    Done {
        /// The model's epoch when the call was made.
        epoch: u32,
        /// The number of the call.
        call: u64,
        reply: Box<Reply>,
    },
    /// A knock has been answered.
    Knocked {
        /// The model's epoch when it was made.
        epoch: u32,
        /// The number of the call.
        call: u64,
        found: Box<Result<Reached, Failure>>,
    },
    /// The inbox of a stream is no longer empty.
    Stream {
        /// The number of the stream.
        stream: u64,
    },
    /// The process was stopped and continues.
    Continued,
    /// A request to suspend from outside; Ctrl+Z arrives as a key.
    Suspend,
    /// The disk has finished a job.
    Disk(Report),
    /// tmux has ended.
    Copied {
        /// The text to copy.
        text: String,
        /// Whether tmux took it.
        loaded: bool,
    },
    /// The user's editor has ended.
    Edited(Box<Edited>),
    /// SIGINT from outside; Ctrl+C arrives as a key. Ignored while another program has the terminal.
    Interrupt,
    /// A request to end the process, or the terminal is gone.
    Stop,
}

/// The sending half. Sending does nothing after the loop has ended.
#[derive(Debug, Clone)]
pub struct Wakes(SyncSender<Wake>);

impl Wakes {
    #[must_use]
    pub fn channel() -> (Self, Receiver<Wake>) {
        let (sender, receiver) = sync_channel(WAITING_MAX);
        (Self(sender), receiver)
    }

    /// Wakes the loop; returns false if the loop has ended.
    pub fn send(&self, wake: Wake) -> bool {
        self.0.send(wake).is_ok()
    }
}
